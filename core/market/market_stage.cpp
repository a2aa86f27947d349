#include "core/market/market_stage.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/assert.hpp"
#include "core/market/merge.hpp"
#include "core/math/elementary.hpp"
#include "core/validate_rules.hpp"

namespace margind::core {
namespace {

// A price state and two thresholds: the most that one recompute can report.
constexpr std::size_t kEventsPerRecompute = 3;

// The place where volatility, a double, becomes a margin rate: rounded up.
Rate volatility_rate(double z, double sigma, Duration horizon) noexcept {
    const double rate = z * sigma * square_root(horizon.seconds()) * static_cast<double>(kScale);
    // Beyond the largest cap that validate() admits there is nothing to tell apart.
    constexpr std::int64_t kHighest = 2 * kScale;
    if (!(rate < static_cast<double>(kHighest))) return Rate::from_raw(kHighest);
    const auto floor = static_cast<std::int64_t>(rate);
    return Rate::from_raw(static_cast<double>(floor) < rate ? floor + 1 : floor);
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
      rows_(parameters),
      told_initial_(parameters.instruments.size()),
      told_maintenance_(parameters.instruments.size()),
      armings_(parameters.instruments.size()),
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
    // One input recomputes an instrument at most once itself and once per conversion into it.
    std::size_t recomputes = parameters.instruments.size();
    for (const Wiring& wiring : wiring_) recomputes += wiring.converts.size();
    events_.reserve(recomputes * kEventsPerRecompute);
    volatility_.reserve(parameters.instruments.size());
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
        const Instrument& instrument = parameters.instruments[i];
        volatility_.emplace_back(instrument.volatility);
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
        } else if (armings_[i].waits) {
            judge_trust(InstrumentId(i), armings_[i].trusted_since.stated(), now);
            if (!armings_[i].waits) recompute_dependents(InstrumentId(i), now);
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

void MarketStage::restarted(Timestamp now) noexcept {
    fresh_from_ = now;
    // Their last prices are no measure of a jump either: nobody knows what happened meanwhile.
    for (SourceStatus& status : source_statuses_) {
        status.price = {};
        status.confidence = {};
        status.in_merge = false;
        status.sequence = 0;
    }
    arming_count_ = 0;
    for (std::uint32_t i = 0; i < statuses_.size(); ++i) {
        InstrumentStatus& status = statuses_[i];
        const bool waits = !wiring_[i].index_sources.empty() && status.mark.raw() > 0;
        armings_[i] = {.waits = waits, .trusted_since = {}};
        if (!waits) continue;
        ++arming_count_;
        status.live_index_sources = 0;
        status.live_mark_sources = 0;
        status.distrusted_since = now;
        set_state(InstrumentId(i), PriceState::frozen, PriceReason::restarted);
    }
}

void MarketStage::refresh() noexcept {
    rows_.refresh();
    for (std::uint32_t i = 0; i < statuses_.size(); ++i) update_rates(InstrumentId(i));
}

Refusal MarketStage::apply(const StatisticInput& input, Timestamp now) noexcept {
    if (input.statistic >= Statistic::count_) return Refusal::unknown_statistic;
    const bool of_asset = input.statistic >= Statistic::total_deposits;
    if (of_asset && input.target >= parameters_.assets.size()) return Refusal::unknown_asset;
    if (!of_asset && input.target >= statuses_.size()) return Refusal::unknown_instrument;
    if (input.value < 0 && input.statistic != Statistic::expected_funding) {
        return Refusal::statistic_out_of_range;
    }
    if (of_asset &&
        Int128{input.value} * largest_unit_price(parameters_, AssetId(input.target)).raw() >
            kMaxExposure) {
        return Refusal::statistic_out_of_range;
    }
    if (!of_asset && !fits(input)) return Refusal::statistic_out_of_range;
    rows_.set_statistic(input, now);
    if (of_asset) {
        // An asset at par moves nobody: validate() wants a price behind every rule that needs one.
        const InstrumentId by = parameters_.assets[input.target].priced_by;
        if (by.valid()) change_of(by).index_moved = true;
    } else if (input.statistic == Statistic::open_interest) {
        update_rates(InstrumentId(input.target));
    } else if (input.statistic == Statistic::slow_price) {
        change_of(InstrumentId(input.target)).index_moved = true;
    } else {
        change_of(InstrumentId(input.target)).rates_moved = true;
    }
    return Refusal::none;
}

// Whether the instrument has a use for the statistic, and what it makes an account owe stays inside
// the arithmetic.
bool MarketStage::fits(const StatisticInput& input) const noexcept {
    const Instrument& instrument = parameters_.instruments[input.target];
    if (input.statistic == Statistic::auction_price) {
        return input.value <= instrument.price_max.raw();
    }
    if (input.statistic == Statistic::slow_price) {
        return keeps_slow_price(instrument) && input.value > 0 &&
               input.value <= instrument.price_max.raw();
    }
    if (input.statistic != Statistic::expected_funding) return true;
    const Int128 charge = Int128{instrument.rules.terms.charge_per_unit.raw()} + input.value;
    return charge_fits(instrument, Money::from_raw(saturate_to_int64(charge)));
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
        if (status.price.raw() > 0 && status.receive_time >= fresh_from_ &&
            now - status.receive_time <= source.stale_after) {
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
    const std::int64_t numerator = rows_.price(source.quote).raw();
    const std::int64_t denominator = rows_.price(to).raw();
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
        // A slow price goes on towards an index that stands still.
        if (index.live > 0 && (index.price != status.index || keeps_slow_price(instrument))) {
            status.index = index.price;
            change_of(id).index_moved = true;
            rows_.set_index(id, index.price, now);
        }
        if (mark.live > 0 && mark.price != status.mark) {
            status.mark = mark.price;
            rows_.set_mark(id, mark.price);
            change_of(id).mark_moved = true;
        }
        const bool surer = rows_.set_confidence(id, confidence_share(id));
        if (surer) change_of(id).index_moved = true;  // assets it prices weigh differently
        if ((index.live > 0 && volatility_[id.index()].observe(index.price, now)) || surer) {
            update_rates(id);
        }
    }
    if (trusted && !ever_trusted) --waiting_for_first_price_;
    if (trusted || ever_trusted) judge_trust(id, trusted, now);
}

void MarketStage::judge_trust(InstrumentId id, bool trusted, Timestamp now) noexcept {
    if (armings_[id.index()].waits && still_arming(id, trusted, now)) return;
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

bool MarketStage::still_arming(InstrumentId id, bool trusted, Timestamp now) noexcept {
    Arming& arming = armings_[id.index()];
    if (!trusted) {
        arming.trusted_since = {};
        return true;
    }
    if (!arming.trusted_since.stated()) arming.trusted_since = now;
    if (now - arming.trusted_since < parameters_.guard.restart_grace) return true;
    arming.waits = false;
    --arming_count_;
    return false;
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

MarketStage::VolatilityRates MarketStage::volatility_rates(InstrumentId id) const noexcept {
    const RateRule& rule = parameters_.instruments[id.index()].rate;
    const double sigma = volatility_[id.index()].sigma_per_root_second();
    return {volatility_rate(rule.z_initial, sigma, rule.horizon),
            volatility_rate(rule.z_maintenance, sigma, rule.horizon)};
}

// The volatility's rate between the tier's own and the cap; a cap below the tier's own yields.
MarketStage::BoundRate MarketStage::bound_rate(InstrumentId id, std::size_t t, MarginLevel level,
                                               const VolatilityRates& rates) const noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const bool initial = level == MarginLevel::initial;
    const Rate floor =
        initial ? instrument.tiers[t].initial_rate : instrument.tiers[t].maintenance_rate;
    const Rate volatility = initial ? rates.initial : rates.maintenance;
    const Rate cap = instrument.rate.cap;
    if (volatility <= floor) return {floor, RateTerm::floor};
    if (volatility >= cap) return {std::max(cap, floor), RateTerm::cap};
    return {volatility, RateTerm::volatility};
}

RateSteps MarketStage::rate_steps(InstrumentId id, std::size_t tier,
                                  MarginLevel level) const noexcept {
    const BoundRate bound = bound_rate(id, tier, level, volatility_rates(id));
    const Rate charged = rows_.row(id).tiers[tier].rate[level];
    return {.binding = bound.binding,
            .bound = bound.rate,
            .scaled = charged - rows_.facts(id).confidence_charge,
            .charged = charged};
}

void MarketStage::update_rates(InstrumentId id) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    InstrumentStatus& status = statuses_[id.index()];
    const VolatilityRates rates = volatility_rates(id);
    bool moved = false;
    for (std::size_t t = 0; t < instrument.tiers.size(); ++t) {
        const BoundRate im = bound_rate(id, t, MarginLevel::initial, rates);
        const BoundRate mm = bound_rate(id, t, MarginLevel::maintenance, rates);
        moved = rows_.set_rates(id, t, im.rate, mm.rate) || moved;
        if (t > 0) continue;
        const PerLevel<Rate>& rate = rows_.row(id).tiers[0].rate;
        status.binding_initial = im.binding;
        status.binding_maintenance = mm.binding;
        status.initial_rate = rate[MarginLevel::initial];
        status.maintenance_rate = rate[MarginLevel::maintenance];
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

// Confidence / price of the widest interval among the fresh index sources, rounded up, at most 1.
Rate MarketStage::confidence_share(InstrumentId id) const noexcept {
    Rate widest;
    for (const SourceId source : wiring_[id.index()].index_sources) {
        const SourceStatus& status = source_statuses_[source.index()];
        if (!status.in_merge || status.confidence.raw() <= 0) continue;
        const Int128 share = div_ceil(Int128{status.confidence.raw()} * kScale, status.price.raw());
        widest =
            std::max(widest, Rate::from_raw(saturate_to_int64(std::min<Int128>(share, kScale))));
    }
    return widest;
}

}  // namespace margind::core
