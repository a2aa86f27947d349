#include "core/market/market_stage.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/assert.hpp"
#include "core/market/merge.hpp"
#include "core/math/elementary.hpp"

namespace margind::core {
namespace {

// A price state and two thresholds: the most that one recompute can report.
constexpr std::size_t kEventsPerRecompute = 3;

constexpr std::int64_t power_of_ten(int exponent) {
    std::int64_t power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

// The place where volatility, a double, becomes a margin rate: rounded up.
Rate volatility_rate(double z, double sigma, Duration horizon) noexcept {
    const double rate = z * sigma * square_root(horizon.seconds()) * static_cast<double>(kScale);
    // Beyond the largest cap that validate() admits there is nothing to tell apart.
    constexpr std::int64_t kHighest = 2 * kScale;
    if (!(rate < static_cast<double>(kHighest))) return Rate::from_raw(kHighest);
    const auto floor = static_cast<std::int64_t>(rate);
    return Rate::from_raw(static_cast<double>(floor) < rate ? floor + 1 : floor);
}

// A factor of a risk model, a double, becomes a rate: rounded up, within [0, 10].
Rate rate_up(double factor) noexcept {
    constexpr double kHighest = 10;
    const double scaled = std::clamp(factor, 0.0, kHighest) * static_cast<double>(kScale);
    const auto floor = static_cast<std::int64_t>(scaled);
    return Rate::from_raw(static_cast<double>(floor) < scaled ? floor + 1 : floor);
}

struct BoundRate {
    Rate rate;
    RateTerm binding = RateTerm::floor;
};

BoundRate clamp_rate(Rate volatility, Rate floor, Rate cap) noexcept {
    if (volatility <= floor) return {floor, RateTerm::floor};
    if (volatility >= cap) return {std::max(cap, floor), RateTerm::cap};
    return {volatility, RateTerm::volatility};
}

bool within_factor(Price a, Price b, double factor) noexcept {
    const auto x = static_cast<double>(a.raw());
    const auto y = static_cast<double>(b.raw());
    return x <= y * factor && y <= x * factor;
}

}  // namespace

MarketStage::MarketStage(const RiskParameters& parameters)
    : parameters_(parameters),
      wiring_(parameters.instruments.size()),
      source_statuses_(parameters.sources.size()),
      statuses_(parameters.instruments.size()),
      rows_(parameters.instruments.size()),
      terms_(parameters.instruments.size()),
      asset_rows_(parameters.assets.size()),
      asset_terms_(parameters.assets.size()),
      instrument_statistics_(parameters.instruments.size()),
      asset_statistics_(parameters.assets.size()),
      slow_prices_(parameters.instruments.size()),
      told_initial_(parameters.instruments.size()),
      told_maintenance_(parameters.instruments.size()),
      change_index_(parameters.instruments.size(), -1) {
    changes_.reserve(parameters.instruments.size());
    for (std::uint32_t s = 0; s < parameters.sources.size(); ++s) {
        const Source& source = parameters.sources[s];
        Wiring& wiring = wiring_[source.instrument.index()];
        (source.role == Role::index ? wiring.index_sources : wiring.mark_sources)
            .push_back(SourceId(s));
        const Instrument& instrument = parameters.instruments[source.instrument.index()];
        if (source.quote == instrument.quote) continue;
        for (const AssetId asset : {source.quote, instrument.quote}) {
            const InstrumentId through = parameters.assets[asset.index()].priced_by;
            if (!through.valid() || through == source.instrument) continue;
            auto& converts = wiring_[through.index()].converts;
            if (std::find(converts.begin(), converts.end(), source.instrument) == converts.end()) {
                converts.push_back(source.instrument);
            }
        }
    }
    for (std::uint32_t a = 0; a < parameters.assets.size(); ++a) {
        const InstrumentId by = parameters.assets[a].priced_by;
        if (by.valid()) {
            wiring_[by.index()].prices_assets.push_back(AssetId(a));
        } else {
            asset_rows_[a].price = kUnitPriceOne;
        }
    }
    // One input recomputes an instrument at most once itself and once per conversion into it.
    std::size_t recomputes = parameters.instruments.size();
    for (const Wiring& wiring : wiring_) recomputes += wiring.converts.size();
    events_.reserve(recomputes * kEventsPerRecompute);
    volatility_.reserve(parameters.instruments.size());
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
        const Instrument& instrument = parameters.instruments[i];
        volatility_.emplace_back(instrument.volatility);
        rows_[i].scale = instrument.scale;
        if (!wiring_[i].index_sources.empty()) ++waiting_for_first_price_;
    }
    refresh();
    // What stands at the start is known from the parameters; only changes are told.
    for (std::size_t i = 0; i < statuses_.size(); ++i) {
        told_initial_[i] = statuses_[i].initial_rate;
        told_maintenance_[i] = statuses_[i].maintenance_rate;
    }
    clear_changes();
}

void MarketStage::clear_changes() noexcept {
    for (const MarketChange& change : changes_) change_index_[change.instrument.index()] = -1;
    changes_.clear();
    events_.clear();
}

MarketChange& MarketStage::change_of(InstrumentId instrument) noexcept {
    std::int32_t& index = change_index_[instrument.index()];
    if (index < 0) {
        index = static_cast<std::int32_t>(changes_.size());
        changes_.push_back({.instrument = instrument});
    }
    return changes_[static_cast<std::size_t>(index)];
}

Refusal MarketStage::apply(const PriceInput& price, const Input& input) noexcept {
    if (price.source.index() >= source_statuses_.size()) return Refusal::unknown_source;
    SourceStatus& status = source_statuses_[price.source.index()];
    const Refusal refusal = check(price, input);
    if (refusal != Refusal::none) {
        ++status.refused;
        return refusal;
    }
    ++status.accepted;
    status.price = price.price;
    status.confidence = price.confidence;
    // A sender's clock cannot make a price younger than now: staleness is judged on engine time.
    status.receive_time = std::min(input.receive_time, input.engine_time);
    if (input.exchange_time.stated()) status.exchange_time = input.exchange_time;
    if (price.sequence != 0) status.sequence = price.sequence;

    const InstrumentId instrument = parameters_.sources[price.source.index()].instrument;
    recompute(instrument, input.engine_time);
    recompute_dependents(instrument, input.engine_time);
    return Refusal::none;
}

Refusal MarketStage::check(const PriceInput& price, const Input& input) const noexcept {
    const Source& source = parameters_.sources[price.source.index()];
    const SourceStatus& status = source_statuses_[price.source.index()];
    const Instrument& instrument = parameters_.instruments[source.instrument.index()];
    if (price.price.raw() <= 0) return Refusal::price_not_positive;
    // The maximum is in the instrument's quote; what cannot be converted yet is judged when merged.
    if (converted(source, price.price) > instrument.price_max) return Refusal::price_beyond_maximum;
    if (price.channel == Channel::book_top && price.bid >= price.ask) return Refusal::book_crossed;
    if (input.exchange_time.stated() &&
        input.exchange_time - input.receive_time > parameters_.guard.max_clock_skew) {
        return Refusal::from_the_future;
    }
    // A source's own sequence is the better witness of order; a new connection starts a new one.
    if (price.sequence != 0 && status.sequence != 0) {
        if (price.sequence <= status.sequence) return Refusal::out_of_order;
    } else if (input.exchange_time.stated() && input.exchange_time < status.exchange_time) {
        return Refusal::out_of_order;
    }
    return jumps(price) ? Refusal::price_jump : Refusal::none;
}

// Outside [1/k, k] of the source's own last price, unless the other sources have moved there
// meanwhile; a source's first price is measured against the index, where there is one.
bool MarketStage::jumps(const PriceInput& price) const noexcept {
    const Source& source = parameters_.sources[price.source.index()];
    const SourceStatus& status = source_statuses_[price.source.index()];
    const InstrumentStatus& instrument = statuses_[source.instrument.index()];
    const double factor = parameters_.guard.jump_factor;
    if (status.price.raw() > 0 && within_factor(price.price, status.price, factor)) return false;
    const Price comparable = converted(source, price.price);
    if (instrument.state == PriceState::good && comparable.raw() > 0) {
        return !within_factor(comparable, instrument.index, factor);
    }
    return status.price.raw() > 0;
}

void MarketStage::advance(Timestamp now) noexcept {
    for (std::uint32_t i = 0; i < statuses_.size(); ++i) {
        const Wiring& wiring = wiring_[i];
        const auto went_stale = [&](SourceId id) {
            const SourceStatus& status = source_statuses_[id.index()];
            return status.in_merge &&
                   now - status.receive_time > parameters_.sources[id.index()].stale_after;
        };
        const auto any = [&](const std::vector<SourceId>& sources) {
            return std::any_of(sources.begin(), sources.end(), went_stale);
        };
        if (any(wiring.index_sources) || any(wiring.mark_sources)) {
            recompute(InstrumentId(i), now);
            recompute_dependents(InstrumentId(i), now);
        } else if (statuses_[i].state == PriceState::frozen && statuses_[i].mark.raw() > 0) {
            judge_trust(InstrumentId(i), false, now);
        }
    }
}

void MarketStage::feed_restarted(FeedId feed) noexcept {
    for (std::size_t s = 0; s < source_statuses_.size(); ++s) {
        if (parameters_.sources[s].feed == feed) source_statuses_[s].sequence = 0;
    }
}

void MarketStage::refresh() noexcept {
    for (std::uint32_t a = 0; a < asset_rows_.size(); ++a) update_asset(AssetId(a));
    for (std::uint32_t i = 0; i < rows_.size(); ++i) {
        update_terms(InstrumentId(i));
        update_rates(InstrumentId(i));
    }
}

Refusal MarketStage::apply(const StatisticInput& input) noexcept {
    if (input.statistic >= Statistic::count_) return Refusal::unknown_statistic;
    if (input.value < 0 && input.statistic != Statistic::expected_funding) {
        return Refusal::statistic_out_of_range;
    }
    return input.statistic < Statistic::total_deposits ? apply_to_instrument(input)
                                                       : apply_to_asset(input);
}

Refusal MarketStage::apply_to_instrument(const StatisticInput& input) noexcept {
    if (input.target >= rows_.size()) return Refusal::unknown_instrument;
    const InstrumentId id(input.target);
    InstrumentStatistics& statistics = instrument_statistics_[input.target];
    if (input.statistic == Statistic::open_interest) {
        statistics.open_interest = Money::from_raw(input.value);
        update_rates(id);
        return Refusal::none;
    }
    if (input.statistic == Statistic::expected_funding) {
        statistics.expected_funding = Money::from_raw(input.value);
    } else {
        statistics.auction_price = Price::from_raw(input.value);
    }
    update_terms(id);
    if (rows_[input.target].terms != nullptr) change_of(id).rates_moved = true;
    return Refusal::none;
}

// An asset at par moves nobody here: validate() wants a price behind every rule that needs one.
Refusal MarketStage::apply_to_asset(const StatisticInput& input) noexcept {
    if (input.target >= asset_rows_.size()) return Refusal::unknown_asset;
    const AssetId id(input.target);
    if (Int128{input.value} * largest_unit_price(parameters_, id).raw() > kMaxExposure) {
        return Refusal::statistic_out_of_range;
    }
    AssetStatistics& statistics = asset_statistics_[input.target];
    if (input.statistic == Statistic::total_deposits) {
        statistics.deposits = Money::from_raw(input.value);
    } else if (input.statistic == Statistic::total_borrows) {
        statistics.borrows = Money::from_raw(input.value);
    } else {
        statistics.redemption = UnitPrice::from_raw(input.value);
    }
    update_asset(id);
    const InstrumentId by = parameters_.assets[input.target].priced_by;
    if (by.valid()) change_of(by).index_moved = true;
    return Refusal::none;
}

void MarketStage::recompute_dependents(InstrumentId instrument, Timestamp now) noexcept {
    for (const InstrumentId dependent : wiring_[instrument.index()].converts) {
        recompute(dependent, now);
    }
}

MarketStage::Merge MarketStage::merge(std::span<const SourceId> sources, Timestamp now) noexcept {
    std::array<WeightedPrice, kMaxSourcesPerInstrument> fresh;
    std::uint32_t live = 0;
    for (const SourceId id : sources) {
        const Source& source = parameters_.sources[id.index()];
        SourceStatus& status = source_statuses_[id.index()];
        Price price;
        if (status.price.raw() > 0 && now - status.receive_time <= source.stale_after) {
            price = converted(source, status.price);
        }
        const Instrument& instrument = parameters_.instruments[source.instrument.index()];
        status.in_merge = price.raw() > 0 && price <= instrument.price_max;
        if (status.in_merge) fresh[live++] = {price, source.weight};
    }
    if (live == 0) return {};
    return {weighted_median(std::span(fresh.data(), live)), live};
}

// A price in the instrument's quote asset. An asset whose own price is not trusted converts
// nothing.
Price MarketStage::converted(const Source& source, Price price) const noexcept {
    const AssetId to = parameters_.instruments[source.instrument.index()].quote;
    if (source.quote == to) return price;
    for (const AssetId asset : {source.quote, to}) {
        const InstrumentId through = parameters_.assets[asset.index()].priced_by;
        if (through.valid() && statuses_[through.index()].state != PriceState::good) return {};
    }
    const std::int64_t numerator = asset_rows_[source.quote.index()].price.raw();
    const std::int64_t denominator = asset_rows_[to.index()].price.raw();
    return Price::from_raw(
        saturate_to_int64(div_floor(Int128{price.raw()} * numerator, denominator)));
}

void MarketStage::recompute(InstrumentId id, Timestamp now) noexcept {
    const Wiring& wiring = wiring_[id.index()];
    const Instrument& instrument = parameters_.instruments[id.index()];
    InstrumentStatus& status = statuses_[id.index()];
    const Merge index = merge(wiring.index_sources, now);
    const Merge mark = wiring.mark_sources.empty() ? index : merge(wiring.mark_sources, now);
    status.live_index_sources = index.live;
    status.live_mark_sources = wiring.mark_sources.empty() ? 0 : mark.live;

    const bool trusted = index.live >= static_cast<std::uint32_t>(instrument.quorum_index) &&
                         (wiring.mark_sources.empty() ||
                          mark.live >= static_cast<std::uint32_t>(instrument.quorum_mark));
    // Before it was trusted once a price is no price. Afterwards it follows whoever is left, so
    // that margin calls go on and a crash is not hidden; the state says what may be done with it.
    const bool ever_trusted = status.mark.raw() > 0;
    if (trusted || ever_trusted) {
        if (index.live > 0 && index.price != status.index) {
            status.index = index.price;
            change_of(id).index_moved = true;
            update_slow_price(id, now);
            update_assets(id);
        }
        if (mark.live > 0 && mark.price != status.mark) {
            status.mark = mark.price;
            rows_[id.index()].mark = mark.price;
            change_of(id).mark_moved = true;
        }
        update_prices_of_level(id);
        if (index.live > 0 && volatility_[id.index()].observe(index.price, now)) update_rates(id);
    }
    if (trusted && !ever_trusted) --waiting_for_first_price_;
    if (trusted || ever_trusted) judge_trust(id, trusted, now);
}

void MarketStage::judge_trust(InstrumentId id, bool trusted, Timestamp now) noexcept {
    InstrumentStatus& status = statuses_[id.index()];
    if (trusted) {
        if (status.state == PriceState::good) return;
        const bool first = !status.distrusted_since.stated();
        status.distrusted_since = Timestamp();
        set_state(id, PriceState::good,
                  first ? PriceReason::first_price : PriceReason::quorum_restored);
        return;
    }
    if (status.state == PriceState::good) {
        status.distrusted_since = now;
        set_state(id, PriceState::frozen, PriceReason::no_quorum);
    } else if (status.state == PriceState::frozen &&
               now - status.distrusted_since >= parameters_.instruments[id.index()].hold_max) {
        set_state(id, PriceState::suspect, PriceReason::hold_expired);
    }
}

void MarketStage::set_state(InstrumentId id, PriceState to, PriceReason reason) noexcept {
    InstrumentStatus& status = statuses_[id.index()];
    const Wiring& wiring = wiring_[id.index()];
    const Instrument& instrument = parameters_.instruments[id.index()];
    // The quorum that decides is the one that is missing; the index's when both are there.
    const bool mark_decides =
        !wiring.mark_sources.empty() &&
        status.live_index_sources >= static_cast<std::uint32_t>(instrument.quorum_index);
    Event event;
    event.kind = EventKind::price_state;
    event.price_state = {
        .instrument = id,
        .from = status.state,
        .to = to,
        .reason = reason,
        .live_sources = mark_decides ? status.live_mark_sources : status.live_index_sources,
        .quorum = static_cast<std::uint32_t>(mark_decides ? instrument.quorum_mark
                                                          : instrument.quorum_index),
        .mark = status.mark,
        .index = status.index};
    events_.push_back(event);
    status.state = to;
    status.reason = reason;
    change_of(id).state_changed = true;
}

void MarketStage::update_rates(InstrumentId id) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    InstrumentStatus& status = statuses_[id.index()];
    InstrumentRow& row = rows_[id.index()];
    const double sigma = volatility_[id.index()].sigma_per_root_second();
    const Rate initial = volatility_rate(instrument.rate.z_initial, sigma, instrument.rate.horizon);
    const Rate maintenance =
        volatility_rate(instrument.rate.z_maintenance, sigma, instrument.rate.horizon);
    const InstrumentRules& rules = instrument.rules;
    const Rate charge = confidence_charge(rules.confidence, id);
    const Money open_interest = instrument_statistics_[id.index()].open_interest;
    bool moved = row.tier_count != instrument.tiers.size();
    row.tier_count = static_cast<std::uint32_t>(instrument.tiers.size());
    for (std::size_t t = 0; t < instrument.tiers.size(); ++t) {
        const Tier& tier = instrument.tiers[t];
        const BoundRate im = clamp_rate(initial, tier.initial_rate, instrument.rate.cap);
        const BoundRate mm = clamp_rate(maintenance, tier.maintenance_rate, instrument.rate.cap);
        TierRow& out = row.tiers[t];
        PerLevel<Rate> rate(
            scale_by_open_interest(rules.open_interest, std::min(im.rate, kRateOne), open_interest),
            mm.rate);
        rate[MarginLevel::initial] = std::max(rate[MarginLevel::initial], im.rate) + charge;
        rate[MarginLevel::close_out] = std::max(tier.close_out_rate, mm.rate) + charge;
        rate[MarginLevel::maintenance] = mm.rate + charge;
        moved = moved || out.rate != rate || out.notional_up_to != tier.notional_up_to;
        out = {tier.notional_up_to, rate};
        if (t == 0) {
            status.binding_initial = im.binding;
            status.binding_maintenance = mm.binding;
            status.initial_rate = rate[MarginLevel::initial];
            status.maintenance_rate = rate[MarginLevel::maintenance];
        }
    }
    status.sigma_annual = volatility_[id.index()].sigma_annual();
    if (!moved) return;
    change_of(id).rates_moved = true;
    report_threshold(id, MarginLevel::initial, status.initial_rate, told_initial_[id.index()],
                     status.binding_initial);
    report_threshold(id, MarginLevel::maintenance, status.maintenance_rate,
                     told_maintenance_[id.index()], status.binding_maintenance);
}

