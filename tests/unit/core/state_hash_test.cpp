// Hashes are equal where two engines know the same, and differ where they do not.
#include "core/engine/state_hash.hpp"

#include <array>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

struct Priced : Driver {
    explicit Priced(Search search = Search::reference) : Driver(small_venue(), search) {
        set_price(0, price(100));
        set_price(1, price(10));
    }
    void change(std::uint32_t instrument, Rate to) {
        ParameterInput input;
        input.parameter = Parameter::tier_maintenance_rate;
        input.target = instrument;
        input.value = to.raw();
        REQUIRE(apply(Input::of(input)) == Refusal::none);
    }
};

void open_long(Driver& d, const AccountKey& account) {
    REQUIRE(d.set_balance(account, 0, money(100), Last::no) == Refusal::none);
    REQUIRE(d.set_position(account, 0, quantity(10), price(100)) == Refusal::none);
}

}  // namespace

TEST_CASE("the mixer gives the words of the document") {
    // What the header says of it, by hand: a reader elsewhere must come to the same.
    constexpr std::uint64_t kFactor = 0x9fb21c651e98df25ULL;
    std::uint64_t h = 0x8b51f9dd4e5a3c17ULL;
    Mixer mixer;
    for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
        mixer.add(word);
        h = (h ^ word) * kFactor;
        h = h ^ (h >> 32);
    }
    h = (h ^ (h >> 29)) * kFactor;
    CHECK(mixer.value() == (h ^ (h >> 32)));
}

TEST_CASE("an account's hash changes with every part of it") {
    const std::vector<BalanceRow> balances = {{AssetId(0), money(5)}, {AssetId(1), money(-2)}};
    std::vector<PositionRow> positions(1);
    positions[0].instrument = InstrumentId(3);
    positions[0].quantity = quantity(2);
    positions[0].entry_price = price(7);
    const std::vector<OrderRow> orders = {{0, quantity(1), price(6)}};
    const AccountView view{.balances = balances, .positions = positions, .orders = orders};
    std::set<std::uint64_t> hashes;
    const auto add = [&](const AccountKey& key, InstrumentId isolated, const AccountView& account) {
        hashes.insert(account_hash(key, isolated, account));
    };
    add(key("alice"), {}, view);
    add(key("alice", "x"), {}, view);
    add(key("alic", "e"), {}, view);
    add(key("alice"), InstrumentId(3), view);
    auto other = balances;
    other[1].amount = money(-3);
    add(key("alice"), {}, {.balances = other, .positions = positions, .orders = orders});
    add(key("alice"), {}, {.balances = balances, .positions = positions});
    add(key("alice"), {}, {.balances = balances, .positions = {}});
    for (int field = 0; field < 5; ++field) {
        auto moved = positions;
        PositionRow& row = moved[0];
        if (field == 0) row.instrument = InstrumentId(4);
        if (field == 1) row.quantity = quantity(-2);
        if (field == 2) row.entry_price = price(8);
        if (field == 3) row.accrued = money(1);
        if (field == 4) row.least_initial_rate = rate(0.1);
        add(key("alice"), {}, {.balances = balances, .positions = moved, .orders = orders});
    }
    CHECK(hashes.size() == 12);
    add(key("alice"), {}, view);
    CHECK(hashes.size() == 12);
}

TEST_CASE("the sum over accounts goes with them, and comes back where they do") {
    Priced d;
    CHECK(d.engine.accounts_hash() == 0);
    open_long(d, key("alice"));
    const std::uint64_t healthy = d.engine.accounts_hash();
    CHECK(healthy != 0);
    d.set_price(0, price(97));
    CHECK(d.engine.accounts_hash() != healthy);  // a warning
    d.set_price(0, price(100));
    CHECK(d.engine.accounts_hash() == healthy);
    open_long(d, key("bob"));
    CHECK(d.engine.accounts_hash() != healthy);
}

