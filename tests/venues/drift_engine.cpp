// Drift v2's accounts through profile, config loader and engine. A market's weights and ratios of
// the kind that a case asks for stand at every level, because kinds are no levels: a fill's lie
// between two.
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/margin/withdrawable.hpp"
#include "tests/venues/drift_account.hpp"
#include "tests/venues/drift_rows.hpp"
#include "tests/venues/engine_account.hpp"
#include "tests/venues/rules_text.hpp"

namespace margind::test {
namespace {

using drift::Kind;

constexpr const char* kOwnRates = "an account's own least rate is no input of the engine";
const Price kPriceOne = Price::from_raw(Extended::scale());

// One account at the venue, cross or isolated.
class Holder {
  public:
    Holder(Kind kind, bool strict, const Rate& buffer = {})
        : kind_(kind), strict_(strict), venue_("drift-v2") {
        if (buffer.raw() == 0) return;
        venue_.replace_section(
            "ladder",
            "{warning: {multiplier: 1.2, hysteresis: 0, of: initial}, margin_call: {multiplier: 1, "
            "hysteresis: 0, of: initial}, liquidation: {multiplier: 1, hysteresis: 0}, "
            "liquidation_target: 1, target_of: close_out, close_out_buffer: " +
                venue_.text(buffer) + "}");
    }

    void add_quote(const std::optional<Field>& market, const Money& balance) {
        drift::BalanceTerms terms;
        const drift::AssetRow row = drift::quote_row(market, false, terms);
        add_asset(market, row, asset_keys(venue_, row), balance);
    }

    void add_spot(const Field& market, const Field& position) {
        if (position.whole("open_orders", 0) != 0 || position.money("open_bids", "0").raw() != 0 ||
            position.money("open_asks", "0").raw() != 0) {
            throw BeyondDaemon("orders between two assets are no input of the engine");
        }
        add_spot(market, market.unit_price("oracle", "1"), position.money("balance", "0"));
    }
    void add_spot(const Field& market, const UnitPrice& oracle, const Money& balance) {
        drift::BalanceTerms terms;
        drift::AssetRow row = drift::spot_row(market, kind_, false, terms);
        row.price = oracle.raw() == 0 ? kPar : oracle;
        row.asset_weight = drift::asset_weight(market, row.price, kind_);
        const Money scale_start = market.money("scale_initial_asset_weight_start", "0");
        const Money deposits = market.money("total_deposits", "0");
        const bool shrinks = kind_ == Kind::initial && scale_start.raw() > 0;
        if (shrinks) row.asset_weight = market.rate("initial_asset_weight", "0");
        if (row.liability_weight == core::PerLevel<Rate>{}) {
            if (balance.raw() < 0) {
                throw BeyondDaemon("a debt counts no less than it is worth");
            }
            row.liability_weight = kOne;  // does not matter
        }
        Keys keys = asset_keys(venue_, row);
        if (shrinks) {
            keys.add("concentration", Keys().add("deposits_from", venue_.text(scale_start)));
        }
        add_asset(market, row, keys, balance);
        if (shrinks) venue_.statistic(core::Statistic::total_deposits, assets_.back(), deposits);
    }

    // The quote comes first.
    void add_perp(const Field& market, const Field& position,
                  const std::optional<Rate>& ratio = {}) {
        drift::PositionTerms terms;
        drift::InstrumentRow row = perp_row(market, terms);
        if (ratio) row.tiers[0].rate = *ratio;
        const Quantity base = position.quantity("base", "0");
        const Money quote = position.money("quote", "0");
        const std::vector<Quantity> orders = orders_of(position, terms);
        if (base.raw() == 0 && quote.raw() != 0) {
            throw BeyondDaemon("an unsettled gain without a position is no input of the engine");
        }
        add_position(row, terms, base);
        // What the position cost is a sum of money here: its gain since the mark is told apart.
        if (base.raw() != 0) {
            venue_.accrued(last_instrument(),
                           quote + round_down(kPlainContract.value(row.mark, base)));
        }
        for (const Quantity& size : orders) venue_.order(last_instrument(), size, row.mark);
    }
    // A position opened at a price of one, which is the mark, with its gain uncapped.
    void add_at_par(const Field& market, const Quantity& size, const Money& gain) {
        drift::PositionTerms terms;
        drift::InstrumentRow row = perp_row(market, terms);
        row.mark = kPriceOne;
        terms.gains.cap = Money{};
        add_position(row, terms, size);
        venue_.accrued(last_instrument(), gain);
    }

