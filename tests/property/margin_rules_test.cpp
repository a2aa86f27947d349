// The margin rules in any combination: the ledger against the same formulas in numbers without
// limits, and what must hold for every account whatever its venue asks.
//
// Documented rounding, as `rounding_bound` adds it up (all in the direction that makes an account
// look less safe):
//   every account    1e-8 of equity and of margin at the end; 1e-8 of each asset whose gains are
//                    summed, and of each asset a requirement arises in that is not at par
//   rates by size    1e-8 of the rate for each rounding: slippage 1, slope 2 and, for an inverse
//                    contract's size, 2e-8 of the asset it is in, premium 3, reduced rate 2 / (1 -
//                    premium base)
//                    + 2
//   weights by size  6 times 1e-8 of the value
//   inverse          1e-16 of the settlement asset for each value taken
//   a venue's steps  one step where what is rounded to it was rounded before
//   keeper's reward  1e-8 of each asset a position settles in, of the reward, and of the collateral
//                    times its share; the caps go down
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/random_venue.hpp"
#include "tests/support/rows.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

using Same = Unbounded<8>;
using Fine = Unbounded<30>;
using Big = Fine::Raw;

constexpr std::uint64_t kSeed = 1'701;
constexpr int kBooks = 4'000;

// Down or up to the ledger's 1e-8, and into its 64 bits.
std::int64_t in_ledger(const MoneyOf<Fine>& amount, Rounding rounding) {
    const Big step = Fine::scale() / kScale;
    const Big raw = divide<Big>(amount.raw(), step, rounding);
    const Big high = std::numeric_limits<std::int64_t>::max();
    const Big low = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(raw > high ? high : raw < low ? low : raw);
}
std::int64_t in_ledger(const MoneyOf<Same>& amount) {
    const Big high = std::numeric_limits<std::int64_t>::max();
    const Big low = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(amount.raw() > high  ? high
                                     : amount.raw() < low ? low
                                                          : amount.raw());
}

// How far the ledger may be from thirty decimals, in 1e-30.
class RoundingBound {
  public:
    RoundingBound(const Rows<Fine>& rows, MarginLevel level) : rows_(rows), level_(level) {}

    Big bound() {
        amount_errors_.assign(rows_.balances.size(), step_);
        requirement_errors_.assign(rows_.balances.size(), step_);
        for (std::size_t p = 0; p < rows_.positions.size(); ++p) add_position(p);
        Collector collector{*this};
        evaluate_level<Fine>(rows_.account(), rows_.market(), level_, collector);
        add_keeper_reward();
        for (const SpotOrderRowOf<Fine>& order : rows_.spot_orders) {
            for (const std::uint32_t b : {order.base, order.quote}) {
                total_ += times(amount_errors_[b] + step_ * 4, highest_price(b)) * 44;
            }
        }
        return total_ + step_ * 2;
    }

  private:
    struct Collector : NoObserver<Fine> {
        explicit Collector(RoundingBound& of) : bound(of) {}
        RoundingBound& bound;
        void balance(std::uint32_t b, const BalanceFigures<Fine>& figures) {
            bound.add_balance(b, figures);
        }
    };

    static Big times(const Big& a, const Big& b) { return a * b / Fine::scale() + 1; }
    Big highest_price(std::size_t b) const {
        const std::size_t asset = rows_.balances[b].asset.index();
        Big price = rows_.assets[asset].price.raw();
        for (const MarginLevel level : kAllMarginLevels) {
            price = std::max(price, rows_.balance_terms[asset].terms.liability_price[level].raw());
        }
        return price;
    }

    // The most that the position and its orders can be worth, in the settlement asset.
    Big worth(std::size_t p) const {
        const PositionRowOf<Fine>& position = rows_.positions[p];
        const std::size_t i = position.instrument.index();
        const InstrumentRowOf<Fine>& row = rows_.instruments[i];
        const PositionTermsOf<Fine>& terms = rows_.position_terms[i].terms;
        std::vector<Big> prices{row.mark.raw(), position.entry_price.raw(), terms.payoff_cap.raw(),
                                terms.auction_price.raw()};
        for (const MarginLevel level : kAllMarginLevels) {
            prices.push_back(terms.long_price[level].raw());
            prices.push_back(terms.short_price[level].raw());
        }
        Big size = magnitude(position.quantity).raw();
        for (const OrderRowOf<Fine>& order : rows_.orders) {
            if (order.position != p) continue;
            size += magnitude(order.size).raw();
            prices.push_back(order.price.raw());
        }
        std::erase(prices, Big(0));
        const auto [lowest, highest] = std::minmax_element(prices.begin(), prices.end());
        const Big all = size * row.scale.factor();
        return (terms.payoff == Payoff::inverse ? Big(all / *lowest) : Big(all * *highest)) /
                   Fine::scale() +
               magnitude(position.accrued).raw() + 1;
    }

