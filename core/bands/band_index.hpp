// The accounts that a tick can hurt, and hardly any others: an index that knows for each account
// how far every price may move before the account can change its state, and is asked about the
// account only when one has moved that far.
//
// For each line that an account could cross next (down the ladder, and up), a guard:
//
//   slack  S = how far the account is from the line, in money
//   keys   K_j, one for each thing j it holds, beyond the coordinate y_j
//   (core/bands/coordinates.hpp) certificate  sum over j of amount_j * (K_j - y_j + slop) * step_j
//   <= S      in 128 bits
//
// While every y_j <= K_j the account has not crossed: what it lost is at most the sum, hence at
// most S. The first coordinate beyond its key reports the account (TriggerWheels), on that tick,
// and the engine evaluates it exactly: what the index says is only ever whom to evaluate. How S is
// shared out is a matter of speed alone.
//
// Tiers. The coordinate has the first tier's rate. What a position requires beyond it grows with
// its price. A position that reaches the end of its first tier only beyond the factor's ceiling,
// four times the price its wheels were laid around, does not have to care: when the price passes
// the ceiling every holder is judged and the wheels are laid anew. For others the price itself has
// a key too: the end of the first tier, or for a position that is beyond it already a price that
// costs part of the slack. That cost is taken at the tiers' floors: what volatility adds to every
// tier only brings their rates nearer to each other.
//
// Near a line guarding costs more than looking (the break-even rule): the account is `tracked`. Its
// distances lie in a record that every tick of what it holds brings up to date, a multiplication
// each, without looking at the account; below zero it is named. Every such step loses at most what
// it is rounded by, never gains, and what coordinates may be off by was taken away at the start. So
// is the account of a large position that is not healthy, with its tiers looked at each time: it
// would need three keys for the position.
//
// Other rules (core/margin) are not sums of products. A healthy account under them has ranges of
// prices and rates instead, and as its certificate the margin evaluation at the worst corner of
// them (core/bands/worst_corner.hpp).
//
// An account is `watched`, that is named for every tick of what it holds, when it is beyond a line
// because its liquidation is held, or nearer to one than rounding; when a price is missing; when it
// is not healthy and its rules are not additive; and when its rules are such that no certificate
// holds.
// Correct first; statistics() says how many they are.
//
// A price that jumps can reach very many accounts in one tick. A thousand of them are guarded anew
// after it; the others are tracked, or watched where they cannot be, until a few more have their
// turn after each following tick.
//
// Thread: the engine's. Memory: 16 bytes for each account and for each thing it holds, and its
// entries in the wheels. Cost of a tick that reaches nobody: one factor's coordinates.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/bands/band_limits.hpp"
#include "core/bands/band_statistics.hpp"
#include "core/bands/coordinates.hpp"
#include "core/bands/tracked_lists.hpp"
#include "core/bands/trigger_wheels.hpp"
#include "core/bands/worst_corner.hpp"
#include "core/engine/account_book.hpp"
#include "core/engine/affected_accounts.hpp"
#include "core/market/market_stage.hpp"
#include "core/parameters.hpp"

namespace margind::core {

class BandIndex final : public AffectedAccounts {
  public:
    // Keeps references: all must outlive it. Reserves memory for parameters.max_accounts.
    BandIndex(const RiskParameters& parameters, const AccountBook& book, const MarketStage& market,
              const BandLimits& limits = {});

    void account_changed(AccountSlot slot, std::span<const InstrumentId> factors) override;
    std::span<const AccountSlot> affected(const MarketChange& change) noexcept override;
    void judged(AccountSlot slot, MarginState state,
                const Evaluation& evaluation) noexcept override;
    bool unsettled() const noexcept override { return !work_.empty() || put_off_size_ > 0; }
    void settle() noexcept override;
    void parameters_changed() override;

    BandStatistics statistics() const noexcept;
    const WheelStatistics& wheel_statistics() const noexcept { return wheels_.statistics(); }

    // Certificates, and no coordinate beyond its key.
    std::optional<AuditCheck> broken_promise(AccountSlot slot,
                                             const Evaluation& evaluation) const noexcept override;
    void distrust(AccountSlot slot, std::span<const InstrumentId> factors) override;