    Figures at(MarginLevel level) { return engine_figures(venue_, assets_, level); }
    Figures figures() { return at(level()); }
    // Strict prices are those of the initial level, whichever kind asks for them.
    MarginLevel level() const { return strict_ ? MarginLevel::initial : drift::level_of(kind_); }
    VenueAccount& venue() { return venue_; }
    const std::string& last_instrument() const { return instruments_.back(); }
    const std::vector<std::string>& assets() const { return assets_; }

  private:
    drift::InstrumentRow perp_row(const Field& market, drift::PositionTerms& terms) const {
        drift::InstrumentRow row = drift::perp_row(market, kind_, terms);
        terms.reduced_rate = Rate{};  // of accounts that the engine does not tell apart
        if (kind_ == Kind::maintenance) terms.gains.discount = {};
        return row;
    }
    void add_position(const drift::InstrumentRow& row, const drift::PositionTerms& terms,
                      const Quantity& size) {
        if (row.mark.raw() == 0) throw BeyondLedger("the ledger has no price of zero");
        const bool capped = terms.payoff == core::Payoff::capped;
        instruments_.push_back(venue_.add_instrument(
            {.rules = "settle: " + assets_.at(0) + ", " + instrument_rules(venue_, row, terms),
             .kind = capped ? "capped" : "linear_perpetual",
             .price_max = capped ? terms.payoff_cap : Price{}}));
        venue_.price(last_instrument(), row.mark);
        venue_.position(last_instrument(), size, row.mark);
    }

    void add_asset(const std::optional<Field>& market, const drift::AssetRow& row, Keys keys,
                   const Money& balance) {
        const auto slow = market ? market->find("twap_5min") : std::nullopt;
        const bool moved = slow && strict_ && slow->price().raw() != 0;
        if (row.price == kPar && !moved) {
            assets_.push_back(venue_.add_asset(keys.text()));
        } else {
            const std::string spot = venue_.add_instrument({.rules = "", .kind = "spot"});
            venue_.price(spot, Price::from_raw(row.price.raw()));
            if (moved) {
                venue_.slow_price(spot, slow->price());
                keys.add("slow_price", "true");
            }
            keys.add("priced_by", spot);
            assets_.push_back(venue_.add_asset(keys.text()));
        }
        venue_.balance(assets_.back(), balance);
    }

    // The engine charges each order that it is told of.
    static std::vector<Quantity> orders_of(const Field& position, drift::PositionTerms& terms) {
        std::vector<Quantity> sizes;
        for (const char* side : {"open_bids", "open_asks"}) {
            const Quantity size = position.quantity(side, "0");
            if (size.raw() != 0) sizes.push_back(size);
        }
        const std::int64_t count = position.whole("open_orders", 0);
        if (count == 0) terms.order_charge = {};
        if (count == 0 || count == static_cast<std::int64_t>(sizes.size())) return sizes;
        if (sizes.empty() || count < static_cast<std::int64_t>(sizes.size())) {
            throw BeyondDaemon("an order that rests nowhere is no input of the engine");
        }
        // As many orders in all; only their sum counts.
        const Quantity each = Quantity::from_raw(sizes[0].raw() / (2 * count));
        while (static_cast<std::int64_t>(sizes.size()) < count) {
            sizes[0] = sizes[0] - each;
            sizes.push_back(each);
        }
        return sizes;
    }

