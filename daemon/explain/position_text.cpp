#include <string>
#include <utility>

#include "daemon/explain/item_text.hpp"

namespace margind::daemon {
namespace {

using core::RequirementTerm;

class PositionText {
  public:
    PositionText(const Subject& subject, const LevelSeen& seen, std::uint32_t p, Columns& columns)
        : subject_(subject),
          seen_(seen.positions[p]),
          level_(seen.level),
          row_(subject.account.positions[p]),
          settles_in_(subject.settles_in(row_.instrument)),
          columns_(columns) {}

    void write() {
        columns_.heading(fmt::format("position {}: {}", subject_.instrument(row_.instrument).name,
                                     side_and_size(subject_, row_.instrument, row_.quantity)));
        write_orders();
        const bool is_long = seen_.figures.size.raw() >= 0;
        if (row_.quantity.raw() != 0) write_gain(is_long);
        if (!seen_.terms.empty()) write_requirement(is_long);
        const core::PositionTerms* terms = subject_.row(row_.instrument).terms;
        if (terms != nullptr && terms->gains.net_of_margin) {
            columns_.figure("gain less requirement", exact(seen_.settled), settles_in_,
                            "counts as the gain, weighted where positive; nothing is required "
                            "beside it");
        }
    }

  private:
    const std::string& quote() const {
        return subject_.asset_name(subject_.instrument(row_.instrument).quote);
    }
    std::string text(core::Quantity quantity) const {
        return subject_.text(row_.instrument, quantity);
    }
    std::string text(core::Price price) const { return subject_.text(row_.instrument, price); }

    void write_orders() {
        if (!seen_.both_outcomes) return;
        const auto outcome = [&](const char* name, const core::PositionFigures<core::Ledger>& f) {
            const core::WeightedValue burden = f.requirement - f.gain * core::kRateOne;
            columns_.figure(name, exact(burden), settles_in_,
                            fmt::format("{}: requirement {} less gain {}",
                                        side_and_size(subject_, row_.instrument, f.size),
                                        exact(f.requirement), exact(f.gain)));
        };
        outcome("if all bids are filled", seen_.both_outcomes->bought);
        outcome("if all asks are filled", seen_.both_outcomes->sold);
        columns_.text("the worse of the two counts: " +
                      side_and_size(subject_, row_.instrument, seen_.figures.size));
    }

    void write_gain(bool is_long) {
        const PriceUsed used = gain_price(subject_, row_, is_long, level_);
        columns_.figure("entry price", text(row_.entry_price), quote());
        columns_.figure("price", text(used.price), quote(), used.why);
        const core::Value accrued = core::value_of(row_.accrued);
        const core::Value moved = gain_by_price(used.price);
        const core::Value fills = seen_.figures.gain - accrued - moved;
        columns_.term("gain by price", exact(moved), settles_in_,
                      fmt::format("{} from {} to {}", text(row_.quantity), text(row_.entry_price),
                                  text(used.price)));
        if (accrued.raw() != 0) {
            columns_.term("accrued", exact(accrued), settles_in_, "told with the position");
        }
        if (fills.raw() != 0) {
            columns_.term("filling the orders", exact(fills), settles_in_,
                          "at the less favourable price");
        }
        columns_.sum("gain", exact(seen_.figures.gain), settles_in_);
    }

    core::Value gain_by_price(core::Price price) const {
        static const core::PositionTerms kNone;
        const core::InstrumentRow& row = subject_.row(row_.instrument);
        return core::margin_detail::gain_of(row, row.terms == nullptr ? kNone : *row.terms,
                                            row_.entry_price, price, row_.quantity);
    }

    void write_requirement(bool is_long) {
        if (seen_.figures.notional.raw() != 0) {
            const PriceUsed used = notional_price(subject_, row_, is_long, level_);
            columns_.figure("notional", exact(seen_.figures.notional), settles_in_,
                            fmt::format("{} at {}, {}", text(core::magnitude(seen_.figures.size)),
                                        text(used.price), used.why));
        }
        core::WeightedValue sum;
        for (const TermSeen& term : seen_.terms) {
            const auto [name, why] = words(term, is_long);
            columns_.term(name, exact(term.amount), settles_in_, why);
            sum += term.amount;
        }
        columns_.sum("requirement", exact(sum), settles_in_);
        if (seen_.figures.order_charges.raw() != 0) {
            columns_.figure("order charges", exact(seen_.figures.order_charges),
                            subject_.parameters.valuation_currency, "beside it");
        }
    }

    std::pair<std::string, std::string> words(const TermSeen& term, bool is_long) const {
        const std::string product = exact(term.of) + " x " + exact(term.rate);
        const std::string raised = fmt::format("up to {} of the notional", exact(term.rate));
        switch (term.kind) {
            case RequirementTerm::tier:
                return {
                    fmt::format("tier {} of {}", term.index + 1,
                                subject_.row(row_.instrument).tier_count),
                    product + ", " + why_tier_rate(subject_, row_.instrument, term.index, level_)};
            case RequirementTerm::side_rate:
                return {is_long ? "factor of long positions" : "factor of short positions",
                        product};
            case RequirementTerm::slippage:
                return {"slippage", product};
            case RequirementTerm::slippage_by_size:
                return {"slippage that grows with size", product};
            case RequirementTerm::slope:
                return {"rate that grows with size", product};
            case RequirementTerm::largest_rate:
                return {"rates beside the tiers'", product + ", the largest rate there is"};
            case RequirementTerm::maintenance_of_initial:
                return {"fraction of initial margin", product};
            case RequirementTerm::size_premium:
                return {"size premium", raised};
            case RequirementTerm::reduced_rate:
                return {"high-leverage rate", raised};
            case RequirementTerm::least_rate:
                return {"least rate", raised + ", by the leverage chosen"};
            case RequirementTerm::resting_orders:
                if (term.index == 0) return {"resting orders", product};
                return {fmt::format("resting order {}", term.index),
                        exact(term.of) + " beyond the position"};
            case RequirementTerm::minimum:
                return {"minimum", "of every open position"};
            case RequirementTerm::provision:
                return {"provision", "for funding and fees that the position is to pay"};
            case RequirementTerm::rounding:
                return {"rounding", "up to the venue's step"};
        }
        return {"other", ""};
    }

    const Subject& subject_;
    const PositionSeen& seen_;
    core::MarginLevel level_;
    const core::PositionRow& row_;
    const std::string& settles_in_;
    Columns& columns_;
};

}  // namespace

void explain_position(const Subject& subject, const LevelSeen& seen, std::uint32_t p,
                      Columns& columns) {
    PositionText(subject, seen, p, columns).write();
}

}  // namespace margind::daemon
