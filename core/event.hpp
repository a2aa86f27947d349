// Everything that can leave the engine: a closed set. An event's body is a function of the inputs
// alone; the envelope (emit time, session) is added by the gateway.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/limits.hpp"
#include "core/margin/level.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

enum class EventKind : std::uint8_t {
    warning,
    margin_call,
    liquidation,
    bankruptcy,
    recovered,
    threshold_changed,
    price_state,
    feed_state,
    daemon_state,
    parameters_changed,
    clock,
    audit_failed,
    count_,
};

// The margin state ladder, best first.
enum class MarginState : std::uint8_t { healthy, warning, margin_call, liquidation, bankrupt };
inline constexpr std::size_t kMarginStates = 5;

// Equity / maintenance margin, 1e-8, rounded down. kInfinite where there is no requirement.
struct HealthFactor {
    static constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max();
    std::int64_t raw = kInfinite;

    constexpr bool infinite() const { return raw == kInfinite; }
    friend constexpr auto operator<=>(HealthFactor, HealthFactor) = default;
};

// What moved the account over the line.
enum class CauseKind : std::uint8_t {
    price,           // the mark or index price of `instrument`
    rate,            // its margin rate; the price stood still
    account_update,  // the account itself
    parameters,      // a change of risk parameters
    hold_ended,      // the price had been distrusted; it is trusted again or the hold ran out
    audit,           // the engine's audit of itself found that the account stood wrongly
};

struct Cause {
    CauseKind kind = CauseKind::price;
    InstrumentId instrument{};  // price, rate, hold_ended
    SourceId source{};          // the source whose message it was; none for timers
    Price mark{};               // of `instrument`, after the input
};

enum class Side : std::uint8_t { buy, sell };

enum class PlanAction : std::uint8_t { close_position, repay_debt };

// close_position: close `quantity` of the position by trading on `side`.
// repay_debt: repay `repaid` of the debt, for `seized` of the collateral.
struct PlanStep {
    PlanAction action = PlanAction::close_position;
    Side side = Side::sell;
    InstrumentId instrument = InstrumentId::none();
    AssetId debt = AssetId::none();
    AssetId collateral = AssetId::none();
    Quantity quantity;       // > 0
    Price limit_price;       // the worst at which the position may be taken over; zero: none
    Price bankruptcy_price;  // where the account's equity is gone, all else unchanged; zero: none
    Money incentive;         // the liquidator's: the fee on the step at the mark, or the bonus
    Money insurance_fee;     // the insurance fund's
    Money repaid;            // > 0
    Money seized;
};

struct AccountEvent {
    AccountKey key;
    AccountSlot slot;
    MarginState from = MarginState::healthy;
    MarginState to = MarginState::healthy;
    Money equity;          // at the maintenance level
    Money initial_equity;  // what counts against the initial margin
    Money initial_margin;
    Money maintenance_margin;
    Money shortfall;  // max(0, initial_margin - initial_equity)
    HealthFactor health_factor;
    Cause cause;
    Timestamp deadline;  // margin_call only: when the call is due
    std::uint8_t plan_steps = 0;
    bool plan_complete = true;  // false: more positions must be closed than kMaxPlanSteps
    // What the decision was made from, so that it can be made again and compared:
    // core/engine/state_hash.hpp.
    std::uint64_t parameters_hash = 0;  // the risk parameters in force
    std::uint64_t market_hash = 0;      // prices, rates and states of what the account depends on
    std::uint64_t account_hash = 0;     // its name, mode, balances, positions and orders
    std::array<PlanStep, kMaxPlanSteps> plan;
};

enum class RateTerm : std::uint8_t { floor, volatility, cap };

// The margin rate of an instrument's first tier moved by threshold_step since it was last told.
struct ThresholdEvent {
    InstrumentId instrument;
    MarginLevel level = MarginLevel::maintenance;
    RateTerm binding = RateTerm::floor;
    Rate from;
    Rate to;
    double sigma_annual = 0;  // the volatility behind it, a fraction
};

enum class PriceState : std::uint8_t {
    good,
    suspect,  // distrusted, but the hold has reached its maximum: liquidations go on
    frozen,   // distrusted: liquidations of accounts that depend on it are held
};
enum class PriceReason : std::uint8_t {
    none,
    first_price,
    no_quorum,
    hold_expired,
    quorum_restored,
    restarted,  // the daemon was: no price counts that it had before
};

struct PriceStateEvent {
    InstrumentId instrument;
    PriceState from = PriceState::frozen;
    PriceState to = PriceState::good;
    PriceReason reason = PriceReason::none;
    std::uint32_t live_sources = 0;
    std::uint32_t quorum = 0;
    Price mark;
    Price index;
};

struct FeedStateEvent {
    FeedId feed;
    FeedState from = FeedState::connecting;
    FeedState to = FeedState::connecting;
    FeedReason reason = FeedReason::none;
};

enum class DaemonState : std::uint8_t {
    recovering,  // going on from a journal
    warming,     // not every price is trusted yet: at the start, and again after a restart
    live,
    degraded,
};
struct DaemonStateEvent {
    DaemonState from = DaemonState::warming;
    DaemonState to = DaemonState::warming;
    DaemonReason reason = DaemonReason::none;  // of recovering and degraded
};

struct ParametersEvent {
    std::uint32_t version = 0;  // of the parameters from now on
    std::uint32_t changes = 0;
};

// Each second of engine time: silence is not the same as calm.
struct ClockEvent {
    std::uint64_t last_input_seq = 0;  // everything up to it is judged and told
    std::uint64_t state_hash =
        0;  // of the whole engine after its input: core/engine/state_hash.hpp
    std::array<std::uint32_t, kMarginStates> accounts_by_state{};
};

// What an audit of an account looks at.
enum class AuditCheck : std::uint8_t {
    state,        // the state it stands in is the one its evaluation comes to
    certificate,  // its guards cannot be passed without a price beyond a key
    key,          // no price is beyond a key
    count_,
};

// An account that was evaluated from scratch was not as the engine had it: a defect. Figures are of
// that evaluation, after `last_input_seq` and before the input of the event.
struct AuditEvent {
    AccountKey key;
    AccountSlot slot;
    AuditCheck check = AuditCheck::state;      // that failed
    MarginState state = MarginState::healthy;  // the account stood in
    MarginState due = MarginState::healthy;    // the evaluation comes to
    std::uint64_t last_input_seq = 0;
    Money equity;
    Money initial_equity;
    Money initial_margin;
    Money maintenance_margin;
    HealthFactor health_factor;
};

struct Event {
    EventKind kind = EventKind::clock;
    std::uint32_t parameter_version = 0;
    std::uint64_t event_seq = 0;  // 1, 2, 3 ... without holes
    std::uint64_t input_seq = 0;  // of the input that made it
    Timestamp engine_time;
    Timestamp receive_time;
    Timestamp exchange_time;
    union {
        AccountEvent account;  // warning .. recovered
        ThresholdEvent threshold;
        PriceStateEvent price_state;
        FeedStateEvent feed_state;
        DaemonStateEvent daemon_state;
        ParametersEvent parameters;
        ClockEvent clock;
        AuditEvent audit;
    };

    Event() : clock() {}
};
static_assert(std::is_trivially_copyable_v<Event>);
static_assert(sizeof(Event) == 808, "crosses a queue by copy");

constexpr bool is_account_event(EventKind kind) {
    return kind <= EventKind::recovered;
}

}  // namespace margind::core
