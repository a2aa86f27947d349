// Liquidation plans and bankruptcy prices of random accounts, carried out step by step here and
// judged by the evaluation.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/ladder.hpp"
#include "core/engine/liquidation_plan.hpp"
#include "core/margin/lending.hpp"
#include "core/margin/liquidation_fee.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/liquidation_window.hpp"
#include "tests/support/random_venue.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeed = 1'801;

// Equity less target * margin; not negative: the liquidation may end.
Int128 room(const RandomBook& book) {
    const Ladder& ladder = book.parameters.ladder;
    const LevelFigures figures = book.figures(ladder.target_of);
    return figures.equity.wide() * kScale - ladder.liquidation_target.wide() * figures.margin.raw();
}

// Brings equity to a random part of the maintenance margin, with the first asset's balance.
void fund(RandomBook& book, Random& random, double from, double to) {
    book.assets[0].asset_weight = book.assets[0].liability_weight = kRateOne;
    book.balance_terms[0].used = false;
    book.link();
    const LevelFigures figures = book.figures(MarginLevel::maintenance);
    const double part = from + random.unit() * (to - from);
    const double wanted = static_cast<double>(figures.margin.raw()) * part;
    constexpr double kMost = 0x1p60;
    const double amount = static_cast<double>(book.balances[0].amount.raw()) + wanted -
                          static_cast<double>(figures.equity.raw());
    book.balances[0].amount =
        Money::from_raw(static_cast<std::int64_t>(std::clamp(amount, -kMost, kMost)));
}

Money& balance_of(RandomBook& book, AssetId asset) {
    return std::find_if(book.balances.begin(), book.balances.end(),
                        [&](const BalanceRow& row) { return row.asset == asset; })
        ->amount;
}

// The rates of both fees as they stand before the step.
struct Fees {
    Rate liquidation;
    Rate insurance;
};

Fees fees_of(const RandomBook& book, const PositionRow& position, std::int64_t seconds) {
    const std::size_t i = position.instrument.index();
    const Instrument& instrument = book.parameters.instruments[i];
    Fees fees{instrument.liquidation_fee, instrument.insurance_fee};
    const FeeGrowth& growth = instrument.fee_growth;
    if (seconds * 1'000'000'000 >= growth.grace.ns() && growth.increase_per_second.raw() > 0) {
        fees.liquidation = std::min(
            growth.max,
            Rate::from_raw(fees.liquidation.raw() + growth.increase_per_second.raw() * seconds));
    }
    if (instrument.insurance_share.raw() == 0) return fees;
    const Ladder& ladder = book.parameters.ladder;
    const auto p = static_cast<std::uint32_t>(&position - book.positions.data());
    const InstrumentRow& row = book.instruments[i];
    const Value notional = margin_detail::notional_of(row, book.position_terms[i].terms, row.mark,
                                                      magnitude(position.quantity));
    if (notional.raw() == 0) return {fees.liquidation, {}};
    const WeightedValue needed =
        position_figures(book.account(), p, row, ladder.target_of).requirement;
    Rate ratio = Rate::from_raw(static_cast<std::int64_t>(
        std::min<Int128>(needed.raw() / notional.raw(), Ledger::kLargestRate)));
    if (book.has_account_terms) ratio = ratio + book.account_terms.buffer[ladder.target_of];
    const Money shortage =
        Money::from_raw(saturate_to_int64(-div_floor(std::min<Int128>(room(book), 0), kScale)));
    const UnitPrice unit = book.assets[book.balances[position.balance].asset.index()].price;
    fees.insurance = perpetual_insurance_fee<Ledger>(
        {product(ratio, ladder.liquidation_target, Rounding::down), fees.liquidation,
         instrument.insurance_fee, instrument.insurance_share},
        shortage, round_down(notional) * unit);
    return fees;
}