    Kind kind_;
    bool strict_;
    VenueAccount venue_;
    std::vector<std::string> assets_;
    std::vector<std::string> instruments_;
};

// What an owner asks of the own account, or the venue of one: the engine has no input for it.
void refuse_own_rates(const Field& inputs, Kind kind) {
    const auto given = [&](const Field& of, const char* name) {
        return of.rate(name, "0").raw() != 0;
    };
    const bool least = given(inputs, "max_margin_ratio") && kind == Kind::initial;
    if (given(inputs, "margin_ratio_override") || least) {
        throw BeyondDaemon(kOwnRates);
    }
    if (inputs.boolean("high_leverage", false)) {
        throw BeyondDaemon("an account's high leverage is no input of the engine");
    }
}

struct Holders {
    Holder cross;
    std::deque<Holder> isolated;
};

void fill(Holders& holders, const Field& inputs, Kind kind, bool strict, const Rate& buffer) {
    refuse_own_rates(inputs, kind);
    const auto quote = inputs.find("quote");
    holders.cross.add_quote(quote, quote ? quote->money("balance", "0") : Money());
    for (const Field& position : inputs.items_or_none("spot"))
        holders.cross.add_spot(position["market"], position);
    for (const Field& position : inputs.items_or_none("perps")) {
        Holder* holder = &holders.cross;
        if (const auto deposit = position.find("isolated_deposit")) {
            holder = &holders.isolated.emplace_back(kind, strict, buffer);
            holder->add_quote(quote, deposit->money());
        }
        holder->add_perp(position["market"], position);
        const Rate least = drift::least_rate(position, kind);
        if (kOne < least) throw BeyondDaemon("a leverage below one is no input of the engine");
        if (least.raw() != 0) {
            holder->venue().least_initial_rate(holder->last_instrument(), least);
        }
    }
}

// One position by itself, in an account without anything else.
Holder lone_position(const Case& test, Kind kind, const std::optional<Rate>& ratio = {}) {
    refuse_own_rates(test.inputs, kind);
    Holder holder(kind, false);
    holder.add_quote({}, {});
    holder.add_perp(test.params, test.inputs, ratio);
    return holder;
}

// Of one asset with nothing beside it; at a price of one where the case has none.
Rate spot_weight(const Case& test, Kind kind, const Money& amount) {
    Holder holder(kind, false);
    holder.add_quote({}, {});
    holder.add_spot(test.params, test.inputs.unit_price("oracle", "0"), amount);
    return holder.figures().balances.at(1).weight;
}

Rate per_unit(const Money& amount, const Money& of) {
    return of.raw() < 0 ? ratio(-amount, -of, core::Rounding::down)
                        : ratio(amount, of, core::Rounding::down);
}

}  // namespace

Answers drift_perp_position_production(const Case& test) {
    const Figures figures = lone_position(test, drift::kind_of(test.inputs)).figures();
    return {{"margin_requirement", figures.margin}, {"weighted_pnl", figures.equity}};
}

// The liability is what the position would need at a ratio of one.
Answers drift_perp_worst_case_production(const Case& test) {
    using core::Ledger;
    Holder holder = lone_position(test, Kind::initial, kOne);
    VenueAccount& venue = holder.venue();
    const std::string& name = holder.last_instrument();
    const std::size_t row = venue.position_row(name);
    const core::AccountView account = venue.view();
    const auto figures = core::position_figures<Ledger>(
        account, static_cast<std::uint32_t>(row),
        venue.market().instruments[account.positions[row].instrument.index()],
        MarginLevel::initial);
    return {{"base", venue.widened(name, figures.size)},
            {"liability", holder.figures().positions.at(row).notional}};
}

Answers drift_account_production(const Case& test) {
    const Kind kind = drift::kind_of(test.inputs);
    const Rate buffer = test.inputs.rate("margin_buffer", "0");
    const bool strict = test.inputs.boolean("strict", false);
    if (strict && buffer.raw() != 0) {
        throw BeyondDaemon("slow prices and the buffer of a liquidation's end are of two levels");
    }
    Holders holders{Holder(kind, strict, buffer), {}};
    fill(holders, test.inputs, kind, strict, buffer);
    const auto buffered = [&](Holder& holder) {
        return buffer.raw() == 0 ? holder.figures() : holder.at(MarginLevel::close_out);
    };
    Answer::List isolated;
    for (Holder& holder : holders.isolated) {
        const Figures plain = holder.figures();
        const Figures with_buffer = buffered(holder);
        isolated.push_back(
            Answer::List{plain.margin, plain.equity, with_buffer.margin, with_buffer.equity});
    }
    const Figures plain = holders.cross.figures();
    const Figures with_buffer = buffered(holders.cross);
    return {{"margin_requirement", plain.margin},
            {"total_collateral", plain.equity},
            {"margin_requirement_plus_buffer", with_buffer.margin},
            {"total_collateral_plus_buffer", with_buffer.equity},
            {"isolated", isolated}};
}

// Everything that is held, at the oracle's prices and whole: values of balances, and gains.
Answers drift_equity_production(const Case& test) {
    test.inputs.ignore("kind");
    test.inputs.boolean("strict", false);
    test.inputs.rate("max_margin_ratio", "0");
    test.inputs.rate("margin_ratio_override", "0");
    Holders holders{Holder(Kind::maintenance, false), {}};
    fill(holders, test.inputs, Kind::maintenance, false, {});
    const auto whole = [](Holder& holder) {
        const Figures figures = holder.at(MarginLevel::maintenance);
        Value sum;
        for (const auto& balance : figures.balances) sum += balance.value;
        for (const auto& position : figures.positions) {
            sum += round_down(position.gain) * figures.balances.at(0).price;
        }
        return round_down(sum);
    };
    Money equity = whole(holders.cross);
    for (Holder& holder : holders.isolated) equity = equity + whole(holder);
    return {{"equity", equity}};
}

Answers drift_max_withdraw_production(const Case& test) {
    const bool strict = test.inputs.boolean("strict", false);
    test.inputs.ignore("kind");
    Holders holders{Holder(Kind::initial, strict), {}};
    fill(holders, test.inputs, Kind::initial, strict, {});
    const auto spot = static_cast<std::size_t>(test.inputs.whole("withdraw"));
    const Figures figures = holders.cross.figures();
    if (spot + 1 >= figures.balances.size()) {
        test.inputs["withdraw"].fail("is not the number of a spot balance");
    }
    const auto& balance = figures.balances[spot + 1];
    return {{"amount", core::withdrawable_amount(figures.equity, figures.margin, balance.price,
                                                 balance.weight)}};
}

// The weight that a balance of the size counts with.
Answers drift_spot_weight_production(const Case& test) {
    const Kind kind = drift::kind_of(test.inputs);
    const Quantity size = core::magnitude(test.inputs.quantity("size"));
    const std::string side = test.inputs.text("side");
    const Rate weight =
        spot_weight(test, kind, Money::from_raw(side == "asset" ? size.raw() : -size.raw()));
    if (side != "asset" && side != "liability") {
        test.inputs["side"].fail("is neither asset nor liability");
    }
    return {{"weight", weight}};
}

// What a position of the size needs at a price of one, of its notional.
Answers drift_margin_ratio_production(const Case& test) {
    const Kind kind = drift::kind_of(test.inputs);
    refuse_own_rates(test.inputs, kind);
    const Quantity size = core::magnitude(test.inputs.quantity("size"));
    if (size.raw() == 0) throw BeyondDaemon("a position of nothing needs nothing");
    Holder holder(kind, false);
    holder.add_quote({}, {});
    holder.add_at_par(test.params, size, {});
    return {{"ratio", per_unit(holder.figures().margin, Money::from_raw(size.raw()))}};
}

// Without orders there is one outcome.
Answers drift_spot_worst_case_production(const Case& test) {
    const Kind kind = drift::kind_of(test.inputs);
    if (test.inputs.rate("custom_margin_ratio", "0").raw() != 0) throw BeyondDaemon(kOwnRates);
    Holder holder(kind, true);
    holder.add_quote({}, {});
    holder.add_spot(test.params, test.inputs);
    const Figures figures = holder.figures();
    const auto& balance = figures.balances.at(1);
    const Money weighted = figures.equity - figures.margin;
    return {{"token_amount", balance.amount},
            {"token_value", balance.value},
            {"orders_value", Money{}},
            {"weighted_value", weighted},
            {"free_collateral", weighted}};
}

// How much of a gain, or a loss, counts.
Answers drift_pnl_weight_production(const Case& test) {
    const Kind kind = drift::kind_of(test.inputs);
    const Money pnl = test.inputs.money("pnl");
    if (pnl.raw() == 0) throw BeyondDaemon("no gain has no weight");
    Holder holder(kind, false);
    holder.add_quote({}, {});
    holder.add_at_par(test.params, Quantity::from_raw(Extended::scale()), pnl);
    return {{"weight", per_unit(holder.figures().equity, pnl)}};
}

}  // namespace margind::test