void MarketStage::report_threshold(InstrumentId id, MarginLevel level, Rate now, Rate& told,
                                   RateTerm binding) noexcept {
    const Int128 difference = Int128{now.raw()} - told.raw();
    const Int128 distance = difference < 0 ? -difference : difference;
    if (distance == 0 ||
        distance * kScale < Int128{told.raw()} * parameters_.threshold_step.raw()) {
        return;
    }
    Event event;
    event.kind = EventKind::threshold_changed;
    event.threshold = {.instrument = id,
                       .level = level,
                       .binding = binding,
                       .from = told,
                       .to = now,
                       .sigma_annual = statuses_[id.index()].sigma_annual};
    events_.push_back(event);
    told = now;
}

// multiplier * confidence / price, rounded up: of the widest interval among the fresh sources.
Rate MarketStage::confidence_charge(const ConfidenceCharge& rule, InstrumentId id) const noexcept {
    if (rule.multiplier.raw() == 0) return {};
    Rate widest;
    for (const SourceId source : wiring_[id.index()].index_sources) {
        const SourceStatus& status = source_statuses_[source.index()];
        if (!status.in_merge || status.confidence.raw() <= 0) continue;
        const Int128 share = div_ceil(Int128{status.confidence.raw()} * kScale, status.price.raw());
        widest =
            std::max(widest, Rate::from_raw(saturate_to_int64(std::min<Int128>(share, kScale))));
    }
    return product(rule.multiplier, widest, Rounding::up);
}