TEST_CASE("the order in which accounts were changed does not matter, that of their coming does") {
    Priced a;
    Priced b;
    Priced c;
    for (Priced* d : {&a, &b}) {
        open_long(*d, key("alice"));
        open_long(*d, key("bob"));
    }
    open_long(c, key("bob"));
    open_long(c, key("alice"));
    REQUIRE(a.set_balance(key("alice"), 0, money(7)) == Refusal::none);
    REQUIRE(a.set_balance(key("bob"), 0, money(8)) == Refusal::none);
    REQUIRE(b.set_balance(key("bob"), 0, money(8)) == Refusal::none);
    REQUIRE(b.set_balance(key("alice"), 0, money(7)) == Refusal::none);
    REQUIRE(c.set_balance(key("bob"), 0, money(8)) == Refusal::none);
    REQUIRE(c.set_balance(key("alice"), 0, money(7)) == Refusal::none);
    CHECK(a.engine.accounts_hash() == b.engine.accounts_hash());
    CHECK(a.engine.accounts_hash() != c.engine.accounts_hash());
    CHECK(a.engine.state_hash() == b.engine.state_hash());
}

TEST_CASE("the whole state's hash changes with the market, parameters, feeds and the daemon") {
    Priced d;
    std::set<std::uint64_t> hashes;
    const auto differs = [&] { return hashes.insert(d.engine.state_hash()).second; };
    CHECK(differs());
    d.set_price(0, price(100));  // the same again: the source has had one price more
    CHECK(differs());
    d.set_price(1, price(10.5));
    CHECK(differs());
    d.change(0, rate(0.04));
    CHECK(differs());
    d.apply(Input::of(FeedStateInput{FeedId(0), FeedState::live, FeedReason::subscribed}));
    CHECK(differs());
    d.apply(Input::of(StatisticInput{Statistic::open_interest, 0, money(5).raw()}));
    CHECK(differs());
    d.apply(Input::of(StatisticInput{Statistic::total_deposits, 1, money(5).raw()}));
    CHECK(differs());
    d.apply(Input::of(DaemonInput{DaemonNotice::degraded, DaemonReason::disk_low}));
    CHECK(differs());
    d.apply(Input::of(DaemonInput{DaemonNotice::restarted, DaemonReason::restarted}));
    CHECK(differs());
}

TEST_CASE("parameters have one hash whichever way they came about") {
    Priced a;
    Priced b;
    a.change(0, rate(0.04));
    a.change(1, rate(0.03));
    b.change(1, rate(0.02));
    b.change(1, rate(0.03));
    b.change(0, rate(0.04));
    open_long(a, key("alice"));
    open_long(b, key("alice"));
    for (Priced* d : {&a, &b}) d->set_price(0, price(80));
    REQUIRE(a.account_events().size() == 1);
    REQUIRE(b.account_events().size() == 1);
    const AccountEvent left = a.account_events().front().account;
    const AccountEvent right = b.account_events().front().account;
    CHECK(left.parameters_hash == right.parameters_hash);
    CHECK(left.market_hash == right.market_hash);
    CHECK(left.account_hash == right.account_hash);
    CHECK(left.parameters_hash != parameters_hash(0, {}));
    CHECK(parameters_hash(1, {}) != parameters_hash(0, {}));
}

TEST_CASE("an account's market hash is of what it depends on, and nothing else") {
    Priced a;
    Priced b;
    b.set_price(1, price(11));
    open_long(a, key("alice"));
    open_long(b, key("alice"));
    for (Priced* d : {&a, &b}) d->set_price(0, price(97));
    REQUIRE(a.account_events().size() == 1);
    REQUIRE(b.account_events().size() == 1);
    CHECK(a.account_events()[0].account.market_hash == b.account_events()[0].account.market_hash);
    a.set_price(0, price(100));
    b.set_price(0, price(96.5));
    b.set_price(0, price(100));
    REQUIRE(a.account_events().size() == 2);
    REQUIRE(b.account_events().size() == 2);
    CHECK(a.account_events()[0].account.market_hash != a.account_events()[1].account.market_hash);
    CHECK(a.account_events()[1].account.market_hash == b.account_events()[1].account.market_hash);
}

TEST_CASE("the clock tells the state's hash after its input") {
    for (const Search search : {Search::reference, Search::bands}) {
        Priced d(search);
        open_long(d, key("alice"));
        d.now = d.now + Duration::from_seconds(2);
        d.apply(Input::of(TimerInput{}));
        REQUIRE(d.events.back().kind == EventKind::clock);
        CHECK(d.events.back().clock.state_hash == d.engine.state_hash());
    }
}
