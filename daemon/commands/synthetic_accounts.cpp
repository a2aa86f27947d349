#include "daemon/commands/synthetic_accounts.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace margind::daemon {
namespace {

constexpr double kMeanPositions = 3.6;
constexpr std::size_t kPositionsMax = 20;
constexpr double kNotionalMin = 500;
constexpr double kNotionalMax = 5e6;
constexpr double kLeverageMin = 2;
constexpr double kEntryDistanceMax = 0.03;
constexpr double kLongShare = 0.58;
constexpr std::uint64_t kOwnersPerPair = 10;  // each tenth account is the sub-account of the ninth
constexpr std::int64_t kCent = core::kScale / 100;

double to_double(core::Money money) {
    return static_cast<double>(money.raw()) / static_cast<double>(core::kScale);
}
double to_double(core::Value value) {
    return static_cast<double>(value.raw()) * 1e-16;
}

// Rounded up to a cent.
core::Money to_money(double amount) {
    return core::Money::from_raw(static_cast<std::int64_t>(std::ceil(amount * 100)) * kCent);
}

}  // namespace

// splitmix64 (Steele, Lea, Flood 2014), one stream per account.
class SyntheticAccounts::Draw {
  public:
    Draw(std::uint64_t seed, std::uint64_t index) : state_(mix(seed) ^ mix(~index)) {}

    // Uniform in (0, 1].
    double uniform() {
        state_ += 0x9e3779b97f4a7c15ULL;
        return static_cast<double>((mix(state_) >> 11) + 1) * 0x1p-53;
    }
    double between(double low, double high) { return low + (high - low) * uniform(); }
    bool chance(double share) { return uniform() <= share; }
    // Pareto from 1 with exponent 4/3: u^(-3/4).
    double pareto() {
        const double root = std::sqrt(uniform());
        return 1 / (root * std::sqrt(root));
    }

  private:
    static std::uint64_t mix(std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

std::vector<core::InstrumentId> SyntheticAccounts::tradable(const core::RiskParameters& parameters,
                                                            const core::MarketView& market) {
    std::vector<core::InstrumentId> instruments;
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
        const core::Instrument& instrument = parameters.instruments[i];
        const core::AssetRow& asset = market.assets[instrument.quote.index()];
        const bool settles =
            asset.price.raw() > 0 && asset.asset_weight[core::MarginLevel::maintenance].raw() > 0;
        if (instrument.kind != core::InstrumentKind::spot && settles &&
            market.instruments[i].mark.raw() > 0) {
            instruments.push_back(core::InstrumentId(i));
        }
    }
    return instruments;
}

SyntheticAccounts::SyntheticAccounts(const core::RiskParameters& parameters,
                                     core::MarketView market, const SyntheticOptions& options)
    : parameters_(parameters),
      market_(market),
      options_(options),
      instruments_(tradable(parameters, market)) {
    double sum = 0;
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        sum += 1 / static_cast<double>(i + 1);
        zipf_.push_back(sum);
        const std::uint32_t id = instruments_[i].index();
        const core::InstrumentRow& row = market.instruments[id];
        lot_values_.push_back(to_double(row.scale.value(row.mark, parameters.instruments[id].lot)));
    }
    for (double& share : zipf_) share /= sum;
    for (std::uint32_t a = 0; a < parameters.assets.size(); ++a) {
        const core::AssetRow& row = market.assets[a];
        const bool settles = std::any_of(
            instruments_.begin(), instruments_.end(), [&](core::InstrumentId instrument) {
                return parameters.instruments[instrument.index()].quote == core::AssetId(a);
            });
        if (!settles && row.price.raw() > 0 &&
            row.asset_weight[core::MarginLevel::maintenance].raw() > 0) {
            collateral_.push_back(core::AssetId(a));
        }
    }
}

void SyntheticAccounts::make(std::uint64_t index, SyntheticAccount& account) const {
    Draw draw(options_.seed, index);
    const bool second = index % kOwnersPerPair == kOwnersPerPair - 1;
    const std::string owner = "acct-" + std::to_string(second ? index : index + 1);
    account.key = {core::FixedText<48>(owner), core::FixedText<16>(second ? "hedge" : "")};
    account.near = is_near(index);
    make_positions(draw, account);
    fund(draw, account);
}

// Spread evenly, so that any number of accounts holds its share.
bool SyntheticAccounts::is_near(std::uint64_t index) const {
    const auto up_to = [&](std::uint64_t n) {
        return std::floor(static_cast<double>(n) * options_.near_share);
    };
    return up_to(index + 1) > up_to(index);
}

