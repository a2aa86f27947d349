// Random inputs for a random venue: prices that walk, drift, jump, gap and fall silent; accounts
// near their lines whose health hangs on one thing or on many, most of them left alone for long;
// orders, transfers, refused updates; statistics, parameter changes; restarts of feeds and of the
// daemon, which is degraded at times.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/input.hpp"
#include "tests/support/random_books.hpp"

namespace margind::test {

class RandomFlow {
  public:
    // `sink` takes each input, which has everything but its number. Both must outlive the flow.
    RandomFlow(const RandomBooks& books, Random& random, std::function<void(core::Input)> sink);

    // First prices, and every account.
    void open();
    // One thing that happens: an input or a few.
    void step();

  private:
    // What an account's health hangs on.
    enum class Holder : std::uint8_t {
        mixed,              // anything, updated at any time
        one_position,       // a position, and money or what it settles in
        coin_against_debt,  // a priced asset owned, dollars owed, perhaps a small position
        debt_against_money,
        coin_against_coin,
        isolated,  // a position of its own margin
        count_,
    };
    struct Account {
        core::AccountKey key;
        Holder holder = Holder::mixed;
        bool left_alone = false;  // after it was opened
        std::uint32_t in = 0;     // instrument of its one position
        std::uint32_t asset = 0;  // priced, if there is one
        bool isolated_now = false;
    };
    // Where a source is.
    struct Source {
        double apart = 1;  // from the instrument's price
        double confidence = 0;
        std::uint64_t sequence = 0;  // zero: it states none
    };

    void apply(core::Input input);

    // random_market.cpp
    double dollars(core::AssetId asset) const;
    double worth_of_one(std::uint32_t instrument) const;
    void walk(std::uint32_t instrument);
    void move(std::uint32_t instrument, double factor);
    void tick(std::uint32_t instrument);
    void tick_source(std::uint32_t source);
    void crash();
    void tell_statistic();
    void tell_of_instrument(core::StatisticInput& input);
    void tell_of_asset(core::StatisticInput& input);
    void change_parameters();
    core::ParameterInput parameter();
    core::ParameterInput parameter_of_instrument();
    core::ParameterInput parameter_of_asset();
    void restart_feed();
    void restart_daemon_or_so();

    // random_flow.cpp
    void open_account(std::uint32_t account);
    void update(std::uint32_t account);
    void change_a_little(Account& account);
    void transfer();
    void add(const Account& account, core::AccountRecord record, std::uint32_t id,
             std::int64_t amount, std::int64_t price = 0);
    void add_balance(const Account& account, core::AssetId asset, double dollars);
    void add_position(const Account& account, std::uint32_t instrument, double dollars);
    void add_orders(const Account& account, std::uint32_t instrument, double dollars);
    void add_something_refused(const Account& account);
    void send(core::UpdateMode mode);
    void hold(const Account& account);
    void hold_anything(const Account& account, double dollars);
    double open_position(const Account& account, std::uint32_t instrument, double dollars);
    double open_something_small(const Account& account, double dollars);
    double for_one(core::AssetId asset) const;
    double cover_of_debt(core::AssetId asset, double dollars) const;
    double room(double margin);
    std::uint32_t tradable();
    bool is_coin(std::uint32_t asset) const {
        return books_.parameters.assets[asset].priced_by.valid();
    }

    const RandomBooks& books_;
    Random& random_;
    std::function<void(core::Input)> sink_;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'000'000'000'000);
    std::vector<double> price_;  // of each instrument, in its quote
    std::vector<double> trend_;  // -1, 0 or 1
    std::vector<Source> sources_;
    std::vector<std::vector<std::uint32_t>> sources_of_;
    std::vector<Account> accounts_;
    std::vector<core::AccountInput> records_;  // of the update in the making
};

}  // namespace margind::test
