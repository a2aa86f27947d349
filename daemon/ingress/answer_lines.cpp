#include "daemon/ingress/answer_lines.hpp"

#include <iterator>

#include <fmt/format.h>

#include "daemon/ingress/account_lines.hpp"

namespace margind::daemon {
namespace {

auto end_of(TextBuffer& out) {
    return std::back_inserter(out);
}

// {"type":"...","source":"...","source_seq":N
void append_begin(TextBuffer& out, std::string_view type, std::string_view source,
                  const WaitingLine& line) {
    fmt::format_to(end_of(out), R"({{"type":"{}","source":)", type);
    append_quoted(out, source);
    fmt::format_to(end_of(out), R"(,"source_seq":{})", line.source_seq);
}

void append_text(TextBuffer& out, std::string_view member, std::string_view text) {
    fmt::format_to(end_of(out), R"(,"{}":)", member);
    append_quoted(out, text);
}

// "member: what is wrong" and "the line: what is wrong".
std::string_view member_of(std::string_view problem) {
    const std::string_view member = problem.substr(0, problem.find(": "));
    return member == "the line" ? std::string_view() : member;
}

std::string_view advice_on(LeaveReason reason) {
    switch (reason) {
        case LeaveReason::draining:
            return "the daemon is stopping; connect again later and send again what was not "
                   "answered";
        case LeaveReason::taken_over:
            return "a newer connection sends for the same source; one of the two is too many";
        case LeaveReason::too_many_connections:
            return "accounts.listen.connections_max connections are open; close one, or raise the "
                   "limit";
        case LeaveReason::line_too_long:
            return "a line has at most 65536 bytes; give one account a line, and use sub-accounts";
        case LeaveReason::no_source:
            return "no line with a source came for a minute; connect when there is one to send";
        case LeaveReason::journal_failed:
            return "the journal cannot be written, so nothing can be acknowledged; the daemon's "
                   "log says what is wrong with its disk";
    }
    return {};
}

}  // namespace

std::string_view name_of(LeaveReason reason) {
    switch (reason) {
        case LeaveReason::draining:
            return "draining";
        case LeaveReason::taken_over:
            return "taken_over";
        case LeaveReason::too_many_connections:
            return "too_many_connections";
        case LeaveReason::line_too_long:
            return "line_too_long";
        case LeaveReason::no_source:
            return "no_source";
        case LeaveReason::journal_failed:
            return "journal_failed";
    }
    return "unknown";
}

void append_ack(TextBuffer& out, std::string_view source, const WaitingLine& line) {
    append_begin(out, "ack", source, line);
    if (line.kind == WaitingLine::Kind::duplicate) {
        fmt::format_to(end_of(out), ",\"input_seq\":null}}\n");
    } else {
        fmt::format_to(end_of(out), ",\"input_seq\":{}}}\n", line.input_seq);
    }
}

void append_refused(TextBuffer& out, std::string_view source, const WaitingLine& line) {
    append_begin(out, "refused", source, line);
    fmt::format_to(end_of(out), R"(,"input_seq":{})", line.input_seq);
    const bool unread = !line.problem.empty();
    const std::string_view member = member_of(line.problem);
    if (unread && !member.empty()) {
        append_text(out, "member", member);
    } else {
        fmt::format_to(end_of(out), R"(,"member":null)");
    }
    append_text(out, "reason", unread ? std::string_view("bad_line") : name_of(line.refusal));
    append_text(out, "message", unread ? line.problem : explain(line.refusal));
    fmt::format_to(end_of(out), "}}\n");
}

void append_gap(TextBuffer& out, std::string_view source, const WaitingLine& line) {
    append_begin(out, "gap", source, line);
    fmt::format_to(end_of(out), ",\"next_source_seq\":{}}}\n", line.expected);
}

void append_unnumbered(TextBuffer& out, std::string_view problem) {
    fmt::format_to(end_of(out), R"({{"type":"error")");
    append_text(out, "message", problem);
    fmt::format_to(end_of(out), "}}\n");
}

void append_leave(TextBuffer& out, LeaveReason reason) {
    fmt::format_to(end_of(out), R"({{"type":"goodbye","reason":"{}")", name_of(reason));
    append_text(out, "message", advice_on(reason));
    fmt::format_to(end_of(out), "}}\n");
}

}  // namespace margind::daemon
