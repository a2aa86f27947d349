// One event as one line of JSON. The body is deterministic: same event, same bytes.
// The format is documented in docs/event-stream.md; its examples are compared with this code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/event.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"

namespace margind::daemon {

using TextBuffer = fmt::memory_buffer;

// Exact decimal text of a scaled integer, e.g. (-1234500, 8) -> "-0.012345". No exponent, no sign
// on zero, trailing zeros removed. Requires: 0 <= decimals <= 19.
void append_decimal(TextBuffer& out, std::int64_t raw, int decimals);

// `text` as a JSON string with its quotes. Control characters are escaped; text that is not UTF-8
// keeps its ASCII and shows U+FFFD for every other byte.
void append_quoted(TextBuffer& out, std::string_view text);

// Thread-safe once built: the methods are const and write only to `out`.
// Cost: under a microsecond an event; no allocation once `out` holds line_bytes_max().
class EventEncoder {
  public:
    // Copies the names and scales it needs.
    explicit EventEncoder(const core::RiskParameters& parameters);

    // {"type":"margin_call","event_seq":...,...} without the envelope and without a newline.
    void append_body(TextBuffer& out, const core::Event& event) const;
    // The body with "emit_time" added as its last member, and a newline.
    void append_line(TextBuffer& out, const core::Event& event, core::Timestamp emit_time) const;

    // No line is longer, whatever the event.
    std::size_t line_bytes_max() const { return line_bytes_max_; }

  private:
    struct InstrumentText {
        std::string name;  // quoted
        int price_decimals = 0;
        int quantity_decimals = 0;
    };

    void append_members(TextBuffer& out, const core::Event& event) const;
    void append_account(TextBuffer& out, core::EventKind kind,
                        const core::AccountEvent& event) const;
    void append_cause(TextBuffer& out, const core::Cause& cause) const;
    void append_plan(TextBuffer& out, const core::AccountEvent& event) const;
    void append_repayment(TextBuffer& out, const core::PlanStep& step) const;
    void append_threshold(TextBuffer& out, const core::ThresholdEvent& event) const;
    void append_price_state(TextBuffer& out, const core::PriceStateEvent& event) const;
    void append_feed_state(TextBuffer& out, const core::FeedStateEvent& event) const;
    void append_instrument(TextBuffer& out, core::InstrumentId instrument) const;
    void append_price(TextBuffer& out, core::InstrumentId instrument, core::Price price) const;

    std::vector<InstrumentText> instruments_;  // by InstrumentId
    std::vector<std::string> assets_;          // by AssetId, quoted
    std::vector<std::string> sources_;  // by SourceId: {"feed":...,"symbol":...,"channel":...}
    std::vector<std::string> feeds_;    // by FeedId, quoted
    std::size_t line_bytes_max_ = 0;
};

// Enumerators as the words used on every wire, page and log: "margin_call", "no_quorum" ...
std::string_view name_of(core::EventKind kind);
std::string_view name_of(core::MarginState state);
std::string_view name_of(core::CauseKind kind);
std::string_view name_of(core::AuditCheck check);
std::string_view name_of(core::Side side);
std::string_view name_of(core::RateTerm term);
std::string_view name_of(core::MarginLevel level);
std::string_view name_of(core::PriceState state);
std::string_view name_of(core::PriceReason reason);
std::string_view name_of(core::FeedState state);
std::string_view name_of(core::FeedReason reason);
std::string_view name_of(core::DaemonState state);
std::string_view name_of(core::DaemonReason reason);
std::string_view name_of(config::Durability durability);
std::string_view name_of(core::Refusal refusal);
std::string_view name_of(core::Channel channel);

}  // namespace margind::daemon