  private:
    enum Direction : std::uint8_t { kDown, kUp };
    enum class Mode : std::uint8_t { none, banded, tracked, watched };
    // How an account can be guarded.
    enum class Cover : std::uint8_t { additive, corners, none, distrusted };

    // What a slot is about; with the direction, which coordinate its keys are for.
    enum class Kind : std::uint8_t {
        rising,   // a long position, or a balance owned
        falling,  // a short one, or a debt
        range,    // first key: the highest price, second: the lowest
        rules,    // first key: how far rates may rise
        plain,    // no keys: only ever watched
    };

    // One thing an account holds or depends on. What is held has a key down the ladder; its second
    // key is the one up the ladder, or if `limited` the price up to which what its tiers add is
    // allowed for. Tracked: the first key is its number in the factor's list. Watched: its
    // neighbours in the list of the factor.
    struct Slot {
        std::array<std::int32_t, 2> key;
        std::uint32_t account;
        std::uint16_t factor;
        Kind kind : 7;
        bool limited : 1;
        std::uint8_t row;  // of the account's positions, or balances
    };
    static_assert(sizeof(Slot) == 16);
    using Run = RowPool<Slot>::Run;

    struct Account {
        Run run;
        Mode mode = Mode::none;
        MarginState state = MarginState::healthy;
        Cover cover = Cover::none;
        bool fresh = false;  // its rows or its state changed since its guards were set
        std::uint32_t named_at = 0;
    };
    static_assert(sizeof(Account) == 16);

    struct Work {
        AccountSlot slot;
        MarginState state = MarginState::healthy;
        Evaluation evaluation;
    };

    // How far a tracked account is from its next lines, less everything that could be off.
    struct alignas(kCacheLine) Tracked {
        std::array<Int128, 2> slack;  // below zero: it is named
        Int128 enough;                // both above: guards may be worth it again
        std::uint32_t account;
        std::uint32_t next_free;
        bool waits;  // in put_off_, to be guarded when there is time
    };
    static_assert(sizeof(Tracked) == kCacheLine);

    // How far an account is from the next line in a direction.
    struct Distance {
        bool needed = false;  // there is a line in this direction
        std::size_t threshold = 0;
        Int128 slack = 0;  // at 1e-16 of money, less what rounding may take; negative: none
    };

    static constexpr std::int32_t kNoKey = std::numeric_limits<std::int32_t>::min();
    static constexpr std::int32_t kEndOfList = -1;
    static constexpr Int128 kFarAway = Int128{1} << 120;
    static constexpr std::uint32_t kRefreshEvery = 16'384;

    static constexpr bool held(const Slot& slot) {
        return slot.kind == Kind::rising || slot.kind == Kind::falling;
    }
    static std::size_t coordinate_of(const Slot& slot, std::size_t threshold) noexcept {
        return slot.kind == Kind::rising ? Coordinates::rising(threshold)
                                         : Coordinates::falling(threshold);
    }

    // Accounts.
    void set_mode(Account& account, Mode mode) noexcept;
    void let_go(std::uint32_t index) noexcept;
    Cover cover_of(const AccountView& view) const noexcept;
    static bool always_watched(const Account& account) {
        return account.cover == Cover::none || account.cover == Cover::distrusted;
    }
    void enter(AccountSlot slot, Cover cover, std::span<const InstrumentId> factors);
    void collect_slots(AccountSlot slot, const AccountView& view,
                       std::span<const InstrumentId> factors);
    void collect_held(std::uint32_t account, const AccountView& view);
    void collect_ranges(std::uint32_t account, const AccountView& view);
    void collect(std::uint32_t account, FactorIndex factor, Kind kind, std::size_t row);
    void watch(std::uint32_t account) noexcept;
    void unwatch(Account& account) noexcept;
    void make_room(std::size_t accounts);
    std::int64_t amount_of(const Slot& slot, const AccountView& view) const noexcept;

