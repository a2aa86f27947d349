// Rules of one account that a venue may switch on: resting orders, least rates, buffers, strict
// prices. The figures of spot orders are those of Drift's own tests.
#include <array>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include <catch2/catch.hpp>

#include "core/margin/evaluate.hpp"
#include "core/margin/fill_rate.hpp"
#include "core/margin/withdrawable.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Extended;
using margind::test::money;
using margind::test::rate;
using margind::test::unit_price;

namespace {

// A quote asset (row 0), an asset of 100 with weights 0.8 and 1.2 (row 1), and a perpetual of 100
// that needs a tenth.
template <class N>
struct World {
    std::array<BalanceTermsOf<N>, 2> balance_terms;
    PositionTermsOf<N> position_terms;
    AccountTermsOf<N> account_terms;
    std::array<AssetRowOf<N>, 2> assets;
    std::array<InstrumentRowOf<N>, 1> instruments;
    std::vector<BalanceRowOf<N>> balances{{AssetId(0), {}}, {AssetId(1), {}}};
    std::vector<PositionRowOf<N>> positions;
    std::vector<OrderRowOf<N>> orders;
    std::vector<SpotOrderRowOf<N>> spot_orders;

    World() {
        assets[0].price = unit_price<N>("1");
        assets[0].asset_weight = assets[0].liability_weight = rate_one<N>();
        assets[1].price = unit_price<N>("100");
        assets[1].asset_weight = rate<N>("0.8");
        assets[1].liability_weight = rate<N>("1.2");
        for (std::size_t a = 0; a < assets.size(); ++a) {
            balance_terms[a].debt_is_requirement = true;
            assets[a].terms = &balance_terms[a];
        }
        instruments[0].mark = PriceOf<N>::from_raw(100);
        // Whole prices and quantities: 1e16 of Value each for the ledger.
        instruments[0].scale =
            ContractScaleOf<N>::from_factor(static_cast<typename N::Raw>(N::scale() * N::scale()));
        instruments[0].tier_count = 1;
        instruments[0].tiers[0].rate = {rate<N>("0.1"), rate<N>("0.05")};
        instruments[0].terms = &position_terms;
    }
    World(const World&) = delete;

    void hold(std::int64_t quantity, const char* accrued) {
        positions.push_back({.instrument = InstrumentId(0),
                             .balance = 0,
                             .quantity = QuantityOf<N>::from_raw(quantity),
                             .entry_price = instruments[0].mark,
                             .accrued = money<N>(accrued)});
    }
    SpotOrderRowOf<N> spot_order(const char* bids, const char* asks) const {
        SpotOrderRowOf<N> order;
        order.base = 1;
        order.bids = money<N>(bids);
        order.asks = money<N>(asks);
        return order;
    }
    LevelFiguresOf<N> at(MarginLevel level) const {
        return evaluate_level<N>({.balances = balances,
                                  .positions = positions,
                                  .orders = orders,
                                  .spot_orders = spot_orders,
                                  .terms = &account_terms},
                                 {.instruments = instruments, .assets = assets}, level);
    }
    void strict_price(std::size_t asset, const char* owned, const char* owed) {
        balance_terms[asset].asset_price = unit_price<N>(owned);
        balance_terms[asset].liability_price = unit_price<N>(owed);
    }
};

constexpr MarginLevel kInitial = MarginLevel::initial;

// A ledger amount as an N's.
template <class N, class Tag>
Scaled<Tag, N> as(const Scaled<Tag>& amount) {
    if constexpr (std::is_same_v<N, Ledger>) {
        return amount;
    } else {
        return margind::test::widened(amount);
    }
}

// Everything in a world that a random account draws.
struct Draw {
    Money quote;
    Money asset;
    Money bids;
    Money asks;
    UnitPrice low;
    UnitPrice high;
    Rate gain_weight;
    Rate least;
    Rate buffer;
    Money accrued;
    std::int64_t position = 0;
    std::int64_t bid_quantity = 0;
    std::int64_t ask_quantity = 0;

