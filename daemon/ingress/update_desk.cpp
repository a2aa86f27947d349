#include "daemon/ingress/update_desk.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/assert.hpp"
#include "daemon/ingress/answer_lines.hpp"

namespace margind::daemon {
namespace {

// One writer: no read-modify-write needed.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

UpdateDesk::UpdateDesk(const config::AccountListenerSettings& settings, const UpdateLinks& links,
                       AnswerOutlet& outlet)
    : links_(links), outlet_(outlet), lines_(links.parameters) {
    for (const std::string& name : settings.sources) {
        sources_.push_back(
            std::make_unique<Source>(name, sources_.size(), settings.unanswered_max));
    }
    records_.reserve(NumberedLines::kRecordsMax);
}

void UpdateDesk::go_on_after(std::size_t source, std::uint64_t source_seq) {
    sources_[source]->next = source_seq + 1;
    sources_[source]->counters.next.store(source_seq + 1, std::memory_order_relaxed);
}

UpdateDesk::Source* UpdateDesk::find(std::string_view name) {
    const auto known = std::find_if(sources_.begin(), sources_.end(),
                                    [&](const auto& source) { return source->name == name; });
    return known == sources_.end() ? nullptr : known->get();
}

UpdateDesk::Taken UpdateDesk::take(ConnectionNumber connection, std::string_view line,
                                   core::Timestamp received) {
    if (const LineProblem problem = lines_.read_head(line, head_); !problem.empty()) {
        return unnumbered(connection, problem);
    }
    Source* const source = find(head_.source);
    if (source == nullptr) {
        return unnumbered(connection, wrong("source", "'" + head_.source +
                                                          "' is not one of "
                                                          "accounts.listen.sources"));
    }
    if (!claim(*source, connection)) return Taken::leave;
    if (source->window.full()) return Taken::wait;
    if (head_.source_seq < source->next) {
        push(*source, WaitingLine::Kind::duplicate, head_.source_seq, connection);
    } else if (head_.source_seq > source->next) {
        push(*source, WaitingLine::Kind::gap, head_.source_seq, connection);
    } else if (links_.delivery.has_room(NumberedLines::kRecordsMax)) {
        apply(*source, connection, line, received);
    } else {
        return Taken::wait;
    }
    return Taken::yes;
}

UpdateDesk::Taken UpdateDesk::unnumbered(ConnectionNumber connection, const LineProblem& problem) {
    add(unnumbered_total_, 1);
    if (TextBuffer* const out = outlet_.answers_of(connection)) append_unnumbered(*out, problem);
    return Taken::answered;
}

// The newest of the connections that send for a source has it.
bool UpdateDesk::claim(Source& source, ConnectionNumber connection) {
    if (source.holder == connection) return true;
    if (source.holder > connection) return false;
    const ConnectionNumber before = std::exchange(source.holder, connection);
    if (before != 0) outlet_.taken_over(before);
    return true;
}

void UpdateDesk::gone(ConnectionNumber connection) {
    for (const auto& source : sources_) {
        if (source->holder == connection) source->holder = 0;
    }
}

void UpdateDesk::push(Source& source, WaitingLine::Kind kind, std::uint64_t source_seq,
                      ConnectionNumber connection) {
    WaitingLine& line = source.window.push(kind, source_seq);
    line.connection = connection;
    line.expected = source.next;
    ++unanswered_;
    source.counters.unanswered.store(source.window.size(), std::memory_order_relaxed);
}

void UpdateDesk::apply(Source& source, ConnectionNumber connection, std::string_view line,
                       core::Timestamp received) {
    push(source, WaitingLine::Kind::update, head_.source_seq, connection);
    lines_.read(line, head_, records_, source.window.update(head_.source_seq).problem);
    for (core::Input& record : records_) {
        record.origin = source.origin;
        record.receive_time = received;
    }
    ++source.next;
    source.counters.next.store(source.next, std::memory_order_relaxed);
    links_.delivery.update(records_);
}

int UpdateDesk::work() {
    int work = 0;
    UpdateVerdict verdict;
    while (links_.verdicts.try_take(verdict)) {
        Source& source = *sources_[verdict.origin - config::kFirstListenedOrigin];
        WaitingLine& line = source.window.update(verdict.source_number);
        line.judged = true;
        line.refusal = verdict.refusal;
        line.input_seq = verdict.input_seq;
        ++work;
    }
    if (unanswered_ == 0) return work;
    for (const auto& source : sources_) work += answer(*source);
    return work;
}

bool UpdateDesk::has_work() const noexcept {
    if (unanswered_ == 0) return false;
    return links_.verdicts.waiting() ||
           std::any_of(sources_.begin(), sources_.end(), [this](const auto& source) {
               return !source->window.empty() && may_answer(source->window.front());
           });
}

// In the order of the lines: an answer waits for those before it.
int UpdateDesk::answer(Source& source) {
    int answers = 0;
    for (; !source.window.empty() && may_answer(source.window.front()); ++answers) {
        answer_front(source);
        source.window.pop();
        --unanswered_;
    }
    if (answers > 0) {
        source.counters.unanswered.store(source.window.size(), std::memory_order_relaxed);
    }
    return answers;
}

// A duplicate may: the line that had its number stood before it, or was answered by an earlier run.
bool UpdateDesk::may_answer(const WaitingLine& line) const noexcept {
    if (links_.durability.failed()) return false;
    return line.kind != WaitingLine::Kind::update ||
           (line.judged && links_.durability.input_may_be_acknowledged(line.input_seq));
}

void UpdateDesk::answer_front(Source& source) {
    const WaitingLine& line = source.window.front();
    const bool refused = line.refusal != core::Refusal::none;
    Counters& counters = source.counters;
    add(line.kind == WaitingLine::Kind::duplicate ? counters.duplicates
        : line.kind == WaitingLine::Kind::gap     ? counters.gaps
        : refused                                 ? counters.refused
                                                  : counters.acknowledged,
        1);
    if (TextBuffer* const out = outlet_.answers_of(line.connection)) {
        if (line.kind == WaitingLine::Kind::gap) {
            append_gap(*out, source.name, line);
        } else if (refused) {
            append_refused(*out, source.name, line);
        } else {
            append_ack(*out, source.name, line);
        }
        outlet_.answered(line.connection);
    }
}

void UpdateDesk::append_hello(TextBuffer& out, std::string_view session_id) const {
    const auto end = [&]() { return std::back_inserter(out); };
    fmt::format_to(end(), R"({{"type":"hello","protocol":1,"session":)");
    append_quoted(out, session_id);
    fmt::format_to(end(), R"(,"durability":"{}","sources":[)", name_of(links_.durability.mode()));
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        fmt::format_to(end(), R"({}{{"source":)", i == 0 ? "" : ",");
        append_quoted(out, sources_[i]->name);
        // What waits for its answer may be lost yet: a sender that sends it again loses nothing.
        const std::uint64_t waits = sources_[i]->window.oldest_update();
        fmt::format_to(end(), R"(,"next_source_seq":{}}})", waits > 0 ? waits : sources_[i]->next);
    }
    fmt::format_to(end(), R"(],"version":")" MARGIND_VERSION "\"}}\n");
}

std::vector<SourceStatistics> UpdateDesk::statistics() const {
    const auto read = [](const std::atomic<std::uint64_t>& counter) {
        return counter.load(std::memory_order_relaxed);
    };
    std::vector<SourceStatistics> statistics;
    for (const auto& source : sources_) {
        const Counters& counters = source->counters;
        statistics.push_back({.name = source->name,
                              .acknowledged_total = read(counters.acknowledged),
                              .refused_total = read(counters.refused),
                              .duplicates_total = read(counters.duplicates),
                              .gaps_total = read(counters.gaps),
                              .unanswered = read(counters.unanswered),
                              .next_source_seq = read(counters.next)});
    }
    return statistics;
}

}  // namespace margind::daemon
