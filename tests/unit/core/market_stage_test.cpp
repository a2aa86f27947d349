#include "core/market/market_stage.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

// One perpetual in USD with `sources` equal index sources, and whatever the test changes.
RiskParameters one_instrument(std::size_t sources, int quorum) {
    RiskParameters p = small_venue();
    p.instruments.resize(1);
    p.sources.clear();
    for (std::size_t s = 0; s < sources; ++s) add_source(p, 0, AssetId(0));
    p.instruments[0].quorum_index = quorum;
    return p;
}

struct Stage {
    RiskParameters parameters;
    MarketStage stage;
    Timestamp now = Timestamp::from_ns(1'760'130'000'000'000'000);

    explicit Stage(RiskParameters p) : parameters(std::move(p)), stage(parameters) {}

    Refusal set(std::uint32_t source, double value, std::uint64_t sequence = 0,
                Timestamp exchange_time = {}, Duration delay = {}) {
        stage.clear_changes();
        PriceInput p;
        p.source = SourceId(source);
        p.price = price(value);
        p.sequence = sequence;
        Input input = Input::of(p);
        input.engine_time = now;
        input.receive_time = now - delay;
        input.exchange_time = exchange_time;
        return stage.apply(p, input);
    }
    void advance(double seconds) {
        now = now + Duration::from_ms(static_cast<std::int64_t>(seconds * 1000));
        stage.clear_changes();
        stage.advance(now);
    }
    const InstrumentStatus& status(std::uint32_t i = 0) const {
        return stage.status(InstrumentId(i));
    }
};

}  // namespace

TEST_CASE("a price counts once its quorum is there") {
    Stage s(one_instrument(3, 2));
    REQUIRE(s.set(0, 100) == Refusal::none);
    CHECK(s.status().mark == Price{});
    CHECK_FALSE(s.stage.all_trusted_once());
    REQUIRE(s.set(1, 102) == Refusal::none);
    CHECK(s.status().mark == price(101));
    CHECK(s.status().state == PriceState::good);
    CHECK(s.stage.all_trusted_once());
    REQUIRE(s.stage.events().size() == 1);
    CHECK(s.stage.events()[0].price_state.reason == PriceReason::first_price);
    REQUIRE(s.set(2, 101.5) == Refusal::none);
    CHECK(s.status().mark == price(101.5));
    CHECK(s.status().live_index_sources == 3);
}

TEST_CASE("a lost quorum freezes the price, a hold is bounded, a restored quorum thaws it") {
    Stage s(one_instrument(2, 2));
    s.set(0, 100);
    s.set(1, 100);
    s.advance(8);
    s.set(0, 101);
    CHECK(s.status().state == PriceState::good);
    s.advance(3);  // source 1 is now 11 s old, limit 10 s
    CHECK(s.status().state == PriceState::frozen);
    CHECK(s.status().reason == PriceReason::no_quorum);
    CHECK(s.status().mark == price(101));  // follows who is left
    REQUIRE(s.stage.events().size() == 1);
    CHECK(s.stage.events()[0].price_state.live_sources == 1);
    CHECK(s.stage.events()[0].price_state.quorum == 2);
    for (int i = 0; i < 59; ++i) {
        s.set(0, 101);
        s.advance(1);
    }
    CHECK(s.status().state == PriceState::frozen);
    s.advance(1);
    CHECK(s.status().state == PriceState::suspect);
    CHECK(s.status().reason == PriceReason::hold_expired);
    s.set(0, 102);
    s.set(1, 102);
    CHECK(s.status().state == PriceState::good);
    CHECK(s.status().reason == PriceReason::quorum_restored);
    CHECK_FALSE(s.status().distrusted_since.stated());
}

TEST_CASE("with nobody left the last price stays, frozen") {
    Stage s(one_instrument(1, 1));
    s.set(0, 100);
    s.advance(10);
    CHECK(s.status().state == PriceState::good);
    s.advance(0.001);
    CHECK(s.status().state == PriceState::frozen);
    CHECK(s.status().mark == price(100));
    CHECK(s.status().live_index_sources == 0);
}

TEST_CASE("mark sources make the mark, index sources the index") {
    RiskParameters p = one_instrument(1, 1);
    add_source(p, 0, AssetId(0), Role::mark);
    Stage s(std::move(p));
    s.set(0, 100);
    CHECK(s.status().mark == Price{});
    s.set(1, 90);
    CHECK(s.status().index == price(100));
    CHECK(s.status().mark == price(90));
}