    Big rate_steps(const PositionTermsOf<Fine>& terms) const {
        Big steps = 0;
        if (terms.slippage.quadratic.raw() > 0) steps += 1;
        if (terms.slope.scale.raw() > 0) {
            steps += 2;
            if (terms.payoff == Payoff::inverse) {
                // The scale in whole coins is scale / unit.
                steps += (terms.slope.fraction.raw() * terms.unit.raw() / terms.slope.scale.raw() /
                              Fine::scale() +
                          1) *
                         2;
            }
        }
        if (terms.premium.factor.raw() > 0) {
            steps += 3;
            steps += Fine::scale() * 2 / (Fine::scale() - terms.premium.premium_base.raw()) + 2;
        }
        return steps;
    }

    void add_position(std::size_t p) {
        const PositionRowOf<Fine>& position = rows_.positions[p];
        const auto& [used, terms] = rows_.position_terms[position.instrument.index()];
        if (!used) return;
        const Big ulp = step_ / kScale;  // 1e-16
        const bool inverse = terms.payoff == Payoff::inverse;
        const Big steps = rate_steps(terms);
        const Big most = worth(p);
        const Big taken = 2 + static_cast<int>(rows_.orders.size());
        Big requirement = times(most, steps * step_) + ulp * 4;
        if (inverse) {
            requirement += (ulp + terms.rounding.notional_step.raw()) * taken * 1'100;
        }
        if (terms.rounding.requirement_step.raw() > 0) {
            requirement += terms.rounding.requirement_step.raw() * (taken + 1);
        }
        const Big gain = inverse ? Big(ulp * 4) : Big(0);
        const std::uint32_t b = position.balance;
        if (terms.gains.net_of_margin) {
            amount_errors_[b] += gain + requirement + ulp * 2;
        } else {
            requirement_errors_[b] += requirement;
            amount_errors_[b] += gain;
        }
        if (terms.gains.apart) {
            total_ += times(step_ + gain, highest_price(b)) * 2;
            if (terms.gains.discount.factor.raw() > 0) {
                total_ += times(times(most, step_ * 6), highest_price(b));
            }
        }
    }

    void add_balance(std::uint32_t b, const BalanceFigures<Fine>& figures) {
        const Big price = highest_price(b);
        const BalanceTermsOf<Fine>& terms =
            rows_.balance_terms[rows_.balances[b].asset.index()].terms;
        total_ += times(requirement_errors_[b], price);
        total_ += times(times(amount_errors_[b], price),
                        magnitude(figures.weight).raw() * 2 + Fine::scale() * 14);
        const bool by_size = terms.asset_discount.factor.raw() > 0 ||
                             terms.liability_premium.factor.raw() > 0 ||
                             terms.amount_discount.scale.raw() > 0;
        if (by_size) {
            total_ += times(magnitude(figures.value).raw() / Fine::scale(), step_ * 6);
        }
    }

    void add_keeper_reward() {
        if (!rows_.has_account_terms || !rows_.account_terms.keeper) return;
        const KeeperReward<Fine>& rule = rows_.account_terms.keeper->reward;
        total_ += step_ * 3;
        if (rule.collateral_share) total_ += times(step_, rule.collateral_share->raw());
        for (const PositionRowOf<Fine>& position : rows_.positions) {
            const auto& terms = rows_.position_terms[position.instrument.index()].terms;
            total_ += times(step_ * 2 + terms.rounding.notional_step.raw(),
                            highest_price(position.balance));
        }
    }

    const Rows<Fine>& rows_;
    MarginLevel level_;
    const Big step_ = Fine::scale() / kScale;  // 1e-8
    std::vector<Big> amount_errors_;
    std::vector<Big> requirement_errors_;
    Big total_ = 0;
};

}  // namespace

TEST_CASE("no rule overflows the ledger: it computes what numbers without limits do") {
    Random random(kSeed);
    for (int round = 0; round < kBooks; ++round) {
        RuleChoice choice;
        choice.at_maximum = round % 3 == 0;
        const RandomBook book = random_book(random, choice);
        const Rows<Same> wide = Widening<Same>::of(book);
        for (const MarginLevel level : kAllMarginLevels) {
            const LevelFigures ledger = book.figures(level);
            const LevelFiguresOf<Same> exact = wide.figures(level);
            INFO("seed " << kSeed << ", book " << round << ", level " << static_cast<int>(level));
            REQUIRE(ledger.equity.raw() == in_ledger(exact.equity));
            REQUIRE(ledger.margin.raw() == in_ledger(exact.margin));
        }
    }
}

