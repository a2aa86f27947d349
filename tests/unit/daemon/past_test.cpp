// A journal written as a daemon would, over several runs and configurations, and looked back at.
#include "daemon/journal/past.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/recovery.hpp"
#include "tests/support/book.hpp"
#include "tests/support/fault_files.hpp"

using namespace margind;
using namespace margind::daemon;
using test::key;
using test::money;
using test::quantity;

namespace {

constexpr const char* kFolder = "journal";

std::string instrument_text(const std::string& name) {
    return "  - name: " + name + R"(
    quote: USD
    price_max: 10000
    tiers: [{initial_rate: 10%, maintenance_rate: 5%}]
    sources: [{feed: venue, symbol: )" +
           name + R"(, channel: trade}]
)";
}

std::string config_text(const std::vector<std::string>& instruments) {
    std::string text = R"(valuation_currency: USD
assets: [{name: USD}]
feeds: [{name: venue, venue: coinbase_exchange, url: "ws://127.0.0.1:1"}]
instruments:
)";
    for (const std::string& name : instruments) text += instrument_text(name);
    return text;
}

// Runs of a daemon: what its engine is given is written down, and what it stood at is kept.
class Recorder {
  public:
    // A run begins as the daemon's does: from what the journal has, then an epoch and a restart.
    void begin_run(const std::vector<std::string>& instruments) {
        writer_.reset();
        const JournalState state = recover_journal(files, kFolder);
        REQUIRE(state.problem == "");
        epoch_ = {.number = state.last_epoch + 1,
                  .reason = state.last_epoch == 0 ? core::EpochReason::first_start
                                                  : core::EpochReason::restart,
                  .program = "margind",
                  .config_name = "margind.yaml",
                  .config_text = config_text(instruments)};
        if (state.last_epoch == 0) {
            const config::Loaded loaded = config::load_text(epoch_.config_text, "margind.yaml");
            for (const auto& problem : loaded.problems) FAIL(to_string(problem));
            core::EngineOptions options = config::engine_options(loaded.settings.engine);
            options.config_hash = config_hash(epoch_.config_text);
            engine = std::make_unique<core::Engine>(loaded.settings.risk, options);
        } else {
            Past past(files, kFolder);
            REQUIRE(past.go_to(state.inputs.next_sequence - 1) == PastStatus::stepped);
            REQUIRE(past.begin_epoch(epoch_) == PastStatus::stepped);
            engine = past.release_engine();
        }
        writer_ = std::make_unique<JournalWriter>(
            files, JournalWriterOptions{.folder = kFolder, .segment_bytes = 4096}, state);
        REQUIRE(writer_->append_epoch(epoch_, now_) == Append::done);
        if (state.last_epoch > 0) {
            record(core::Input::of(
                core::DaemonInput{core::DaemonNotice::restarted, core::DaemonReason::restarted}));
        }
    }
    void record(core::Input input) {
        now_ = now_ + core::Duration::from_ms(10);
        input.input_seq = engine->input_seq() + 1;
        input.engine_time = input.receive_time = now_;
        std::array<std::byte, core::kEventBytesMax> room;
        std::size_t bytes = core::encode_input(input, room);
        REQUIRE(writer_->append_input(input.input_seq, now_, std::span(room).first(bytes)) ==
                Append::done);
        engine->apply(input);
        for (core::Event event; engine->next_event(event);) {
            bytes = core::encode_event(event, room);
            REQUIRE(bytes > 0);
            REQUIRE(writer_->append_event(event.event_seq, now_, std::span(room).first(bytes)) ==
                    Append::done);
            events[event.event_seq].assign(room.begin(),
                                           room.begin() + static_cast<std::ptrdiff_t>(bytes));
        }
        engine->settle();
        REQUIRE(writer_->commit());
        hashes[input.input_seq] = engine->state_hash();
    }
    void prices(std::uint32_t source, int count) {
        for (int n = 0; n < count; ++n) {
            core::PriceInput tick;
            tick.source = core::SourceId(source);
            walk_ = 0.97 + 0.06 * random_.unit();
            tick.price = core::Price::from_raw(static_cast<std::int64_t>(100 * walk_ * 1e8));
            record(core::Input::of(tick));
            if (n % 7 == 0) record(core::Input::of(core::TimerInput{}));
        }
    }
    void hold(const std::string& account, std::uint32_t instrument, core::Last last) {
        core::AccountInput input;
        input.key = key(account);
        input.record = core::AccountRecord::balance;
        input.amount = money(60).raw();
        input.last = core::Last::no;
        record(core::Input::of(input));
        input.record = core::AccountRecord::position;
        input.id = instrument;
        input.amount = quantity(10).raw();
        input.price = core::Price::from_raw(10'000'000'000).raw();
        input.last = last;
        record(core::Input::of(input));
    }
    std::string snapshot() {
        REQUIRE(engine->can_save());
        std::uint64_t bytes = 0;
        const SnapshotAbout about{.input_seq = engine->input_seq(),
                                  .event_seq = engine->event_seq(),
                                  .engine_time = engine->engine_time(),
                                  .created = now_,
                                  .epoch = epoch_};
        const IoError error = write_snapshot(files, kFolder, about, *engine, bytes);
        REQUIRE(!error);
        return std::string(kFolder) + "/" + snapshot_name(about.input_seq);
    }
    std::uint64_t last() const { return engine->input_seq(); }

    test::FaultFiles files{3};
    std::unique_ptr<core::Engine> engine;
    std::map<std::uint64_t, std::vector<std::byte>> events;  // encoded
    std::map<std::uint64_t, std::uint64_t> hashes;           // after each input

  private:
    std::unique_ptr<JournalWriter> writer_;
    core::EpochRecord epoch_;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'000'000'000'000);
    test::Random random_{11};
    double walk_ = 1;
};

