// What becomes of numbered account lines, whoever brings them: each number once and in order into
// the engine, its answer back when the journal's promise is kept. The sockets are in
// account_listener.hpp.
//
// Policy for "full": a line waits, and its connection is not read, while unanswered_max lines of
// its source have no answer yet or the engine's queue has no room. Nothing is dropped.
//
// Thread: io; the counters may be read by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "core/parameters.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/numbered_lines.hpp"
#include "daemon/ingress/source_window.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/update_verdicts.hpp"

namespace margind::daemon {

// One source's lines since the start, by what was answered.
struct SourceStatistics {
    std::string name;
    std::uint64_t acknowledged_total = 0;
    std::uint64_t refused_total = 0;
    std::uint64_t duplicates_total = 0;
    std::uint64_t gaps_total = 0;
    std::uint64_t unanswered = 0;
    std::uint64_t next_source_seq = 1;
};

// Who hears the answers.
class AnswerOutlet {
  public:
    virtual ~AnswerOutlet() = default;
    // Where an answer to a line of `connection` is to be appended; null: it has gone.
    virtual TextBuffer* answers_of(ConnectionNumber connection) = 0;
    // The answer to one of its lines is complete.
    virtual void answered(ConnectionNumber connection) = 0;
    // Another connection sends for its source now.
    virtual void taken_over(ConnectionNumber connection) = 0;
};

// Where lines go, and where verdicts come from. All outlive the desk.
struct UpdateLinks {
    const core::RiskParameters& parameters;
    Delivery& delivery;
    UpdateVerdicts& verdicts;
    const Durability& durability;
};

// How many verdicts may wait at once with these settings.
inline std::size_t verdicts_max(const config::AccountListenerSettings& settings) {
    return settings.sources.size() * settings.unanswered_max;
}

class UpdateDesk {
  public:
    // `outlet` outlives it.
    UpdateDesk(const config::AccountListenerSettings& settings, const UpdateLinks& links,
               AnswerOutlet& outlet);

    // What was taken of a source before this process: the next number is one more.
    void go_on_after(std::size_t source, std::uint64_t source_seq);

    enum class Taken : std::uint8_t {
        yes,       // an answer will come, if the connection stays
        answered,  // its answer was appended: whose line it is cannot be known
        wait,      // no room: offer the same line again after work()
        leave,     // a newer connection sends for its source
    };
    Taken take(ConnectionNumber connection, std::string_view line, core::Timestamp received);

    // Answers what can be answered. Returns how much it did.
    int work();
    // Whether there is something for work().
    bool has_work() const noexcept;
    // Lines that wait for their answers.
    std::size_t unanswered() const noexcept { return unanswered_; }
    // Forgets that it sends for any source; lines under way stay.
    void gone(ConnectionNumber connection);

    void append_hello(TextBuffer& out, std::string_view session_id) const;
    std::vector<SourceStatistics> statistics() const;  // any thread
    std::uint64_t unnumbered_total() const noexcept {  // any thread
        return unnumbered_total_.load(std::memory_order_relaxed);
    }

  private:
    struct Counters {  // written by the io thread, read by any
        std::atomic<std::uint64_t> acknowledged{0};
        std::atomic<std::uint64_t> refused{0};
        std::atomic<std::uint64_t> duplicates{0};
        std::atomic<std::uint64_t> gaps{0};
        std::atomic<std::uint64_t> unanswered{0};
        std::atomic<std::uint64_t> next{1};
    };
    struct Source {
        Source(std::string the_name, std::size_t place, std::size_t lines_max)
            : name(std::move(the_name)),
              origin(static_cast<std::uint8_t>(config::kFirstListenedOrigin + place)),
              window(lines_max) {}
        const std::string name;
        const std::uint8_t origin;
        std::uint64_t next = 1;  // the number that is due
        ConnectionNumber holder = 0;
        SourceWindow window;
        Counters counters;
    };

    Source* find(std::string_view name);
    Taken unnumbered(ConnectionNumber connection, const LineProblem& problem);
    bool claim(Source& source, ConnectionNumber connection);
    void push(Source& source, WaitingLine::Kind kind, std::uint64_t source_seq,
              ConnectionNumber connection);
    void apply(Source& source, ConnectionNumber connection, std::string_view line,
               core::Timestamp received);
    int answer(Source& source);
    bool may_answer(const WaitingLine& line) const noexcept;
    void answer_front(Source& source);

    const UpdateLinks links_;
    AnswerOutlet& outlet_;
    NumberedLines lines_;
    std::vector<std::unique_ptr<Source>> sources_;  // by their place in the config
    std::size_t unanswered_ = 0;
    LineHead head_;
    std::vector<core::Input> records_;
    std::atomic<std::uint64_t> unnumbered_total_{0};
};

}  // namespace margind::daemon
