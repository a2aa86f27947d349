#include "tests/support/band_coverage.hpp"

#include <algorithm>
#include <iomanip>
#include <iterator>
#include <sstream>

using namespace margind::core;

namespace margind::test {
namespace {

constexpr MarginLevel kLevel = MarginLevel::maintenance;

struct Crossing {
    const RiskParameters& parameters;
    const MarketView market;
    const AccountView account;
    const AccountEvent& event;
    bool isolated = false;
};

template <class Has>
bool any_position(const Crossing& c, Has has) {
    return std::any_of(c.account.positions.begin(), c.account.positions.end(),
                       [&](const PositionRow& row) { return row.quantity.raw() != 0 && has(row); });
}

const Instrument& instrument_of(const Crossing& c, const PositionRow& row) {
    return c.parameters.instruments[row.instrument.index()];
}

// A position whose instrument's terms say so.
template <class Has>
bool any_terms(const Crossing& c, Has has) {
    return any_position(c, [&](const PositionRow& row) {
        const PositionTerms* terms = c.market.instruments[row.instrument.index()].terms;
        return terms != nullptr && has(*terms, row);
    });
}

// Of an asset with a price of its own.
template <class Has>
bool any_balance(const Crossing& c, Has has) {
    return std::any_of(
        c.account.balances.begin(), c.account.balances.end(), [&](const BalanceRow& row) {
            const Asset& asset = c.parameters.assets[row.asset.index()];
            return asset.priced_by.valid() && row.amount.raw() != 0 && has(row, asset);
        });
}

bool resting(const Crossing& c, OrderRule rule) {
    return !c.account.orders.empty() &&
           any_terms(c, [&](const PositionTerms& terms, const PositionRow&) {
               return terms.orders[kLevel] == rule;
           });
}

const Level& rung_of(const Crossing& c) {
    const MarginState worse = std::max(c.event.from, c.event.to);
    const Ladder& ladder = c.parameters.ladder;
    return worse == MarginState::warning       ? ladder.warning
           : worse == MarginState::margin_call ? ladder.margin_call
                                               : ladder.liquidation;
}
bool at_level(const Crossing& c, MarginLevel level) {
    return rung_of(c).of == level;
}

struct Rule {
    const char* name;
    bool (*has)(const Crossing&);
};

constexpr bool owned(const BalanceRow& row) {
    return row.amount.raw() > 0;
}

constexpr Rule kRules[] = {
    {"tiers",
     [](const Crossing& c) {
         return any_position(
             c, [&](const auto& row) { return instrument_of(c, row).tiers.size() > 1; });
     }},
    {"breathing rates",
     [](const Crossing& c) {
         return any_position(
             c, [&](const auto& row) { return instrument_of(c, row).rate.z_maintenance > 0; });
     }},
    {"settled in a priced asset",
     [](const Crossing& c) {
         return any_position(c, [&](const auto& row) {
             return c.parameters.assets[settlement_asset(instrument_of(c, row)).index()]
                 .priced_by.valid();
         });
     }},
    {"charge for confidence, position",
     [](const Crossing& c) {
         return any_position(c, [&](const auto& row) {
             return instrument_of(c, row).rules.confidence.multiplier.raw() > 0;
         });
     }},
    {"lognormal factors",
     [](const Crossing& c) {
         return any_position(
             c, [&](const auto& row) { return instrument_of(c, row).rules.lognormal; });
     }},
    {"accrued",
     [](const Crossing& c) {
         return any_position(c, [&](const auto& row) { return row.accrued.raw() != 0; });
     }},
    {"side rates",
     [](const Crossing& c) {
         return any_terms(c,
                          [](const auto& t, const auto&) { return t.long_rate[kLevel].raw() > 0; });
     }},
    {"slippage",
     [](const Crossing& c) {
         return any_terms(c,
                          [](const auto& t, const auto&) { return t.slippage.linear.raw() > 0; });
     }},
    {"size premium",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.premium.factor.raw() > 0; });
     }},
    {"size slope",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.slope.scale.raw() > 0; });
     }},
    {"maintenance of initial",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) {
             return t.maintenance_of_initial.fraction.raw() > 0;
         });
     }},
    {"minimum",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.minimum.raw() > 0; });
     }},
    {"rounding",
     [](const Crossing& c) {
         return any_terms(
             c, [](const auto& t, const auto&) { return t.rounding.requirement_step.raw() > 0; });
     }},
    {"entry price",
     [](const Crossing& c) {
         return any_terms(
             c, [](const auto& t, const auto&) { return t.margin_price == MarginPrice::entry; });
     }},
    {"provision",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto& row) {
             return t.charge_per_unit.wide() * row.quantity.wide() > 0;
         });
     }},
    {"gains apart",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.gains.apart; });
     }},
    {"gains capped",
     [](const Crossing& c) {
         return any_terms(c,
                          [](const auto& t, const auto&) { return t.gains.cap[kLevel].raw() > 0; });
     }},
    {"gains net of margin",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.gains.net_of_margin; });
     }},
    {"inverse",
     [](const Crossing& c) {
         return any_terms(c,
                          [](const auto& t, const auto&) { return t.payoff == Payoff::inverse; });
     }},
    {"capped, long",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto& row) {
             return t.payoff == Payoff::capped && row.quantity.raw() > 0;
         });
     }},
    {"capped, short",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto& row) {
             return t.payoff == Payoff::capped && row.quantity.raw() < 0;
         });
     }},
    {"orders by side", [](const Crossing& c) { return resting(c, OrderRule::by_side); }},
    {"orders by worst fill", [](const Crossing& c) { return resting(c, OrderRule::worst_fill); }},
    {"orders beyond position",
     [](const Crossing& c) { return resting(c, OrderRule::beyond_position); }},
    {"auction",
     [](const Crossing& c) {
         return any_terms(c, [](const auto& t, const auto&) { return t.in_auction; });
     }},
    {"isolated", [](const Crossing& c) { return c.isolated; }},
    {"priced asset owned",
     [](const Crossing& c) {
         return any_balance(
             c, [](const auto& row, const auto& asset) { return owned(row) && asset.rules.plain; });
     }},
    {"priced asset owed",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return !owned(row) && asset.rules.plain;
         });
     }},
    {"haircuts by value",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return owned(row) && !asset.rules.haircuts.empty();
         });
     }},
    {"discount by size",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return owned(row) && asset.rules.asset_discount.factor.raw() > 0;
         });
     }},
    {"discount by amount",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return owned(row) && asset.rules.amount_discount.scale.raw() > 0;
         });
     }},
    {"borrow rates",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return !owned(row) && !asset.rules.borrow_rates.empty();
         });
     }},
    {"premium by size",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return !owned(row) && asset.rules.liability_premium.factor.raw() > 0;
         });
     }},
    {"debt as requirement",
     [](const Crossing& c) {
         return any_balance(c, [](const auto& row, const auto& asset) {
             return !owned(row) && asset.rules.debt_is_requirement;
         });
     }},
    {"charge for confidence, asset",
     [](const Crossing& c) {
         return any_balance(c, [](const auto&, const auto& asset) {
             return asset.rules.confidence.multiplier.raw() > 0;
         });
     }},
    {"no positions", [](const Crossing& c) { return c.account.positions.empty(); }},
    {"initial rung", [](const Crossing& c) { return at_level(c, MarginLevel::initial); }},
    {"close-out rung", [](const Crossing& c) { return at_level(c, MarginLevel::close_out); }},
    {"chosen leverage",
     [](const Crossing& c) {
         return at_level(c, MarginLevel::initial) &&
                any_position(c, [](const auto& row) { return row.least_initial_rate.raw() > 0; });
     }},
    {"open interest",
     [](const Crossing& c) {
         return at_level(c, MarginLevel::initial) && any_position(c, [&](const auto& row) {
                    return instrument_of(c, row).rules.open_interest.upper_cap.raw() > 0;
                });
     }},
    {"close-out buffer",
     [](const Crossing& c) {
         return at_level(c, MarginLevel::close_out) &&
                c.parameters.ladder.close_out_buffer.raw() > 0;
     }},
    {"recovery", [](const Crossing& c) { return c.event.to < c.event.from; }},
    {"bankruptcy", [](const Crossing& c) { return c.event.to == MarginState::bankrupt; }},
};

