#include "tests/reference/naive_engine.hpp"

#include <algorithm>

namespace margind::test {
namespace {

using namespace core;
using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

const cpp_rational kOne8(cpp_int(100'000'000));

cpp_rational decimal(std::int64_t raw) {
    return cpp_rational(cpp_int(raw)) / kOne8;
}

cpp_int floor_of(const cpp_rational& r) {
    cpp_int q = numerator(r) / denominator(r);
    if (r < 0 && cpp_rational(q) != r) --q;
    return q;
}
cpp_int ceil_of(const cpp_rational& r) {
    return -floor_of(-r);
}

}  // namespace

std::vector<Crossing> NaiveEngine::apply(const Input& input) {
    market_.clear_changes();
    if (input.kind == InputKind::price) (void)market_.apply(input.price, input);
    if (input.kind == InputKind::timer) market_.advance(input.engine_time);
    if (input.kind == InputKind::account) update(input.account);

    std::vector<Crossing> crossings;
    for (Account& account : accounts_) {
        if (!priced(account)) continue;
        const Figures f = evaluate(account);
        MarginState to = judge(account, f);
        if (to > account.state && to >= MarginState::liquidation && frozen(account)) {
            to = std::max(account.state, MarginState::margin_call);
        }
        if (to == account.state) continue;
        crossings.push_back(
            {input.input_seq, account.key, account.state, to, static_cast<std::int64_t>(f.equity),
             static_cast<std::int64_t>(f.initial), static_cast<std::int64_t>(f.maintenance)});
        account.state = to;
    }
    return crossings;
}

void NaiveEngine::update(const AccountInput& record) {
    auto at = std::find_if(accounts_.begin(), accounts_.end(),
                           [&](const Account& a) { return a.key == record.key; });
    if (at == accounts_.end()) {
        accounts_.push_back({record.key, {}, {}, MarginState::healthy});
        at = accounts_.end() - 1;
    }
    if (record.mode == UpdateMode::replace) {
        at->balances.clear();
        at->positions.clear();
    }
    if (record.record == AccountRecord::balance) at->balances[record.id] = record.amount;
    if (record.record == AccountRecord::position) {
        at->positions.erase(record.id);
        if (record.amount != 0) at->positions[record.id] = {record.amount, record.price};
    }
}

std::vector<InstrumentId> NaiveEngine::depends_on(const Account& account) const {
    std::vector<InstrumentId> ids;
    const auto add_asset = [&](AssetId asset) {
        const InstrumentId by = parameters_.assets[asset.index()].priced_by;
        if (by.valid()) ids.push_back(by);
    };
    for (const auto& [id, position] : account.positions) {
        ids.push_back(InstrumentId(id));
        add_asset(parameters_.instruments[id].quote);
    }
    for (const auto& [id, amount] : account.balances) {
        if (amount != 0) add_asset(AssetId(id));
    }
    return ids;
}

bool NaiveEngine::priced(const Account& account) const {
    const auto ids = depends_on(account);
    return std::all_of(ids.begin(), ids.end(),
                       [&](InstrumentId id) { return market_.status(id).mark.raw() > 0; });
}

bool NaiveEngine::frozen(const Account& account) const {
    const auto ids = depends_on(account);
    return std::any_of(ids.begin(), ids.end(), [&](InstrumentId id) {
        return market_.status(id).state == PriceState::frozen;
    });
}

NaiveEngine::Figures NaiveEngine::evaluate(const Account& account) const {
    std::map<std::uint32_t, Rational> gains;
    std::map<std::uint32_t, Rational> initials;  // in the asset gains are settled in
    std::map<std::uint32_t, Rational> maintenances;
    for (const auto& [id, position] : account.positions) {
        const Instrument& instrument = parameters_.instruments[id];
        const InstrumentStatus& status = market_.status(InstrumentId(id));
        const Rational mark = decimal(status.mark.raw());
        const Rational size = decimal(position.quantity);
        gains[instrument.quote.index()] += size * (mark - decimal(position.entry));
        const Rational notional = abs(size * mark);
        // Tier rates: the volatility term raises all of them, so the market's row is read.
        const InstrumentRow& row = market_.view().instruments[id];
        Rational from = 0;
        for (std::uint32_t t = 0; t < row.tier_count; ++t) {
            Rational to = Rational(cpp_int(row.tiers[t].notional_up_to.raw())) / kOne8 / kOne8;
            if (t + 1 == row.tier_count) to = std::max(notional, from);
            const Rational part = std::max(Rational(0), Rational(std::min(to, notional) - from));
            initials[instrument.quote.index()] +=
                part * decimal(row.tiers[t].rate[MarginLevel::initial].raw());
            maintenances[instrument.quote.index()] +=
                part * decimal(row.tiers[t].rate[MarginLevel::maintenance].raw());
            from = to;
        }
    }
    std::map<std::uint32_t, cpp_int> amounts;
    for (const auto& [asset, amount] : account.balances) amounts[asset] += amount;
    for (const auto& [asset, gain] : gains) amounts[asset] += floor_of(gain * kOne8);
    const auto unit_of = [&](const Asset& asset) {
        return asset.priced_by.valid() ? decimal(market_.status(asset.priced_by).index.raw())
                                       : Rational(1);
    };
    const auto in_valuation = [&](const std::map<std::uint32_t, Rational>& margins) {
        Rational sum = 0;
        for (const auto& [id, margin] : margins) {
            const Rational unit = unit_of(parameters_.assets[id]);
            // A requirement in an asset that is not at par is rounded up in it first.
            sum += unit == 1 ? margin : Rational(ceil_of(margin * kOne8)) / kOne8 * unit;
        }
        return ceil_of(sum * kOne8);
    };
    Rational equity = 0;
    for (const auto& [id, amount] : amounts) {
        const Asset& asset = parameters_.assets[id];
        const Rational unit = unit_of(asset);
        const Rational weight =
            amount < 0 ? decimal(asset.liability_weight[MarginLevel::maintenance].raw())
                       : Rational(1 - decimal(asset.haircut[MarginLevel::maintenance].raw()));
        equity += Rational(amount) / kOne8 * unit * weight;
    }
    return {floor_of(equity * kOne8), in_valuation(initials), in_valuation(maintenances)};
}

// The ladder in words: the worst level whose condition holds; upwards only past the hysteresis.
MarginState NaiveEngine::judge(const Account& account, const Figures& f) const {
    const Rational equity(f.equity);
    const Rational maintenance(f.maintenance);
    const Ladder& ladder = parameters_.ladder;
    const bool bankrupt = equity < 0 || (equity == 0 && maintenance > 0);
    const auto below = [&](const Level& level, bool with_hysteresis) {
        Rational multiple = decimal(level.multiplier.raw());
        if (with_hysteresis) multiple *= 1 + decimal(level.hysteresis.raw());
        return equity < multiple * maintenance;
    };
    const auto state = [&](bool with_hysteresis) {
        const bool still_bankrupt =
            with_hysteresis && equity < decimal(ladder.liquidation.hysteresis.raw()) * maintenance;
        if (bankrupt || still_bankrupt) return MarginState::bankrupt;
        if (below(ladder.liquidation, with_hysteresis)) return MarginState::liquidation;
        if (below(ladder.margin_call, with_hysteresis)) return MarginState::margin_call;
        if (below(ladder.warning, with_hysteresis)) return MarginState::warning;
        return MarginState::healthy;
    };
    // Down to where it is without hysteresis, up to where it is with.
    return std::max(state(false), std::min(account.state, state(true)));
}

}  // namespace margind::test
