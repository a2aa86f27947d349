#include "core/engine/account_book.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

AccountInput balance(const AccountKey& account, std::uint32_t asset, double amount,
                     UpdateMode mode = UpdateMode::patch) {
    AccountInput record;
    record.key = account;
    record.record = AccountRecord::balance;
    record.mode = mode;
    record.id = asset;
    record.amount = money(amount).raw();
    return record;
}

AccountInput position(const AccountKey& account, std::uint32_t instrument, double size,
                      double entry, UpdateMode mode = UpdateMode::patch) {
    AccountInput record;
    record.key = account;
    record.record = AccountRecord::position;
    record.mode = mode;
    record.id = instrument;
    record.amount = quantity(size).raw();
    record.price = price(entry).raw();
    return record;
}

struct Book {
    RiskParameters parameters = small_venue();
    AccountBook book{parameters};
    AccountSlot slot;

    Refusal update(std::vector<AccountInput> records) { return book.update(records, slot); }
};

}  // namespace

TEST_CASE("an update adds an account and its rows, a settlement balance included") {
    Book b;
    REQUIRE(b.update({position(key("a"), 1, 2, 100)}) == Refusal::none);
    const AccountView view = b.book.view(b.slot);
    REQUIRE(view.positions.size() == 1);
    REQUIRE(view.balances.size() == 1);
    CHECK(view.balances[0].asset == AssetId(0));
    CHECK(view.balances[0].amount == money(0));
    CHECK(b.book.find(key("a")) == b.slot);
    CHECK_FALSE(b.book.find(key("b")));
    CHECK_FALSE(b.book.find(key("a", "sub")));
}

TEST_CASE("patch keeps what is not mentioned, replace does not") {
    Book b;
    REQUIRE(b.update({balance(key("a"), 0, 10), balance(key("a"), 1, 1),
                      position(key("a"), 0, 1, 9)}) == Refusal::none);
    REQUIRE(b.update({balance(key("a"), 0, 20)}) == Refusal::none);
    CHECK(b.book.view(b.slot).balances.size() == 2);
    CHECK(b.book.view(b.slot).positions.size() == 1);
    REQUIRE(b.update({balance(key("a"), 0, 30, UpdateMode::replace)}) == Refusal::none);
    REQUIRE(b.book.view(b.slot).balances.size() == 1);
    CHECK(b.book.view(b.slot).balances[0].amount == money(30));
    CHECK(b.book.view(b.slot).positions.empty());
}

TEST_CASE("a refused update changes nothing") {
    Book b;
    REQUIRE(b.update({balance(key("a"), 0, 10), position(key("a"), 0, 1, 9)}) == Refusal::none);
    const auto unchanged = [&] {
        const AccountView view = b.book.view(AccountSlot(0));
        return view.balances.size() == 1 && view.balances[0].amount == money(10) &&
               view.positions.size() == 1 && view.positions[0].quantity == quantity(1) &&
               b.book.size() == 1;
    };
    CHECK(b.update({balance(key("a"), 0, 99), balance(key("a"), 7, 1)}) == Refusal::unknown_asset);
    CHECK(unchanged());
    CHECK(b.update({balance(key("a"), 0, 99), position(key("a"), 9, 1, 1)}) ==
          Refusal::unknown_instrument);
    CHECK(unchanged());
    CHECK(b.update({position(key("a"), 0, 1, 0)}) == Refusal::entry_price_not_positive);
    CHECK(b.update({position(key("a"), 0, 1, 20'000'000)}) == Refusal::price_beyond_maximum);
    CHECK(b.update({balance(key("a"), 0, 99), balance(key("b"), 0, 1)}) == Refusal::mixed_accounts);
    CHECK(b.update({balance(key("a"), 0, 99), balance(key("a"), 0, 1, UpdateMode::replace)}) ==
          Refusal::mixed_accounts);
    CHECK(unchanged());
}

