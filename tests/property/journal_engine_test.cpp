// An engine whose journal lies on a disk that loses power, fails a sync or ends with its process:
// what comes back is the engine as it was after the last input of the longest whole part, and the
// events that it makes again are those it made.
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/past.hpp"
#include "tests/support/book.hpp"
#include "tests/support/fault_files.hpp"
#include "tests/support/recorded_venue.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using namespace margind::test;

namespace {

constexpr const char* kFolder = "journal";

class World {
  public:
    explicit World(std::uint64_t seed) : files(seed), random_(seed) {}

    // Recovers and goes on, as the daemon does. Empty, or what is wrong.
    std::string begin_run() {
        writer_.reset();
        engine_.reset();
        const daemon::JournalState state = daemon::recover_journal(files, kFolder);
        if (!state.problem.empty()) return state.problem;
        const std::uint64_t last = state.inputs.next_sequence - 1;
        if (last < reported_) return "inputs that were reported are gone";
        if (std::string wrong = come_back(state, last); !wrong.empty()) return wrong;
        hashes_.erase(hashes_.upper_bound(last), hashes_.end());
        events_.erase(events_.lower_bound(engine_->event_seq() + 1), events_.end());
        input_seq_ = last;
        writer_ = std::make_unique<daemon::JournalWriter>(
            files,
            daemon::JournalWriterOptions{.folder = kFolder, .segment_bytes = 8192, .session = {}},
            state);
        writer_->append_epoch(epoch(state.last_epoch + 1), now_);
        for (std::uint64_t seq = state.events.next_sequence; seq <= engine_->event_seq(); ++seq) {
            writer_->append_event(seq, now_, events_.at(seq));
        }
        return "";
    }

    bool work(std::size_t steps) {
        for (std::size_t i = 0; i < steps && !writer_->failed(); ++i) {
            apply(any_input());
            if (below(6) == 0 && writer_->commit()) reported_ = writer_->durable_input();
        }
        return !writer_->failed();
    }

    std::size_t events() const { return events_.size(); }

    FaultFiles files;

  private:
    static core::EpochRecord epoch(std::uint32_t number) {
        return {.number = number,
                .reason = core::EpochReason::restart,
                .program = "margind",
                .config_name = "venue.yaml",
                .config_text = kVenueConfig};
    }

    // From the journal alone: the state, and every event on the way.
    std::string come_back(const daemon::JournalState& state, std::uint64_t last) {
        if (last == 0) {
            const config::Loaded loaded = config::load_text(kVenueConfig, "venue.yaml");
            core::EngineOptions options = config::engine_options(loaded.settings.engine);
            options.config_hash = daemon::config_hash(kVenueConfig);
            engine_ = std::make_unique<core::Engine>(loaded.settings.risk, options);
            return "";
        }
        daemon::Past past(files, kFolder);
        if (past.go_to(0) == daemon::PastStatus::problem) return past.problem();
        std::uint64_t events = 0;
        while (past.step(last) == daemon::PastStatus::stepped) {
            if (past.engine().state_hash() != hashes_.at(past.input_seq())) {
                return "another state after input " + std::to_string(past.input_seq());
            }
            for (const core::Event& event : past.events()) {
                if (encoded(event) != events_.at(++events)) return "another event";
            }
        }
        if (!past.problem().empty()) return past.problem();
        if (past.input_seq() != last) return "it does not come to the last input";
        if (state.events.next_sequence > events + 1) return "an event without its input";
        engine_ = past.release_engine();
        return "";
    }

    static std::vector<std::byte> encoded(const core::Event& event) {
        std::vector<std::byte> bytes(core::kEventBytesMax);
        bytes.resize(core::encode_event(event, bytes));
        return bytes;
    }

    core::Input any_input() {
        const std::uint64_t what = below(10);
        if (what == 0) return core::Input::of(core::TimerInput{});
        if (what < 4) return any_account_record();
        core::PriceInput price;
        price.source = core::SourceId(static_cast<std::uint32_t>(below(2)));
        price.channel = core::Channel::book_top;
        const auto middle = static_cast<std::int64_t>(900'000 + below(200'000));
        price.price = core::Price::from_raw(middle);
        price.bid = core::Price::from_raw(middle - 1);
        price.ask = core::Price::from_raw(middle + 1);
        return core::Input::of(price);
    }

    core::Input any_account_record() {
        core::AccountInput account;
        account.key = key("a" + std::to_string(below(12)));
        if (below(2) == 0) {
            account.record = core::AccountRecord::balance;
            account.amount = money(static_cast<double>(100 + below(5'000))).raw();
        } else {
            account.record = core::AccountRecord::position;
            account.id = static_cast<std::uint32_t>(below(2));
            account.amount = static_cast<std::int64_t>(below(4'000)) - 2'000;
            account.price = 1'000'000;
        }
        return core::Input::of(account);
    }

    void apply(core::Input input) {
        now_ = now_ + core::Duration::from_ms(static_cast<std::int64_t>(1 + below(400)));
        input.input_seq = ++input_seq_;
        input.engine_time = input.receive_time = now_;
        std::array<std::byte, core::kInputBytesMax> bytes{};
        const std::size_t size = core::encode_input(input, bytes);
        engine_->apply(input);
        std::vector<core::Event> made;
        core::Event event;
        while (engine_->next_event(event)) made.push_back(event);
        engine_->settle();
        // Before anything is written: with the power goes what was under way.
        hashes_[input_seq_] = engine_->state_hash();
        for (const core::Event& one : made) events_[one.event_seq] = encoded(one);
        writer_->append_input(input_seq_, now_, std::span(bytes).first(size));
        for (const core::Event& one : made) {
            writer_->append_event(one.event_seq, now_, events_.at(one.event_seq));
        }
    }

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    std::mt19937_64 random_;
    std::unique_ptr<core::Engine> engine_;
    std::unique_ptr<daemon::JournalWriter> writer_;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'903'120'000'000);
    std::uint64_t input_seq_ = 0;
    std::uint64_t reported_ = 0;
    std::map<std::uint64_t, std::uint64_t> hashes_;  // after each input
    std::map<std::uint64_t, std::vector<std::byte>> events_;
};

// One run, to the call at which it ends.
std::string run_until(World& world, const FaultPlan& plan, std::size_t steps) {
    world.files.set_plan(plan);
    try {
        const std::string wrong = world.begin_run();
        if (!wrong.empty()) return wrong;
        world.work(steps);
    } catch (const PowerLoss&) {
    }
    return "";
}

}  // namespace

TEST_CASE("the engine that comes back is the one after the longest whole part of the journal") {
    std::size_t events = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(60); ++seed) {
        World world(seed);
        std::mt19937_64 random(seed);
        for (int run = 0; run < 8; ++run) {
            CAPTURE(seed, run);
            FaultPlan plan{.lose_power_at = 15 + random() % 120};
            if (random() % 4 == 0) plan = {.fail_sync_at = 6 + random() % 30};
            REQUIRE(run_until(world, plan, 20 + random() % 150) == "");
            if (random() % 3 == 0) {
                world.files.restart_process();
            } else {
                world.files.restart_machine();
            }
        }
        REQUIRE(world.begin_run() == "");
        events += world.events();
    }
    CHECK(events > 1000);
}
