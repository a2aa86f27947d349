#include "daemon/gateway/connection_lines.hpp"

namespace margind::daemon {
namespace {

std::string_view advice_on(GoodbyeReason reason) {
    switch (reason) {
        case GoodbyeReason::draining:
            return "the daemon is stopping and has sent every event; connect again later";
        case GoodbyeReason::slow_consumer:
            return "more bytes waited than events.subscriber_buffer_bytes allows, and the events "
                   "after last_event_seq were dropped; read faster or raise the limit, and "
                   "connect again";
        case GoodbyeReason::too_many_subscribers:
            return "events.subscribers_max connections are open; close one, or raise the limit";
        case GoodbyeReason::protocol_error:
            return "this stream takes no requests, and too much was sent to it; connect again and "
                   "only read";
        case GoodbyeReason::journal_failed:
            return "the journal could not be written, so no event is published any more; what was "
                   "sent up to last_event_seq stands; connect again when the daemon was restarted";
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

void append_error(TextBuffer& out, std::uint32_t line, std::uint32_t lines_max) {
    fmt::format_to(end_of(out),
                   R"({{"type":"error","message":"this stream takes no requests: line {} was )"
                   R"(ignored; after {} the connection is closed"}})",
                   line, lines_max);
    out.push_back('\n');
}

}  // namespace margind::daemon
