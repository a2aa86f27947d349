#include "core/bands/band_index.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "core/assert.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {
namespace {

constexpr MarginLevel kLevel = MarginLevel::maintenance;

// Chunks of seven entries for each account, on average, with those not swept yet.
constexpr std::size_t kChunksPerAccount = 8;
// Of all accounts, those that may be tracked at a time, and their slots in lists of blocks.
constexpr std::size_t kTrackedShare = 4;
constexpr std::size_t kBlocksPerTracked = 1;
// After a tick: accounts guarded anew, and of those put off before.
constexpr std::size_t kRepairs = 1'024;
constexpr std::size_t kLateRepairs = 256;

std::size_t tracked_max(const RiskParameters& parameters, const BandLimits& limits) {
    return limits.tracked > 0 ? limits.tracked : parameters.max_accounts / kTrackedShare + 1'024;
}
// Split buckets of a wheel, on average: each is about 1 % of its price.
constexpr std::size_t kFineBlocksPerWheel = 8;

}  // namespace

BandIndex::BandIndex(const RiskParameters& parameters, const AccountBook& book,
                     const MarketStage& market, const BandLimits& limits)
    : limits_(limits),
      parameters_(parameters),
      book_(book),
      market_(market),
      priced_by_(parameters.instruments.size()),
      coordinates_(parameters),
      wheels_(coordinates_.factors() * Coordinates::kPerFactor,
              limits.chunks > 0 ? limits.chunks
                                : std::size_t{parameters.max_accounts} * kChunksPerAccount + 16'384,
              limits.fine_blocks > 0
                  ? limits.fine_blocks
                  : coordinates_.factors() * Coordinates::kPerFactor * kFineBlocksPerWheel),
      watched_(coordinates_.factors(), kEndOfList),
      tracked_(coordinates_.factors(),
               tracked_max(parameters, limits) * kBlocksPerTracked + coordinates_.factors()),
      records_(std::make_unique_for_overwrite<Tracked[]>(tracked_max(parameters, limits))),
      records_max_(static_cast<std::uint32_t>(tracked_max(parameters, limits))),
      anchors_(coordinates_.factors()),
      spreads_(coordinates_.factors()),
      call_(limits.first_call),
      put_off_(tracked_max(parameters, limits)),
      corner_(parameters) {
    MARGIND_ASSERT(coordinates_.factors() <= std::numeric_limits<std::uint16_t>::max());
    for (std::uint32_t a = 0; a < parameters.assets.size(); ++a) {
        const InstrumentId by = parameters.assets[a].priced_by;
        if (by.valid()) priced_by_[by.index()].push_back(AssetId(a));
    }
    constexpr std::size_t kSlotsMax = 2 * (kMaxPositionsPerAccount + kMaxBalancesPerAccount);
    make_room(parameters.max_accounts);
    slots_.reserve(std::size_t{parameters.max_accounts} * 4);
    collected_.reserve(kSlotsMax);
    harm_.reserve(kSlotsMax);
    width_.reserve(kSlotsMax);
    price_ranges_.reserve(kSlotsMax);
    rate_ranges_.reserve(kSlotsMax);
    rate_keys_.reserve(kSlotsMax);
    factors_.reserve(kSlotsMax);
    parameters_changed();
}

