#include "daemon/bench/population.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

constexpr std::uint32_t kPositionsMax = 20;
constexpr double kOneMorePosition = 0.765;  // probability; gives 3.6 on average, repeats dropped
constexpr double kPriceScale = 1e4;         // 10^kPriceDecimals
constexpr double kQuantityScale = 1e4;      // 10^kQuantityDecimals

core::Instrument make_instrument(std::uint32_t index) {
    core::Instrument instrument;
    instrument.name = fmt::format("I{:03}-PERP", index);
    instrument.quote = core::AssetId(0);
    instrument.price_decimals = Population::kPriceDecimals;
    instrument.quantity_decimals = Population::kQuantityDecimals;
    instrument.scale = core::ContractScale::from_factor(100'000'000);  // 10^(16 - 4 - 4)
    instrument.price_max = core::Price::from_raw(10'000'000'000);
    const core::Rate maintenance = core::Rate::from_raw(Population::kRateFloorRaw);
    const core::Rate initial = core::Rate::from_raw(2 * Population::kRateFloorRaw);
    const auto up_to = [](std::int64_t money) {
        return core::Money::from_raw(money * core::kScale) * core::kUnitPriceOne;
    };
    instrument.tiers = {{.notional_up_to = up_to(1'000'000),
                         .initial_rate = initial,
                         .maintenance_rate = maintenance},
                        {.notional_up_to = up_to(10'000'000),
                         .initial_rate = core::Rate::from_raw(2 * initial.raw()),
                         .maintenance_rate = core::Rate::from_raw(2 * maintenance.raw())}};
    // The volatility is kept and its term computed; the floor binds while the market is calm.
    instrument.rate.z_initial = 1;
    instrument.rate.z_maintenance = 0.5;
    instrument.hold_max = core::Duration::from_seconds(60);
    return instrument;
}

core::RiskParameters make_parameters(const PopulationOptions& options) {
    core::RiskParameters parameters;
    core::Asset dollar;
    dollar.name = "USD";
    parameters.assets = {dollar};
    parameters.feeds = {"bench"};
    for (std::uint32_t i = 0; i < options.instruments; ++i) {
        parameters.instruments.push_back(make_instrument(i));
        core::Source source;
        source.instrument = core::InstrumentId(i);
        source.feed = core::FeedId(0);
        source.symbol = fmt::format("I{:03}USDT", i);
        source.channel = core::Channel::book_top;
        source.quote = core::AssetId(0);
        source.stale_after = core::Duration::from_seconds(3'600);
        parameters.sources.push_back(source);
    }
    // Small, so that the smallest move of a benchmark takes a sentinel over its line and back.
    parameters.ladder.margin_call.hysteresis = core::Rate::from_raw(10'000);
    parameters.max_accounts = options.accounts + options.instruments;
    return parameters;
}

// What the account holds, by instrument, no repeats.
void draw_holdings(Population& population, const PopulationOptions& options, std::uint32_t account,
                   BenchRandom& random) {
    const std::size_t first = population.holdings.size();
    const auto held = [&](std::uint32_t instrument) {
        return std::any_of(population.holdings.begin() + static_cast<std::ptrdiff_t>(first),
                           population.holdings.end(), [&](const Population::Holding& h) {
                               return h.instrument == instrument;
                           });
    };
    // Holders of the ticked instrument are spread evenly over the accounts.
    const std::uint64_t n = account;
    if (n * options.holders / options.accounts != (n + 1) * options.holders / options.accounts) {
        population.holdings.push_back({});
    }
    do {
        const std::uint32_t instrument = population.draw_instrument(random);
        if (options.holders > 0 && instrument == 0) continue;
        if (!held(instrument)) population.holdings.push_back({.instrument = instrument});
    } while (population.holdings.size() - first < kPositionsMax &&
             random.uniform() < kOneMorePosition);
}

// Sizes, sides and collateral.
void draw_amounts(Population& population, std::uint32_t account, BenchRandom& random) {
    const bool leans_long = random.uniform() < 0.5;
    double maintenance = 0;
    for (std::size_t i = population.first_holding[account]; i < population.holdings.size(); ++i) {
        Population::Holding& holding = population.holdings[i];
        const double price =
            static_cast<double>(population.base_prices[holding.instrument]) / kPriceScale;
        const double notional = std::clamp(std::exp(9 + 1.6 * random.normal()), 50.0, 5e6);
        const double quantity = std::max(notional / price, 1 / kQuantityScale);
        const bool with_lean = random.uniform() < 0.8;
        const double sign = with_lean == leans_long ? 1 : -1;
        holding.quantity = std::llround(sign * quantity * kQuantityScale);
        if (holding.quantity == 0) holding.quantity = 1;
        maintenance += 0.01 * notional;
    }
    const double health = random.uniform() < 0.01 ? 1.55 + 0.1 * random.uniform()
                                                  : 2 + std::exp(0.8 + random.normal());
    population.collateral.push_back(std::llround(maintenance * health * 1e8));
}

void set_popularity(Population& population, std::uint32_t instruments) {
    double sum = 0;
    for (std::uint32_t i = 0; i < instruments; ++i) {
        sum += 1.0 / (i + 1);
        population.popularity.push_back(sum);
    }
    for (double& share : population.popularity) share /= sum;
}

core::Input balance_record(const core::AccountKey& key, std::int64_t amount, core::Last last) {
    core::AccountInput record;
    record.key = key;
    record.record = core::AccountRecord::balance;
    record.mode = core::UpdateMode::replace;
    record.last = last;
    record.id = 0;
    record.amount = amount;
    return core::Input::of(record);
}

core::Input position_record(const core::AccountKey& key, const Population::Holding& holding,
                            std::int64_t entry_price, core::Last last) {
    core::AccountInput record;
    record.key = key;
    record.record = core::AccountRecord::position;
    record.mode = core::UpdateMode::replace;
    record.last = last;
    record.id = holding.instrument;
    record.amount = holding.quantity;
    record.price = entry_price;
    return core::Input::of(record);
}

core::AccountKey key_of(std::string_view name) {
    return {.owner = decltype(core::AccountKey::owner)(name), .sub_account = {}};
}

}  // namespace

std::string account_name(std::uint32_t account) {
    return fmt::format("a{:07}", account);
}
std::string sentinel_name(std::uint32_t instrument) {
    return fmt::format("sentinel{}", instrument);
}

std::uint32_t Population::draw_instrument(BenchRandom& random) const {
    const auto at = std::lower_bound(popularity.begin(), popularity.end(), random.uniform());
    const auto index = static_cast<std::size_t>(at - popularity.begin());
    return static_cast<std::uint32_t>(std::min(index, popularity.size() - 1));
}

Population make_population(const PopulationOptions& options) {
    Population population;
    population.parameters = make_parameters(options);
    set_popularity(population, options.instruments);
    BenchRandom random(options.seed);
    for (std::uint32_t i = 0; i < options.instruments; ++i) {
        population.base_prices.push_back(
            std::llround(kPriceScale * 100 * std::exp(5 * random.uniform())));
    }
    population.collateral.reserve(options.accounts);
    population.first_holding.reserve(options.accounts + std::size_t{1});
    for (std::uint32_t account = 0; account < options.accounts; ++account) {
        population.first_holding.push_back(population.holdings.size());
        draw_holdings(population, options, account, random);
        draw_amounts(population, account, random);
    }
    population.first_holding.push_back(population.holdings.size());
    return population;
}

void append_inputs(const Population& population, std::uint32_t account,
                   std::vector<core::Input>& out) {
    const core::AccountKey key = key_of(account_name(account));
    const auto holdings = population.holdings_of(account);
    out.push_back(balance_record(key, population.collateral[account],
                                 holdings.empty() ? core::Last::yes : core::Last::no));
    for (const Population::Holding& holding : holdings) {
        out.push_back(
            position_record(key, holding, population.base_prices[holding.instrument],
                            &holding == &holdings.back() ? core::Last::yes : core::Last::no));
    }
}

void append_fill(const Population& population, std::uint32_t account, std::int64_t quantity,
                 std::vector<core::Input>& out) {
    Population::Holding holding = population.holdings_of(account).front();
    holding.quantity = quantity;
    out.push_back(position_record(key_of(account_name(account)), holding,
                                  population.base_prices[holding.instrument], core::Last::yes));
    out.back().account.mode = core::UpdateMode::patch;
}

void append_sentinel(const Population& population, std::uint32_t instrument, core::Money collateral,
                     std::vector<core::Input>& out) {
    const core::AccountKey key = key_of(sentinel_name(instrument));
    const Population::Holding one{.instrument = instrument,
                                  .quantity = static_cast<std::int64_t>(kQuantityScale)};
    out.push_back(balance_record(key, collateral.raw(), core::Last::no));
    out.push_back(position_record(key, one, population.base_prices[instrument], core::Last::yes));
}

// Equity = collateral + price - entry and maintenance margin = rate * price for one unit; the line
// is where equity = multiplier * maintenance margin.
core::Money sentinel_collateral(const Population& population, std::uint32_t instrument,
                                double price, core::Rate maintenance_rate) {
    const double multiplier =
        static_cast<double>(population.parameters.ladder.margin_call.multiplier.raw()) * 1e-8;
    const double rate = static_cast<double>(maintenance_rate.raw()) * 1e-8;
    const double entry = static_cast<double>(population.base_prices[instrument]);
    const double ticks = entry - price * (1 - multiplier * rate);
    return core::Money::from_raw(std::llround(ticks / kPriceScale * 1e8));
}

}  // namespace margind::daemon