// Three runs: the second has another instrument and another order, the third the same as it.
struct Recorded : Recorder {
    Recorded() {
        begin_run({"BTC-PERP"});
        prices(0, 20);
        hold("alice", 0, core::Last::yes);
        hold("bob", 0, core::Last::yes);
        prices(0, 30);
        middle_of_first = last();
        hold("carol", 0, core::Last::no);  // the run ends before the update does
        end_of_first = last();
        begin_run({"ETH-PERP", "BTC-PERP"});
        prices(0, 10);
        prices(1, 40);
        hold("dave", 0, core::Last::yes);
        middle_of_second = last();
        prices(1, 20);
        begin_run({"ETH-PERP", "BTC-PERP"});
        prices(1, 30);
    }
    std::uint64_t middle_of_first = 0;
    std::uint64_t end_of_first = 0;
    std::uint64_t middle_of_second = 0;
};

// Steps to the end; every hash and every event is the recorded one.
void check_rest(Past& past, const Recorded& recorded) {
    std::array<std::byte, core::kEventBytesMax> room;
    REQUIRE(past.engine().state_hash() == recorded.hashes.at(past.input_seq()));
    for (;;) {
        const PastStatus status = past.step();
        INFO(past.problem());
        REQUIRE(status != PastStatus::problem);
        if (status == PastStatus::end) break;
        INFO("input " << past.input_seq());
        REQUIRE(past.engine().state_hash() == recorded.hashes.at(past.input_seq()));
        for (const core::Event& event : past.events()) {
            const std::size_t bytes = core::encode_event(event, room);
            const std::vector<std::byte> made(room.begin(),
                                              room.begin() + static_cast<std::ptrdiff_t>(bytes));
            REQUIRE(made == recorded.events.at(event.event_seq));
        }
    }
    CHECK(past.input_seq() == recorded.last());
    CHECK(past.event_seq() == recorded.events.rbegin()->first);
}

}  // namespace

TEST_CASE("the past is as it was, over restarts and changed configurations") {
    Recorded recorded;
    REQUIRE(recorded.events.size() > 20);
    for (const core::Search search : {core::Search::bands, core::Search::reference}) {
        Past past(recorded.files, kFolder, search);
        REQUIRE(past.go_to(1) == PastStatus::stepped);
        CHECK(past.epoch().number == 1);
        check_rest(past, recorded);
        CHECK(past.epoch().number == 3);
        CHECK(past.settings().risk.instruments.size() == 2);
        // And back again.
        REQUIRE(past.go_to(recorded.middle_of_first) == PastStatus::stepped);
        CHECK(past.engine().state_hash() == recorded.hashes.at(recorded.middle_of_first));
        CHECK(past.snapshot() == 0);
    }
}