// A shard may be given more accounts than memory was reserved for.
void BandIndex::make_room(std::size_t accounts) {
    accounts_.resize(accounts);
    fired_.reserve(2 * accounts + 1'024);
    named_.reserve(accounts);
    work_.reserve(accounts);
}

void BandIndex::parameters_changed() {
    const Ladder& ladder = parameters_.ladder;
    ladder_covered_ = ladder.warning.of == kLevel && ladder.margin_call.of == kLevel &&
                      ladder.liquidation.of == kLevel;
    if (MARGIND_FAULT(old_parameters) && book_.size() > 0) return;
    coordinates_.set_ladder(ladder);
    // Every account is collected anew after this, and wants none of its entries.
    for (std::uint32_t w = 0; w < coordinates_.factors() * Coordinates::kPerFactor; ++w) {
        wheels_.empty(w, fired_);
        fired_.clear();
    }
    for (FactorIndex f = 0; f < coordinates_.factors(); ++f) update_factor(f);
    for (Account& account : accounts_) {
        if (account.cover == Cover::distrusted) account.cover = Cover::none;
    }
    statistics_.distrusted = 0;
}

// ---- a tick

std::span<const AccountSlot> BandIndex::affected(const MarketChange& change) noexcept {
    number_call();
    named_.clear();
    anchored_anew_ = false;
    const FactorIndex instrument = coordinates_.of(change.instrument);
    update_factor(instrument);
    name_watched(instrument);
    for (const AssetId asset : priced_by_[change.instrument.index()]) {
        update_factor(coordinates_.of(asset));
        name_watched(coordinates_.of(asset));
    }
    if (anchored_anew_) {
        for (const AccountSlot slot : named_) accounts_[slot.index()].fresh = true;
    }
    if (++ticks_ == kRefreshEvery) refresh_spreads();
    return named_;
}

// Numbers come round again after some hours of a busy market: nobody was named in this call then.
void BandIndex::number_call() noexcept {
    if (++call_ != 0) return;
    for (Account& account : accounts_) account.named_at = 0;
    call_ = 1;
}

void BandIndex::update_factor(FactorIndex factor) noexcept {
    const MarketView market = market_.view();
    // Price and rate together: what moves an account that is near its liquidation.
    const std::size_t watched = Coordinates::rising(entering(MarginState::liquidation));
    const std::array<BandKey, Coordinates::kPerFactor> before = coordinates_.all(factor);
    // Rules may come before the first price.
    const Coordinates::Rules rules = update_rules(factor);
    if (rules == Coordinates::Rules::replaced) cover_anew(factor);
    if (factor < market.instruments.size()) {
        const InstrumentRow& row = market.instruments[factor];
        if (row.mark.raw() == 0) return;
        coordinates_.update(InstrumentId(factor), row);
    } else {
        const auto asset = factor - static_cast<std::uint32_t>(market.instruments.size());
        if (market.assets[asset].price.raw() == 0) return;
        coordinates_.update(AssetId(asset), market.assets[asset]);
    }
    if (!anchors_[factor].started) {
        start_wheels(factor);
        return;
    }
    if (!tracked_.empty(factor)) move_tracked(factor, before);
    const double moved = coordinates_.at(factor, watched) - before[watched];
    spreads_[factor].squares += moved * moved;
    ++spreads_[factor].ticks;
    if (rules != Coordinates::Rules::hold) {
        const auto wheel = static_cast<std::uint32_t>(factor * Coordinates::kPerFactor + kRulesUp);
        wheels_.advance(wheel, Coordinates::kLimit + 1, fired_);
        take_fired();
    }
    const BandKey price = coordinates_.at(factor, kPriceUp);
    if (price < anchors_[factor].floor || price > anchors_[factor].ceiling) {
        anchor_anew(factor);
    } else {
        advance_factor(factor);
    }
}

Coordinates::Rules BandIndex::update_rules(FactorIndex factor) noexcept {
    const MarketView market = market_.view();
    if (factor < market.instruments.size()) {
        return coordinates_.update_rules(InstrumentId(factor), market.instruments[factor]);
    }
    const auto asset = factor - static_cast<std::uint32_t>(market.instruments.size());
    return coordinates_.update_rules(AssetId(asset), market.assets[asset]);
}

// An instrument got rules of its own, or lost them: who depends on it may be covered otherwise.
// Looks at every account; a venue does this to an instrument once, when its first funding is told.
void BandIndex::cover_anew(FactorIndex factor) noexcept {
    if (MARGIND_FAULT(old_cover)) return;
    for (std::uint32_t index = 0; index < book_.size(); ++index) {
        const std::span<const Slot> slots = std::as_const(slots_).rows(accounts_[index].run);
        const bool depends = std::any_of(slots.begin(), slots.end(),
                                         [&](const Slot& slot) { return slot.factor == factor; });
        if (!depends) continue;
        const AccountView view = book_.view(AccountSlot(index));
        if (cover_of(view) == accounts_[index].cover) continue;
        account_changed(AccountSlot(index), factors_of(view));
        name(index);
    }
}

std::span<const InstrumentId> BandIndex::factors_of(const AccountView& view) {
    factors_.clear();
    for (const PositionRow& row : view.positions) factors_.push_back(row.instrument);
    for (const BalanceRow& row : view.balances) {
        const InstrumentId by = parameters_.assets[row.asset.index()].priced_by;
        if (by.valid()) factors_.push_back(by);
    }
    std::sort(factors_.begin(), factors_.end());
    factors_.erase(std::unique(factors_.begin(), factors_.end()), factors_.end());
    return factors_;
}

void BandIndex::start_wheels(FactorIndex factor) noexcept {
    lay_wheels(factor);
    // A guess until there is experience: a tenth of a basis point a tick, all factors alike.
    Spread& spread = spreads_[factor];
    spread.share = 1.0 / static_cast<double>(spreads_.size());
    spread.deviation =
        std::max(1.0, coordinates_.at(factor, kPriceUp) * 1e-5) * std::sqrt(spread.share);
}

// Fine buckets of about half a basis point.
void BandIndex::lay_wheels(FactorIndex factor) noexcept {
    constexpr std::int64_t kUpTo = 4;  // times the price
    constexpr BandKey kDownTo = 8;     // the price over this
    const BandKey price = coordinates_.at(factor, kPriceUp);
    anchors_[factor] = {.started = true,
                        .floor = price / kDownTo,
                        .ceiling = static_cast<BandKey>(
                            std::min<std::int64_t>(kUpTo * price, Coordinates::kLimit))};
    const auto shift_of = [](std::int64_t now) {
        const auto bucket = static_cast<std::uint64_t>(std::max<std::int64_t>(now / 20'000, 1));
        return static_cast<int>(std::bit_width(bucket)) - 1;
    };
    for (std::uint32_t c = 0; c < Coordinates::kPerFactor; ++c) {
        wheels_.start(factor * static_cast<std::uint32_t>(Coordinates::kPerFactor) + c,
                      coordinates_.at(factor, c),
                      shift_of(c == kRulesUp ? Coordinates::kUnmoved : price));
    }
}

// The price went so far from where the wheels were laid that their buckets are too coarse or too
// fine, or that tiers matter which did not: who holds the factor is judged and guarded from
// scratch.
void BandIndex::anchor_anew(FactorIndex factor) noexcept {
    ++statistics_.anchored;
    anchored_anew_ = true;
    const auto first = static_cast<std::uint32_t>(factor * Coordinates::kPerFactor);
    for (std::uint32_t c = 0; c < Coordinates::kPerFactor; ++c) {
        wheels_.empty(first + c, fired_);
        if (MARGIND_FAULT(lost_in_anchoring)) fired_.clear();
        take_fired();
    }
    tracked_.for_each(factor,
                      [&](const TrackedEntry& entry) { name(slots_[entry.place].account); });
    lay_wheels(factor);
}

void BandIndex::advance_factor(FactorIndex factor) noexcept {
    const auto first = static_cast<std::uint32_t>(factor * Coordinates::kPerFactor);
    for (std::uint32_t c = 0; c < Coordinates::kPerFactor; ++c) {
        wheels_.advance(first + c, coordinates_.at(factor, c), fired_);
        take_fired();
    }
}

void BandIndex::name(std::uint32_t account) noexcept {
    if (accounts_[account].named_at == call_) return;
    accounts_[account].named_at = call_;
    named_.push_back(AccountSlot(account));
}

void BandIndex::name_watched(FactorIndex factor) noexcept {
    for (std::int32_t place = watched_[factor]; place != kEndOfList;) {
        const Slot& slot = slots_[static_cast<std::uint32_t>(place)];
        name(slot.account);
        place = slot.key[0];
    }
}

// What one wheel reported. An entry is its owner's if it carries the key that is in force.
void BandIndex::take_fired() noexcept {
    constexpr std::size_t kAhead = 16;
    if (fired_.empty()) return;
    statistics_.fired += fired_.size();
    for (std::size_t i = 0; i < fired_.size(); ++i) {
        if (i + kAhead < fired_.size()) __builtin_prefetch(&slots_[fired_[i + kAhead].slot], 1);
        const FiredEntry& entry = fired_[i];
        if (key_of(entry.wheel, entry.slot) != entry.key) {
            ++statistics_.unwanted;
            continue;
        }
        Slot& slot = slots_[entry.slot];
        forget(slot.key[which_key(slot, entry.wheel)]);
        MARGIND_FOUND(slot.account);
        name(slot.account);
    }
    fired_.clear();
}

void BandIndex::refresh_spreads() noexcept {
    constexpr double kNew = 0.3;
    for (Spread& spread : spreads_) {
        const double variance = spread.squares / kRefreshEvery;
        const double before = spread.deviation * spread.deviation;
        spread.deviation = std::sqrt(std::max((1 - kNew) * before + kNew * variance, 1e-6));
        spread.share = (1 - kNew) * spread.share + kNew * spread.ticks / kRefreshEvery;
        spread.squares = 0;
        spread.ticks = 0;
    }
    ticks_ = 0;
}

// ---- after the judgement

void BandIndex::judged(AccountSlot slot, MarginState state, const Evaluation& evaluation) noexcept {
    Account& account = accounts_[slot.index()];
    account.fresh = account.fresh || account.state != state;
    account.state = state;
    // Whether a watched account may go back behind guards is asked once in a while: every sixteenth
    // time, in no step with the order in which instruments tick.
    const bool stays = account.mode == Mode::watched && !account.fresh;
    const bool asked = (call_ * 0x9E37'79B9U) >> 28 == (slot.index() & 15U);
    if (stays && (always_watched(account) || !asked)) return;
    if (account.fresh || account.named_at == call_) work_.push_back({slot, state, evaluation});
}

void BandIndex::settle() noexcept {
    if (put_off_size_ > 0) repair_late();
    if (work_.empty()) return;
    const std::size_t at_once = limits_.repairs > 0 ? limits_.repairs : kRepairs;
    std::size_t spent = 0;
    for (const Work& work : work_) {
        repair(work, spent < at_once);
        spent += repair_cost(work.slot);
    }
    work_.clear();
    sweep();
}

// In guards of additive accounts.
std::size_t BandIndex::repair_cost(AccountSlot slot) const noexcept {
    return accounts_[slot.index()].cover == Cover::corners
               ? corner_.evaluations(book_.view(slot), market_.view())
               : 1;
}

// Requires: the account is tracked. Where the ring is full the account waits until a tick finds it
// far enough from its lines.
void BandIndex::put_off(std::uint32_t index) noexcept {
    ++statistics_.put_off;
    if (put_off_size_ == put_off_.size()) return;
    put_off_[(put_off_first_ + put_off_size_++) % put_off_.size()] = index;
    Tracked& record = records_[record_of(accounts_[index])];
    record.waits = true;
    record.enough = kFarAway;
}

// What is known of their distances is enough to guard them: nobody is evaluated.
void BandIndex::repair_late() noexcept {
    const std::size_t at_once = limits_.repairs > 0 ? limits_.repairs : kLateRepairs;
    for (std::size_t n = 0; n < at_once && put_off_size_ > 0; ++n) {
        const std::uint32_t index = put_off_[put_off_first_];
        put_off_first_ = (put_off_first_ + 1) % put_off_.size();
        --put_off_size_;
        Account& account = accounts_[index];
        if (account.mode != Mode::tracked) continue;
        const Tracked& record = records_[record_of(account)];
        if (!record.waits) continue;
        Distance down = line(kDown, account.state);
        Distance up = line(kUp, account.state);
        down.slack = record.slack[kDown];
        up.slack = record.slack[kUp];
        const Mode mode =
            guard_or_track(index, book_.view(AccountSlot(index)), down, up, /*returning=*/false);
        place(index, mode);
    }
}

// Takes out what nobody wants any more, a little at a time, once it is much.
void BandIndex::sweep() noexcept {
    constexpr int kChunks = 4;
    if (wheels_.statistics().entries <=
        limits_.unwanted_entries + keys_in_force_ + keys_in_force_ / 2)
        return;
    wheels_.sweep(kChunks, [&](std::uint32_t wheel, BandKey key, SlotRef place) {
        return key_of(wheel, place) == key && !(MARGIND_FAULT(swept_wanted) && place % 50 == 7);
    });
}

// The key in force of a slot for a wheel; none if it has none there.
std::int32_t BandIndex::key_of(std::uint32_t wheel, SlotRef place) const noexcept {
    const Slot& slot = slots_[place];
    if (slot.factor != wheel / Coordinates::kPerFactor) return kNoKey;
    return accounts_[slot.account].mode == Mode::banded ? slot.key[which_key(slot, wheel)] : kNoKey;
}

std::size_t BandIndex::which_key(const Slot& slot, std::uint32_t wheel) noexcept {
    const std::size_t coordinate = wheel % Coordinates::kPerFactor;
    if (!held(slot)) return static_cast<std::size_t>(coordinate == kPriceDown);
    // Up the ladder, and the price's limit, are the second of what is held.
    return coordinate < kPriceUp ? coordinate % kThresholds * 2 / kThresholds : 1;
}

// After it the account is banded, tracked or watched, as its distance and its rules allow, and the
// time: guarding it may be put off.
void BandIndex::repair(const Work& work, bool at_once) noexcept {
    const std::uint32_t index = work.slot.index();
    Account& account = accounts_[index];
    const AccountView view = book_.view(work.slot);
    const bool returning = account.mode == Mode::watched || account.mode == Mode::tracked;
    if (always_watched(account)) {
        account.fresh = false;
        return;  // watched since its rows changed
    }
    if (account.fresh || account.mode == Mode::watched) let_go(index);
    if (MARGIND_FAULT(lost_when_put_off) && !at_once) return let_go(index);
    Mode mode = Mode::watched;
    if (account.cover == Cover::additive) {
        if (account.fresh) mark_limited(account, view);
        mode = guard_additive(index, view, work, returning, at_once);
    } else if (work.state == MarginState::healthy && at_once &&
               guard_ranges(account, view, returning)) {
        mode = Mode::banded;
    }
    account.fresh = mode == Mode::watched && !at_once;  // to be asked on the next tick
    place(index, mode);
    if (mode == Mode::tracked && !at_once) put_off(index);
}

// Makes the account what its guards, or its entries in lists, have been set for.
void BandIndex::place(std::uint32_t index, Mode mode) noexcept {
    if (mode == Mode::watched) {
        let_go(index);
        watch(index);
    } else {
        set_mode(accounts_[index], mode);
    }
}

bool BandIndex::set_key(Slot& slot, std::uint32_t place, std::size_t which, std::size_t coordinate,
                        BandKey key) noexcept {
    const auto wheel =
        static_cast<std::uint32_t>(slot.factor * Coordinates::kPerFactor + coordinate);
    if (!wheels_.insert(wheel, key, place)) {
        ++statistics_.no_memory;
        return false;
    }
    forget(slot.key[which]);
    slot.key[which] = key;
    ++keys_in_force_;
    ++statistics_.keys_set;
    return true;
}

void BandIndex::forget_keys(Account& account, std::size_t which) noexcept {
    for (Slot& slot : slots_.rows(account.run)) {
        forget(slot.key[which]);
    }
}

void BandIndex::forget_all_keys(Account& account) noexcept {
    for (Slot& slot : slots_.rows(account.run)) {
        forget(slot.key[0]);
        forget(slot.key[1]);
    }
}

void BandIndex::set_mode(Account& account, Mode mode) noexcept {
    const auto count = [&](Mode of, std::int32_t by) {
        if (of == Mode::banded) statistics_.banded += static_cast<std::uint32_t>(by);
        if (of == Mode::tracked) statistics_.tracked += static_cast<std::uint32_t>(by);
        if (of == Mode::watched) statistics_.watched += static_cast<std::uint32_t>(by);
    };
    count(account.mode, -1);
    count(mode, 1);
    account.mode = mode;
}

// Nothing knows the account any more: no keys, no lists.
void BandIndex::let_go(std::uint32_t index) noexcept {
    Account& account = accounts_[index];
    switch (account.mode) {
        case Mode::none:
        case Mode::banded:
            forget_all_keys(account);
            break;
        case Mode::tracked:
            untrack(account);
            break;
        case Mode::watched:
            unwatch(account);
            break;
    }
    set_mode(account, Mode::none);
}

BandStatistics BandIndex::statistics() const noexcept {
    BandStatistics out = statistics_;
    out.swept = wheels_.statistics().swept;
    out.bytes = wheels_.bytes() + accounts_.size() * sizeof(Account) +
                slots_.size() * sizeof(Slot) + coordinates_.bytes() + tracked_.bytes() +
                statistics_.tracked * sizeof(Tracked);
    return out;
}

}  // namespace margind::core
