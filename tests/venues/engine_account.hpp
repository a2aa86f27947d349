// The rows of an adapter's Account as an account of the daemon's: what they ask for becomes a
// config on top of a profile, what they hold an update of the engine (production.hpp). Its figures
// are of the same shape as those of the rows, so that one function can answer a case from either.
#pragma once

#include <string>
#include <vector>

#include "tests/venues/account.hpp"
#include "tests/venues/production.hpp"

namespace margind::test {

// What the engine makes of the account at a level. Balances are in the order of `assets`, whether
// it holds them or not; sizes of positions are left out. Values only without a money exponent.
Figures engine_figures(VenueAccount& venue, const std::vector<std::string>& assets,
                       MarginLevel level);

class EngineAccount {
  public:
    struct Settings {
        std::string profile;
        int money_exponent = 0;
        // Of the instruments, where a price is looked for: the highest, and as fine as it can be.
        Price price_max = {};
        bool finest_prices = false;
        std::vector<Quantity> sizes = {};  // that the decimals of quantities make room for
    };
    // Every balance row becomes an asset of its own, so that a coin may be owned and owed at once.
    // What a level's own prices are is not in the config: throws if there are any.
    EngineAccount(const Settings& settings, const Account& rows);

    VenueAccount& venue() { return venue_; }
    const std::string& asset(std::size_t balance) const { return assets_.at(balance); }
    const std::string& instrument(std::size_t position) const { return instruments_.at(position); }

    // Balances by row.
    Figures at(MarginLevel level) { return engine_figures(venue_, assets_, level); }

  private:
    void add_balances(const Account& rows);
    void add_positions(const Account& rows, const Settings& settings);

    VenueAccount venue_;
    std::vector<std::string> assets_;       // by balance row
    std::vector<std::string> instruments_;  // by position row
};

}  // namespace margind::test