TEST_CASE("a changed configuration finds accounts by name") {
    Recorded recorded;
    Past past(recorded.files, kFolder);
    REQUIRE(past.go_to(recorded.end_of_first + 1) == PastStatus::stepped);
    CHECK(past.input().kind == core::InputKind::daemon);
    CHECK(past.epoch().number == 2);
    const auto alice = past.engine().find(key("alice"));
    REQUIRE(alice);
    CHECK(past.engine().view(*alice).positions[0].instrument == core::InstrumentId(1));
    CHECK_FALSE(past.engine().find(key("carol")));  // her update was never whole
}

TEST_CASE("the past is gone on with from the nearest snapshot") {
    Recorded recorded;
    // As the daemon's shadow would have written them.
    std::vector<std::string> paths;
    std::vector<std::uint64_t> inputs{recorded.middle_of_first, recorded.middle_of_second};
    for (const std::uint64_t input : inputs) {
        Past shadow(recorded.files, kFolder);
        REQUIRE(shadow.go_to(input) == PastStatus::stepped);
        REQUIRE(shadow.engine().can_save());
        const SnapshotAbout about{.input_seq = input,
                                  .event_seq = shadow.event_seq(),
                                  .engine_time = shadow.engine_time(),
                                  .created = {},
                                  .epoch = shadow.epoch()};
        std::uint64_t bytes = 0;
        REQUIRE(!write_snapshot(recorded.files, kFolder, about, shadow.engine(), bytes));
        paths.push_back(std::string(kFolder) + "/" + snapshot_name(input));
    }
    for (const std::uint64_t input : inputs) {
        Past past(recorded.files, kFolder);
        REQUIRE(past.go_to(input + 1) == PastStatus::stepped);
        CHECK(past.snapshot() == input);
        check_rest(past, recorded);
    }
    Past newest(recorded.files, kFolder);
    REQUIRE(newest.go_to_newest_snapshot() == PastStatus::stepped);
    CHECK(newest.input_seq() == recorded.middle_of_second);
    CHECK(newest.notices().empty());
    check_rest(newest, recorded);

    // The newest is damaged: the older one, and somebody is told; both: the first epoch.
    recorded.files.flip(paths[1], 8 * 400);
    Past older(recorded.files, kFolder);
    REQUIRE(older.go_to_newest_snapshot() == PastStatus::stepped);
    CHECK(older.input_seq() == recorded.middle_of_first);
    REQUIRE(older.notices().size() == 1);
    CHECK(older.notices()[0].find(paths[1]) != std::string::npos);
    check_rest(older, recorded);
    recorded.files.flip(paths[0], 8 * 400);
    Past first(recorded.files, kFolder);
    REQUIRE(first.go_to_newest_snapshot() == PastStatus::stepped);
    CHECK(first.input_seq() == 0);
    CHECK(first.notices().size() == 2);
    REQUIRE(first.go_to(1) == PastStatus::stepped);
    check_rest(first, recorded);
}

TEST_CASE("a run begins from a snapshot as from the first input") {
    Recorded recorded;
    recorded.snapshot();
    recorded.begin_run({"BTC-PERP", "SOL-PERP", "ETH-PERP"});
    recorded.prices(0, 20);
    Past with_snapshot(recorded.files, kFolder);
    REQUIRE(with_snapshot.go_to_newest_snapshot() == PastStatus::stepped);
    CHECK(with_snapshot.snapshot() > recorded.middle_of_second);
    check_rest(with_snapshot, recorded);
    CHECK(with_snapshot.epoch().number == 4);
    Past without(recorded.files, kFolder);
    REQUIRE(without.go_to(1) == PastStatus::stepped);
    check_rest(without, recorded);
}

TEST_CASE("what does not fit the changed configuration is named, and stops the past") {
    Recorded recorded;
    Past past(recorded.files, kFolder);
    REQUIRE(past.go_to(recorded.last()) == PastStatus::stepped);
    core::EpochRecord epoch = past.epoch();
    ++epoch.number;
    epoch.config_text = config_text({"ETH-PERP"});
    CHECK(past.begin_epoch(epoch) == PastStatus::problem);
    CHECK(past.problem().find("account alice holds BTC-PERP") != std::string::npos);
}

TEST_CASE("a snapshot of later is no help on the way to an earlier input") {
    Recorded recorded;
    recorded.snapshot();
    Past past(recorded.files, kFolder);
    REQUIRE(past.go_to(recorded.middle_of_first) == PastStatus::stepped);
    CHECK(past.snapshot() == 0);
    CHECK(past.engine().state_hash() == recorded.hashes.at(recorded.middle_of_first));
}
