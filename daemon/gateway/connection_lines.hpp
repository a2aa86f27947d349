// The lines that belong to a connection rather than to the event stream: they carry no event_seq.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/settings.hpp"
#include "core/event.hpp"
#include "core/time.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// Why the gateway ends a connection.
enum class GoodbyeReason : std::uint8_t {
    draining,              // the daemon is stopping; everything it had was sent
    slow_consumer,         // too much waited for this subscriber; the rest was dropped
    too_many_subscribers,  // refused at once
    protocol_error,        // the subscriber kept sending what nobody asked for
    journal_failed,        // what happens now can not be written down, so nobody is told it
};

std::string_view name_of(GoodbyeReason reason);

// What a connection begins with.
struct Hello {
    std::string_view session;
    std::uint64_t next_event_seq = 1;
    config::Durability durability = config::Durability::none;
    core::DaemonState state = core::DaemonState::warming;
};

// Each appends one line with its newline.
void append_hello(TextBuffer& out, const Hello& hello);
void append_heartbeat(TextBuffer& out, std::uint64_t next_event_seq, core::Timestamp emit_time);
// `last_event_seq`: the last event sent before it.
void append_goodbye(TextBuffer& out, GoodbyeReason reason, std::uint64_t last_event_seq);
// The answer to a line the subscriber sent: the `line`-th, of `lines_max` tolerated.
void append_error(TextBuffer& out, std::uint32_t line, std::uint32_t lines_max);

}  // namespace margind::daemon