TEST_CASE("prices that no market has never reach the merge") {
    Stage s(one_instrument(1, 1));
    REQUIRE(s.set(0, 100) == Refusal::none);
    CHECK(s.set(0, 0) == Refusal::price_not_positive);
    PriceInput negative;
    negative.source = SourceId(0);
    negative.price = Price::from_raw(-5);
    Input input = Input::of(negative);
    input.engine_time = input.receive_time = s.now;
    CHECK(s.stage.apply(negative, input) == Refusal::price_not_positive);
    CHECK(s.set(0, 10'000'001) == Refusal::price_beyond_maximum);
    CHECK(s.set(0, 201) == Refusal::price_jump);
    CHECK(s.set(0, 49.9) == Refusal::price_jump);
    CHECK(s.set(0, 0.00000001) == Refusal::price_jump);
    CHECK(s.set(7, 100) == Refusal::unknown_source);
    CHECK(s.status().mark == price(100));
    CHECK(s.stage.status(SourceId(0)).refused == 6);
    CHECK(s.set(0, 200) == Refusal::none);  // exactly k
    CHECK(s.set(0, 100) == Refusal::none);  // exactly 1/k
}

TEST_CASE("a crossed book is refused") {
    Stage s(one_instrument(1, 1));
    PriceInput book;
    book.source = SourceId(0);
    book.channel = Channel::book_top;
    book.price = price(100);
    book.bid = price(101);
    book.ask = price(101);
    Input input = Input::of(book);
    input.engine_time = input.receive_time = s.now;
    CHECK(s.stage.apply(book, input) == Refusal::book_crossed);
    book.ask = price(102);
    CHECK(s.stage.apply(book, input) == Refusal::none);
}

TEST_CASE("a source may come back far from its old price where the others are by then") {
    Stage s(one_instrument(3, 2));
    for (std::uint32_t i = 0; i < 3; ++i) s.set(i, 100);
    // The other two fall step by step; the third was silent meanwhile.
    for (const double p : {60.0, 40.0, 25.0}) {
        s.advance(8);
        CHECK(s.set(0, p) == Refusal::none);
        CHECK(s.set(1, p) == Refusal::none);
    }
    CHECK(s.set(2, 26) == Refusal::none);
    CHECK(s.set(2, 90) == Refusal::price_jump);
}

TEST_CASE("a first price far from the others' is refused") {
    Stage s(one_instrument(3, 2));
    s.set(0, 100);
    s.set(1, 100);
    CHECK(s.set(2, 1) == Refusal::price_jump);
    CHECK(s.set(2, 99) == Refusal::none);
}

TEST_CASE("a source's sequence and time do not go back") {
    Stage s(one_instrument(1, 1));
    CHECK(s.set(0, 100, 5) == Refusal::none);
    CHECK(s.set(0, 101, 5) == Refusal::out_of_order);
    CHECK(s.set(0, 101, 4) == Refusal::out_of_order);
    CHECK(s.set(0, 101, 6) == Refusal::none);
    s.stage.feed_restarted(FeedId(0));
    CHECK(s.set(0, 102, 1) == Refusal::none);

    Stage t(one_instrument(1, 1));
    const Timestamp time = t.now - Duration::from_seconds(1);
    CHECK(t.set(0, 100, 0, time) == Refusal::none);
    CHECK(t.set(0, 100, 0, time) == Refusal::none);
    CHECK(t.set(0, 100, 0, time - Duration::from_ns(1)) == Refusal::out_of_order);
    CHECK(t.set(0, 100, 0, t.now + Duration::from_seconds(6)) == Refusal::from_the_future);
    CHECK(t.set(0, 100, 0, t.now + Duration::from_seconds(5)) == Refusal::none);
}

TEST_CASE("age is counted from the moment of receipt") {
    Stage s(one_instrument(1, 1));
    CHECK(s.set(0, 100, 0, {}, Duration::from_seconds(9)) == Refusal::none);
    CHECK(s.status().state == PriceState::good);
    s.advance(2);
    CHECK(s.status().state == PriceState::frozen);
}

namespace {

// ETH in USDT, converted to USD through USDT-USD (spot, one source).
RiskParameters converted_venue() {
    RiskParameters p;
    p.assets.push_back({.name = "USD", .haircut = {}});
    p.assets.push_back({.name = "USDT", .priced_by = InstrumentId(1), .haircut = {}});
    p.instruments.push_back(instrument("ETH-PERP", AssetId(0)));
    p.instruments.push_back(instrument("USDT-USD", AssetId(0)));
    p.instruments[1].kind = InstrumentKind::spot;
    p.instruments[1].tiers.clear();
    p.feeds = {"feed"};
    add_source(p, 0, AssetId(1));
    add_source(p, 1, AssetId(0));
    return p;
}

}  // namespace

