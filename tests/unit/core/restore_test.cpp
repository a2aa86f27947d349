// States restored where the config is another one, and what is refused.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kOtherConfig = 6;

// BTC at 100, ETH at 10; alice is long 10 BTC with 100 USD, bob has 3 BTC and nothing else.
struct Venue : Driver {
    explicit Venue(const RiskParameters& parameters = small_venue()) : Driver(parameters) {
        set_price(0, price(100));
        set_price(1, price(10));
        set_balance(key("alice", "main"), 0, money(100), Last::no);
        set_position(key("alice", "main"), 0, quantity(10), price(100));
        set_balance(key("bob"), 1, money(3));
    }
    std::vector<std::byte> state() {
        engine.settle();
        REQUIRE(engine.can_save());
        MemorySink sink;
        REQUIRE(engine.save(sink));
        return sink.bytes;
    }
};

std::unique_ptr<Engine> restore(const RiskParameters& parameters,
                                const std::vector<std::byte>& state, std::string& problem,
                                std::uint64_t config = kOtherConfig) {
    MemorySource source(state);
    return Engine::restore(parameters, {.search = Search::bands, .config_hash = config}, source,
                           problem);
}

// The small venue with everything in another order, and more of it.
RiskParameters reordered() {
    RiskParameters p = small_venue();
    p.assets.insert(p.assets.begin(), Asset{.name = "EUR", .haircut = {}});
    p.assets[2].priced_by = InstrumentId(2);
    p.instruments = {instrument("DOGE-PERP", AssetId(1)), instrument("ETH-PERP", AssetId(1)),
                     instrument("BTC-PERP", AssetId(1))};
    p.feeds = {"new", "feed"};
    std::swap(p.sources[0], p.sources[1]);
    for (Source& source : p.sources) {
        source.quote = AssetId(1);
        source.feed = FeedId(1);
    }
    p.sources[0].instrument = InstrumentId(1);  // ETH
    p.sources[1].instrument = InstrumentId(2);
    add_source(p, 0, AssetId(1));
    return p;
}

std::vector<Event> apply(Engine& engine, Input input) {
    input.input_seq = engine.input_seq() + 1;
    input.engine_time = input.receive_time = engine.engine_time();
    REQUIRE(engine.apply(input) == Refusal::none);
    std::vector<Event> events;
    for (Event event; engine.next_event(event);) events.push_back(event);
    return events;
}

Input restarted() {
    return Input::of(DaemonInput{DaemonNotice::restarted, DaemonReason::restarted});
}

}  // namespace

TEST_CASE("state is carried over by names") {
    Venue d;
    std::string problem;
    const auto engine = restore(reordered(), d.state(), problem);
    INFO(problem);
    REQUIRE(engine != nullptr);
    CHECK(engine->input_seq() == d.engine.input_seq());
    CHECK(engine->event_seq() == d.engine.event_seq());
    const AccountSlot alice = *engine->find(key("alice", "main"));
    const AccountView view = engine->view(alice);
    REQUIRE(view.positions.size() == 1);
    CHECK(view.positions[0].instrument == InstrumentId(2));
    CHECK(view.balances[view.positions[0].balance].asset == AssetId(1));
    CHECK(engine->report(alice).evaluation.equity ==
          d.engine.report(*d.engine.find(key("alice", "main"))).evaluation.equity);
    CHECK(engine->market().status(InstrumentId(1)).mark == price(10));
    CHECK(engine->market().status(InstrumentId(2)).mark == price(100));
    CHECK(engine->market().status(InstrumentId(0)).mark == Price{});
    CHECK(engine->market().status(SourceId(1)).price == price(100));
    CHECK(engine->report(*engine->find(key("bob"))).evaluation.equity == money(270));
}

TEST_CASE("under another config everybody is judged when the daemon says it restarted") {
    Venue d;
    RiskParameters p = small_venue();
    p.instruments[0].tiers[0].maintenance_rate = rate(0.09);  // 90 against 100: a warning is due
    std::string problem;
    const auto engine = restore(p, d.state(), problem);
    REQUIRE(engine != nullptr);
    CHECK(engine->can_save());
    const std::vector<Event> events = apply(*engine, restarted());
    const auto warned = std::find_if(events.begin(), events.end(), [](const Event& event) {
        return event.kind == EventKind::margin_call;
    });
    REQUIRE(warned != events.end());
    CHECK(warned->account.cause.kind == CauseKind::parameters);
    CHECK(warned->parameter_version == 2);
    engine->settle();
    CHECK(engine->can_save());
}

