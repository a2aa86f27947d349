// Money between accounts, and accounts that hold one position only.
#include <catch2/catch.hpp>

#include "core/engine/account_book.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

struct Venue : Driver {
    Venue() : Driver(small_venue()) {
        set_price(0, price(100));
        set_price(1, price(10));
    }
    Refusal send(const AccountKey& from, const AccountKey& to, double amount,
                 std::uint32_t asset = 0) {
        AccountInput half;
        half.key = from;
        half.record = AccountRecord::transfer_from;
        half.id = asset;
        half.amount = money(amount).raw();
        half.last = Last::no;
        apply(Input::of(half));
        half.key = to;
        half.record = AccountRecord::transfer_to;
        half.last = Last::yes;
        return apply(Input::of(half));
    }
    Refusal isolate(const AccountKey& account, std::uint32_t instrument) {
        AccountInput record;
        record.key = account;
        record.record = AccountRecord::isolated;
        record.id = instrument;
        return apply(Input::of(record));
    }
    Money balance(const AccountKey& account, AssetId asset = AssetId(0)) const {
        const auto slot = engine.find(account);
        if (!slot) return {};
        for (const BalanceRow& row : engine.view(*slot).balances) {
            if (row.asset == asset) return row.amount;
        }
        return {};
    }
};

}  // namespace

TEST_CASE("a transfer leaves one account and arrives in the other") {
    Venue v;
    v.set_balance(key("a"), 0, money(100));
    CHECK(v.send(key("a"), key("a", "btc"), 30) == Refusal::none);
    CHECK(v.balance(key("a")) == money(70));
    CHECK(v.balance(key("a", "btc")) == money(30));
    CHECK(v.send(key("a", "btc"), key("a"), 30) == Refusal::none);
    CHECK(v.balance(key("a")) == money(100));
    CHECK(v.balance(key("a", "btc")) == money(0));
    CHECK(v.engine.account_count() == 2);
}

TEST_CASE("a transfer of what is not owned is refused, and changes neither account") {
    Venue v;
    v.set_balance(key("a"), 0, money(100));
    CHECK(v.send(key("a"), key("b"), 100.00000001) == Refusal::transfer_not_owned);
    CHECK(v.send(key("a"), key("b"), 1, 1) == Refusal::transfer_not_owned);
    CHECK(v.send(key("x"), key("b"), 1) == Refusal::unknown_account);
    CHECK(v.send(key("a"), key("a"), 1) == Refusal::transfer_incomplete);
    CHECK(v.send(key("a"), key("b"), -1) == Refusal::transfer_incomplete);
    CHECK(v.send(key("a"), key("b"), 1, 7) == Refusal::unknown_asset);
    CHECK(v.balance(key("a")) == money(100));
    CHECK(v.engine.account_count() == 1);
    // Half a transfer is none.
    AccountInput half;
    half.key = key("a");
    half.record = AccountRecord::transfer_to;
    half.amount = money(1).raw();
    CHECK(v.apply(Input::of(half)) == Refusal::transfer_incomplete);
    half.record = AccountRecord::transfer_from;
    CHECK(v.apply(Input::of(half)) == Refusal::transfer_incomplete);
    CHECK(v.balance(key("a")) == money(100));
}

TEST_CASE("a transfer leaves at least the initial margin behind, and says what was missing") {
    Venue v;
    // Long 10 at 100, initial margin 100, equity 150.
    v.set_balance(key("a"), 0, money(150));
    v.set_position(key("a"), 0, quantity(10), price(100));
    CHECK(v.send(key("a"), key("b"), 50.00000001) == Refusal::transfer_below_initial);
    CHECK(v.engine.refused_transfer().equity == money(99.99999999));
    CHECK(v.engine.refused_transfer().margin == money(100));
    CHECK(v.balance(key("a")) == money(150));
    CHECK_FALSE(v.engine.find(key("b")));
    CHECK(v.send(key("a"), key("b"), 50) == Refusal::none);
    CHECK(v.balance(key("a")) == money(100));
    CHECK(v.balance(key("b")) == money(50));
}

TEST_CASE("a transfer is judged like any update: the receiver recovers") {
    Venue v;
    v.set_balance(key("a"), 0, money(500));
    v.set_balance(key("b"), 0, money(20));
    v.set_position(key("b"), 0, quantity(10), price(100));
    REQUIRE(v.account_events().size() == 1);
    CHECK(v.account_events()[0].kind == EventKind::liquidation);
    CHECK(v.send(key("a"), key("b"), 200) == Refusal::none);
    REQUIRE(v.account_events().size() == 2);
    CHECK(v.account_events()[1].kind == EventKind::recovered);
    CHECK(v.account_events()[1].account.key == key("b"));
}

