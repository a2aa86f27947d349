#include "daemon/gateway/connection_lines.hpp"

namespace margind::daemon {
namespace {

std::string_view advice_on(GoodbyeReason reason) {
    switch (reason) {
        case GoodbyeReason::draining:
            return "the daemon is stopping; connect again later, and go on after last_event_seq";
        case GoodbyeReason::slow_consumer:
            return "you took nothing for events.stalled_after, or fell behind and did not catch "
                   "up in time; read faster, connect again, and go on after last_event_seq";
        case GoodbyeReason::too_many_subscribers:
            return "events.subscribers_max connections are open; close one, or raise the limit";
        case GoodbyeReason::protocol_error:
            return "too much was sent that is no login; connect again, log in, and only read";
        case GoodbyeReason::journal_failed:
            return "the journal could not be written, so no event is published any more; what was "
                   "sent up to last_event_seq stands; connect again when the daemon was restarted";
        case GoodbyeReason::session_unknown:
            return "the session asked for is not the one that hello names: the journal is another "
                   "one, and its numbers stand for other events. See what state the accounts are "
                   "in, and begin with the session that hello names";
        case GoodbyeReason::sequence_ahead:
            return "next_event_seq is beyond the next event: you were told of events that this "
                   "journal does not have, which must not be. Stop acting on what you were told, "
                   "and call whoever runs the daemon";
        case GoodbyeReason::not_retained:
            return "that event is not kept any more; begin from now on, or with a later one, and "
                   "see what state the accounts are in";
        case GoodbyeReason::history_unreadable:
            return "the journal's files cannot be read; the daemon's log says why";
    }
    return {};
}

auto end_of(TextBuffer& out) {
    return std::back_inserter(out);
}

}  // namespace

std::string_view name_of(GoodbyeReason reason) {
    switch (reason) {
        case GoodbyeReason::draining:
            return "draining";
        case GoodbyeReason::slow_consumer:
            return "slow_consumer";
        case GoodbyeReason::too_many_subscribers:
            return "too_many_subscribers";
        case GoodbyeReason::protocol_error:
            return "protocol_error";
        case GoodbyeReason::journal_failed:
            return "journal_failed";
        case GoodbyeReason::session_unknown:
            return "session_unknown";
        case GoodbyeReason::sequence_ahead:
            return "sequence_ahead";
        case GoodbyeReason::not_retained:
            return "not_retained";
        case GoodbyeReason::history_unreadable:
            return "history_unreadable";
    }
    return "unknown";
}

void append_hello(TextBuffer& out, const Hello& hello) {
    fmt::format_to(end_of(out), R"({{"type":"hello","protocol":1,"session":)");
    append_quoted(out, hello.session);
    fmt::format_to(
        end_of(out),
        R"(,"next_event_seq":{},"durability":"{}","state":"{}","version":")" MARGIND_VERSION
        "\"}}\n",
        hello.next_event_seq, name_of(hello.durability), name_of(hello.state));
}

void append_heartbeat(TextBuffer& out, std::uint64_t next_event_seq, core::Timestamp emit_time) {
    fmt::format_to(end_of(out), R"({{"type":"heartbeat","next_event_seq":{},"emit_time":{}}})",
                   next_event_seq, emit_time.ns());
    out.push_back('\n');
}

void append_goodbye(TextBuffer& out, GoodbyeReason reason, std::uint64_t last_event_seq) {
    fmt::format_to(end_of(out),
                   R"({{"type":"goodbye","reason":"{}","last_event_seq":{},"message":"{}"}})",
                   name_of(reason), last_event_seq, advice_on(reason));
    out.push_back('\n');
}

void append_login_accepted(TextBuffer& out, std::string_view session,
                           std::uint64_t next_event_seq) {
    fmt::format_to(end_of(out), R"({{"type":"login_accepted","session":)");
    append_quoted(out, session);
    fmt::format_to(end_of(out), ",\"next_event_seq\":{}}}\n", next_event_seq);
}

void append_caught_up(TextBuffer& out, std::uint64_t next_event_seq) {
    fmt::format_to(end_of(out), "{{\"type\":\"caught_up\",\"next_event_seq\":{}}}\n",
                   next_event_seq);
}

void append_error(TextBuffer& out, std::uint32_t line, std::uint32_t lines_max,
                  std::string_view problem) {
    fmt::format_to(end_of(out), R"({{"type":"error","message":)");
    append_quoted(out, fmt::format("line {} was ignored: {}; after {} such lines the connection is "
                                   "closed",
                                   line, problem, lines_max));
    fmt::format_to(end_of(out), "}}\n");
}

}  // namespace margind::daemon
