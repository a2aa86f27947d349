// One event as one binary message: event_sbe_layout.hpp, config/schema/margind-events.xml. Same
// event, same bytes, but for emit_time; what a message says is what the event's line of JSON says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "daemon/gateway/connection_lines.hpp"
#include "daemon/gateway/event_sbe_layout.hpp"

namespace margind::daemon::sbe {

// Where a message is written. Room for the longest, so that no call can fail.
using Room = std::span<std::byte, kMessageBytesMax>;

// Thread-safe once built: encode() is const and writes only to its room.
// Cost: a copy of the message's bytes, 64 to 1,636; no allocation.
class EventEncoder {
  public:
    // Copies the names and scales it needs. Requires: `parameters` were validated.
    explicit EventEncoder(const core::RiskParameters& parameters);

    // The length of the message. Requires: the event's ids are of those parameters.
    std::size_t encode(const core::Event& event, core::Timestamp emit_time,
                       Room room) const noexcept;

  private:
    struct InstrumentText {
        NameText name{};
        std::int8_t price_exponent = 0;
        std::int8_t quantity_exponent = 0;
    };
    struct SourceText {
        NameText feed{};
        SymbolText symbol{};
        std::uint8_t channel = kNullEnum;
    };

    std::size_t encode_plan(const core::Event& event, const EventBlock& head,
                            Room room) const noexcept;
    AccountBlock account_block(const core::AccountEvent& event,
                               const EventBlock& head) const noexcept;
    PlanBlock plan_block(const core::PlanStep& step) const noexcept;
    ThresholdBlock threshold_block(const core::ThresholdEvent& event,
                                   const EventBlock& head) const noexcept;
    PriceStateBlock price_state_block(const core::PriceStateEvent& event,
                                      const EventBlock& head) const noexcept;
    FeedStateBlock feed_state_block(const core::FeedStateEvent& event,
                                    const EventBlock& head) const noexcept;
    NameText name_of_instrument(core::InstrumentId instrument) const noexcept;
    Decimal price(core::InstrumentId instrument, core::Price price) const noexcept;

    std::vector<InstrumentText> instruments_;  // by InstrumentId
    std::vector<SourceText> sources_;          // by SourceId
    std::vector<NameText> assets_;             // by AssetId
    std::vector<NameText> feeds_;              // by FeedId
};

// Each writes one message and returns its length.
// A numbered event that this user may not see.
std::size_t encode_withheld(std::uint64_t event_seq, core::Timestamp emit_time, Room room) noexcept;
// What was missed has been sent: events are live from `next_event_seq` on.
std::size_t encode_caught_up(std::uint64_t next_event_seq, core::Timestamp emit_time,
                             Room room) noexcept;
// The last message of a connection. `last_event_seq`: the last event sent before it.
std::size_t encode_goodbye(GoodbyeReason reason, std::uint64_t last_event_seq,
                           core::Timestamp emit_time, Room room) noexcept;

}  // namespace margind::daemon::sbe
