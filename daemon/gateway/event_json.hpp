// One event as one line of JSON. The body is deterministic: same event, same bytes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/event.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"

namespace margind::daemon {

using TextBuffer = fmt::memory_buffer;

// Exact decimal text of a scaled integer, e.g. (-1234500, 8) -> "-0.012345". No exponent, no sign on
// zero, trailing zeros removed.
void append_decimal(TextBuffer& out, std::int64_t raw, int decimals);

class EventEncoder {
  public:
    // Keeps a reference to the names in `parameters`.
    explicit EventEncoder(const core::RiskParameters& parameters);

    // {"type":"margin_call","event_seq":...,...} without the envelope and without a newline.
    void append_body(TextBuffer& out, const core::Event& event) const;
    // The body with "emit_time" added as its last member, and a newline.
    void append_line(TextBuffer& out, const core::Event& event, core::Timestamp emit_time) const;

  private:
    const core::RiskParameters& parameters_;
};

// Enumerators as the words used on every wire, page and log: "margin_call", "no_quorum" ...
std::string_view name_of(core::EventKind kind);
std::string_view name_of(core::MarginState state);
std::string_view name_of(core::CauseKind kind);
std::string_view name_of(core::Side side);
std::string_view name_of(core::RateTerm term);
std::string_view name_of(core::MarginLevel level);
std::string_view name_of(core::PriceState state);
std::string_view name_of(core::PriceReason reason);
std::string_view name_of(core::FeedState state);
std::string_view name_of(core::FeedReason reason);
std::string_view name_of(core::DaemonState state);
std::string_view name_of(core::Refusal refusal);
std::string_view name_of(core::Channel channel);

}  // namespace margind::daemon
