// What a case adds to a profile, and the file that comes of it.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/support/book.hpp"
#include "tests/venues/ledger_text.hpp"
#include "tests/venues/production.hpp"

namespace margind::test {
namespace {

using Raw = Extended::Raw;

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

}  // namespace

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
    if (price_decimals > kLedgerDecimalsMax || quantity_decimals > kLedgerDecimalsMax ||
        (!inverse && price_decimals + quantity_decimals > kLedgerDecimalsMax)) {
        throw BeyondLedger("price and quantity have more than 16 decimals together");
    }
    const Raw digits = power_of_ten(Extended::kDecimals + kConfigDigitsMax);
    while (added.finest_prices && price_decimals < kLedgerDecimalsMax &&
           (inverse ? price_decimals < quantity_decimals + 2  // the contract's factor fits
                    : price_decimals + quantity_decimals < kLedgerDecimalsMax) &&
           highest * power_of_ten(price_decimals + 1) < digits) {
        ++price_decimals;
    }
    // Nobody holds a spot instrument; its smallest step must not be worth too much.
    if (added.kind == "spot") quantity_decimals = kLedgerDecimalsMax - price_decimals;
    const Raw step_value = highest / power_of_ten(quantity_decimals);
    if (!inverse && step_value > Raw(core::kMaxExposure >> 1) * power_of_ten(14)) {
        throw BeyondLedger("one step of a quantity is worth more than the ledger admits");
    }
    return "  - {name: " + name + ", kind: " + added.kind +
           ", price_decimals: " + std::to_string(price_decimals) +
           ", quantity_decimals: " + std::to_string(quantity_decimals) +
           ", price_max: " + decimal_text(highest, kLedgerDecimalsMax) +
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

}  // namespace margind::test
