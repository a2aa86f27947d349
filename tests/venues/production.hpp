// One account at a venue, the way the daemon has it: a profile of config/profiles with a case's own
// assets, instruments and sections written into it as YAML, read and checked by the config loader;
// prices, statistics and the account's update applied to an Engine; the figures that the engine
// reports. Numbers come in and go out exactly, as wide as the cases' are: nothing is rounded on the
// way, and what the ledger cannot hold raises BeyondLedger.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/liquidation_plan.hpp"
#include "core/input.hpp"
#include "core/margin/find_liquidation_price.hpp"
#include "tests/support/extended.hpp"

namespace margind::test {

// A number of the case is too large for the ledger's 64 bits, or has more decimals than the ledger
// keeps. Such a case can be proved in wide numbers only.
struct BeyondLedger : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The case asks for what the daemon has no key or input for. It can be proved in wide numbers only.
struct BeyondDaemon : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Driver;

class VenueAccount {
  public:
    using Money = core::MoneyOf<Extended>;
    using Rate = core::RateOf<Extended>;
    using Price = core::PriceOf<Extended>;
    using UnitPrice = core::UnitPriceOf<Extended>;
    using Quantity = core::QuantityOf<Extended>;

    // `money_exponent`: a unit of the case's money is 10^this of the ledger's, where the case
    // counts in a coin's smallest unit. Money and prices are scaled so, both ways; not for venues
    // with several assets.
    explicit VenueAccount(std::string profile, int money_exponent = 0);
    ~VenueAccount();
    VenueAccount(VenueAccount&&) noexcept;

    // A number as the YAML has it. Throw BeyondLedger.
    std::string text(const Money& amount) const;
    std::string text(const Price& price) const;
    std::string text(const Rate& rate) const;
    std::string text(const UnitPrice& price) const;
    std::string text(const Quantity& size) const;
    template <class Amount>
    std::string text(const core::PerLevel<Amount>& each) const {
        return "{initial: " + text(each[core::MarginLevel::initial]) +
               ", maintenance: " + text(each[core::MarginLevel::maintenance]) +
               ", close_out: " + text(each[core::MarginLevel::close_out]) + "}";
    }

    // What the case adds to the profile, before its own items. `rules`: keys beyond those named
    // here, as in a YAML flow map without its braces. Each returns the name that it gets; what the
    // profile has goes by the profile's names.
    std::string add_asset(const std::string& rules);
    std::string add_asset(const std::string& rules, const UnitPrice& price);  // with a spot price
    struct NewInstrument {
        std::string rules;
        std::string kind = "linear_perpetual";
        // Decimals are as few as the numbers need that are given of the instrument: prices, orders,
        // positions, these. With finest_prices, prices have as many as fit, for what is asked
        // back.
        Price price_max = {};  // zero: the largest price given
        std::vector<Quantity> sizes = {};
        bool finest_prices = false;
    };
    std::string add_instrument(NewInstrument instrument);
    // A section of the file in the profile's place, such as the ladder.
    void replace_section(const std::string& key, const std::string& yaml);

    // The market and the account. A second call replaces the first, but for orders.
    void price(const std::string& instrument, const Price& price);
    void slow_price(const std::string& instrument, const Price& price);  // and price() beside it
    void statistic(core::Statistic kind, const std::string& name, const Money& amount);
    void auction_price(const std::string& instrument, const Price& price);
    void redemption_value(const std::string& asset, const UnitPrice& price);
    void balance(const std::string& asset, const Money& amount);
    void position(const std::string& instrument, const Quantity& size, const Price& entry);
    // Of a position. A least rate is stated as the leverage that means it.
    void accrued(const std::string& instrument, const Money& gain);
    void least_initial_rate(const std::string& instrument, const Rate& rate);
    void order(const std::string& instrument, const Quantity& size, const Price& price);
    void isolated(const std::string& instrument);

    // What the engine makes of it. The first of these loads the file and applies the inputs; throws
    // std::runtime_error with what the loader or the engine refused.
    core::LevelFiguresOf<Extended> at(core::MarginLevel level);
    Money health(core::MarginLevel level);  // equity less margin
    core::MarginState state();
    core::LiquidationPlan plan();
    // Other prices held; nothing: no price that the instrument admits does it.
    std::optional<Price> liquidation_price(const std::string& instrument, core::Crossing crossing,
                                           core::MarginLine line = {});
    std::optional<Price> bankruptcy_price(const std::string& instrument);
    Price limit_price(const std::string& instrument);  // at which the position may be taken over

    // The same for what has no figure above. References hold until something is changed.
    const core::Engine& engine();
    core::AccountView view() { return engine().view(slot()); }
    core::MarketView market() { return engine().market().view(); }
    core::InstrumentId instrument(const std::string& name);
    core::AssetId asset(const std::string& name);
    const core::Instrument& settings(const std::string& instrument);
    // Of `instrument` among the account's rows. Throws if it holds none.
    std::size_t position_row(const std::string& instrument);

    // From the ledger's numbers to the case's, and back. Throw BeyondLedger.
    Money widened(const core::Money& amount) const;
    Price widened(const std::string& instrument, const core::Price& price);
    Quantity widened(const std::string& instrument, const core::Quantity& size);
    core::Money narrowed(const Money& amount) const;
    core::Rate narrowed(const Rate& rate) const;
    core::Price narrowed(const std::string& instrument, const Price& price);
    core::Quantity narrowed(const std::string& instrument, const Quantity& size);

  private:
    struct Quote {
        std::optional<Price> price;
        std::optional<Price> slow;
    };
    struct Position {
        Quantity size;
        Price entry;
        Money accrued;
        Rate least_rate;
    };
    struct Order {
        std::string instrument;
        Quantity size;
        Price price;
    };
    struct Statistic {
        core::Statistic kind;
        std::string name;
        Money amount;  // of a price: the same number
    };

    std::string instrument_item(const std::string& name, const NewInstrument& added) const;
    template <class See>
    void for_each_price(const std::string& name, const See& see) const;
    template <class See>
    void for_each_size(const std::string& name, const See& see) const;
    std::string file_text() const;
    void start();
    void apply_market();
    void apply_account();
    std::vector<core::AccountInput> account_records();
    void expect(core::Refusal refusal, const std::string& of);
    void changed();
    core::AccountSlot slot();
    core::AccountReport report();
    Extended::Raw scaled(const Extended::Raw& raw) const;
    Extended::Raw unscaled(const Extended::Raw& raw) const;

    std::string profile_;
    int money_exponent_;
    std::vector<std::string> assets_;  // items
    std::vector<NewInstrument> instruments_;
    std::map<std::string, std::string> sections_;
    std::map<std::string, Quote> quotes_;
    std::vector<Statistic> statistics_;
    std::map<std::string, Money> balances_;
    std::map<std::string, Position> positions_;
    std::vector<Order> orders_;
    std::string isolated_in_;
    std::unique_ptr<Driver> driver_;  // null: to be started with what is above
};

// Of an evaluation in the ledger's numbers, in the ledger's unit of money.
core::ValueOf<Extended> widened(const core::Value& value);

// `answer(exponent)` for the first exponent of a case's money in which its numbers fit the ledger;
// throws BeyondLedger if they fit in none.
template <class Answer>
auto in_fitting_unit(std::initializer_list<int> exponents, const Answer& answer) {
    std::string why;
    for (const int exponent : exponents) {
        try {
            return answer(exponent);
        } catch (const BeyondLedger& error) {
            why = error.what();
        }
    }
    throw BeyondLedger(why);
}

}  // namespace margind::test