// What the instrument's rules say now; prices of levels come with the prices.
void MarketStage::update_terms(InstrumentId id) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const InstrumentRules& rules = instrument.rules;
    PositionTerms& terms = terms_[id.index()];
    const PositionTerms before = terms;
    terms = rules.terms;
    terms.long_price = before.long_price;
    terms.short_price = before.short_price;
    terms.payoff = is_inverse(instrument.kind)                 ? Payoff::inverse
                   : instrument.kind == InstrumentKind::capped ? Payoff::capped
                                                               : Payoff::linear;
    const InstrumentStatistics& statistics = instrument_statistics_[id.index()];
    terms.charge_per_unit = terms.charge_per_unit + statistics.expected_funding;
    terms.auction_price = statistics.auction_price;
    terms.in_auction = statistics.auction_price.raw() > 0;
    if (rules.lognormal) {
        const RiskFactors factors = lognormal_risk_factors(rules.risk_model);
        terms.long_rate = terms.long_rate[MarginLevel::maintenance] + rate_up(factors.long_side);
        terms.short_rate = terms.short_rate[MarginLevel::maintenance] + rate_up(factors.short_side);
    }
    rows_[id.index()].terms = rules.plain ? nullptr : &terms;
}

// The initial level may be valued at the less favourable of the mark and the slow price.
void MarketStage::update_prices_of_level(InstrumentId id) noexcept {
    if (!parameters_.instruments[id.index()].rules.slow_price) return;
    const Price mark = rows_[id.index()].mark;
    const Price slow = slow_price_in_ticks(id);
    if (slow.raw() == 0) return;
    terms_[id.index()].long_price[MarginLevel::initial] = std::min(mark, slow);
    terms_[id.index()].short_price[MarginLevel::initial] = std::max(mark, slow);
}