void close(RandomBook& book, const PlanStep& step, Quantity size, std::int64_t seconds) {
    for (PositionRow& position : book.positions) {
        if (position.instrument != step.instrument) continue;
        const InstrumentRow& row = book.instruments[position.instrument.index()];
        const PositionTerms& terms =
            book.position_terms[position.instrument.index()].terms;  // plain where not used
        const Fees fees = fees_of(book, position, seconds);
        CHECK(step.side == (position.quantity.raw() > 0 ? Side::sell : Side::buy));
        const Quantity closed = position.quantity.raw() < 0 ? -size : size;
        const Value notional = margin_detail::notional_of(row, terms, row.mark, size);
        const Value gain =
            margin_detail::gain_of(row, terms, position.entry_price, row.mark, closed);
        Money& settled = book.balances[position.balance].amount;
        settled = settled + round_down(gain) - round_up(notional * fees.liquidation) -
                  round_up(notional * fees.insurance);
        if (size == step.quantity) {
            CHECK(step.incentive == round_up(notional * fees.liquidation));
            CHECK(step.insurance_fee == round_up(notional * fees.insurance));
        }
        position.quantity = position.quantity - closed;
        if (position.quantity.raw() != 0) continue;
        settled = settled + position.accrued;
        position.accrued = {};
    }
}

LendingLiquidation<Ledger> swapped(const RandomBook& book, AssetId collateral, AssetId debt,
                                   Money repaid, Money owned, Money owed) {
    return seize<Ledger>({owned, book.assets[collateral.index()].price},
                         {owed, book.assets[debt.index()].price}, repaid,
                         book.parameters.assets[collateral.index()].liquidation);
}

// The account after the plan; of its last step, one lot or 1e-8 less if asked to.
RandomBook after(const RandomBook& book, const LiquidationPlan& plan, std::int64_t less_of_last,
                 std::int64_t seconds = 0) {
    RandomBook rest = book;
    rest.orders.clear();
    rest.link();
    for (std::size_t s = 0; s < plan.size; ++s) {
        const PlanStep& step = plan.steps[s];
        const std::int64_t less = s + 1 == plan.size ? less_of_last : 0;
        if (step.action == PlanAction::close_position) {
            close(rest, step, Quantity::from_raw(step.quantity.raw() - less), seconds);
            continue;
        }
        Money& owned = balance_of(rest, step.collateral);
        Money& owed = balance_of(rest, step.debt);
        const LendingLiquidation<Ledger> done =
            swapped(rest, step.collateral, step.debt, Money::from_raw(step.repaid.raw() - less),
                    owned, -owed);
        if (less == 0) CHECK(done.seized == step.seized);
        owned = owned - done.seized;
        owed = owed + done.cover;
    }
    return rest;
}

// No position, and no debt that what is owned could repay a part of.
bool everything_done(const RandomBook& rest) {
    for (const PositionRow& position : rest.positions) {
        if (position.quantity.raw() != 0) return false;
    }
    for (const BalanceRow& debt : rest.balances) {
        if (debt.amount.raw() >= 0) continue;
        for (const BalanceRow& owned : rest.balances) {
            if (owned.amount.raw() <= 0) continue;
            if (swapped(rest, owned.asset, debt.asset, -debt.amount, owned.amount, -debt.amount)
                    .cover.raw() > 0) {
                return false;
            }
        }
    }
    return true;
}

LiquidationPlan plan_of(const RandomBook& book, std::int64_t seconds = 0) {
    return plan_liquidation(book.account(), book.market(), book.parameters,
                            Duration::from_seconds(seconds));
}

bool owes_no_more_than_rounding(const RandomBook& book, const LiquidationPlan& plan) {
    Value rounding;
    for (std::size_t s = 0; s < plan.size; ++s) {
        const PlanStep& step = plan.steps[s];
        if (step.action == PlanAction::close_position) continue;
        rounding += Money::from_raw(1) * book.assets[step.debt.index()].price;
        rounding += Money::from_raw(1) * book.assets[step.collateral.index()].price;
    }
    return round_up(rounding) >= -book.figures(MarginLevel::maintenance).equity;
}

// Orders are not part of what a plan leaves; spot orders neither.
RuleChoice plannable() {
    RuleChoice choice;
    choice.spot_orders = false;
    choice.exposure_max = kMaxExposure >> 6;  // the balance that funds the account comes on top
    return choice;
}

struct PlansSeen {
    int restored = 0;
    int exhausted = 0;
    int debts = 0;
    int cancelled = 0;  // cancelling the orders was enough
};

