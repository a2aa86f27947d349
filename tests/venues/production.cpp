#include "tests/venues/production.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "config/settings.hpp"
#include "core/engine/hypothetical.hpp"
#include "core/engine/plan_prices.hpp"
#include "core/market/price_scenario.hpp"
#include "tests/support/book.hpp"

namespace margind::test {
namespace {

using core::kScaleDecimals;
using Raw = Extended::Raw;

constexpr int kDecimalsMax = 16;  // of prices and quantities, and of both together
constexpr int kDigitsMax = 18;    // of a number in a config file
const core::AccountKey kKey = key("case");

Raw power_of_ten(int exponent) {
    return boost::multiprecision::pow(Raw(10), static_cast<unsigned>(exponent));
}

// How many decimals a number of 30 needs.
int decimals_of(Raw raw) {
    int decimals = Extended::kDecimals;
    while (decimals > 0 && raw % 10 == 0) {
        raw /= 10;
        --decimals;
    }
    return decimals;
}

// A number of 30 decimals as a count of 10^-decimals.
Raw exact_count(const Raw& raw, int decimals) {
    const Raw step = power_of_ten(Extended::kDecimals - decimals);
    if (raw % step != 0) {
        throw BeyondLedger("a number has more than " + std::to_string(decimals) + " decimals");
    }
    return raw / step;
}

std::int64_t ledger_count(const Raw& raw, int decimals) {
    const Raw count = exact_count(raw, decimals);
    if (count > std::numeric_limits<std::int64_t>::max() ||
        count < -Raw(std::numeric_limits<std::int64_t>::max())) {
        throw BeyondLedger("a number does not fit 64 bits at " + std::to_string(decimals) +
                           " decimals");
    }
    return static_cast<std::int64_t>(count);
}

std::string decimal_text(const Raw& raw, int decimals_max) {
    const int decimals = decimals_of(raw);
    if (decimals > decimals_max) {
        throw BeyondLedger("a number has more than " + std::to_string(decimals_max) + " decimals");
    }
    std::string digits = Raw(abs(exact_count(raw, decimals))).str();
    if (static_cast<int>(digits.size()) > kDigitsMax) {
        throw BeyondLedger("a number has more than " + std::to_string(kDigitsMax) + " digits");
    }
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    if (places > 0) {
        digits.insert(digits.size() - places, ".");
    }
    return raw < 0 ? "-" + digits : digits;
}

std::string read_profile(const std::string& name) {
    const std::string path = std::string(MARGIND_PROFILES) + "/" + name + ".yaml";
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (!(text << stream.rdbuf())) {
        throw std::runtime_error("profile " + path + " cannot be read");
    }
    return text.str();
}

// Where the items of a top-level list, or the rest of a section's line, begin.
std::size_t section_begin(const std::string& text, const std::string& key) {
    const std::size_t at = text.find("\n" + key + ":");
    return at == std::string::npos ? at : at + 1;
}

void put_first(std::string& text, const std::string& list, const std::string& items) {
    const std::size_t at = section_begin(text, list);
    if (at == std::string::npos) {
        throw std::runtime_error("the profile has no list '" + list + "'");
    }
    text.insert(text.find('\n', at) + 1, items);
}

void replace(std::string& text, const std::string& key, const std::string& yaml) {
    if (const std::size_t at = section_begin(text, key); at != std::string::npos) {
        std::size_t end = text.find('\n', at);
        while (end != std::string::npos && end + 1 < text.size() &&
               (text[end + 1] == ' ' || text[end + 1] == '\n')) {
            end = text.find('\n', end + 1);
        }
        text.erase(at, end == std::string::npos ? end : end + 1 - at);
    }
    text += "\n" + key + ": " + yaml + "\n";
}

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
    return decimal_text(scaled(price.raw()), kDecimalsMax);
}
std::string VenueAccount::text(const Rate& rate) const {
    return decimal_text(rate.raw(), kScaleDecimals);
}
std::string VenueAccount::text(const UnitPrice& price) const {
    return decimal_text(price.raw(), kScaleDecimals);
}
std::string VenueAccount::text(const Quantity& size) const {
    return decimal_text(size.raw(), kDecimalsMax);
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

// --- what the case adds

void VenueAccount::changed() {
    driver_.reset();
}

std::string VenueAccount::add_asset(const std::string& rules) {
    changed();
    const std::string name = "case-asset-" + std::to_string(assets_.size() + 1);
    assets_.push_back("  - {name: " + name + (rules.empty() ? "" : ", ") + rules + "}\n");
    return name;
}

std::string VenueAccount::add_asset(const std::string& rules, const UnitPrice& price) {
    text(price);  // the ledger values assets with 8 decimals
    const std::string spot = add_instrument({.rules = "", .kind = "spot"});
    quotes_[spot].price = Price::from_raw(price.raw());
    return add_asset("priced_by: " + spot + (rules.empty() ? "" : ", ") + rules);
}

std::string VenueAccount::add_instrument(NewInstrument instrument) {
    changed();
    instruments_.push_back(std::move(instrument));
    return "case-instrument-" + std::to_string(instruments_.size());
}

void VenueAccount::replace_section(const std::string& key, const std::string& yaml) {
    changed();
    sections_[key] = yaml;
}

// --- the market and the account

void VenueAccount::price(const std::string& instrument, const Price& price) {
    changed();
    quotes_[instrument].price = price;
}
void VenueAccount::slow_price(const std::string& instrument, const Price& price) {
    changed();
    quotes_[instrument].slow = price;
}
void VenueAccount::statistic(core::Statistic kind, const std::string& name, const Money& amount) {
    changed();
    std::erase_if(statistics_,
                  [&](const Statistic& other) { return other.kind == kind && other.name == name; });
    statistics_.push_back({kind, name, amount});
}
void VenueAccount::auction_price(const std::string& instrument, const Price& price) {
    statistic(core::Statistic::auction_price, instrument, Money::from_raw(price.raw()));
}
void VenueAccount::redemption_value(const std::string& asset, const UnitPrice& price) {
    statistic(core::Statistic::redemption_value, asset, Money::from_raw(price.raw()));
}
void VenueAccount::balance(const std::string& asset, const Money& amount) {
    changed();
    balances_[asset] = amount;
}
void VenueAccount::position(const std::string& instrument, const Quantity& size,
                            const Price& entry) {
    changed();
    positions_[instrument].size = size;
    positions_[instrument].entry = entry;
}
void VenueAccount::accrued(const std::string& instrument, const Money& gain) {
    changed();
    positions_[instrument].accrued = gain;
}
void VenueAccount::least_initial_rate(const std::string& instrument, const Rate& rate) {
    changed();
    positions_[instrument].least_rate = rate;
}
void VenueAccount::order(const std::string& instrument, const Quantity& size, const Price& price) {
    changed();
    orders_.push_back({instrument, size, price});
}
void VenueAccount::isolated(const std::string& instrument) {
    changed();
    isolated_in_ = instrument;
}

// --- the file

// Decimals as the numbers of the case need them.
std::string VenueAccount::instrument_item(const std::string& name,
                                          const NewInstrument& added) const {
    Raw highest = scaled(added.price_max.raw());
    int price_decimals = decimals_of(highest);
    int quantity_decimals = 0;
    const auto see_price = [&](const Price& price) {
        const Raw raw = scaled(price.raw());
        highest = std::max(highest, raw);
        price_decimals = std::max(price_decimals, decimals_of(raw));
    };
    const auto see_size = [&](const Quantity& size) {
        quantity_decimals = std::max(quantity_decimals, decimals_of(size.raw()));
    };
    for_each_price(name, see_price);
    for_each_size(name, see_size);
    std::ranges::for_each(added.sizes, see_size);
    const bool inverse = added.kind.starts_with("inverse");
    if (price_decimals > kDecimalsMax || quantity_decimals > kDecimalsMax ||
        (!inverse && price_decimals + quantity_decimals > kDecimalsMax)) {
        throw BeyondLedger("price and quantity have more than 16 decimals together");
    }
    const Raw digits = power_of_ten(Extended::kDecimals + kDigitsMax);
    while (added.finest_prices && price_decimals < kDecimalsMax &&
           (inverse ? price_decimals < quantity_decimals + 2  // the contract's factor fits
                    : price_decimals + quantity_decimals < kDecimalsMax) &&
           highest * power_of_ten(price_decimals + 1) < digits) {
        ++price_decimals;
    }
    // Nobody holds a spot instrument; its smallest step must not be worth too much.
    if (added.kind == "spot") quantity_decimals = kDecimalsMax - price_decimals;
    const Raw step_value = highest / power_of_ten(quantity_decimals);
    if (!inverse && step_value > Raw(core::kMaxExposure >> 1) * power_of_ten(14)) {
        throw BeyondLedger("one step of a quantity is worth more than the ledger admits");
    }
    return "  - {name: " + name + ", kind: " + added.kind +
           ", price_decimals: " + std::to_string(price_decimals) +
           ", quantity_decimals: " + std::to_string(quantity_decimals) +
           ", price_max: " + decimal_text(highest, kDecimalsMax) +
           (added.rules.empty() ? "" : ", ") + added.rules + "}\n";
}

// What the case says of the instrument in its prices, and in its sizes.
template <class See>
void VenueAccount::for_each_price(const std::string& name, const See& see) const {
    if (const auto quote = quotes_.find(name); quote != quotes_.end()) {
        for (const auto& price : {quote->second.price, quote->second.slow}) {
            if (price) see(*price);
        }
    }
    if (const auto held = positions_.find(name); held != positions_.end()) see(held->second.entry);
    for (const Order& order : orders_) {
        if (order.instrument == name) see(order.price);
    }
    for (const Statistic& of : statistics_) {
        if (of.kind == core::Statistic::auction_price && of.name == name) {
            see(Price::from_raw(of.amount.raw()));
        }
    }
}
template <class See>
void VenueAccount::for_each_size(const std::string& name, const See& see) const {
    if (const auto held = positions_.find(name); held != positions_.end()) see(held->second.size);
    for (const Order& order : orders_) {
        if (order.instrument == name) see(order.size);
    }
}

std::string VenueAccount::file_text() const {
    std::string text = read_profile(profile_);
    std::string items;
    for (const std::string& item : assets_) items += item;
    put_first(text, "assets", items);
    items.clear();
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        items += instrument_item("case-instrument-" + std::to_string(i + 1), instruments_[i]);
    }
    put_first(text, "instruments", items);
    for (const auto& [key, yaml] : sections_) replace(text, key, yaml);
    return text;
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
    if (refusal == core::Refusal::amount_beyond_maximum) {
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
