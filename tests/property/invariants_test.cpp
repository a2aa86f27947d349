// What must hold for every account and every price.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeed = 81;

struct RandomAccount {
    double usd = 0;
    double btc = 0;
    double btc_size = 0;
    double eth_size = 0;
};

RandomAccount random_account(Random& random) {
    return {random.unit() * 2'000, random.unit() * 0.5, (random.unit() - 0.5) * 20,
            (random.unit() - 0.5) * 200};
}

void open(Driver& d, const AccountKey& account, const RandomAccount& a) {
    d.set_balance(account, 0, money(a.usd), Last::no);
    d.set_balance(account, 1, money(a.btc), Last::no);
    d.set_position(account, 0, quantity(a.btc_size), price(100), Last::no);
    d.set_position(account, 1, quantity(a.eth_size), price(10));
}

}  // namespace

TEST_CASE("adding collateral never lowers an account's health") {
    Random random(kSeed);
    for (int round = 0; round < 500; ++round) {
        Driver d(small_venue());
        d.set_price(0, price(60 + random.unit() * 80));
        d.set_price(1, price(6 + random.unit() * 8));
        RandomAccount a = random_account(random);
        open(d, key("before"), a);
        (random.chance(0.5) ? a.usd : a.btc) += random.unit();
        open(d, key("after"), a);
        const Evaluation before = d.engine.report(AccountSlot(0)).evaluation;
        const Evaluation after = d.engine.report(AccountSlot(1)).evaluation;
        INFO("seed " << kSeed << ", round " << round);
        CHECK(after.equity >= before.equity);
        CHECK(after.maintenance_margin == before.maintenance_margin);
        CHECK(d.engine.report(AccountSlot(1)).state <= d.engine.report(AccountSlot(0)).state);
    }
}

TEST_CASE("the order in which account updates and prices arrive does not change where it ends") {
    Random random(kSeed + 1);
    for (int round = 0; round < 200; ++round) {
        const RandomAccount a = random_account(random);
        const Price btc = price(80 + random.unit() * 40);
        const Price eth = price(8 + random.unit() * 4);
        Driver x(small_venue());
        x.set_price(0, btc);
        x.set_price(1, eth);
        open(x, key("a"), a);
        Driver y(small_venue());
        open(y, key("a"), a);
        y.set_price(1, eth);
        y.set_price(0, btc);
        const AccountReport p = x.engine.report(AccountSlot(0));
        const AccountReport q = y.engine.report(AccountSlot(0));
        INFO("seed " << kSeed + 1 << ", round " << round);
        CHECK(p.state == q.state);
        CHECK(p.evaluation.equity == q.evaluation.equity);
        CHECK(p.evaluation.initial_margin == q.evaluation.initial_margin);
    }
}

TEST_CASE("one account's trouble never touches another's figures") {
    Random random(kSeed + 2);
    Driver alone(small_venue());
    Driver crowd(small_venue());
    const RandomAccount a = random_account(random);
    open(alone, key("a"), a);
    open(crowd, key("a"), a);
    for (int i = 0; i < 50; ++i) open(crowd, key("b" + std::to_string(i)), random_account(random));
    double btc = 100;
    for (int i = 0; i < 300; ++i) {
        btc *= 1 + (random.unit() - 0.5) * 0.05;
        for (Driver* d : {&alone, &crowd}) {
            d->set_price(0, price(btc));
            d->set_price(1, price(10));
        }
        const AccountReport p = alone.engine.report(AccountSlot(0));
        const AccountReport q = crowd.engine.report(AccountSlot(0));
        REQUIRE(p.state == q.state);
        REQUIRE(p.evaluation.equity == q.evaluation.equity);
    }
}

TEST_CASE("the same inputs give the same events, byte for byte in every field") {
    const auto run = [] {
        Random random(kSeed + 3);
        Driver d(small_venue());
        for (int i = 0; i < 30; ++i) open(d, key("a" + std::to_string(i)), random_account(random));
        double btc = 100;
        for (int i = 0; i < 1'000; ++i) {
            d.wait(Duration::from_ms(static_cast<std::int64_t>(random.below(300))));
            btc *= 1 + (random.unit() - 0.5) * 0.03;
            d.set_price(0, price(btc));
            if (i % 7 == 0) d.set_price(1, price(10 + random.unit()));
            if (i % 3 == 0) d.tick();
        }
        return std::move(d.events);
    };
    const std::vector<Event> a = run();
    const std::vector<Event> b = run();
    REQUIRE(a.size() == b.size());
    REQUIRE(a.size() > 200);
    for (std::size_t i = 0; i < a.size(); ++i) {
        REQUIRE(a[i].kind == b[i].kind);
        REQUIRE(a[i].event_seq == b[i].event_seq);
        REQUIRE(a[i].input_seq == b[i].input_seq);
        REQUIRE(a[i].engine_time == b[i].engine_time);
        if (!is_account_event(a[i].kind)) continue;
        REQUIRE(a[i].account.key == b[i].account.key);
        REQUIRE(a[i].account.equity == b[i].account.equity);
        REQUIRE(a[i].account.health_factor == b[i].account.health_factor);
        REQUIRE(a[i].account.to == b[i].account.to);
    }
}
