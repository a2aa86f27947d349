// Synthetix perps v3: markets against a pool, margin by skew; README of the reference data, section
// 3.6.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/margin/evaluate.hpp"
#include "core/margin/keeper_reward.hpp"
#include "core/margin/liquidation_window.hpp"
#include "core/margin/withdrawable.hpp"
#include "core/market/skew.hpp"
#include "tests/venues/registry.hpp"
#include "tests/venues/synthetix_market.hpp"
#include "tests/venues/synthetix_production.hpp"

namespace margind::test {
namespace synthetix {
namespace {

using core::Duration;
using core::MarginLevel;
using core::Rounding;
using core::Timestamp;

// Parts of a day (or of a second) to whole nanoseconds, rounded down.
Duration duration(const Field& field, std::int64_t unit_ns) {
    const Integer ns = field.quantity().raw() * unit_ns / Extended::scale();
    return Duration::from_ns(static_cast<std::int64_t>(ns));
}
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDayNs = 86'400 * kSecondNs;

Answers fill(const Case& one) {
    const Field& in = one.inputs;
    return {
        {"fill_price", core::skewed_fill_price(in.price("price"), in.quantity("skew"),
                                               in.quantity("size"), in.quantity("skew_scale"))}};
}

Answers keeper_reward(const Case& one) {
    const std::vector<Field> positions = one.inputs["positions"].items();
    core::WeightedValueOf<Extended> flag;
    for (const Field& position : positions) {
        const auto notional =
            magnitude(kPlainContract.value(position.price("price"), position.quantity("size")));
        flag += notional * position.rate("reward_ratio");
    }
    const Money cost = core::keeper_cost(keeper_costs(one.inputs, positions.size()));
    return {{"reward", core::keeper_reward(reward_rule(one.params), cost, flag,
                                           one.inputs.money("collateral"))}};
}

// Cross margin in dollars: collateral, debt, and positions settled in dollars (asset 0).
class Account {
  public:
    explicit Account(const Money& debt) {
        assets_.push_back(plain_asset(core::UnitPriceOf<Extended>::from_raw(Extended::scale())));
        balances_.push_back({core::AssetId(0), -debt});
    }

    // Terms are kept by the caller.
    void add_collateral(const Money& amount, const UnitPrice& price,
                        const core::BalanceTermsOf<Extended>& terms) {
        balances_.push_back({core::AssetId(static_cast<std::uint32_t>(assets_.size())), amount});
        assets_.push_back(plain_asset(price));
        assets_.back().terms = &terms;
    }
    void add_position(const Market& market, const Quantity& size, const Price& entry,
                      const Price& index) {
        core::InstrumentRowOf<Extended> row;
        row.mark = index;
        row.scale = kPlainContract;
        row.terms = &market.terms;
        row.tier_count = 1;
        row.tiers[0].rate = market.rate;
        positions_.push_back(
            {.instrument = core::InstrumentId(static_cast<std::uint32_t>(instruments_.size())),
             .balance = 0,
             .quantity = size,
             .entry_price = entry});
        instruments_.push_back(row);
        markets_.push_back(&market);
    }

    core::LevelFiguresOf<Extended> at(MarginLevel level) {
        Observer observer{{}, *this};
        pnl_.clear();
        flag_reward_ = {};
        collateral_ = {};
        open_interest_ = {};
        return evaluate_level<Extended>({.balances = balances_, .positions = positions_},
                                        {instruments_, assets_}, level, observer);
    }

    std::size_t positions() const { return positions_.size(); }
    // As the last evaluation found them.
    const std::vector<core::ValueOf<Extended>>& pnl() const { return pnl_; }
    const core::WeightedValueOf<Extended>& flag_reward() const { return flag_reward_; }
    Money collateral() const { return round_down(collateral_); }
    const core::ValueOf<Extended>& open_interest() const { return open_interest_; }

  private:
    struct Observer : core::NoObserver<Extended> {
        Account& account;
        Observer(core::NoObserver<Extended> base, Account& of)
            : core::NoObserver<Extended>(base), account(of) {}
        void position(std::uint32_t p, const core::PositionFigures<Extended>& figures) {
            account.pnl_.push_back(figures.gain);
            account.open_interest_ += figures.notional;
            account.flag_reward_ += figures.notional * account.markets_[p]->reward_ratio;
        }
        void balance(std::uint32_t b, const core::BalanceFigures<Extended>& figures) {
            if (b > 0) {
                account.collateral_ += figures.value;
            }
        }
    };

    static core::AssetRowOf<Extended> plain_asset(const UnitPrice& price) {
        const Rate one = core::rate_one<Extended>();
        return {.price = price, .asset_weight = {one}, .liability_weight = {one}};
    }

    std::vector<core::AssetRowOf<Extended>> assets_;
    std::vector<core::BalanceRowOf<Extended>> balances_;
    std::vector<core::InstrumentRowOf<Extended>> instruments_;
    std::vector<core::PositionRowOf<Extended>> positions_;
    std::vector<const Market*> markets_;

