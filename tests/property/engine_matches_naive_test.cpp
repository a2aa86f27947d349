// The engine against the naive reference: same random inputs, same crossings, input by input.
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/reference/naive_engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr double kStart[] = {50'000, 3'000, 150, 1, 0.5};

// Five instruments, two of them in a priced currency, tiers, moving rates, quorums, two kinds of
// collateral: something of everything the engine knows.
RiskParameters rich_venue(Random& random) {
    RiskParameters p;
    p.assets.push_back({.name = "USD", .haircut = {}});
    p.assets.push_back({.name = "USDT",
                        .priced_by = InstrumentId(3),
                        .haircut = rate(0.02),
                        .liability_weight = rate(1.05)});
    p.assets.push_back({.name = "BTC",
                        .priced_by = InstrumentId(0),
                        .haircut = rate(0.1),
                        .liability_weight = rate(1.2)});
    p.instruments = {instrument("BTC-PERP", AssetId(0)), instrument("ETH-PERP", AssetId(0)),
                     instrument("SOL-PERP", AssetId(1)), instrument("USDT-USD", AssetId(0)),
                     instrument("XRP-PERP", AssetId(1))};
    p.instruments[3].kind = InstrumentKind::spot;
    for (std::size_t n = 0; n < p.instruments.size(); ++n) {
        Instrument& i = p.instruments[n];
        i.price_max = price(kStart[n] * 100);
        i.rate = {.z_initial = 3,
                  .z_maintenance = 2,
                  .horizon = Duration::from_seconds(30),
                  .cap = rate(0.5)};
        i.volatility.half_life = Duration::from_seconds(20);
        i.volatility.initial_annual = 0.5;
        i.hold_max = Duration::from_seconds(5);
        if (i.kind == InstrumentKind::spot) {
            i.tiers.clear();
        } else if (random.chance(0.5)) {
            i.tiers = {{notional(5'000), rate(0.05), rate(0.025)},
                       {notional(20'000), rate(0.1), rate(0.05)},
                       {notional(0), rate(0.2), rate(0.1)}};
        }
    }
    p.feeds = {"feed"};
    for (std::uint32_t i = 0; i < 5; ++i) {
        const int sources = 1 + static_cast<int>(random.below(3));
        for (int s = 0; s < sources; ++s) {
            // Some sources are quoted in USDT although the instrument is in USD, or the reverse.
            const bool other = i != 3 && random.chance(0.3);
            const AssetId own = p.instruments[i].quote;
            add_source(p, i, other ? AssetId(own == AssetId(0) ? 1 : 0) : own);
        }
        p.instruments[i].quorum_index =
            1 + static_cast<int>(random.below(static_cast<std::uint64_t>(sources)));
        if (i != 3 && random.chance(0.4)) add_source(p, i, p.instruments[i].quote, Role::mark);
    }
    for (Source& s : p.sources) s.stale_after = Duration::from_ms(1500);
    p.max_accounts = 64;
    return p;
}

struct Run {
    explicit Run(std::uint64_t seed)
        : random(seed), parameters(rich_venue(random)), engine(parameters), naive(parameters) {
        for (std::size_t i = 0; i < 5; ++i) truth[i] = kStart[i];
    }

    Input random_input() {
        const double what = random.unit();
        if (what < 0.70) {
            PriceInput price_input;
            const auto s = static_cast<std::uint32_t>(random.below(parameters.sources.size()));
            const std::uint32_t i = parameters.sources[s].instrument.index();
            const double step = random.chance(0.01) ? 0.1 : 0.004;
            truth[i] *= 1 + (random.unit() - 0.5) * step * (i == 3 ? 0.05 : 1);
            price_input.source = SourceId(s);
            price_input.price = price(truth[i] * (1 + (random.unit() - 0.5) * 0.001));
            if (random.chance(0.01)) price_input.price = price(truth[i] * 5);  // refused
            return Input::of(price_input);
        }
        if (what < 0.85) return Input::of(TimerInput{});
        AccountInput account;
        account.key = key("a" + std::to_string(random.below(40)));
        account.mode = random.chance(0.1) ? UpdateMode::replace : UpdateMode::patch;
        if (random.chance(0.4)) {
            account.record = AccountRecord::balance;
            account.id = static_cast<std::uint32_t>(random.below(3));
            const double scale = account.id == 2 ? 0.05 : 3'000;
            account.amount = money((random.unit() - 0.1) * scale).raw();
        } else {
            account.record = AccountRecord::position;
            const std::uint32_t choices[] = {0, 1, 2, 4};
            account.id = choices[random.below(4)];
            const double size = (random.unit() - 0.5) * 40'000 / truth[account.id];
            account.amount = random.chance(0.2) ? 0 : quantity(size).raw();
            account.price = price(truth[account.id]).raw();
        }
        return Input::of(account);
    }

    Random random;
    RiskParameters parameters;
    Engine engine;
    NaiveEngine naive;
    double truth[5] = {};
};

}  // namespace

TEST_CASE("the engine and the naive reference see the same crossings, input by input") {
    std::size_t crossings = 0;
    std::size_t holds = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        {
            Random random(seed);
            for (const std::string& problem : validate(rich_venue(random))) FAIL(problem);
        }
        Run run(seed);
        Timestamp now = Timestamp::from_ns(1'760'130'000'000'000'000);
        for (std::uint64_t n = 1; n <= 1'500; ++n) {
            now = now + Duration::from_ms(static_cast<std::int64_t>(run.random.below(150)));
            Input input = run.random_input();
            input.input_seq = n;
            input.engine_time = input.receive_time = now;
            const Refusal refusal = run.engine.apply(input);
            if (input.kind == InputKind::account) REQUIRE(refusal == Refusal::none);
            const std::vector<Crossing> expected = run.naive.apply(input);
            std::vector<Crossing> seen;
            Event event;
            while (run.engine.next_event(event)) {
                if (!is_account_event(event.kind)) continue;
                seen.push_back({event.input_seq, event.account.key, event.account.from,
                                event.account.to, event.account.equity.raw(),
                                event.account.initial_margin.raw(),
                                event.account.maintenance_margin.raw()});
            }
            INFO("seed " << seed << ", input " << n);
            REQUIRE(seen.size() == expected.size());
            for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == expected[i]);
            crossings += seen.size();
            holds += run.engine.statistics().accounts_held > 0;
        }
    }
    // The test must have something to compare.
    CHECK(crossings > 2'000);
    CHECK(holds > 200);
}
