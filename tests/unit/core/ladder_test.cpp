#include "core/engine/ladder.hpp"

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

const Ladder kLadder{};  // 1.5, 1.2, 1.0, hysteresis 2 %

Evaluation health(double factor) {
    return {money(100 * factor), money(200), money(100)};
}

}  // namespace

TEST_CASE("a level begins strictly below its multiple of the maintenance margin") {
    CHECK(breached_state(health(1.50), kLadder) == MarginState::healthy);
    CHECK(breached_state({Money::from_raw(money(150).raw() - 1), {}, money(100)}, kLadder) ==
          MarginState::warning);
    CHECK(breached_state(health(1.20), kLadder) == MarginState::warning);
    CHECK(breached_state(health(1.19), kLadder) == MarginState::margin_call);
    CHECK(breached_state(health(1.00), kLadder) == MarginState::margin_call);
    CHECK(breached_state(health(0.99), kLadder) == MarginState::liquidation);
    CHECK(breached_state(health(0.00000001), kLadder) == MarginState::liquidation);
    CHECK(breached_state(health(0), kLadder) == MarginState::bankrupt);
    CHECK(breached_state(health(-1), kLadder) == MarginState::bankrupt);
}

TEST_CASE("without a requirement only debt is bankruptcy") {
    CHECK(breached_state({money(0), money(0), money(0)}, kLadder) == MarginState::healthy);
    CHECK(breached_state({money(1), money(0), money(0)}, kLadder) == MarginState::healthy);
    CHECK(breached_state({money(-1), money(0), money(0)}, kLadder) == MarginState::bankrupt);
}

TEST_CASE("an account falls at once, through several levels if need be") {
    CHECK(next_state(MarginState::healthy, health(0.5), kLadder) == MarginState::liquidation);
    CHECK(next_state(MarginState::warning, health(1.1), kLadder) == MarginState::margin_call);
    CHECK(next_state(MarginState::margin_call, health(-1), kLadder) == MarginState::bankrupt);
}

TEST_CASE("an account rises only past the level's hysteresis") {
    CHECK(next_state(MarginState::warning, health(1.51), kLadder) == MarginState::warning);
    CHECK(next_state(MarginState::warning, health(1.53), kLadder) == MarginState::healthy);
    CHECK(next_state(MarginState::liquidation, health(1.01), kLadder) == MarginState::liquidation);
    CHECK(next_state(MarginState::liquidation, health(1.02), kLadder) == MarginState::margin_call);
    // Past the margin call's level, but not past its hysteresis: stops there.
    CHECK(next_state(MarginState::liquidation, health(1.21), kLadder) == MarginState::margin_call);
    CHECK(next_state(MarginState::liquidation, health(1.3), kLadder) == MarginState::warning);
    CHECK(next_state(MarginState::liquidation, health(9), kLadder) == MarginState::healthy);
}

TEST_CASE("bankruptcy does not flap around zero equity") {
    CHECK(next_state(MarginState::bankrupt, health(0.01), kLadder) == MarginState::bankrupt);
    CHECK(next_state(MarginState::bankrupt, health(0.02), kLadder) == MarginState::liquidation);
    CHECK(next_state(MarginState::bankrupt, {money(0), money(0), money(0)}, kLadder) ==
          MarginState::healthy);
}

TEST_CASE("no walk of health makes the state flap inside a hysteresis band") {
    MarginState state = MarginState::healthy;
    int transitions = 0;
    for (int i = 0; i < 1000; ++i) {
        const MarginState next = next_state(state, health(i % 2 ? 1.195 : 1.215), kLadder);
        transitions += next != state;
        state = next;
    }
    CHECK(transitions == 2);  // healthy -> warning -> margin_call, and there it stays
    CHECK(state == MarginState::margin_call);
}

TEST_CASE("decisions hold at the largest amounts") {
    const Money largest = Money::from_raw(INT64_MAX);
    CHECK(breached_state({largest, largest, largest}, kLadder) == MarginState::margin_call);
    CHECK(next_state(MarginState::bankrupt, {largest, largest, Money::from_raw(1)}, kLadder) ==
          MarginState::healthy);
}
