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
    draining,              // the daemon is stopping
    slow_consumer,         // it takes too little; the rest was dropped
    too_many_subscribers,  // refused at once
    protocol_error,        // the subscriber kept sending what nobody asked for
    journal_failed,        // what happens now can not be written down, so nobody is told it
    session_unknown,       // it wants to go on with the numbers of another session
    sequence_ahead,        // it wants an event beyond the next one
    not_retained,          // it wants an event that is not kept any more
    history_unreadable,    // the journal's files cannot be read
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
// The answer to a login: the event that follows.
void append_login_accepted(TextBuffer& out, std::string_view session, std::uint64_t next_event_seq);
// Everything before `next_event_seq` was sent; what follows is sent as it happens.
void append_caught_up(TextBuffer& out, std::uint64_t next_event_seq);
// The answer to a line the subscriber sent in vain: the `line`-th, of `lines_max` tolerated.
void append_error(TextBuffer& out, std::uint32_t line, std::uint32_t lines_max,
                  std::string_view problem);

}  // namespace margind::daemon