PlansSeen check_plans(const RuleChoice& choice, std::uint64_t seed, int rounds) {
    Random random(seed);
    PlansSeen seen;
    for (int round = 0; round < rounds; ++round) {
        RandomBook book = random_book(random, choice);
        fund(book, random, -0.2, 1.1);
        if (room(book) >= 0) continue;
        const LiquidationPlan plan = plan_of(book);
        INFO("seed " << seed << ", book " << round);
        const RandomBook rest = after(book, plan, 0);
        if (!plan.complete) {
            REQUIRE(plan.size == kMaxPlanSteps);
            continue;
        }
        for (std::size_t s = 0; s < plan.size; ++s) {
            seen.debts += plan.steps[s].action == PlanAction::repay_debt;
        }
        if (room(rest) < 0) {
            REQUIRE(everything_done(rest));
            ++seen.exhausted;
        } else if (plan.size == 0) {
            ++seen.cancelled;
        } else {
            REQUIRE(room(after(book, plan, 1)) < 0);
            ++seen.restored;
        }
    }
    return seen;
}

}  // namespace

TEST_CASE("carried out, a plan ends at the target and takes no lot too many") {
    RuleChoice choice = plannable();
    choice.terms = false;
    const PlansSeen plain = check_plans(choice, kSeed, 6'000);
    CHECK(plain.restored > 500);
    CHECK(plain.exhausted > 200);
    CHECK(plain.debts > 200);
}

TEST_CASE("with every rule on, a plan ends at the target and takes no lot too many") {
    const PlansSeen all = check_plans(plannable(), kSeed + 1, 6'000);
    CHECK(all.restored > 500);
    CHECK(all.exhausted > 200);
    CHECK(all.debts > 200);
    CHECK(all.cancelled > 5);
}

namespace {

// The room at which a plan may end, after so many seconds.
Int128 end_of(const RandomBook& book, std::int64_t seconds) {
    RandomBook cancelled = book;
    cancelled.orders.clear();
    cancelled.link();
    const Int128 now = room(cancelled);
    if (!book.parameters.liquidation_ramp || now >= 0) return 0;
    const LiquidationRamp<Ledger>& ramp = *book.parameters.liquidation_ramp;
    const Rate share =
        liquidation_share<Ledger>(ramp, Money::from_raw(saturate_to_int64(-div_floor(now, kScale))),
                                  Money{}, Duration::from_seconds(seconds).ns());
    return -div_floor(-now * (kRateOne - share).raw(), kScale);
}

bool within_capacity(const RandomBook& book, const PlanStep& step) {
    if (step.action != PlanAction::close_position) return true;
    const auto& rule = book.parameters.instruments[step.instrument.index()].liquidation_capacity;
    return rule.skew_scale.raw() == 0 ||
           step.quantity <= std::max(capacity_per_window(rule), Quantity::from_raw(1));
}

}  // namespace

// The band of a ramp: at its beginning, half way, at its end, and long after.
TEST_CASE("with fees, shares and capacities by time, a plan ends where the time allows") {
    Random random(kSeed + 4);
    RuleChoice choice = plannable();
    choice.liquidation_rules = true;
    std::array<int, 4> ended{};
    int short_of_target = 0;
    int limited = 0;
    for (int round = 0; round < 6'000; ++round) {
        RandomBook book = random_book(random, choice);
        fund(book, random, -0.2, 1.1);
        if (room(book) >= 0) continue;
        constexpr std::array<std::int64_t, 4> kSeconds{0, 50, 100, 10'000};
        for (std::size_t t = 0; t < kSeconds.size(); ++t) {
            const LiquidationPlan plan = plan_of(book, kSeconds[t]);
            INFO("seed " << kSeed + 4 << ", book " << round << ", after " << kSeconds[t] << " s");
            for (std::size_t s = 0; s < plan.size; ++s) {
                REQUIRE(within_capacity(book, plan.steps[s]));
            }
            const RandomBook rest = after(book, plan, 0, kSeconds[t]);
            const Int128 end = end_of(book, kSeconds[t]);
            REQUIRE((t < 2 || end == 0));
            if (room(rest) < end) {
                REQUIRE((plan.size == kMaxPlanSteps || !plan.complete || everything_done(rest)));
                limited += !plan.complete;
                continue;
            }
            REQUIRE(plan.complete == (room(rest) >= 0));
            short_of_target += !plan.complete;
            if (plan.size == 0) continue;
            REQUIRE(room(after(book, plan, 1, kSeconds[t])) < end);
            ++ended[t];
        }
    }
    for (const int count : ended) CHECK(count > 500);
    CHECK(short_of_target > 300);
    CHECK(limited > 20);
}

// With every weight one, nothing that a liquidation does adds to equity, but for rounding: 1e-8 of
// the debt's asset and of the collateral's a repayment.
TEST_CASE("the plan of an account that owes more than it owns closes everything") {
    Random random(kSeed + 2);
    RuleChoice choice = plannable();
    choice.terms = false;
    int bankrupt = 0;
    for (int round = 0; round < 3'000; ++round) {
        RandomBook book = random_book(random, choice);
        for (AssetRow& row : book.assets) row.asset_weight = row.liability_weight = kRateOne;
        fund(book, random, -1, 0);
        if (book.figures(MarginLevel::maintenance).equity.raw() >= 0) continue;
        const LiquidationPlan plan = plan_of(book);
        INFO("seed " << kSeed + 2 << ", book " << round);
        if (!plan.complete || owes_no_more_than_rounding(book, plan)) continue;
        ++bankrupt;
        const RandomBook rest = after(book, plan, 0);
        REQUIRE(room(rest) < 0);
        REQUIRE(everything_done(rest));
    }
    CHECK(bankrupt > 500);
}

namespace {

// Equity with the position's instrument at `mark` and nothing else moved.
Money equity_at(const RandomBook& book, std::size_t p, Price mark) {
    RandomBook moved = book;
    moved.orders.clear();
    moved.instruments[moved.positions[p].instrument.index()].mark = mark;
    moved.link();
    return moved.figures(MarginLevel::maintenance).equity;
}

}  // namespace

// The price is sought by gains that are rounded down to 1e-8 of the settlement asset. So it is
// exact but for that much: one tick beyond, equity is negative, or would be with 1e-8 less of the
// asset.
TEST_CASE("at the bankruptcy price equity is not negative, just beyond it is") {
    Random random(kSeed + 3);
    RuleChoice choice = plannable();
    // The margin of the marks today is not what moves: neither where it is taken off gains, nor at
    // prices of a level that are not the mark. Weights by size round as they like.
    choice.net_of_margin = choice.levels_apart = false;
    choice.weights_by_size = choice.amount_discount = false;
    int found = 0;
    int inverse = 0;
    int exact = 0;
    for (int round = 0; round < 16'000; ++round) {
        RandomBook book = random_book(random, choice);
        if (book.positions.empty()) continue;
        fund(book, random, 0, 2);
        const std::size_t p = random.below(book.positions.size());
        const PositionRow& position = book.positions[p];
        const std::size_t i = position.instrument.index();
        if (position.quantity.raw() == 0) continue;
        const bool is_long = position.quantity.raw() > 0;
        const Price highest = book.parameters.instruments[i].price_max;
        const Price price = bankruptcy_price(book.account(), p, book.market(), book.parameters);
        INFO("seed " << kSeed + 3 << ", book " << round << ", position " << p);
        Money& accrued = book.positions[p].accrued;
        if (price.raw() == 0) {
            const bool never =
                equity_at(book, p, is_long ? Price::from_raw(1) : highest).raw() >= 0;
            accrued = accrued - Money::from_raw(1);
            const Money best = equity_at(book, p, is_long ? highest : Price::from_raw(1));
            REQUIRE((never || best.raw() < 0));
            continue;
        }
        REQUIRE(equity_at(book, p, price).raw() >= 0);
        const Price beyond = Price::from_raw(is_long ? price.raw() - 1 : price.raw() + 1);
        exact += equity_at(book, p, beyond).raw() < 0;
        accrued = accrued - Money::from_raw(1);
        REQUIRE(equity_at(book, p, beyond).raw() < 0);
        ++found;
        inverse += book.position_terms[i].terms.payoff == Payoff::inverse;
    }
    CHECK(found > 400);
    CHECK(exact > found * 3 / 4);
    CHECK(inverse > 50);
}
