// What must hold for every account whatever its venue asks: more collateral never harms, the way to
// a holding does not matter, and neither does the order in which things are told or summed.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/random_venue.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeed = 1'901;

bool same(const Evaluation& a, const Evaluation& b) {
    return std::all_of(kAllMarginLevels.begin(), kAllMarginLevels.end(), [&](MarginLevel level) {
        return a.at(level).equity == b.at(level).equity && a.at(level).margin == b.at(level).margin;
    });
}

// What rounding a weight to 1e-8 may cost as an amount changes: a few steps of the value.
Money weight_rounding(const RandomBook& book, MarginLevel level) {
    struct Values : NoObserver<Ledger> {
        Int128 total = 0;
        void position(std::uint32_t, const PositionFigures<Ledger>& figures) {
            total += magnitude(figures.gain).raw() / kScale;
        }
        void balance(std::uint32_t, const BalanceFigures<Ledger>& figures) {
            total += magnitude(figures.value).raw() / kScale;
        }
    } values;
    evaluate_level<Ledger>(book.account(), book.market(), level, values);
    return Money::from_raw(saturate_to_int64(values.total * 6 / kScale + 2));
}

}  // namespace

// Not so, by design: an amount discount counts less of an asset the more there is, the venue's
// concentration limits (of everybody's deposits, not of an account's) lower a weight, and a
// keeper's reward may be capped by the collateral. Weights by size round as the amount grows: a few
// 1e-8 of the value. With spot orders the worse outcome may be another one, so that only equity
// less margin is compared.
TEST_CASE("adding collateral never lowers equity and never raises the margin") {
    Random random(kSeed);
    int helped = 0;
    for (int round = 0; round < 6'000; ++round) {
        RuleChoice choice;
        choice.amount_discount = choice.keeper_reward = false;
        choice.weights_by_size = round % 2 == 0;
        choice.spot_orders = round % 3 == 0;
        choice.exposure_max = kMaxExposure >> 8;
        RandomBook book = random_book(random, choice);
        RandomBook poorer = book;
        poorer.link();
        BalanceRow& balance = book.balances[random.below(book.balances.size())];
        const Int128 affordable =
            (kMaxExposure >> 8) / book.assets[balance.asset.index()].price.raw();
        const std::uint64_t most = std::uint64_t{1} << random.below(50);
        balance.amount = balance.amount + Money::from_raw(saturate_to_int64(std::min<Int128>(
                                              affordable, 1 + Int128{random.below(most)})));
        for (const MarginLevel level : kAllMarginLevels) {
            const LevelFigures before = poorer.figures(level);
            const LevelFigures after = book.figures(level);
            const Money rounding = choice.weights_by_size ? std::max(weight_rounding(poorer, level),
                                                                     weight_rounding(book, level))
                                                          : Money{};
            INFO("seed " << kSeed << ", book " << round << ", level " << static_cast<int>(level));
            if (book.spot_orders.empty()) {
                REQUIRE(after.equity + rounding >= before.equity);
                REQUIRE(after.margin <= before.margin + rounding);
            } else {
                REQUIRE(after.equity - after.margin + rounding + rounding + Money::from_raw(2) >=
                        before.equity - before.margin);
            }
            helped += after.equity > before.equity || after.margin < before.margin;
        }
    }
    CHECK(helped > 3'000);
}

namespace {

// The same account with its rows the other way round; orders of a position stay in their order.
RandomBook reversed(const RandomBook& book) {
    RandomBook out = book;
    const auto positions = static_cast<std::uint32_t>(out.positions.size());
    const auto balances = static_cast<std::uint32_t>(out.balances.size());
    std::reverse(out.positions.begin(), out.positions.end());
    std::reverse(out.balances.begin(), out.balances.end());
    for (PositionRow& row : out.positions) row.balance = balances - 1 - row.balance;
    for (OrderRow& row : out.orders) row.position = positions - 1 - row.position;
    std::stable_sort(out.orders.begin(), out.orders.end(),
                     [](const OrderRow& a, const OrderRow& b) { return a.position < b.position; });
    for (SpotOrderRow& row : out.spot_orders) {
        row.base = balances - 1 - row.base;
        row.quote = balances - 1 - row.quote;
    }
    out.link();
    return out;
}

}  // namespace

TEST_CASE("the order of an account's rows changes no figure") {
    Random random(kSeed + 1);
    for (int round = 0; round < 2'000; ++round) {
        const RandomBook book = random_book(random);
        const RandomBook other = reversed(book);
        INFO("seed " << kSeed + 1 << ", book " << round);
        REQUIRE(same(evaluate(book.account(), book.market()),
                     evaluate(other.account(), other.market())));
    }
}

namespace {

// The small venue with rules that depend on size, on orders and on the venue's statistics.
RiskParameters ruled_venue() {
    RiskParameters p = small_venue();
    Instrument& btc = p.instruments[0];
    btc.rules.plain = false;
    btc.rules.terms.unit = quantity(1);
    btc.rules.terms.orders = OrderRule::worst_fill;
    btc.rules.terms.slope = {rate(0.01), quantity(10)};
    btc.rules.terms.slope_share = rate(1);
    btc.rules.terms.premium.factor = rate(0.02);
    btc.rules.terms.order_charge = money(0.01);
    Instrument& eth = p.instruments[1];
    eth.rules.plain = false;
    eth.rules.terms.unit = quantity(1);
    eth.rules.terms.orders = OrderRule::by_side;
    eth.rules.terms.slippage = {rate(0.001), rate(0.0001)};
    eth.rules.terms.minimum = money(1);
    p.assets[1].rules.plain = false;
    p.assets[1].rules.asset_discount.factor = rate(0.1);
    p.assets[1].rules.borrow_rates = {{notional(0), rate(0.05)}};
    return p;
}

AccountInput record_of(AccountRecord kind, std::uint32_t id, std::int64_t amount,
                       std::int64_t price = 0) {
    AccountInput record;
    record.key = key("a");
    record.record = kind;
    record.id = id;
    record.amount = amount;
    record.price = price;
    return record;
}

// A random holding as groups of records; the order within a group matters, that of groups does not.
std::vector<std::vector<AccountInput>> random_holding(Random& random) {
    std::vector<std::vector<AccountInput>> groups;
    for (std::uint32_t asset = 0; asset < 2; ++asset) {
        groups.push_back(
            {record_of(AccountRecord::balance, asset,
                       money((random.unit() - 0.2) * 1'000 / (asset * 99 + 1)).raw())});
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
        const double at = i == 0 ? 100 : 10;
        groups.push_back(
            {record_of(AccountRecord::position, i,
                       quantity((random.unit() - 0.5) * 1'000 / at + 0.01).raw(),
                       price(at * (0.8 + random.unit() * 0.4)).raw()),
             record_of(AccountRecord::accrued, i, money(random.unit() - 0.5).raw()),
             record_of(AccountRecord::leverage, i, rate(1 + random.unit() * 20).raw())});
        std::vector<AccountInput> orders;
        for (std::uint64_t o = random.below(4); o > 0; --o) {
            const double size = (random.unit() - 0.5) * 500 / at + 0.01;
            orders.push_back(record_of(AccountRecord::order, i, quantity(size).raw(),
                                       price(at * (0.9 + random.unit() * 0.2)).raw()));
        }
        if (!orders.empty()) groups.push_back(std::move(orders));
    }
    return groups;
}

void tell(Driver& driver, const std::vector<std::vector<AccountInput>>& groups, bool at_once) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
        for (std::size_t r = 0; r < groups[g].size(); ++r) {
            AccountInput record = groups[g][r];
            const bool group_ends = r + 1 == groups[g].size();
            const bool all_told = g + 1 == groups.size();
            record.last = group_ends && (all_told || !at_once) ? Last::yes : Last::no;
            REQUIRE(driver.apply(Input::of(record)) == Refusal::none);
        }
    }
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace

TEST_CASE("the venue of these tests is one that an engine takes") {
    CHECK(validate(ruled_venue()).empty());
}

TEST_CASE("two fills need what one does, and leave nothing behind") {
    Random random(kSeed + 2);
    for (int round = 0; round < 300; ++round) {
        const auto groups = random_holding(random);
        Driver once(ruled_venue());
        Driver twice(ruled_venue());
        for (Driver* d : {&once, &twice}) {
            d->set_price(0, price(100));
            d->set_price(1, price(10));
        }
        // Part of the position first, at another entry price; then other orders.
        for (std::uint32_t i = 0; i < 2; ++i) {
            twice.set_position(key("a"), i, quantity((random.unit() - 0.5) * 4 + 0.01),
                               price(1 + random.unit() * 200));
            twice.apply(
                Input::of(record_of(AccountRecord::order, i, quantity(1).raw(), price(5).raw())));
            twice.apply(Input::of(record_of(AccountRecord::order, i, 0)));
        }
        tell(once, groups, true);
        tell(twice, groups, true);
        INFO("seed " << kSeed + 2 << ", round " << round);
        REQUIRE(same(once.figures(key("a")), twice.figures(key("a"))));
    }
}

TEST_CASE("neither the order of records nor that of independent inputs changes a figure") {
    Random random(kSeed + 3);
    for (int round = 0; round < 300; ++round) {
        auto groups = random_holding(random);
        const Price btc = price(80 + random.unit() * 40);
        const Price eth = price(8 + random.unit() * 4);
        Driver straight(ruled_venue());
        straight.set_price(0, btc);
        straight.set_price(1, eth);
        straight.set_statistic(Statistic::expected_funding, 0, money(0.2).raw());
        straight.set_statistic(Statistic::auction_price, 1, price(11).raw());
        tell(straight, groups, true);

        shuffle(groups, random);
        std::vector<int> steps{0, 1, 2, 3, 4};
        shuffle(steps, random);
        Driver mixed(ruled_venue());
        for (const int step : steps) {
            if (step == 0) mixed.set_price(0, btc);
            if (step == 1) mixed.set_price(1, eth);
            if (step == 2) {
                mixed.set_statistic(Statistic::expected_funding, 0, money(0.2).raw());
            }
            if (step == 3) mixed.set_statistic(Statistic::auction_price, 1, price(11).raw());
            if (step == 4) tell(mixed, groups, random.chance(0.5));
        }
        INFO("seed " << kSeed + 3 << ", round " << round);
        REQUIRE(same(straight.figures(key("a")), mixed.figures(key("a"))));
    }
}

TEST_CASE("what a sub-account loses touches no other account of its owner") {
    Random random(kSeed + 4);
    int lost = 0;
    for (int round = 0; round < 100; ++round) {
        const auto groups = random_holding(random);
        Driver alone(ruled_venue());
        Driver beside(ruled_venue());
        const double size = 1 + random.unit() * 50;
        for (Driver* d : {&alone, &beside}) {
            d->set_price(0, price(100));
            d->set_price(1, price(10));
        }
        beside.set_balance(key("a", "isolated"), 0, money(size * 10), Last::no);
        beside.set_position(key("a", "isolated"), 0, quantity(size), price(100));
        tell(alone, groups, true);
        tell(beside, groups, true);
        for (int step = 0; step < 20; ++step) {
            const Price btc = price(100 - step * 4 + random.unit());
            alone.set_price(0, btc);
            beside.set_price(0, btc);
            INFO("seed " << kSeed + 4 << ", round " << round << ", step " << step);
            REQUIRE(same(alone.figures(key("a")), beside.figures(key("a"))));
        }
        lost += beside.figures(key("a", "isolated")).equity.raw() < 0;
        const auto events_of_main = [](const Driver& d) {
            std::vector<std::pair<MarginState, Money>> out;
            for (const Event& event : d.account_events()) {
                if (event.account.key == key("a")) {
                    out.emplace_back(event.account.to, event.account.equity);
                }
            }
            return out;
        };
        REQUIRE(events_of_main(alone) == events_of_main(beside));
    }
    CHECK(lost == 100);
}