TEST_CASE("a source in another currency is converted before it is merged") {
    Stage s(converted_venue());
    s.set(0, 2000);
    CHECK(s.status(0).mark == Price{});  // no conversion yet
    s.set(1, 0.99);
    CHECK(s.status(1).index == price(0.99));
    CHECK(s.stage.view().assets[1].price == UnitPrice::from_raw(99'000'000));
    CHECK(s.status(0).mark == price(1980));
    CHECK(s.stage.changes().size() == 2);
    s.set(1, 0.98);
    CHECK(s.status(0).mark == price(1960));
}

TEST_CASE("the largest price is meant in the instrument's own quote") {
    RiskParameters p = converted_venue();
    p.instruments[0].price_max = price(1'000);
    p.guard.jump_factor = 1000;
    Stage s(std::move(p));
    CHECK(s.set(0, 1'005) == Refusal::none);  // cannot be converted yet
    s.set(1, 1);
    CHECK(s.status(0).mark == Price{});  // 1005 USD is beyond
    CHECK(s.set(0, 1'001) == Refusal::price_beyond_maximum);
    s.set(1, 0.99);
    CHECK(s.status(0).mark == price(994.95));
    CHECK(s.set(0, 1'001) == Refusal::none);
    CHECK(s.status(0).mark == price(990.99));
}

TEST_CASE("a conversion that is not trusted converts nothing") {
    Stage s(converted_venue());
    s.set(1, 1);
    s.set(0, 2000);
    s.advance(9);
    s.set(0, 2001);
    s.advance(2);  // USDT-USD is stale
    CHECK(s.status(1).state == PriceState::frozen);
    CHECK(s.status(0).state == PriceState::frozen);
    CHECK(s.status(0).mark == price(2001));
}

TEST_CASE("asset prices are brought to 1e-8 from any number of decimals") {
    RiskParameters p = converted_venue();
    p.instruments[1].price_decimals = 12;
    p.instruments[1].price_max = Price::from_raw(INT64_MAX);
    p.instruments[1].quantity_decimals = 4;
    Stage s(std::move(p));
    PriceInput in;
    in.source = SourceId(1);
    in.price = Price::from_raw(999'912'345'678);  // 0.999912345678
    Input input = Input::of(in);
    input.engine_time = input.receive_time = s.now;
    REQUIRE(s.stage.apply(in, input) == Refusal::none);
    CHECK(s.stage.view().assets[1].price.raw() == 99'991'234);
}

TEST_CASE("the margin rate follows volatility between its floor and its cap, and says what binds") {
    RiskParameters p = one_instrument(1, 1);
    p.instruments[0].rate = {.z_initial = 4,
                             .z_maintenance = 2,
                             .horizon = Duration::from_seconds(100),
                             .cap = rate(0.30)};
    p.instruments[0].volatility.half_life = Duration::from_seconds(1);
    Stage s(std::move(p));
    s.set(0, 100);
    CHECK(s.status().maintenance_rate == rate(0.05));
    CHECK(s.status().binding_maintenance == RateTerm::floor);
    s.advance(1);
    s.set(0, 101);
    // v = 0.5 ln(1.01)^2 per second; mm = 2 sqrt(v 100) = 0.1407..., im = 0.2814...
    const double sigma = std::sqrt(0.5) * std::log(1.01);
    CHECK(static_cast<double>(s.status().maintenance_rate.raw()) == Approx(2 * sigma * 10 * 1e8));
    CHECK(static_cast<double>(s.status().maintenance_rate.raw()) >= 2 * sigma * 10 * 1e8 - 1e-3);
    CHECK(s.status().binding_maintenance == RateTerm::volatility);
    CHECK(static_cast<double>(s.status().initial_rate.raw()) == Approx(4 * sigma * 10 * 1e8));
    const auto events = s.stage.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].threshold.level == MarginLevel::initial);
    CHECK(events[1].threshold.level == MarginLevel::maintenance);
    CHECK(events[1].threshold.from == rate(0.05));
    CHECK(events[1].threshold.to == s.status().maintenance_rate);
    s.advance(1);
    s.set(0, 106);
    CHECK(s.status().binding_maintenance == RateTerm::cap);
    CHECK(s.status().maintenance_rate == rate(0.30));
}

TEST_CASE("threshold_changed is told at each relative step, not at each movement") {
    RiskParameters p = one_instrument(1, 1);
    p.instruments[0].rate = {.z_initial = 0,
                             .z_maintenance = 20,
                             .horizon = Duration::from_seconds(100),
                             .cap = kRateOne};
    p.instruments[0].volatility = {.half_life = Duration::from_seconds(100),
                                   .sample_interval = Duration::from_seconds(1),
                                   .initial_annual = 4};
    Stage s(std::move(p));
    s.set(0, 100);
    std::size_t told = 0;
    std::size_t moved = 0;
    Rate last_told = s.status().maintenance_rate;
    for (int i = 0; i < 300; ++i) {  // no returns: the estimate decays
        s.advance(1);
        const Rate before = s.status().maintenance_rate;
        s.set(0, 100);
        moved += before != s.status().maintenance_rate;
        for (const Event& event : s.stage.events()) {
            ++told;
            CHECK(event.threshold.from == last_told);
            last_told = event.threshold.to;
            const double step = 1 - static_cast<double>(event.threshold.to.raw()) /
                                        static_cast<double>(event.threshold.from.raw());
            CHECK(step >= 0.01);
            CHECK(step < 0.02);
        }
    }
    CHECK(moved > 2 * told);
    CHECK(told > 20);
}

TEST_CASE("a tier's own rate is its floor") {
    RiskParameters p = one_instrument(1, 1);
    p.instruments[0].tiers = {{notional(1000), rate(0.1), rate(0.05)},
                              {notional(0), rate(0.4), rate(0.2)}};
    p.instruments[0].rate = {.z_initial = 0,
                             .z_maintenance = 2,
                             .horizon = Duration::from_seconds(100),
                             .cap = kRateOne};
    p.instruments[0].volatility.half_life = Duration::from_seconds(1);
    Stage s(std::move(p));
    s.set(0, 100);
    s.advance(1);
    s.set(0, 101);
    const InstrumentRow& row = s.stage.view().instruments[0];
    CHECK(row.tiers[0].rate[MarginLevel::maintenance] > rate(0.14));
    CHECK(row.tiers[1].rate[MarginLevel::maintenance] == rate(0.2));
    CHECK(row.tiers[1].rate[MarginLevel::initial] == rate(0.4));
}

TEST_CASE("after a restart no price is trusted before its quorum was fresh for the grace") {
    RiskParameters p = one_instrument(2, 2);
    p.guard.restart_grace = Duration::from_seconds(3);
    Stage s(p);
    s.set(0, 100);
    s.set(1, 100);
    REQUIRE(s.status().state == PriceState::good);
    s.stage.clear_changes();
    s.stage.restarted(s.now);
    CHECK(s.status().state == PriceState::frozen);
    CHECK(s.status().reason == PriceReason::restarted);
    CHECK(s.status().mark == price(100));  // margin calls go on with it
    CHECK_FALSE(s.stage.all_trusted_once());
    // hold_max is 60 s: it ends no hold of a market that nobody has seen.
    s.advance(600);
    CHECK(s.status().state == PriceState::frozen);
    s.set(0, 101);
    s.advance(5);
    CHECK(s.status().state == PriceState::frozen);  // no quorum
    s.set(1, 101);
    s.set(0, 101);
    s.advance(2.9);
    CHECK(s.status().state == PriceState::frozen);
    s.advance(0.1);
    CHECK(s.status().state == PriceState::good);
    CHECK(s.status().reason == PriceReason::quorum_restored);
    CHECK(s.stage.all_trusted_once());
}

TEST_CASE("a quorum that breaks off during the grace begins it anew") {
    RiskParameters p = one_instrument(2, 2);
    p.guard.restart_grace = Duration::from_seconds(15);
    Stage s(p);
    s.set(0, 100);
    s.set(1, 100);
    s.stage.clear_changes();
    s.stage.restarted(s.now);
    s.set(0, 100);
    s.set(1, 100);
    s.advance(8);
    s.set(0, 100);
    s.advance(3);  // source 1 is stale
    s.set(1, 100);
    s.advance(6);
    s.set(0, 100);
    s.set(1, 100);
    s.advance(8);
    CHECK(s.status().state == PriceState::frozen);  // 14 s since the quorum is whole again
    s.set(0, 100);
    s.set(1, 100);
    s.advance(1);
    CHECK(s.status().state == PriceState::good);
}

TEST_CASE("after a restart the first prices are taken as they come, however far they are") {
    RiskParameters p = one_instrument(2, 2);
    p.guard.restart_grace = Duration{};
    Stage s(p);
    s.set(0, 100);
    s.set(1, 100);
    CHECK(s.set(0, 250) == Refusal::price_jump);
    s.stage.clear_changes();
    s.stage.restarted(s.now);
    CHECK(s.set(0, 250) == Refusal::none);
    CHECK(s.status().mark == price(250));  // no quorum yet: it follows whoever is there
    CHECK(s.set(1, 251) == Refusal::none);
    CHECK(s.status().mark == price(250.5));
    CHECK(s.status().state == PriceState::good);
    CHECK(s.set(0, 600) == Refusal::price_jump);
}