// With more, something else may have moved it.
constexpr std::size_t kFewPositions = 2;

}  // namespace

BandCoverage::BandCoverage() : crossings_(std::size(kRules)) {}

void BandCoverage::count(const Engine& engine, const AccountEvent& event) {
    const Crossing crossing{.parameters = engine.parameters(),
                            .market = engine.market().view(),
                            .account = engine.view(event.slot),
                            .event = event,
                            .isolated = engine.isolated_in(event.slot).valid()};
    if (crossing.account.positions.size() > kFewPositions) return;
    for (std::size_t r = 0; r < std::size(kRules); ++r) {
        if (kRules[r].has(crossing)) ++crossings_[r];
    }
}

void BandCoverage::add(const BandCoverage& other) {
    for (std::size_t r = 0; r < crossings_.size(); ++r) crossings_[r] += other.crossings_[r];
}

std::string BandCoverage::table() const {
    std::ostringstream out;
    for (std::size_t r = 0; r < crossings_.size(); ++r) {
        out << std::setw(10) << crossings_[r] << "  " << kRules[r].name << '\n';
    }
    return out.str();
}

std::string BandCoverage::below(std::uint64_t least) const {
    std::string out;
    for (std::size_t r = 0; r < crossings_.size(); ++r) {
        if (crossings_[r] < least) out += std::string(kRules[r].name) + '\n';
    }
    return out;
}

}  // namespace margind::test