// Then its coins, not its face, are what is gained or lost; what they come to has no bound in money
// while the coin keeps its price. A loss beyond every other holding still is one, a gain never
// counts for more than it is, and no requirement is more than it would be.
TEST_CASE("a contract whose mark falls to some ticks wraps nothing at the largest exposure") {
    Random random(kSeed + 9);
    int ruined = 0;
    int exact_ones = 0;
    for (int round = 0; round < kBooks; ++round) {
        RuleChoice choice;
        choice.at_maximum = true;
        choice.net_of_margin = choice.spot_orders = choice.weights_by_size = false;
        choice.amount_discount = false;  // more may count less
        RandomBook book = random_book(random, choice);
        int inverse = 0;
        for (const PositionRow& position : book.positions) {
            const std::size_t i = position.instrument.index();
            if (!book.position_terms[i].used ||
                book.position_terms[i].terms.payoff != Payoff::inverse) {
                continue;
            }
            ++inverse;
            book.instruments[i].mark = Price::from_raw(1 + static_cast<int>(random.below(3)));
            AssetRow& coin = book.assets[book.balances[position.balance].asset.index()];
            coin.price = std::max(coin.price, UnitPrice::from_raw(1'000'000 * kScale));
        }
        if (inverse != 1) continue;
        // Nothing but the contract and its coins: others were admitted at their own prices.
        std::erase_if(book.positions, [&](const PositionRow& position) {
            const Rows<Ledger>::Position& of = book.position_terms[position.instrument.index()];
            return !of.used || of.terms.payoff != Payoff::inverse;
        });
        book.orders.clear();
        for (BalanceRow& row : book.balances) row.amount = Money{};
        book.link();
        const Rows<Same> wide = Widening<Same>::of(book);
        for (const MarginLevel level : kAllMarginLevels) {
            const LevelFigures ledger = book.figures(level);
            const LevelFiguresOf<Same> exact = wide.figures(level);
            const std::int64_t equity = in_ledger(exact.equity);
            INFO("seed " << kSeed + 9 << ", book " << round << ", level "
                         << static_cast<int>(level));
            REQUIRE(ledger.margin.raw() <= in_ledger(exact.margin));
            REQUIRE(ledger.margin.raw() >= 0);
            REQUIRE((ledger.equity.raw() < 0) == (equity < 0));
            REQUIRE(ledger.equity.raw() <= std::max<std::int64_t>(equity, 0));
            ruined += equity == std::numeric_limits<std::int64_t>::min();
            exact_ones += ledger.equity.raw() == equity;
        }
    }
    CHECK(ruined > 100);
    CHECK(exact_ones > 100);
}

// No size-dependent rate, no inverse payoff, no requirement taken off gains; gains are whole 1e-8
// and requirements arise at par.
TEST_CASE("where nothing but the end rounds, the ledger is exact") {
    Random random(kSeed + 1);
    RuleChoice choice;
    choice.rates_by_size = choice.weights_by_size = choice.amount_discount = false;
    choice.inverse = choice.rounding = choice.net_of_margin = choice.odd_settlement = false;
    choice.keeper_reward = false;
    for (int round = 0; round < kBooks; ++round) {
        RandomBook book = random_book(random, choice);
        for (auto& order : book.spot_orders) order.base_reserved = order.quote_reserved = Money{};
        const Rows<Fine> wide = Widening<Fine>::of(book);
        for (const MarginLevel level : kAllMarginLevels) {
            const LevelFigures ledger = book.figures(level);
            const LevelFiguresOf<Fine> exact = wide.figures(level);
            INFO("seed " << kSeed + 1 << ", book " << round << ", level "
                         << static_cast<int>(level));
            REQUIRE(ledger.equity.raw() == in_ledger(exact.equity, Rounding::down));
            REQUIRE(ledger.margin.raw() == in_ledger(exact.margin, Rounding::up));
        }
    }
}

TEST_CASE("with every rule on, the ledger is within the documented rounding") {
    Random random(kSeed + 2);
    int different = 0;
    for (int round = 0; round < kBooks; ++round) {
        RuleChoice choice;
        // Where the worse of two outcomes is taken, where more may count less, and where a cap goes
        // down, rounding has no direction.
        const bool directed = round % 2 == 0;
        if (directed) {
            choice.orders = choice.spot_orders = choice.amount_discount = false;
            choice.keeper_reward = false;
        }
        const RandomBook book = random_book(random, choice);
        const Rows<Fine> wide = Widening<Fine>::of(book);
        for (const MarginLevel level : kAllMarginLevels) {
            const LevelFigures ledger = book.figures(level);
            const LevelFiguresOf<Fine> exact = wide.figures(level);
            const Big bound = RoundingBound(wide, level).bound();
            const Big step = Fine::scale() / kScale;
            const Big equity = Big(in_ledger(exact.equity, Rounding::down)) - ledger.equity.raw();
            const Big margin = Big(ledger.margin.raw()) - in_ledger(exact.margin, Rounding::up);
            INFO("seed " << kSeed + 2 << ", book " << round << ", level "
                         << static_cast<int>(level));
            REQUIRE(abs(equity) * step <= bound);
            REQUIRE(abs(margin) * step <= bound);
            if (directed) {
                REQUIRE(equity >= 0);
                REQUIRE(margin >= 0);
            }
            different += equity != 0 || margin != 0;
        }
    }
    CHECK(different > kBooks / 10);
}