void MarketStage::update_slow_price(InstrumentId id, Timestamp now) noexcept {
    const SlowPriceRule<Ledger>& rule = parameters_.instruments[id.index()].slow_price;
    if (rule.growth_per_second.raw() == 0) return;
    const UnitPrice index = unit_price(id, statuses_[id.index()].index);
    InstrumentStatistics& statistics = instrument_statistics_[id.index()];
    if (!statistics.slow_price_started) {
        slow_prices_[id.index()] = SlowPrice(rule, index, now);
        statistics.slow_price_started = true;
    } else {
        slow_prices_[id.index()].update(index, now);
    }
}

// A price at 1e-8, rounded down; never zero, which means "not priced yet".
UnitPrice MarketStage::unit_price(InstrumentId id, Price price) const noexcept {
    const int decimals = parameters_.instruments[id.index()].price_decimals;
    const Int128 raw = decimals >= kScaleDecimals
                           ? Int128{price.raw()} / power_of_ten(decimals - kScaleDecimals)
                           : Int128{price.raw()} * power_of_ten(kScaleDecimals - decimals);
    return UnitPrice::from_raw(std::max<std::int64_t>(saturate_to_int64(raw), 1));
}

// The slow price in the instrument's ticks, rounded down; zero: there is none yet.
Price MarketStage::slow_price_in_ticks(InstrumentId id) const noexcept {
    if (!instrument_statistics_[id.index()].slow_price_started) return {};
    const int decimals = parameters_.instruments[id.index()].price_decimals;
    const Int128 raw = slow_prices_[id.index()].price().raw();
    return Price::from_raw(saturate_to_int64(decimals >= kScaleDecimals
                                                 ? raw * power_of_ten(decimals - kScaleDecimals)
                                                 : raw / power_of_ten(kScaleDecimals - decimals)));
}

