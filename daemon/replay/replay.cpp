#include "daemon/replay/replay.hpp"

#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/engine/engine.hpp"
#include "daemon/accounts_file.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/replay/recorded_inputs.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/shard_front.hpp"

namespace margind::daemon {
namespace {

// Writes event bodies, one a line.
class BodyWriter final : public EventSink {
  public:
    BodyWriter(const core::RiskParameters& parameters, const std::filesystem::path& file)
        : encoder_(parameters), name_(file.empty() ? "standard output" : file.string()) {
        file_ = file.empty() ? stdout : std::fopen(file.c_str(), "wb");
        if (file_ == nullptr) fail();
    }
    ~BodyWriter() override {
        if (file_ != nullptr && file_ != stdout) std::fclose(file_);
    }
    BodyWriter(const BodyWriter&) = delete;
    BodyWriter& operator=(const BodyWriter&) = delete;

    bool try_publish(const core::Event& event) noexcept override {
        encoder_.append_body(buffer_, event);
        buffer_.push_back('\n');
        if (buffer_.size() >= kFlushAt) flush();
        return true;
    }
    std::size_t depth() const noexcept override { return 0; }
    std::uint64_t wakeups() const noexcept override { return 0; }

    // Throws std::system_error when anything since the start could not be written.
    void finish() {
        flush();
        if (std::fflush(file_) != 0 || failed_) fail();
    }

  private:
    static constexpr std::size_t kFlushAt = 256 * 1024;

    void flush() noexcept {
        if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) failed_ = true;
        buffer_.clear();
    }
    [[noreturn]] void fail() const {
        throw std::system_error(errno, std::generic_category(),
                                name_ + ": events cannot be written");
    }

    const EventEncoder encoder_;
    const std::string name_;
    std::FILE* file_ = nullptr;
    TextBuffer buffer_;
    bool failed_ = false;
};

void run_straight(EngineCycle& cycle, std::vector<core::Input>& inputs) {
    for (core::Input& input : inputs) cycle.accept(input);
}

// As live, except that nothing conflates: where the queue is full, the recording waits.
class PairedReplay {
  public:
    PairedReplay(const config::Settings& settings, BodyWriter& writer)
        : threads_(settings.threads),
          bell_in_use_(threads_.engine_idle == config::Idle::park ? &bell_ : nullptr),
          queued_(settings.risk, settings.queues.inputs, bell_in_use_),
          events_(settings.queues.events, nullptr),
          writer_(writer),
          desks_(settings.engine.shards),
          cycle_(make_cycle(settings)),
          duty_(cycle_, nullptr, nullptr, bell_) {}

    InputCycle& cycle() { return cycle_; }
    core::EngineStatistics statistics() const {
        return front_ ? front_->statistics() : engine_->statistics();
    }

    void run(const std::vector<core::Input>& inputs) {
        cycle_.deliver_to(events_);
        std::vector<std::unique_ptr<DutyThread>> shards;
        for (std::uint32_t s = 0; front_ && s < front_->shards(); ++s) {
            shards.push_back(std::make_unique<DutyThread>(
                ThreadOptions{fmt::format("mg-shard-{}", s), -1, threads_.engine_idle},
                front_->lane(s), rethrow));
        }
        // Closed before they are joined, whatever happens.
        const auto close = [this](const void*) {
            for (std::uint32_t s = 0; front_ && s < front_->shards(); ++s) front_->lane(s).close();
        };
        const std::unique_ptr<const void, decltype(close)> closer(this, close);
        // Not pinned: a recording may be played on a smaller machine.
        DutyThread engine({"mg-engine", -1, threads_.engine_idle}, duty_, rethrow);
        for (const core::Input& input : inputs) {
            while (!queued_.try_whole(input)) write_events();
        }
        duty_.close_inputs();
        // Asked before the last look into the queue: what the engine made is then all in it.
        for (bool finished = false; !finished;) {
            finished = duty_.finished();
            write_events();
        }
        engine.join();
    }

  private:
    static void rethrow(const std::exception_ptr& failure) {
        if (failure) std::terminate();
    }

    InputCycle& make_cycle(const config::Settings& settings) {
        if (settings.engine.shards == 1) {
            engine_.emplace(settings.risk, config::engine_options(settings.engine));
            return single_.emplace(*engine_, nullptr, &queued_, writer_, nullptr, nullptr);
        }
        const ShardOptions options{
            .shards = settings.engine.shards,
            .engine = config::engine_options(settings.engine),
            .queues = {settings.queues.shard_inputs, settings.queues.shard_events},
            .idle = threads_.engine_idle};
        return front_.emplace(settings.risk, options, nullptr, &queued_, writer_, nullptr, desks_,
                              bell_in_use_);
    }

