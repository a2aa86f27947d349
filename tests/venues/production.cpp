#include "tests/venues/production.hpp"

#include <algorithm>
#include <utility>

#include "config/settings.hpp"
#include "core/engine/hypothetical.hpp"
#include "core/engine/plan_prices.hpp"
#include "core/market/price_scenario.hpp"
#include "tests/support/book.hpp"
#include "tests/venues/ledger_text.hpp"

namespace margind::test {
namespace {

using core::kScaleDecimals;
using Raw = Extended::Raw;

const core::AccountKey kKey = key("case");

std::uint32_t index_of(const auto& items, const std::string& name) {
    const auto found = std::ranges::find(items, name, [](const auto& item) { return item.name; });
    if (found == items.end()) {
        throw std::runtime_error("the profile has no '" + name + "'");
    }
    return static_cast<std::uint32_t>(found - items.begin());
}

core::AccountInput record(core::AccountRecord kind, std::uint32_t id, std::int64_t amount,
                          std::int64_t price = 0) {
    core::AccountInput input;
    input.key = kKey;
    input.record = kind;
    input.mode = core::UpdateMode::replace;
    input.last = core::Last::no;
    input.id = id;
    input.amount = amount;
    input.price = price;
    return input;
}

}  // namespace

VenueAccount::VenueAccount(std::string profile, int money_exponent)
    : profile_(std::move(profile)), money_exponent_(money_exponent) {}

VenueAccount::~VenueAccount() = default;
VenueAccount::VenueAccount(VenueAccount&&) noexcept = default;

// --- numbers

Raw VenueAccount::scaled(const Raw& raw) const {
    if (money_exponent_ >= 0) return raw * power_of_ten(money_exponent_);
    const Raw divisor = power_of_ten(-money_exponent_);
    if (raw % divisor != 0) throw BeyondLedger("an amount has too many decimals");
    return raw / divisor;
}

Raw VenueAccount::unscaled(const Raw& raw) const {
    if (money_exponent_ <= 0) return raw * power_of_ten(-money_exponent_);
    const Raw divisor = power_of_ten(money_exponent_);
    if (raw % divisor != 0) throw BeyondLedger("an amount has too many decimals");
    return raw / divisor;
}

std::string VenueAccount::text(const Money& amount) const {
    return decimal_text(scaled(amount.raw()), kScaleDecimals);
}
std::string VenueAccount::text(const Price& price) const {
    return decimal_text(scaled(price.raw()), kLedgerDecimalsMax);
}
std::string VenueAccount::text(const Rate& rate) const {
    return decimal_text(rate.raw(), kScaleDecimals);
}
std::string VenueAccount::text(const UnitPrice& price) const {
    return decimal_text(price.raw(), kScaleDecimals);
}
std::string VenueAccount::text(const Quantity& size) const {
    return decimal_text(size.raw(), kLedgerDecimalsMax);
}

VenueAccount::Money VenueAccount::widened(const core::Money& amount) const {
    return Money::from_raw(
        unscaled(Raw(amount.raw()) * power_of_ten(Extended::kDecimals - kScaleDecimals)));
}
VenueAccount::Price VenueAccount::widened(const std::string& instrument, const core::Price& price) {
    const int decimals = settings(instrument).price_decimals;
    return Price::from_raw(
        unscaled(Raw(price.raw()) * power_of_ten(Extended::kDecimals - decimals)));
}
VenueAccount::Quantity VenueAccount::widened(const std::string& instrument,
                                             const core::Quantity& size) {
    const int decimals = settings(instrument).quantity_decimals;
    return Quantity::from_raw(Raw(size.raw()) * power_of_ten(Extended::kDecimals - decimals));
}
core::Money VenueAccount::narrowed(const Money& amount) const {
    return core::Money::from_raw(ledger_count(scaled(amount.raw()), kScaleDecimals));
}
core::Rate VenueAccount::narrowed(const Rate& rate) const {
    return core::Rate::from_raw(ledger_count(rate.raw(), kScaleDecimals));
}
core::Price VenueAccount::narrowed(const std::string& instrument, const Price& price) {
    return core::Price::from_raw(
        ledger_count(scaled(price.raw()), settings(instrument).price_decimals));
}
core::Quantity VenueAccount::narrowed(const std::string& instrument, const Quantity& size) {
    return core::Quantity::from_raw(
        ledger_count(size.raw(), settings(instrument).quantity_decimals));
}

core::ValueOf<Extended> widened(const core::Value& value) {
    return core::ValueOf<Extended>::from_raw(
        Raw(value.raw()) * power_of_ten(2 * (Extended::kDecimals - kScaleDecimals)));
}

// --- the engine

void VenueAccount::start() {
    const config::Loaded loaded = config::load_text(file_text(), profile_);
    if (!loaded.problems.empty()) {
        std::string all = "the config is refused:";
        for (const auto& problem : loaded.problems) all += " " + to_string(problem) + ";";
        throw std::runtime_error(all);
    }
    core::RiskParameters risk = loaded.settings.risk;
    risk.max_accounts = 1;
    risk.feeds = {"given"};
    risk.guard.jump_factor = 1'000;  // from the slow price to the price
    for (std::uint32_t i = 0; i < risk.instruments.size(); ++i) {
        add_source(risk, i, risk.instruments[i].quote);
    }
    driver_ = std::make_unique<Driver>(std::move(risk));
    try {
        apply_market();
        apply_account();
    } catch (...) {
        driver_.reset();  // half an account is none
        throw;
    }
}

void VenueAccount::expect(core::Refusal refusal, const std::string& of) {
    if (refusal == core::Refusal::none) return;
    if (refusal == core::Refusal::amount_beyond_maximum ||
        refusal == core::Refusal::statistic_out_of_range) {
        throw BeyondLedger(of + " is more than the ledger admits");
    }
    throw std::runtime_error("the engine refused " + of + " (core::Refusal " +
                             std::to_string(static_cast<int>(refusal)) + ")");
}

void VenueAccount::apply_market() {
    for (const auto& [name, quote] : quotes_) {
        for (const auto& price : {quote.slow, quote.price}) {
            if (!price) continue;
            expect(driver_->set_price(instrument(name).index(), narrowed(name, *price)),
                   "the price of " + name);
        }
    }
    for (const Statistic& of : statistics_) {
        const bool of_asset = of.kind >= core::Statistic::total_deposits;
        const std::uint32_t target =
            of_asset ? asset(of.name).index() : instrument(of.name).index();
        const std::int64_t value = of.kind == core::Statistic::auction_price
                                       ? narrowed(of.name, Price::from_raw(of.amount.raw())).raw()
                                   : of.kind == core::Statistic::redemption_value
                                       ? ledger_count(of.amount.raw(), kScaleDecimals)
                                       : narrowed(of.amount).raw();
        expect(driver_->set_statistic(of.kind, target, value), "a statistic of " + of.name);
    }
}

std::vector<core::AccountInput> VenueAccount::account_records() {
    using core::AccountRecord;
    std::vector<core::AccountInput> records;
    for (const auto& [name, held] : positions_) {
        if (held.size.raw() == 0) continue;
        records.push_back(record(AccountRecord::position, instrument(name).index(),
                                 narrowed(name, held.size).raw(),
                                 narrowed(name, held.entry).raw()));
    }
    for (const Order& order : orders_) {
        records.push_back(record(AccountRecord::order, instrument(order.instrument).index(),
                                 narrowed(order.instrument, order.size).raw(),
                                 narrowed(order.instrument, order.price).raw()));
    }
    for (const auto& [name, held] : positions_) {
        if (held.size.raw() == 0) continue;
        const std::uint32_t id = instrument(name).index();
        if (held.accrued.raw() != 0) {
            records.push_back(record(AccountRecord::accrued, id, narrowed(held.accrued).raw()));
        }
        if (held.least_rate.raw() != 0) {
            // 1 / (1 / rate), both rounded up, is the rate again.
            const core::Rate leverage =
                core::quotient(core::kRateOne, narrowed(held.least_rate), core::Rounding::up);
            records.push_back(record(AccountRecord::leverage, id, leverage.raw()));
        }
    }
    for (const auto& [name, amount] : balances_) {
        records.push_back(
            record(AccountRecord::balance, asset(name).index(), narrowed(amount).raw()));
    }
    if (!isolated_in_.empty()) {
        records.push_back(record(AccountRecord::isolated, instrument(isolated_in_).index(), 0));
    }
    if (records.empty()) records.push_back(record(AccountRecord::nothing, 0, 0));
    records.back().last = core::Last::yes;
    return records;
}

void VenueAccount::apply_account() {
    for (const core::AccountInput& input : account_records()) {
        expect(driver_->apply(core::Input::of(input)), "the account");
    }
}

const core::Engine& VenueAccount::engine() {
    if (driver_ == nullptr) start();
    return driver_->engine;
}

core::AccountSlot VenueAccount::slot() {
    return *engine().find(kKey);
}

core::AccountReport VenueAccount::report() {
    core::AccountReport found = engine().report(slot());
    if (!found.priced) throw std::runtime_error("something that the account holds has no price");
    return found;
}

core::LevelFiguresOf<Extended> VenueAccount::at(core::MarginLevel level) {
    const core::LevelFigures figures = report().evaluation.at(level);
    return {widened(figures.equity), widened(figures.margin)};
}

VenueAccount::Money VenueAccount::health(core::MarginLevel level) {
    const auto figures = at(level);
    return figures.equity - figures.margin;
}

core::MarginState VenueAccount::state() {
    return report().state;
}

core::LiquidationPlan VenueAccount::plan() {
    report();
    return core::plan_liquidation(view(), market(), engine().parameters());
}

std::optional<VenueAccount::Price> VenueAccount::liquidation_price(const std::string& name,
                                                                   core::Crossing crossing,
                                                                   core::MarginLine line) {
    report();
    core::PriceScenario scenario(engine().market().rows());
    const auto found = core::find_liquidation_price(
        view(), market(), instrument(name), settings(name).price_max, crossing, line, scenario);
    return found ? std::optional(widened(name, *found)) : std::nullopt;
}

std::optional<VenueAccount::Price> VenueAccount::bankruptcy_price(const std::string& name) {
    report();
    const core::Price price =
        core::bankruptcy_price(view(), position_row(name), market(), engine().parameters());
    return price.raw() > 0 ? std::optional(widened(name, price)) : std::nullopt;
}

VenueAccount::Price VenueAccount::limit_price(const std::string& name) {
    report();
    const core::Hypothetical now(view(), market(), engine().parameters());
    return widened(name, core::limit_price(now, position_row(name)));
}

core::InstrumentId VenueAccount::instrument(const std::string& name) {
    return core::InstrumentId(index_of(engine().parameters().instruments, name));
}

core::AssetId VenueAccount::asset(const std::string& name) {
    return core::AssetId(index_of(engine().parameters().assets, name));
}

const core::Instrument& VenueAccount::settings(const std::string& name) {
    return engine().parameters().instruments[instrument(name).index()];
}

std::size_t VenueAccount::position_row(const std::string& name) {
    const auto positions = view().positions;
    const auto found =
        std::ranges::find(positions, instrument(name), &core::PositionRow::instrument);
    if (found == positions.end()) {
        throw std::runtime_error("the account has no position in '" + name + "'");
    }
    return static_cast<std::size_t>(found - positions.begin());
}

}  // namespace margind::test