TEST_CASE("what is held and gone is named") {
    Venue d;
    RiskParameters p = small_venue();
    p.instruments[0].name = "XBT-PERP";
    std::string problem;
    CHECK(restore(p, d.state(), problem) == nullptr);
    CHECK(problem.find("alice/main") != problem.npos);
    CHECK(problem.find("BTC-PERP") != problem.npos);

    // The name alone does not make it the same thing.
    p = small_venue();
    p.instruments[0].price_decimals = 6;
    problem.clear();
    CHECK(restore(p, d.state(), problem) == nullptr);
    CHECK(problem.find("alice/main holds BTC-PERP") != problem.npos);

    p = small_venue();
    p.assets[1].name = "XBT";
    problem.clear();
    CHECK(restore(p, d.state(), problem) == nullptr);
    CHECK(problem.find("bob holds BTC,") != problem.npos);

    p = small_venue();
    p.instruments[1].name = "WETH-PERP";  // nobody holds it
    problem.clear();
    CHECK(restore(p, d.state(), problem) != nullptr);
    CHECK(problem.empty());

    p = small_venue();
    p.assets[1].amount_max = money(2);
    CHECK(restore(p, d.state(), problem) == nullptr);
    CHECK(problem.find("bob does not fit") != problem.npos);
}

TEST_CASE("parameter changes stand under the same config, and not under another") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    ParameterInput change;
    change.parameter = Parameter::tier_maintenance_rate;
    change.value = rate(0.02).raw();
    REQUIRE(d.apply(Input::of(change)) == Refusal::none);
    d.engine.settle();
    MemorySink sink;
    REQUIRE(d.engine.save(sink));
    std::string problem;
    const auto same = restore(small_venue(), sink.bytes, problem, 0);
    REQUIRE(same != nullptr);
    CHECK(same->parameters().instruments[0].tiers[0].maintenance_rate == rate(0.02));
    CHECK(same->state_hash() == d.engine.state_hash());
    const auto other = restore(small_venue(), sink.bytes, problem);
    REQUIRE(other != nullptr);
    CHECK(other->parameters().instruments[0].tiers[0].maintenance_rate == rate(0.05));
}

TEST_CASE("the number of a source's last whole update survives") {
    Venue d;
    const auto record = [&](AccountRecord kind, std::int64_t amount, Last last) {
        AccountInput input;
        input.key = key("alice", "main");
        input.record = kind;
        input.amount = amount;
        input.last = last;
        Input whole = Input::of(input);
        whole.origin = 3;
        return d.apply(whole);
    };
    CHECK(d.engine.source_number(3) == 0);
    CHECK(record(AccountRecord::source_number, 41, Last::no) == Refusal::none);
    CHECK(d.engine.source_number(3) == 0);  // not whole yet
    CHECK_FALSE(d.engine.can_save());
    CHECK(record(AccountRecord::balance, money(7).raw(), Last::yes) == Refusal::none);
    CHECK(d.engine.source_number(3) == 41);
    CHECK(record(AccountRecord::source_number, 42, Last::no) == Refusal::none);
    CHECK(record(AccountRecord::refused, 0, Last::yes) == Refusal::refused_before);
    CHECK(d.engine.source_number(3) == 42);
    CHECK(record(AccountRecord::source_number, 43, Last::no) == Refusal::none);
    CHECK(record(AccountRecord::transfer_to, 1, Last::yes) == Refusal::transfer_incomplete);
    CHECK(d.engine.source_number(3) == 43);
    CHECK(record(AccountRecord::source_number, 44, Last::no) == Refusal::none);
    d.apply(restarted());  // it was never whole
    std::string problem;
    const auto copy = restore(small_venue(), d.state(), problem, 0);
    REQUIRE(copy != nullptr);
    CHECK(copy->source_number(3) == 43);
    CHECK(copy->source_number(2) == 0);
}

TEST_CASE("no state is made from what is none") {
    std::string problem;
    CHECK(restore(small_venue(), {}, problem) == nullptr);
    CHECK(problem.find("older snapshot") != problem.npos);
    Venue d;
    std::vector<std::byte> state = d.state();
    state.push_back(std::byte{0});
    problem.clear();
    CHECK(restore(small_venue(), state, problem, 0) == nullptr);
    state = d.state();
    state[0] = std::byte{9};
    problem.clear();
    CHECK(restore(small_venue(), state, problem, 0) == nullptr);
    CHECK(problem.find("format 9") != problem.npos);
}
