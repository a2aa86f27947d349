// The account stage once more, as plainly as possible and sharing no arithmetic with the product:
// after every input every account is evaluated in rational numbers. Prices, rates and price states
// come from the product's market stage, which has tests of its own.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

#include "core/event.hpp"
#include "core/input.hpp"
#include "core/market/market_stage.hpp"
#include "core/parameters.hpp"

namespace margind::test {

// What an account event says, without what merely decorates it.
struct Crossing {
    std::uint64_t input_seq = 0;
    core::AccountKey key;
    core::MarginState from = core::MarginState::healthy;
    core::MarginState to = core::MarginState::healthy;
    std::int64_t equity = 0;
    std::int64_t initial_margin = 0;
    std::int64_t maintenance_margin = 0;

    friend bool operator==(const Crossing&, const Crossing&) = default;
};

class NaiveEngine {
  public:
    explicit NaiveEngine(const core::RiskParameters& parameters)
        : parameters_(parameters), market_(parameters_) {}

    // Applies an input the real engine has accepted; returns the crossings it causes, in the order
    // in which the accounts first appeared. Account records must be complete updates of one record.
    std::vector<Crossing> apply(const core::Input& input);

  private:
    using Rational = boost::multiprecision::cpp_rational;
    struct Account {
        core::AccountKey key;
        std::map<std::uint32_t, std::int64_t> balances;
        struct Position {
            std::int64_t quantity = 0;
            std::int64_t entry = 0;
        };
        std::map<std::uint32_t, Position> positions;
        core::MarginState state = core::MarginState::healthy;
    };
    struct Figures {
        boost::multiprecision::cpp_int equity, initial, maintenance;
    };

    void update(const core::AccountInput& record);
    bool priced(const Account& account) const;
    bool frozen(const Account& account) const;
    Figures evaluate(const Account& account) const;
    core::MarginState judge(const Account& account, const Figures& f) const;
    std::vector<core::InstrumentId> depends_on(const Account& account) const;

    core::RiskParameters parameters_;
    core::MarketStage market_;
    std::vector<Account> accounts_;
};

}  // namespace margind::test