    std::vector<core::ValueOf<Extended>> pnl_;
    core::WeightedValueOf<Extended> flag_reward_;
    core::ValueOf<Extended> collateral_;
    core::ValueOf<Extended> open_interest_;
};

// What an account without positions would be paid for is nothing.
Money reward_of(const Case& one, const Account& account, const Money& collateral) {
    const Money cost = core::keeper_cost(keeper_costs(one.inputs, account.positions()));
    const auto rule = reward_rule_of(one);
    return account.positions() == 0
               ? Money{}
               : core::keeper_reward(rule, cost, account.flag_reward(), collateral);
}

Answers account(const Case& one) {
    const Field& in = one.inputs;
    const auto markets = read_markets(one.params);
    const auto prices = read_prices(in["prices"]);
    const Money debt = in.money("debt", "0");
    Account account(debt);
    const std::vector<Field> collateral = in["collateral"].items();
    std::vector<core::BalanceTermsOf<Extended>> terms;
    terms.reserve(collateral.size());
    for (const Field& each : collateral) {
        terms.push_back(collateral_terms(each));
        account.add_collateral(each.money("amount"), each.unit_price("price"), terms.back());
    }
    // Every position was opened in a market without skew.
    for (const Field& each : in["positions"].items()) {
        const std::string name = each.text("market");
        const Market& market = find_market(markets, each, name);
        const Quantity size = each.quantity("size");
        account.add_position(market, size,
                             core::skewed_fill_price(each.price("index_at_entry"), Quantity{}, size,
                                                     market.terms.slope.scale),
                             find_price(prices, in["prices"], name));
    }
    const auto maintenance = account.at(MarginLevel::maintenance);
    const auto initial = account.at(MarginLevel::initial);
    const Money reward = reward_of(one, account, account.collateral());
    const core::WithdrawalInputs<Extended> withdrawal{.has_positions = account.positions() > 0,
                                                      .debt = debt,
                                                      .collateral = account.collateral(),
                                                      .available = initial.equity,
                                                      .required = initial.margin + reward};
    return {{"pnl", account.pnl()},
            {"available_margin", initial.equity},
            {"initial_margin", initial.margin},
            {"maintenance_margin", maintenance.margin},
            {"reward", reward},
            {"withdrawable", withdrawable(withdrawal)},
            {"liquidatable", maintenance.equity < maintenance.margin + reward},
            {"open_interest", account.open_interest()}};
}

Answers order_margin(const Case& one) {
    const Field& in = one.inputs;
    const auto markets = read_markets(one.params);
    const auto prices = read_prices(in["prices"]);
    const std::string name = in.text("market");
    Account account(Money{});
    for (const auto& [market, size] : in["sizes"].members()) {
        const Price& index = find_price(prices, in["prices"], market);
        account.add_position(find_market(markets, size, market), size.quantity(), index, index);
    }
    const auto initial = account.at(MarginLevel::initial);
    const Money required = initial.margin + reward_of(one, account, in.money("collateral"));
    const Quantity size = in.quantity("size_delta");
    const Price& index = find_price(prices, in["prices"], name);
    const Price fill = core::skewed_fill_price(index, in.quantity("skew"), size,
                                               find_market(markets, in, name).terms.slope.scale);
    const Money available =
        in.money("available_before") - round_up(fill_loss(kPlainContract, index, fill, size));
    return {{"required", required},
            {"available", available},
            {"fill_price", fill},
            {"accepted", available >= required}};
}

Answers liquidation_window(const Case& one) {
    const Field& rule = one.params;
    const Duration window = duration(rule["window"], kSecondNs);
    const Quantity capacity = core::capacity_per_window<Extended>(
        {rule.rate("maker_fee"), rule.rate("taker_fee"), rule.quantity("skew_scale"),
         rule.rate("multiplier", "1"), window});
    std::map<std::string, Quantity> sizes;
    Answers windows;
    for (const auto& [account, size] : one.inputs["positions"].members()) {
        sizes[account] = magnitude(size.quantity());
        windows.emplace(account, Answer::integer(windows_needed(sizes[account], capacity)));
    }
    core::LiquidationWindowOf<Extended> market(capacity, window);
    std::vector<Quantity> left;
    for (const Field& call : one.inputs["calls"].items()) {
        const std::vector<Field> parts = call.items();
        if (parts.size() != 2) {
            call.fail("is not [time, account]");
        }
        Quantity& size = sizes.at(parts[1].text());
        size = size - market.take(size, Timestamp{} + duration(parts[0], kSecondNs));
        left.push_back(size);
    }
    return {{"capacity", capacity}, {"left", left}, {"windows", windows}};
}

// The first trader's size is the skew to begin with; then others move it, step by step.
Answers funding(const Case& one) {
    const Quantity size = one.inputs.quantity("size");
    const auto value = kPlainContract.value(one.inputs.price("price"), size);
    Timestamp now;
    core::DriftingFundingOf<Extended> market(one.params.quantity("skew_scale"),
                                             one.params.rate("max_velocity"), now);
    Quantity skew = size;
    Money owed;
    market.set_skew(skew, now);
    std::vector<Quantity> skews;
    std::vector<Rate> velocities;
    std::vector<Rate> rates;
    std::vector<Money> accrued;
    for (const Field& step : one.inputs["steps"].items()) {
        const std::vector<Field> parts = step.items();
        if (parts.size() != 2) {
            step.fail("is not [days, change of skew]");
        }
        now = now + duration(parts[0], kDayNs);
        owed = owed + round_up(value * market.accrued(now, Rounding::up));
        skew = skew + parts[1].quantity();
        market.set_skew(skew, now);
        skews.push_back(skew);
        velocities.push_back(market.velocity());
        rates.push_back(market.rate(now));
        accrued.push_back(owed);
    }
    return {{"skew", skews}, {"velocity", velocities}, {"rate", rates}, {"accrued", accrued}};
}

constexpr std::array kModels{
    Model{"snx_account", account, account_production},
    Model{"snx_order_margin", order_margin, order_margin_production},
    Model{"snx_fill", fill},
    Model{"snx_keeper_reward", keeper_reward, keeper_reward_production},
    Model{"snx_liquidation_window", liquidation_window},
    Model{"snx_funding", funding},
};

}  // namespace
}  // namespace synthetix

std::span<const Model> synthetix_perps_v3_models() {
    return synthetix::kModels;
}

}  // namespace margind::test