    // A tick.
    void number_call() noexcept;
    void update_factor(FactorIndex factor) noexcept;
    Coordinates::Rules update_rules(FactorIndex factor) noexcept;
    void cover_anew(FactorIndex factor) noexcept;
    std::span<const InstrumentId> factors_of(const AccountView& view);
    void start_wheels(FactorIndex factor) noexcept;
    void lay_wheels(FactorIndex factor) noexcept;
    void anchor_anew(FactorIndex factor) noexcept;
    void advance_factor(FactorIndex factor) noexcept;
    void name(std::uint32_t account) noexcept;
    void name_watched(FactorIndex factor) noexcept;
    void take_fired() noexcept;
    void refresh_spreads() noexcept;

    // Guards of additive accounts: guards.cpp.
    Mode guard_additive(std::uint32_t index, const AccountView& view, const Work& work,
                        bool returning, bool at_once) noexcept;
    Mode guard_or_track(std::uint32_t index, const AccountView& view, const Distance& down,
                        const Distance& up, bool returning) noexcept;
    Distance line(Direction direction, MarginState state) const noexcept;
    Distance distance(Direction direction, MarginState state, const Evaluation& evaluation,
                      std::size_t balances) const noexcept;
    // What rounding may take from a distance, at 1e-16 of money.
    static Int128 rounding_of(std::size_t balances, std::int64_t multiple) noexcept;
    bool guard(Account& account, const AccountView& view, Direction direction,
               Distance distance) noexcept;
    bool set_keys(Account& account, const AccountView& view, Direction direction,
                  std::size_t threshold, double available, double weights) noexcept;
    Int128 cost_of(const Slot& slot, const AccountView& view, std::size_t threshold,
                   BandKey key) const noexcept;
    // Break-even: the slack from which on guards are worth it.
    double enough_slack(const Account& account, const AccountView& view) const noexcept;
    double spread_of(const Slot& slot, const AccountView& view) const noexcept;
    double weight_of(const Slot& slot, const AccountView& view) const noexcept;
    std::optional<AuditCheck> broken_guard(const Account& account, const AccountView& view,
                                           const Evaluation& evaluation) const noexcept;

    // What tiers add: tiers.cpp.
    void mark_limited(Account& account, const AccountView& view) noexcept;
    bool passes_first_tier(const Slot& slot, const AccountView& view) const noexcept;
    BandKey end_of_first_tier(const Slot& slot, const AccountView& view) const noexcept;
    std::size_t limited_slots(const Account& account) const noexcept;
    bool guard_tiers(Account& account, const AccountView& view, const Distance& down) noexcept;
    BandKey price_limit(const Slot& slot, const AccountView& view, double room) const noexcept;
    Int128 beyond_first_tier(const Slot& slot, Int128 notional) const noexcept;
    Int128 beyond_first_tier_now(FactorIndex factor, std::int64_t amount) const noexcept;
    Int128 tier_cost(const Slot& slot, const AccountView& view, Direction direction,
                     std::size_t threshold) const noexcept;
    Int128 tiers_cost(const Account& account, const AccountView& view, Direction direction,
                      std::size_t threshold) const noexcept;
    bool vouches_for_limits(const Account& account, const AccountView& view) const noexcept;

    // Accounts near a line: tracking.cpp.
    bool track(std::uint32_t index, const AccountView& view, const Distance& down,
               const Distance& up) noexcept;
    bool enlist(std::uint32_t index, const AccountView& view, const Distance& down,
                const Distance& up) noexcept;
    void untrack(Account& account) noexcept;
    void delist(Slot& slot) noexcept;
    std::uint32_t record_of(const Account& account) const noexcept;
    Int128 tracked_slack(const Account& account, const AccountView& view,
                         const Distance& distance) const noexcept;
    std::int64_t beyond_of(FactorIndex factor, std::int64_t amount) const noexcept;
    void rebase(Account& account, const AccountView& view, const Distance& down,
                const Distance& up) noexcept;
    void move_tracked(FactorIndex factor,
                      const std::array<BandKey, Coordinates::kPerFactor>& before) noexcept;
    void move_tiers(FactorIndex factor, TrackedEntry& entry, Tracked& record) noexcept;
    std::optional<AuditCheck> broken_track(const Account& account, const AccountView& view,
                                           const Evaluation& evaluation) const noexcept;