    explicit Draw(std::mt19937_64& random) {
        const auto below = [&](std::int64_t end) {
            return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
        };
        const auto around_zero = [&](std::int64_t end) { return below(2 * end) - end; };
        quote = Money::from_raw(around_zero(10'000 * kScale));
        asset = Money::from_raw(around_zero(100 * kScale));
        bids = Money::from_raw(below(20 * kScale));
        asks = Money::from_raw(below(20 * kScale));
        low = UnitPrice::from_raw(kScale / 2 + below(kScale / 2));
        high = UnitPrice::from_raw(kScale + below(kScale / 2));
        gain_weight = Rate::from_raw(below(kScale));
        least = Rate::from_raw(random() % 2 == 0 ? 0 : below(kScale));
        buffer = Rate::from_raw(random() % 2 == 0 ? 0 : below(kScale / 10));
        accrued = Money::from_raw(around_zero(1000 * kScale));
        position = around_zero(50);
        bid_quantity = below(20);
        ask_quantity = -below(20);
    }
};

template <class N>
LevelFiguresOf<N> figures_of(const Draw& draw, MarginLevel level) {
    World<N> world;
    world.balance_terms[0].asset_price = as<N>(draw.low);
    world.balance_terms[0].liability_price = as<N>(draw.high);
    world.balance_terms[0].without_least_rate = true;
    world.position_terms.gains.apart = true;
    world.position_terms.gains.weight = as<N>(draw.gain_weight);
    world.position_terms.gains.cap = {money<N>("100"), MoneyOf<N>()};
    world.position_terms.orders = OrderRule::worst_fill;
    world.position_terms.order_charge = money<N>("0.01");
    world.account_terms.least_rate = {as<N>(draw.least), RateOf<N>()};
    world.account_terms.buffer = as<N>(draw.buffer);
    world.balances[0].amount = as<N>(draw.quote);
    world.balances[1].amount = as<N>(draw.asset);
    world.hold(draw.position, "0");
    world.positions[0].accrued = as<N>(draw.accrued);
    for (const std::int64_t size : {draw.bid_quantity, draw.ask_quantity}) {
        world.orders.push_back(
            {.position = 0, .size = QuantityOf<N>::from_raw(size), .price = {}, .count = 1});
    }
    world.spot_orders.push_back(world.spot_order("0", "0"));
    world.spot_orders[0].bids = as<N>(draw.bids);
    world.spot_orders[0].asks = as<N>(draw.asks);
    return world.at(level);
}

}  // namespace

TEMPLATE_TEST_CASE("resting spot orders count as the worse of both outcomes", "", Ledger,
                   Extended) {
    using N = TestType;
    World<N> world;
    const auto worst = [&](const char* balance, const char* bids, const char* asks) {
        return spot_worst_case(money<N>(balance), world.spot_order(bids, asks), world.assets[1],
                               &world.account_terms, kInitial);
    };
    const auto bid = worst("0", "1", "0");
    CHECK(bid.balance.amount == money<N>("1"));
    CHECK(bid.orders_value == value_of(money<N>("-100")));
    CHECK(round_down(bid.balance.equity) == money<N>("80"));
    const auto ask = worst("0", "0", "1");
    CHECK(round_down(ask.balance.required) == money<N>("120"));
    CHECK(ask.orders_value == value_of(money<N>("100")));
    CHECK(worst("2", "0", "1").balance.amount == money<N>("2"));   // selling would only free
    CHECK(worst("-2", "5", "0").balance.amount == money<N>("3"));  // turns round
}

TEMPLATE_TEST_CASE("what fills is valued at the liability price, what is held at its own", "",
                   Ledger, Extended) {
    using N = TestType;
    World<N> world;
    world.strict_price(1, "100", "110");
    const auto worst = spot_worst_case(money<N>("2"), world.spot_order("1", "0"), world.assets[1],
                                       &world.account_terms, kInitial);
    CHECK(worst.balance.amount == money<N>("3"));
    CHECK(worst.balance.value == value_of(money<N>("310")));
    CHECK(worst.orders_value == value_of(money<N>("-110")));
    CHECK(round_down(worst.balance.equity) == money<N>("248"));
}

TEMPLATE_TEST_CASE("orders cost a charge each, in the valuation currency", "", Ledger, Extended) {
    using N = TestType;
    World<N> world;
    world.strict_price(0, "0.9", "1.1");
    world.position_terms.order_charge = money<N>("0.01");
    world.balance_terms[1].order_charge = money<N>("0.02");
    world.hold(0, "0");
    world.orders.push_back({.position = 0, .size = {}, .price = {}, .count = 3});
    CHECK(world.at(kInitial).margin == money<N>("0.03"));
    world.spot_orders.push_back(world.spot_order("0", "0"));
    world.spot_orders.back().count = 2;
    CHECK(world.at(kInitial).margin == money<N>("0.07"));
}

TEMPLATE_TEST_CASE("a requirement is owed: at the liability price of its asset", "", Ledger,
                   Extended) {
    using N = TestType;
    World<N> world;
    world.strict_price(0, "0.9", "1.1");
    world.hold(-2, "0");
    CHECK(world.at(kInitial).margin == money<N>("22"));
    CHECK(world.at(MarginLevel::maintenance).margin == money<N>("11"));
}

TEMPLATE_TEST_CASE("a least rate binds positions, assets and debts, not the quote", "", Ledger,
                   Extended) {
    using N = TestType;
    World<N> world;
    world.balance_terms[0].without_least_rate = true;
    world.balances[0].amount = money<N>("-50");
    world.balances[1].amount = money<N>("3");
    world.hold(2, "0");
    const auto with = [&](const char* least) {
        world.account_terms.least_rate = rate<N>(least);
        return world.at(kInitial);
    };
    CHECK(with("0").equity == money<N>("240"));
    CHECK(with("0").margin == money<N>("70"));
    CHECK(with("0.5").equity == money<N>("150"));
    CHECK(with("0.5").margin == money<N>("150"));
    world.balances[1].amount = money<N>("-1");
    CHECK(with("0.5").margin == money<N>("300"));
    CHECK(with("0.1").margin == money<N>("190"));  // the asset's own 1.2 and the position's tenth
}

TEMPLATE_TEST_CASE("a buffer is asked on every liability and every loss apart", "", Ledger,
                   Extended) {
    using N = TestType;
    World<N> world;
    world.position_terms.gains.apart = true;
    world.position_terms.gains.weight = rate_one<N>();
    world.balances[0].amount = money<N>("200");
    world.balances[1].amount = money<N>("-1");
    world.hold(2, "-30");
    const LevelFiguresOf<N> plain = world.at(kInitial);
    CHECK(plain.equity == money<N>("170"));
    CHECK(plain.margin == money<N>("140"));  // 120 of the debt, 20 of the position
    world.account_terms.buffer = rate<N>("0.1");
    const LevelFiguresOf<N> buffered = world.at(kInitial);
    CHECK(buffered.equity == money<N>("167"));
    CHECK(buffered.margin == money<N>("170"));  // a tenth of 100 and of 200 more
}

TEMPLATE_TEST_CASE("a keeper's reward is set aside for positions, not for orders or gains", "",
                   Ledger, Extended) {
    using N = TestType;
    World<N> world;
    world.position_terms.flag_reward = rate<N>("0.05");
    world.position_terms.orders = OrderRule::worst_fill;
    KeeperRule<N> rule{money<N>("1"), money<N>("2"), {money<N>("4"), rate<N>("0")}};
    rule.reward.collateral_share = rate<N>("0.5");
    world.account_terms.keeper = rule;
    world.balances[0].amount = money<N>("60");
    world.balances[1].amount = money<N>("-1");  // a debt is no collateral
    const auto maintenance = [&] { return world.at(MarginLevel::maintenance).margin; };
    CHECK(maintenance() == money<N>("120"));  // the debt: without a position there is no reward
    world.hold(2, "500");
    world.orders.push_back({.position = 0, .size = QuantityOf<N>::from_raw(8), .price = {}});
    // The debt, a twentieth of ten, and 1 + 2 + a twentieth of 200: the gain is no collateral.
    CHECK(maintenance() == money<N>("183"));
    CHECK(world.at(kInitial).margin == money<N>("233"));
    world.balances[0].amount = money<N>("20");
    CHECK(maintenance() == money<N>("180"));  // at most half of 20
    world.positions[0].quantity = {};
    CHECK(maintenance() == money<N>("160"));  // orders alone
    world.positions[0].quantity = QuantityOf<N>::from_raw(2);
    // Settled in what is worth 100: margin and reward too; its gain pays the debt.
    world.positions[0].balance = 1;
    world.balances[0].amount = money<N>("100000");
    CHECK(maintenance() == money<N>("6003"));
}

TEMPLATE_TEST_CASE("fills are margined half way between the levels", "", Ledger, Extended) {
    using N = TestType;
    CHECK(fill_rate(rate<N>("0.1"), rate<N>("0.05"), Rounding::up) == rate<N>("0.075"));
    CHECK(fill_rate<Ledger>(Rate::from_raw(2), Rate::from_raw(1), Rounding::up).raw() == 2);
    CHECK(fill_rate<Ledger>(Rate::from_raw(2), Rate::from_raw(1), Rounding::down).raw() == 1);
}

TEMPLATE_TEST_CASE("as much may leave as the free equity weighs", "", Ledger, Extended) {
    using N = TestType;
    const auto free = [](const char* equity, const char* margin) {
        return withdrawable_amount(money<N>(equity), money<N>(margin), unit_price<N>("100"),
                                   rate<N>("0.8"));
    };
    CHECK(free("16000", "10000") == money<N>("75"));
    CHECK(free("10000", "10000") == money<N>("0"));
    CHECK(free("9000", "10000") == money<N>("0"));
    CHECK(withdrawable_amount(money<N>("1"), money<N>("0"), unit_price<N>("0"), rate<N>("1")) ==
          money<N>("0"));
}

TEMPLATE_TEST_CASE("a venue's quanta round each position: notional down, margins up", "", Ledger,
                   Extended) {
    using N = TestType;
    World<N> world;
    world.position_terms.maintenance_of_initial = {.initial_rate = rate<N>("0.25"),
                                                   .fraction = rate<N>("0.6")};
    world.position_terms.rounding = {.notional_step = money<N>("1"),
                                     .requirement_step = money<N>("1")};
    world.instruments[0].tiers[0].rate = {rate<N>("0.3"), RateOf<N>()};
    world.instruments[0].mark = PriceOf<N>::from_raw(1003);
    world.hold(-1, "0");
    CHECK(world.at(kInitial).margin == money<N>("301"));  // 300.9
    // The unscaled initial margin, 250.75, is rounded first; 0.6 of 251 is 150.6.
    CHECK(world.at(MarginLevel::maintenance).margin == money<N>("151"));
    world.positions[0].least_initial_rate = rate<N>("0.5");
    CHECK(world.at(kInitial).margin == money<N>("502"));  // 501.5
    CHECK(world.at(MarginLevel::maintenance).margin == money<N>("151"));
}

TEST_CASE("accounts with rules of their own are exact until the last rounding") {
    std::mt19937_64 random(43);
    for (int i = 0; i < 3000; ++i) {
        const Draw draw(random);
        for (const MarginLevel level : {MarginLevel::initial, MarginLevel::maintenance}) {
            const LevelFigures ledger = figures_of<Ledger>(draw, level);
            const LevelFiguresOf<Extended> exact = figures_of<Extended>(draw, level);
            CHECK(ledger.equity == margind::test::narrowed(exact.equity, Rounding::down));
            CHECK(ledger.margin == margind::test::narrowed(exact.margin, Rounding::up));
        }
    }
}