TEST_CASE("without prices only who needs no margin may transfer") {
    Driver d(small_venue());
    d.set_balance(key("a"), 1, money(2));
    d.set_position(key("b"), 0, quantity(1), price(100), Last::no);
    d.set_balance(key("b"), 0, money(100));
    const auto send = [&](const AccountKey& from, std::uint32_t asset) {
        AccountInput half;
        half.key = from;
        half.record = AccountRecord::transfer_from;
        half.id = asset;
        half.amount = money(1).raw();
        half.last = Last::no;
        d.apply(Input::of(half));
        half.key = key("c");
        half.record = AccountRecord::transfer_to;
        half.last = Last::yes;
        return d.apply(Input::of(half));
    };
    CHECK(send(key("a"), 1) == Refusal::none);
    CHECK(send(key("b"), 0) == Refusal::transfer_needs_prices);
}

TEST_CASE("an isolated account holds its instrument and no other") {
    Venue v;
    v.set_balance(key("a", "btc"), 0, money(100));
    CHECK(v.isolate(key("a", "btc"), 0) == Refusal::none);
    CHECK(v.engine.isolated_in(*v.engine.find(key("a", "btc"))) == InstrumentId(0));
    CHECK(v.set_position(key("a", "btc"), 0, quantity(1), price(100)) == Refusal::none);
    CHECK(v.set_position(key("a", "btc"), 1, quantity(1), price(10)) == Refusal::second_instrument);
    AccountInput order;
    order.key = key("a", "btc");
    order.record = AccountRecord::order;
    order.id = 1;
    order.amount = quantity(1).raw();
    order.price = price(10).raw();
    CHECK(v.apply(Input::of(order)) == Refusal::second_instrument);
    // Money that arrives leaves it isolated; a patch that says so ends it.
    v.set_balance(key("a"), 0, money(50));
    CHECK(v.send(key("a"), key("a", "btc"), 50) == Refusal::none);
    CHECK(v.engine.isolated_in(*v.engine.find(key("a", "btc"))) == InstrumentId(0));
    CHECK(v.isolate(key("a", "btc"), kCross) == Refusal::none);
    CHECK(v.set_position(key("a", "btc"), 1, quantity(1), price(10)) == Refusal::none);
    CHECK(v.isolate(key("a", "btc"), 0) == Refusal::second_instrument);
    CHECK(v.isolate(key("a", "btc"), 99) == Refusal::unknown_instrument);
}

TEST_CASE("what an isolated account loses never touches the owner's other accounts") {
    Venue v;
    v.set_balance(key("a"), 0, money(1'000));
    v.set_position(key("a"), 1, quantity(10), price(10));
    v.set_balance(key("a", "btc"), 0, money(11));
    v.isolate(key("a", "btc"), 0);
    v.set_position(key("a", "btc"), 0, quantity(1), price(100));
    const auto rest = [&] { return v.engine.report(*v.engine.find(key("a"))).evaluation; };
    const Evaluation before = rest();
    v.set_price(0, price(60));
    CHECK(v.engine.report(*v.engine.find(key("a", "btc"))).state == MarginState::bankrupt);
    CHECK(rest().equity == before.equity);
    CHECK(rest().maintenance_margin == before.maintenance_margin);
}

TEST_CASE("transfers neither make money nor lose it, whatever is asked") {
    constexpr std::uint64_t kSeed = 20251010;
    INFO("seed " << kSeed);
    Random random(kSeed);
    Venue v;
    const std::vector<AccountKey> keys = {key("a"), key("a", "1"), key("b"), key("c")};
    v.set_balance(key("a"), 0, money(1'000));
    v.set_balance(key("b"), 0, money(500));
    v.set_position(key("b"), 0, quantity(20), price(100));
    int moved = 0;
    for (int i = 0; i < 2'000; ++i) {
        const AccountKey& from = keys[random.below(keys.size())];
        const AccountKey& to = keys[random.below(keys.size())];
        if (v.send(from, to, random.unit() * 400) == Refusal::none) ++moved;
        Money total;
        for (const AccountKey& account : keys) total = total + v.balance(account);
        REQUIRE(total == money(1'500));
        const auto slot = v.engine.find(key("b"));
        const Evaluation b = v.engine.report(*slot).evaluation;
        REQUIRE(b.initial_equity >= b.initial_margin);
    }
    CHECK(moved > 100);
}

TEST_CASE("a refused transfer says what stands in its way first") {
    RiskParameters full = small_venue();
    full.max_accounts = 1;
    Driver v(full);
    v.set_balance(key("a"), 0, money(10));
    const auto send = [&](const AccountKey& from, double amount) {
        AccountInput half;
        half.key = from;
        half.record = AccountRecord::transfer_from;
        half.amount = money(amount).raw();
        half.last = Last::no;
        v.apply(Input::of(half));
        half.key = key("b");
        half.record = AccountRecord::transfer_to;
        half.last = Last::yes;
        return v.apply(Input::of(half));
    };
    CHECK(send(key("x"), 5) == Refusal::unknown_account);     // before there is no room for b
    CHECK(send(key("a"), 50) == Refusal::too_many_accounts);  // before a does not own so much
    CHECK(send(key("a"), 5) == Refusal::too_many_accounts);
    CHECK(v.engine.account_count() == 1);
}