    void write_events() {
        bool any = false;
        while (events_.try_take(event_)) any = writer_.try_publish(event_);
        if (!any) sched_yield();
    }

    const config::ThreadSettings& threads_;
    Doorbell bell_;
    Doorbell* const bell_in_use_;
    QueuedDelivery queued_;
    EventQueue events_;
    BodyWriter& writer_;
    QueryDesks desks_;
    std::optional<core::Engine> engine_;  // one engine
    std::optional<EngineCycle> single_;
    std::optional<ShardFront> front_;  // or shards
    InputCycle& cycle_;
    EngineDuty duty_;
    core::Event event_;
};

bool load_accounts_file(const config::Settings& settings, InputCycle& cycle, core::Timestamp at) {
    if (settings.accounts.file.empty()) return true;
    AccountsListener listener;
    listener.problem = [](const std::string& problem) { fmt::print(stderr, "{}\n", problem); };
    listener.progress = [](std::uint64_t lines, double share) {
        spdlog::info("accounts: {} lines read ({:.0f} %)", lines, share * 100);
    };
    const AccountsLoad load =
        load_accounts(settings.accounts.file, cycle, [at]() { return at; }, listener);
    return load.bad_lines == 0;
}

void print_tally(const RecordingTally& tally) {
    const auto verdict = [&](feeds::Verdict which) {
        return tally.by_verdict[static_cast<std::size_t>(which)];
    };
    fmt::print(stderr,
               "lines {}: decoded {}, control {}, ignored {}, rejected {}, account updates {}, "
               "left out {}, not messages {}\n",
               tally.lines, verdict(feeds::Verdict::decoded), verdict(feeds::Verdict::control),
               verdict(feeds::Verdict::ignored), verdict(feeds::Verdict::rejected),
               tally.account_updates, tally.left_out, tally.not_messages);
    fmt::print(stderr, "ticks without a source {}, prices not scalable {}, times assumed {}\n",
               tally.no_source, tally.not_scalable, tally.time_assumed);
}

void print_statistics(const core::EngineStatistics& statistics) {
    fmt::print(stderr, "inputs {} (timers included), events {}, evaluations {}, refused {}\n",
               statistics.inputs, statistics.events, statistics.evaluations,
               statistics.refused_total);
    for (std::size_t i = 0; i < statistics.refused.size(); ++i) {
        if (statistics.refused[i] == 0) continue;
        fmt::print(stderr, "  refused {}: {}\n", name_of(static_cast<core::Refusal>(i)),
                   statistics.refused[i]);
    }
    for (std::size_t i = 0; i < statistics.events_by_kind.size(); ++i) {
        if (statistics.events_by_kind[i] == 0) continue;
        fmt::print(stderr, "  event {}: {}\n", name_of(static_cast<core::EventKind>(i)),
                   statistics.events_by_kind[i]);
    }
    for (std::size_t i = 0; i < statistics.accounts_by_state.size(); ++i) {
        fmt::print(stderr, "  accounts {}: {}\n", name_of(static_cast<core::MarginState>(i)),
                   statistics.accounts_by_state[i]);
    }
}

}  // namespace

int replay(const config::Settings& settings, const ReplayOptions& options) {
    RecordedInputs recorded = read_recordings(
        settings, options.inputs, options.assume_time ? MissingTime::assume : MissingTime::refuse);
    for (const std::string& notice : recorded.notices) fmt::print(stderr, "{}\n", notice);
    for (const std::string& problem : recorded.problems) fmt::print(stderr, "{}\n", problem);
    if (!recorded.problems.empty()) {
        fmt::print(stderr, "margind: nothing was replayed\n");
        return kConfig;
    }
    const core::Timestamp first = recorded.inputs.empty()
                                      ? core::Timestamp() + core::Duration::from_seconds(1)
                                      : recorded.inputs.front().receive_time;
    BodyWriter writer(settings.risk, options.events_out);
    core::EngineStatistics statistics;
    if (settings.threads.layout == config::Layout::inline_) {
        core::Engine engine(settings.risk, config::engine_options(settings.engine));
        EngineCycle cycle(engine, nullptr, nullptr, writer, nullptr, nullptr);
        if (!load_accounts_file(settings, cycle, first)) return kConfig;
        run_straight(cycle, recorded.inputs);
        statistics = engine.statistics();
    } else {
        PairedReplay paired(settings, writer);
        if (!load_accounts_file(settings, paired.cycle(), first)) return kConfig;
        paired.run(recorded.inputs);
        statistics = paired.statistics();
    }
    writer.finish();
    if (options.summary) {
        print_tally(recorded.tally);
        print_statistics(statistics);
    }
    return kOk;
}

}  // namespace margind::daemon
