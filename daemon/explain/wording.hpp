// Where a price, a rate, a weight came from, in words; and the account they are about.
#pragma once

#include <string>

#include "core/engine/engine.hpp"
#include "core/margin/evaluate.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/explain/level_seen.hpp"

namespace margind::daemon {

// What an explanation is about. Borrows from the engine: valid until its next input.
struct Subject {
    Subject(const core::Engine& of, core::AccountSlot slot)
        : engine(of),
          parameters(of.parameters()),
          market(of.market()),
          view(of.market().view()),
          account(of.view(slot)) {}

    const core::Instrument& instrument(core::InstrumentId id) const {
        return parameters.instruments[id.index()];
    }
    const core::InstrumentRow& row(core::InstrumentId id) const {
        return view.instruments[id.index()];
    }
    const std::string& asset_name(core::AssetId id) const {
        return parameters.assets[id.index()].name;
    }
    // What gains and margin of the instrument are in.
    const std::string& settles_in(core::InstrumentId id) const {
        return asset_name(core::settlement_asset(instrument(id)));
    }
    std::string text(core::InstrumentId id, core::Price price) const {
        return exact(core::Int128{price.raw()}, instrument(id).price_decimals);
    }
    std::string text(core::InstrumentId id, core::Quantity quantity) const {
        return exact(core::Int128{quantity.raw()}, instrument(id).quantity_decimals);
    }

    const core::Engine& engine;
    const core::RiskParameters& parameters;
    const core::MarketStage& market;
    core::MarketView view;
    core::AccountView account;
};

struct PriceUsed {
    core::Price price;
    std::string why;
};
// What a position's gain is taken to, and what its margin is taken of.
PriceUsed gain_price(const Subject& subject, const core::PositionRow& position, bool is_long,
                     core::MarginLevel level);
PriceUsed notional_price(const Subject& subject, const core::PositionRow& position, bool is_long,
                         core::MarginLevel level);

std::string why_tier_rate(const Subject& subject, core::InstrumentId instrument, std::size_t tier,
                          core::MarginLevel level);
std::string why_balance_price(const Subject& subject, core::AssetId asset, core::UnitPrice price);
std::string why_weight(const Subject& subject, core::AssetId asset,
                       const core::BalanceFigures<core::Ledger>& figures, core::MarginLevel level);

// "long 0.5", "short 2", "none".
std::string side_and_size(const Subject& subject, core::InstrumentId id, core::Quantity quantity);

}  // namespace margind::daemon
