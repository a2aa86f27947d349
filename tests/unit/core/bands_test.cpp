// What random books do not meet by chance: bands and the reference on the same few inputs.
#include <array>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "core/bands/band_limits.hpp"
#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

class Both {
  public:
    explicit Both(const RiskParameters& parameters, const BandLimits& limits = {})
        : drivers_{Driver(parameters), Driver(parameters, Search::bands, limits)} {}

    void set_price(std::uint32_t source, double value) {
        for (Driver& driver : drivers_) {
            REQUIRE(driver.set_price(source, price(value)) == Refusal::none);
        }
        agree();
    }
    void expect_funding(std::uint32_t instrument, double value) {
        for (Driver& driver : drivers_) {
            REQUIRE(driver.set_statistic(Statistic::expected_funding, instrument,
                                         money(value).raw()) == Refusal::none);
        }
        agree();
    }
    void set_balance(const AccountKey& account, std::uint32_t asset, double amount,
                     Last last = Last::yes) {
        for (Driver& driver : drivers_) {
            REQUIRE(driver.set_balance(account, asset, money(amount), last) == Refusal::none);
        }
    }
    void set_position(const AccountKey& account, std::uint32_t instrument, double size,
                      double entry, Last last = Last::no) {
        for (Driver& driver : drivers_) {
            REQUIRE(driver.set_position(account, instrument, quantity(size), price(entry), last) ==
                    Refusal::none);
        }
    }
    MarginState state(const AccountKey& account) const {
        const Engine& engine = drivers_[0].engine;
        return engine.report(*engine.find(account)).state;
    }
    Engine& bands() { return drivers_[1].engine; }

  private:
    // Every account stands where the reference has it, and its guards hold.
    void agree() {
        const Engine& reference = drivers_[0].engine;
        bands().settle();
        for (std::uint32_t a = 0; a < reference.account_count(); ++a) {
            const AccountSlot slot(a);
            CAPTURE(a);
            REQUIRE(bands().report(slot).state == reference.report(slot).state);
            REQUIRE(bands().audit(slot));
        }
    }

    std::array<Driver, 2> drivers_;
};

}  // namespace

// Accounts, then funding, then prices: an ordinary start.
TEST_CASE("rules that come before the first price cover the accounts that were there") {
    Both both(small_venue());
    both.set_position(key("a"), 0, 1, 100);
    both.set_balance(key("a"), 0, 100);
    both.expect_funding(0, 1);
    both.set_price(0, 100);
    both.set_price(0, 100.01);
    REQUIRE(both.state(key("a")) == MarginState::healthy);
    both.expect_funding(0, 90);
    CHECK(both.state(key("a")) == MarginState::margin_call);
}

TEST_CASE("funding that comes and goes leaves accounts covered") {
    Both both(small_venue());
    both.set_price(0, 100);
    both.set_position(key("a"), 0, 1, 100);
    both.set_balance(key("a"), 0, 100);
    for (const double funding : {0.0, 1.0, 0.0, 90.0, 0.0, -5.0}) {
        both.expect_funding(0, funding);
        both.set_price(0, 100 + funding / 1000);
    }
}

// A rate of 100 % and a price near the highest: twice the price is beyond the grid.
TEST_CASE("a coordinate beyond the grid guards nobody") {
    RiskParameters p = small_venue();
    p.instruments[0].tiers = {{notional(0), rate(1), rate(1)}};
    p.instruments[1].price_max = price(5'000);
    Both both(p);
    both.set_price(0, 8'850'000);
    both.set_price(1, 1'000);
    both.set_position(key("a"), 0, -1, 8'850'000);
    both.set_position(key("a"), 1, 8'850, 1'000);
    both.set_balance(key("a"), 0, 13'400'000);
    REQUIRE(both.state(key("a")) == MarginState::warning);
    both.set_price(0, 9'050'000);
    both.set_price(1, 1'051);
    both.set_price(0, 8'700'000);
    both.set_price(1, 1'085);
    CHECK(both.state(key("a")) == MarginState::healthy);
}

TEST_CASE("a debt that weighs ten times its value is guarded") {
    RiskParameters p = small_venue();
    p.assets[1].liability_weight = rate(10);
    Both both(p);
    both.set_price(0, 5'000'000);
    both.set_price(1, 1'000);
    both.set_balance(key("a"), 0, 200'000'000, Last::no);
    both.set_balance(key("a"), 1, -1);
    const std::uint64_t before = both.bands().statistics().evaluations;
    for (int n = 0; n < 100; ++n) both.set_price(0, 5'000'000 + n % 2);
    CHECK(both.bands().statistics().evaluations - before < 10);
}

// The number of market changes comes round after half a day of a busy market, on any tick.
TEST_CASE("nobody is overlooked when numbers of changes begin anew") {
    for (std::uint32_t before = 2; before < 14; ++before) {
        CAPTURE(before);
        Both both(small_venue(), {.first_call = ~before});
        both.set_price(0, 100);
        both.set_price(1, 100);
        both.set_position(key("a"), 0, 1, 100);
        both.set_balance(key("a"), 0, 30);
        for (int n = 0; n < 4; ++n) both.set_price(0, 100 - 3 * (n % 2));
        for (double fallen = 95; fallen > 72; fallen -= 4) both.set_price(0, fallen);
        CHECK(both.state(key("a")) != MarginState::healthy);
    }
}