void SyntheticAccounts::make_positions(Draw& draw, SyntheticAccount& account) const {
    account.positions.clear();
    account.balances.clear();
    const std::size_t most = std::min(kPositionsMax, instruments_.size());
    std::size_t count = 1;
    while (count < most && !draw.chance(1 / kMeanPositions)) ++count;
    const double notional = std::min(kNotionalMin * draw.pareto(), kNotionalMax);
    const bool near_is_long = draw.chance(kLongShare);
    std::vector<bool> taken(instruments_.size());
    for (std::size_t p = 0; p < count; ++p) {
        const auto rank = std::lower_bound(zipf_.begin(), zipf_.end(), draw.uniform());
        auto i = static_cast<std::size_t>(std::min(rank, zipf_.end() - 1) - zipf_.begin());
        while (taken[i]) i = (i + 1) % taken.size();  // the next less popular one
        taken[i] = true;
        const double share = notional / static_cast<double>(count) * draw.between(0.3, 1.7);
        const auto lots = std::max<std::int64_t>(1, std::llround(share / lot_values_[i]));
        const bool is_long = account.near ? near_is_long : draw.chance(kLongShare);
        const core::Instrument& instrument = parameters_.instruments[instruments_[i].index()];
        core::PositionRow position;
        position.instrument = instruments_[i];
        position.quantity =
            core::Quantity::from_raw((is_long ? lots : -lots) * instrument.lot.raw());
        position.entry_price = market_.instruments[instruments_[i].index()].mark;
        const auto row = std::find_if(account.balances.begin(), account.balances.end(),
                                      [&](const auto& b) { return b.asset == instrument.quote; });
        position.balance = static_cast<std::uint32_t>(row - account.balances.begin());
        if (row == account.balances.end()) account.balances.push_back({instrument.quote, {}});
        account.positions.push_back(position);
    }
}

void SyntheticAccounts::set_entries(Draw& draw, double distance, SyntheticAccount& account) const {
    for (core::PositionRow& position : account.positions) {
        const std::uint32_t id = position.instrument.index();
        const auto mark = static_cast<double>(market_.instruments[id].mark.raw());
        const auto entry = std::llround(mark * (1 + draw.between(-distance, distance)));
        position.entry_price = core::Price::from_raw(
            std::clamp<std::int64_t>(entry, 1, parameters_.instruments[id].price_max.raw()));
    }
}

// Chooses what the account is worth, then the balances that make it so.
void SyntheticAccounts::fund(Draw& draw, SyntheticAccount& account) const {
    double notional = 0;
    for (const core::PositionRow& position : account.positions) {
        const core::InstrumentRow& row = market_.instruments[position.instrument.index()];
        notional += to_double(magnitude(row.scale.value(row.mark, position.quantity)));
    }
    const core::Evaluation requirement =
        core::evaluate({account.balances, account.positions}, market_);
    const double equity = target_equity(draw, account, notional, requirement);
    // Gains and collateral stay well below the equity, so the settlement balance is positive.
    set_entries(draw, std::min(kEntryDistanceMax, 0.3 * equity / notional), account);
    if (!account.near && draw.chance(0.25)) add_collateral(draw, equity, account);
    top_up(equity, account);
}

double SyntheticAccounts::target_equity(Draw& draw, const SyntheticAccount& account,
                                        double notional,
                                        const core::Evaluation& requirement) const {
    const double initial = to_double(requirement.initial_margin);
    if (!account.near) {
        const double leverage = kLeverageMin * draw.pareto();
        return std::max(notional / leverage, initial * draw.between(1.05, 1.55));
    }
    // After an adverse move y: equity - y * notional = level * (1 -+ y), the requirement shrinking
    // with the value of a long, growing with that of a short.
    const double level = to_double(requirement.maintenance_margin) *
                         static_cast<double>(parameters_.ladder.liquidation.multiplier.raw()) /
                         static_cast<double>(core::kScale);
    const bool is_long = account.positions.front().quantity.raw() > 0;
    const double move = options_.near_distance * draw.between(0.1, 0.95);
    return level + move * (notional - (is_long ? level : -level));
}

void SyntheticAccounts::add_collateral(Draw& draw, double equity, SyntheticAccount& account) const {
    if (collateral_.empty()) return;
    const auto pick =
        static_cast<std::size_t>(draw.uniform() * static_cast<double>(collateral_.size()));
    const core::AssetId asset = collateral_[std::min(pick, collateral_.size() - 1)];
    const auto price = static_cast<double>(market_.assets[asset.index()].price.raw()) /
                       static_cast<double>(core::kScale);
    const double amount = equity * draw.between(0.1, 0.5) / price;
    account.balances.push_back({asset, core::Money::from_raw(static_cast<std::int64_t>(
                                           amount * static_cast<double>(core::kScale)))});
}

// Adds to the first settlement balance until the account is worth `equity`. Repeated because a
// balance below zero weighs more than one above.
void SyntheticAccounts::top_up(double equity, SyntheticAccount& account) const {
    core::BalanceRow& balance = account.balances.front();
    const core::AssetRow& asset = market_.assets[balance.asset.index()];
    const double worth =
        static_cast<double>(asset.price.raw()) / static_cast<double>(core::kScale) *
        static_cast<double>(asset.asset_weight[core::MarginLevel::maintenance].raw()) /
        static_cast<double>(core::kScale);
    for (int round = 0; round < 3; ++round) {
        const core::Evaluation now = core::evaluate({account.balances, account.positions}, market_);
        const double missing = equity - to_double(now.equity);
        balance.amount = balance.amount + to_money(missing / worth);
    }
}

}  // namespace margind::daemon