TEST_CASE("exposure beyond the arithmetic's range is refused, not wrapped") {
    Book b;
    // price_max 10,000,000: 61 billion units of money are 6,189 contracts.
    CHECK(b.update({position(key("a"), 0, 7'000, 100)}) == Refusal::amount_beyond_maximum);
    CHECK(b.update({position(key("a"), 0, 6'000, 100)}) == Refusal::none);
    CHECK(b.update({position(key("a"), 1, -6'000, 100)}) == Refusal::amount_beyond_maximum);
    CHECK(b.update({balance(key("a"), 1, 500)}) == Refusal::amount_beyond_maximum);
    AccountInput extreme = balance(key("c"), 0, 0);
    extreme.amount = INT64_MIN;
    CHECK(b.update({extreme}) == Refusal::amount_beyond_maximum);
    AccountInput huge = position(key("c"), 0, 1, 1);
    huge.amount = INT64_MIN;
    CHECK(b.update({huge}) == Refusal::amount_beyond_maximum);
    CHECK(b.book.size() == 1);
}

TEST_CASE(
    "sizes that could not be added up are refused where a contract is worth next to nothing") {
    Book b;
    for (Instrument& i : b.parameters.instruments) {
        i.price_max = Price::from_raw(1);
        i.scale = ContractScale::from_factor(1);
    }
    b.parameters.assets[1].amount_max = Money::from_raw(INT64_MAX);
    const auto sized = [](AccountInput record, std::int64_t raw) {
        record.amount = raw;
        record.price = 1;
        return record;
    };
    const AccountInput held = position(key("a"), 0, 1, 1);
    AccountInput order = held;
    order.record = AccountRecord::order;
    constexpr std::int64_t kMost = std::int64_t{1} << 62;
    for (const std::int64_t raw : {INT64_MIN, INT64_MIN + 1, INT64_MAX, kMost + 1, -kMost - 1}) {
        INFO(raw);
        CHECK(b.update({sized(held, raw)}) == Refusal::amount_beyond_maximum);
        CHECK(b.update({sized(order, raw)}) == Refusal::amount_beyond_maximum);
    }
    CHECK(b.update({sized(held, -kMost)}) == Refusal::none);
    CHECK(b.update({sized(order, 1)}) == Refusal::amount_beyond_maximum);
    CHECK(b.update({sized(held, -kMost + 2), sized(order, 1), sized(order, -1)}) == Refusal::none);
    CHECK(b.update({sized(held, -kMost + 1), sized(order, 1), sized(order, -1)}) ==
          Refusal::amount_beyond_maximum);
    AccountInput owed = balance(key("b"), 1, 0);
    for (const std::int64_t raw : {INT64_MIN, INT64_MAX}) {
        owed.amount = raw;
        CHECK(b.update({owed}) == Refusal::amount_beyond_maximum);
    }
}

TEST_CASE("the configured number of accounts is a limit") {
    Book b;
    for (std::uint32_t i = 0; i < b.parameters.max_accounts; ++i) {
        REQUIRE(b.update({balance(key("a" + std::to_string(i)), 0, 1)}) == Refusal::none);
    }
    CHECK(b.update({balance(key("one-more"), 0, 1)}) == Refusal::too_many_accounts);
    CHECK(b.update({balance(key("a3"), 0, 2)}) == Refusal::none);
    for (std::uint32_t i = 0; i < b.parameters.max_accounts; ++i) {
        CHECK(b.book.find(key("a" + std::to_string(i))) == AccountSlot(i));
    }
}

TEST_CASE("the order of an update's records does not matter to the rows") {
    Book b;
    Book c;
    REQUIRE(b.update({balance(key("a"), 1, 1), position(key("a"), 1, 2, 5), balance(key("a"), 0, 3),
                      position(key("a"), 0, -2, 5)}) == Refusal::none);
    REQUIRE(c.update({position(key("a"), 0, -2, 5), balance(key("a"), 0, 3),
                      balance(key("a"), 1, 1), position(key("a"), 1, 2, 5)}) == Refusal::none);
    const AccountView x = b.book.view(b.slot);
    const AccountView y = c.book.view(c.slot);
    REQUIRE(x.positions.size() == y.positions.size());
    for (std::size_t i = 0; i < x.positions.size(); ++i) {
        CHECK(x.positions[i].instrument == y.positions[i].instrument);
        CHECK(x.positions[i].quantity == y.positions[i].quantity);
        CHECK(x.positions[i].balance == y.positions[i].balance);
    }
    REQUIRE(x.balances.size() == y.balances.size());
    for (std::size_t i = 0; i < x.balances.size(); ++i) {
        CHECK(x.balances[i].asset == y.balances[i].asset);
        CHECK(x.balances[i].amount == y.balances[i].amount);
    }
}

TEST_CASE("an account depends on its instruments and on what prices its balances") {
    Book b;
    REQUIRE(b.update({position(key("a"), 1, 1, 5), balance(key("a"), 1, 1)}) == Refusal::none);
    const auto factors = b.book.factors(b.slot);
    REQUIRE(factors.size() == 2);
    CHECK(factors[0] == InstrumentId(0));  // BTC collateral
    CHECK(factors[1] == InstrumentId(1));
}

TEST_CASE("rows keep their places through growth, shrinking and reuse") {
    constexpr std::uint64_t kSeed = 61;
    Random random(kSeed);
    RiskParameters parameters = small_venue();
    for (std::uint32_t i = 2; i < 20; ++i) {
        parameters.instruments.push_back(instrument("X" + std::to_string(i), AssetId(0)));
    }
    AccountBook book(parameters);
    std::vector<std::vector<std::int64_t>> truth(50, std::vector<std::int64_t>(20, 0));
    for (int round = 0; round < 20'000; ++round) {
        const std::size_t a = random.below(truth.size());
        const auto i = static_cast<std::uint32_t>(random.below(20));
        const double size = random.chance(0.4) ? 0 : 1 + static_cast<double>(random.below(9));
        AccountSlot slot;
        const std::vector<AccountInput> records{
            position(key("a" + std::to_string(a)), i, size, 10)};
        REQUIRE(book.update(records, slot) == Refusal::none);
        truth[a][i] = quantity(size).raw();
        const AccountView view = book.view(slot);
        std::vector<std::int64_t> seen(20, 0);
        for (const PositionRow& p : view.positions) {
            seen[p.instrument.index()] = p.quantity.raw();
        }
        INFO("seed " << kSeed << ", round " << round);
        REQUIRE(seen == truth[a]);
    }
}

namespace {

AccountInput order(const AccountKey& account, std::uint32_t instrument, double size, double limit,
                   UpdateMode mode = UpdateMode::patch) {
    AccountInput record = position(account, instrument, size, limit, mode);
    record.record = AccountRecord::order;
    return record;
}

AccountInput of_position(AccountRecord kind, const AccountKey& account, std::uint32_t instrument,
                         std::int64_t amount) {
    AccountInput record;
    record.key = account;
    record.record = kind;
    record.id = instrument;
    record.amount = amount;
    return record;
}

}  // namespace

TEST_CASE("orders have a position row to hang on, come sorted, and go by instrument") {
    Book b;
    REQUIRE(b.update({order(key("a"), 1, -3, 12), order(key("a"), 1, 2, 9),
                      order(key("a"), 1, 1, 8), order(key("a"), 0, 1, 90)}) == Refusal::none);
    AccountView view = b.book.view(b.slot);
    REQUIRE(view.positions.size() == 2);
    CHECK(view.positions[0].quantity.raw() == 0);
    REQUIRE(view.orders.size() == 4);
    CHECK(view.orders[0].position == 0);
    CHECK(view.orders[1].price == price(8));  // bids before asks, by price
    CHECK(view.orders[3].size == quantity(-3));

    // A patch that names an instrument's orders replaces them; others stay.
    REQUIRE(b.update({order(key("a"), 1, 5, 7)}) == Refusal::none);
    view = b.book.view(b.slot);
    REQUIRE(view.orders.size() == 2);
    CHECK(view.orders[1].size == quantity(5));
    REQUIRE(b.update({order(key("a"), 1, 0, 0)}) == Refusal::none);
    view = b.book.view(b.slot);
    REQUIRE(view.positions.size() == 1);  // nothing held, nothing resting: no row
    CHECK(view.orders.size() == 1);
}

TEST_CASE("a closed position keeps its row while orders rest, and forgets what it was") {
    Book b;
    REQUIRE(b.update({position(key("a"), 0, 1, 100), order(key("a"), 0, 1, 90),
                      of_position(AccountRecord::accrued, key("a"), 0, money(-3).raw()),
                      of_position(AccountRecord::leverage, key("a"), 0, 4 * kUnit)}) ==
            Refusal::none);
    CHECK(b.book.view(b.slot).positions[0].accrued == money(-3));
    CHECK(b.book.view(b.slot).positions[0].least_initial_rate == rate(0.25));
    REQUIRE(b.update({position(key("a"), 0, 0, 0)}) == Refusal::none);
    const AccountView view = b.book.view(b.slot);
    REQUIRE(view.positions.size() == 1);
    CHECK(view.positions[0].quantity.raw() == 0);
    CHECK(view.positions[0].accrued.raw() == 0);
    CHECK(view.positions[0].least_initial_rate.raw() == 0);
}

TEST_CASE("what makes no sense of orders, accruals and leverage is refused whole") {
    Book b;
    REQUIRE(b.update({position(key("a"), 0, 1, 100)}) == Refusal::none);
    CHECK(b.update({of_position(AccountRecord::accrued, key("a"), 1, 1)}) ==
          Refusal::no_such_position);
    CHECK(b.update({of_position(AccountRecord::leverage, key("a"), 0, kUnit / 2)}) ==
          Refusal::leverage_out_of_range);
    CHECK(b.update({order(key("a"), 0, 1, 0)}) == Refusal::price_not_positive);
    CHECK(b.update({order(key("a"), 0, 1, 20'000'000)}) == Refusal::price_beyond_maximum);
    CHECK(b.update({order(key("a"), 7, 1, 1)}) == Refusal::unknown_instrument);
    std::vector<AccountInput> many(kMaxOrdersPerAccount + 1, order(key("a"), 0, 1, 1));
    CHECK(b.update(many) == Refusal::too_many_orders);
    CHECK(b.update({order(key("a"), 0, 50'000, 1)}) == Refusal::amount_beyond_maximum);
    CHECK(b.book.view(b.slot).orders.empty());
}

TEST_CASE("an inverse contract settles in its base, and its face bounds what may be held") {
    Book b;
    b.parameters.instruments[0].kind = InstrumentKind::inverse_perpetual;
    b.parameters.instruments[0].settle = AssetId(1);
    REQUIRE(b.update({position(key("a"), 0, 1'000, 100)}) == Refusal::none);
    const AccountView view = b.book.view(b.slot);
    REQUIRE(view.balances.size() == 1);
    CHECK(view.balances[0].asset == AssetId(1));
}

TEST_CASE("what a position may gain of an asset worth little must fit the ledger too") {
    RiskParameters parameters = small_venue();
    parameters.instruments.push_back(instrument("PENNY-USD", AssetId(0)));
    parameters.instruments[2].kind = InstrumentKind::spot;
    parameters.instruments[2].tiers.clear();
    parameters.instruments[2].price_max = price(0.001);
    parameters.assets.push_back({.name = "PENNY", .priced_by = InstrumentId(2), .haircut = {}});
    parameters.instruments[1].quote = AssetId(2);
    AccountBook book(parameters);
    AccountSlot slot;
    // Up to 10 million each: a trillion of an asset is worth a billion, but no Money.
    const AccountInput large = position(key("a"), 1, 100'000, 10);
    CHECK(book.update({&large, 1}, slot) == Refusal::amount_beyond_maximum);
    const AccountInput small = position(key("a"), 1, 5'000, 10);
    CHECK(book.update({&small, 1}, slot) == Refusal::none);
}
