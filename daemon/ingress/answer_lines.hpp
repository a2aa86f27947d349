// What the listener of account updates says, a line of JSON each: docs/account-stream.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/source_window.hpp"

namespace margind::daemon {

// Why a connection of a sender ends.
enum class LeaveReason : std::uint8_t {
    draining,              // the daemon is stopping
    taken_over,            // a newer connection sends for the same source
    too_many_connections,  // refused at once
    line_too_long,
    no_source,       // connected for long and sent nothing
    journal_failed,  // nothing can be acknowledged any more
};

std::string_view name_of(LeaveReason reason);

// Each appends one line with its newline.
void append_ack(TextBuffer& out, std::string_view source, const WaitingLine& line);
void append_refused(TextBuffer& out, std::string_view source, const WaitingLine& line);
void append_gap(TextBuffer& out, std::string_view source, const WaitingLine& line);
// A line whose number cannot be known.
void append_unnumbered(TextBuffer& out, std::string_view problem);
void append_leave(TextBuffer& out, LeaveReason reason);

}  // namespace margind::daemon
