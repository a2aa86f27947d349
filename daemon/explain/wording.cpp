#include "daemon/explain/wording.hpp"

namespace margind::daemon {
namespace {

std::string why_market_price(const Subject& subject, core::InstrumentId id, core::Price price) {
    const core::Price mark = subject.row(id).mark;
    if (price == mark) return "mark";
    return "slow price, less favourable than the mark " + subject.text(id, mark);
}

}  // namespace

PriceUsed gain_price(const Subject& subject, const core::PositionRow& position, bool is_long,
                     core::MarginLevel level) {
    const core::InstrumentRow& row = subject.row(position.instrument);
    core::Price price = row.mark;
    if (row.terms != nullptr) {
        const auto& of_level = is_long ? row.terms->long_price : row.terms->short_price;
        if (of_level[level].raw() != 0) price = of_level[level];
    }
    return {price, why_market_price(subject, position.instrument, price)};
}

PriceUsed notional_price(const Subject& subject, const core::PositionRow& position, bool is_long,
                         core::MarginLevel level) {
    const core::InstrumentRow& row = subject.row(position.instrument);
    if (row.terms != nullptr && row.terms->margin_price == core::MarginPrice::entry) {
        return {position.entry_price, "entry price: this margin does not follow the market"};
    }
    return gain_price(subject, position, is_long, level);
}

std::string why_tier_rate(const Subject& subject, core::InstrumentId id, std::size_t tier,
                          core::MarginLevel level) {
    const core::RateSteps steps = subject.market.rate_steps(id, tier, level);
    std::string why;
    switch (steps.binding) {
        case core::RateTerm::floor:
            why = "the tier's own rate";
            break;
        case core::RateTerm::volatility:
            why = fmt::format("of volatility, {:.4g} % a year",
                              subject.market.status(id).sigma_annual * 100);
            break;
        case core::RateTerm::cap:
            why = "of volatility, at its cap";
            break;
    }
    if (level == core::MarginLevel::close_out && steps.scaled != steps.bound) {
        why = "the tier's close-out rate";
    } else if (steps.scaled != steps.bound) {
        why = fmt::format("{} {}, raised by open interest {}", exact(steps.bound), why,
                          exact(subject.market.rows().facts(id).open_interest));
    }
    if (steps.charged != steps.scaled) {
        why += fmt::format(", with {} for the price's confidence",
                           exact(steps.charged - steps.scaled));
    }
    return why;
}

std::string why_balance_price(const Subject& subject, core::AssetId id, core::UnitPrice price) {
    const core::Asset& asset = subject.parameters.assets[id.index()];
    if (!asset.priced_by.valid()) return "par";
    const core::UnitPrice index = subject.view.assets[id.index()].price;
    std::string of = "index of " + subject.instrument(asset.priced_by).name;
    if (price == index) return of;
    const core::AssetFacts facts = subject.market.rows().facts(id);
    return (price == facts.redemption_value ? "redemption value, below the "
                                            : "slow price, less favourable than the ") +
           of + " " + exact(index);
}

std::string why_weight(const Subject& subject, core::AssetId id,
                       const core::BalanceFigures<core::Ledger>& figures, core::MarginLevel level) {
    const bool owned = figures.value.raw() >= 0 && figures.amount.raw() >= 0;
    const core::WeightSteps steps = subject.market.rows().weight_steps(id, owned, level);
    const core::AssetRow& row = subject.view.assets[id.index()];
    if (owned && row.terms != nullptr && !row.terms->haircuts.empty()) return "haircuts by tier";
    std::string why = owned ? "1 - haircut " + exact(core::kRateOne - steps.base)
                            : "liability weight " + exact(steps.base);
    const auto step = [&](core::Rate before, core::Rate after, std::string_view reason) {
        if (before != after) why += fmt::format("; {}: {}", reason, exact(after));
    };
    step(steps.base, steps.confidence, "confidence of the price");
    step(steps.confidence, steps.depeg, "below its peg");
    step(steps.depeg, steps.concentration,
         owned ? "deposits at the venue" : "borrows at the venue");
    step(steps.concentration, figures.weight, "size of the balance");
    return why;
}

std::string side_and_size(const Subject& subject, core::InstrumentId id, core::Quantity quantity) {
    if (quantity.raw() == 0) return "none";
    return (quantity.raw() > 0 ? "long " : "short ") + subject.text(id, core::magnitude(quantity));
}

}  // namespace margind::daemon