void MarketStage::update_assets(InstrumentId id) noexcept {
    for (const AssetId asset : wiring_[id.index()].prices_assets) {
        asset_rows_[asset.index()].price = unit_price(id, statuses_[id.index()].index);
        update_asset(asset);
    }
}

// Weights and prices of the levels, as the asset's rules, the venue's totals and the price say now.
void MarketStage::update_asset(AssetId id) noexcept {
    const Asset& asset = parameters_.assets[id.index()];
    const AssetRules& rules = asset.rules;
    const AssetStatistics& totals = asset_statistics_[id.index()];
    AssetRow& row = asset_rows_[id.index()];
    BalanceTerms& terms = asset_terms_[id.index()];
    terms = {.asset_price = {},
             .liability_price = {},
             .asset_discount = rules.asset_discount,
             .liability_premium = rules.liability_premium,
             .amount_discount = rules.amount_discount,
             .haircuts = rules.haircuts,
             .borrow_rates = rules.borrow_rates,
             .debt_is_requirement = rules.debt_is_requirement,
             .order_charge = rules.order_charge};
    UnitPrice lower = row.price;
    UnitPrice upper = row.price;
    if (rules.slow_price && asset.priced_by.valid() &&
        instrument_statistics_[asset.priced_by.index()].slow_price_started) {
        const UnitPrice slow = slow_prices_[asset.priced_by.index()].price();
        lower = std::min(lower, slow);
        upper = std::max(upper, slow);
    }
    terms.asset_price[MarginLevel::initial] = lower;
    terms.liability_price[MarginLevel::initial] = upper;
    if (rules.redemption && totals.redemption.raw() > 0) {
        for (const MarginLevel level : kAllMarginLevels) {
            const UnitPrice price =
                terms.asset_price[level].raw() > 0 ? terms.asset_price[level] : row.price;
            terms.asset_price[level] = std::min(price, totals.redemption);
        }
    }
    update_weights(asset, totals, upper, row);
    row.terms = rules.plain ? nullptr : &terms;
}

