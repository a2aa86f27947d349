// The engine's side of the journal: every input before it is applied, every event before it is
// handed on, as bytes in the ring to the journal's thread.
//
// Policy for "full": the engine takes no further input while there is no room for one, and hands
// out no event that has none. Once the journal has failed nothing is kept any more: what is not
// told needs no record.
//
// Thread: the engine's. No system call; about 50 ns an input.
#pragma once

#include <cstdint>
#include <span>

#include "core/event.hpp"
#include "core/input.hpp"
#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/journal/record_ring.hpp"

namespace margind::daemon {

class JournalTap {
  public:
    // Both outlive it.
    JournalTap(RecordRing& ring, const Durability& durability)
        : ring_(ring), durability_(durability) {}

    // Whether the next input has room.
    bool has_room() noexcept {
        return !ring_.claim(core::kInputBytesMax).empty() || durability_.failed();
    }
    // Requires: has_room() said yes since the last record.
    void input(const core::Input& input) noexcept {
        const std::span<std::byte> room = ring_.claim(core::kInputBytesMax);
        if (room.empty()) return;  // the journal has failed
        const std::size_t bytes = core::encode_input(input, room);
        ring_.commit(core::RecordType::input, input.input_seq, input.engine_time, bytes);
    }
    // False: no room; ask again.
    bool event(const core::Event& event) noexcept {
        const std::span<std::byte> room = ring_.claim(core::kEventBytesMax);
        if (room.empty()) return durability_.failed();
        const std::size_t bytes = core::encode_event(event, room);
        ring_.commit(core::RecordType::event, event.event_seq, event.engine_time, bytes);
        return true;
    }

  private:
    RecordRing& ring_;
    const Durability& durability_;
};

}  // namespace margind::daemon