    // Ranges of the others: ranges.cpp.
    bool guard_ranges(Account& account, const AccountView& view, bool returning) noexcept;
    bool widths(Account& account, const AccountView& view, Int128 slack) noexcept;
    bool worth_ranging(const Account& account, const AccountView& view, double part,
                       bool returning) const noexcept;
    bool fill_ranges(const Account& account, double part) noexcept;
    bool set_range_keys(Account& account) noexcept;
    std::int64_t price_of(FactorIndex factor) const noexcept;
    PriceRange range_of(FactorIndex factor) const noexcept;
    std::optional<AuditCheck> broken_range(const Account& account,
                                           const AccountView& view) const noexcept;

    void repair(const Work& work, bool at_once) noexcept;
    void place(std::uint32_t index, Mode mode) noexcept;
    void put_off(std::uint32_t index) noexcept;
    void repair_late() noexcept;
    std::size_t repair_cost(AccountSlot slot) const noexcept;
    bool set_key(Slot& slot, std::uint32_t place, std::size_t which, std::size_t coordinate,
                 BandKey key) noexcept;
    void forget_keys(Account& account, std::size_t which) noexcept;
    void forget_all_keys(Account& account) noexcept;
    void forget(std::int32_t& key) noexcept {
        if (key != kNoKey) --keys_in_force_;
        key = kNoKey;
    }
    static std::size_t which_key(const Slot& slot, std::uint32_t wheel) noexcept;
    std::int32_t key_of(std::uint32_t wheel, SlotRef place) const noexcept;
    void sweep() noexcept;

    const BandLimits limits_;
    const RiskParameters& parameters_;
    const AccountBook& book_;
    const MarketStage& market_;
    bool ladder_covered_ = false;                  // every rung is at the maintenance level
    std::vector<std::vector<AssetId>> priced_by_;  // per instrument: the assets it values

    Coordinates coordinates_;
    TriggerWheels wheels_;
    RowPool<Slot> slots_;
    std::vector<Account> accounts_;
    std::vector<std::int32_t> watched_;  // per factor: first slot of its list
    std::uint64_t keys_in_force_ = 0;
    TrackedLists tracked_;
    std::unique_ptr<Tracked[]> records_;
    std::uint32_t records_max_;
    std::uint32_t records_top_ = 0;
    std::uint32_t free_record_ = TrackedLists::kNone;

    // Prices between which the wheels of a factor are as they should be.
    struct Anchor {
        bool started = false;
        BandKey floor = 0;
        BandKey ceiling = 0;
    };
    std::vector<Anchor> anchors_;  // per factor
    bool anchored_anew_ = false;   // a factor, by the change at work

    // How much each factor moves a tick, for sharing out slack: a matter of speed alone.
    struct Spread {
        double squares = 0;       // of the steps moved since the last refresh
        std::uint32_t ticks = 0;  // of this factor since then
        double deviation = 0;     // steps a tick of any factor
        double share = 0;         // of all ticks
    };
    std::vector<Spread> spreads_;
    std::uint32_t ticks_ = 0;

    std::uint32_t call_ = 0;  // numbers calls of affected(): who was named already
    std::vector<FiredEntry> fired_;
    std::vector<AccountSlot> named_;
    std::vector<Work> work_;
    // Tracked accounts that could be guarded, oldest first, in a ring.
    std::vector<std::uint32_t> put_off_;
    std::size_t put_off_first_ = 0;
    std::size_t put_off_size_ = 0;
    std::vector<Slot> collected_;
    std::vector<InstrumentId> factors_;
    // Of the account whose ranges are being chosen, by slot.
    mutable WorstCorner corner_;
    std::vector<double> harm_;   // of a rise (positive) or a fall (negative) by all of the price
    std::vector<double> width_;  // share of the price that it may move towards harm
    std::vector<PriceRange> price_ranges_;
    std::vector<RateRange> rate_ranges_;
    std::vector<BandKey> rate_keys_;
    mutable std::vector<PriceRange> audit_prices_;
    mutable std::vector<RateRange> audit_rates_;
    BandStatistics statistics_;
};

}  // namespace margind::core