void MarketStage::update_weights(const Asset& asset, const AssetStatistics& totals,
                                 UnitPrice initial_price, AssetRow& row) const noexcept {
    const AssetRules& rules = asset.rules;
    const Rate unsure =
        asset.priced_by.valid() ? confidence_charge(rules.confidence, asset.priced_by) : Rate{};
    for (const MarginLevel level : kAllMarginLevels) {
        const Rate haircut = std::min(asset.haircut[level] + unsure, kRateOne);
        row.asset_weight[level] = kRateOne - haircut;
        row.liability_weight[level] = asset.liability_weight[level] + unsure;
    }
    Rate& owned = row.asset_weight[MarginLevel::initial];
    Rate& owed = row.liability_weight[MarginLevel::initial];
    if (rules.depeg.factor.raw() > 0 && row.price < rules.depeg.threshold) {
        const Rate below = Rate::from_raw(rules.depeg.threshold.raw() - row.price.raw());
        owned = owned - std::min(owned, product(rules.depeg.factor, below, Rounding::up));
    }
    owned = concentrated_asset_weight(owned, totals.deposits, initial_price,
                                      rules.concentration.deposits_from);
    owed = concentrated_liability_weight(owed, totals.borrows, initial_price,
                                         rules.concentration.borrows_from);
}

}  // namespace margind::core
