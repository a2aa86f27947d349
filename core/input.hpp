// Everything that can enter the engine: a closed set, trivially copyable, one size. Whatever is not
// one of these cannot change an account.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

enum class InputKind : std::uint8_t {
    price,
    account,
    parameter,
    feed_state,
    timer,
    statistic,
    daemon,
    count_,
};

// What a price is, in the words of the feeds.
enum class Channel : std::uint8_t {
    book_top,  // best bid and ask: the source's price is their middle
    trade,     // last trade
    mark,      // the venue's own mark price
    index,     // the venue's own index price
    oracle,    // an oracle's price with a confidence interval
};

// One price of one source. Prices are in ticks of the instrument the source belongs to.
struct PriceInput {
    SourceId source;
    Channel channel = Channel::trade;
    Price price;       // the source's price; for book_top the middle, rounded down
    Price bid;         // book_top only, else zero
    Price ask;         // book_top only, else zero
    Price confidence;  // oracle only: half width of the interval, else zero
    // The source's own order: grows with every message of this source. Zero: none is stated.
    std::uint64_t sequence = 0;
};

// One record of an account update. A venue's update is one or more records of the same source; it
// takes effect, all or nothing, when the record with `Last::yes` arrives.
enum class AccountRecord : std::uint8_t {
    balance,   // asset, amount
    position,  // instrument, quantity, price: entry price; quantity zero closes it
    // instrument, quantity (bids positive, asks negative), price: the account's resting orders of
    // one side and price. A patch replaces all orders of the instruments its orders name; quantity
    // zero: there are none.
    order,
    accrued,   // instrument, amount as Money: gain of its position not settled yet (funding)
    leverage,  // instrument, amount as a Rate: leverage chosen for its position; zero: none
    // instrument: the account is that position's own margin and may hold no other one. kCross: it
    // is an ordinary account again.
    isolated,
    // Asset, amount: moves money from the account of the first record to the account of the second.
    // These two, in this order, are a whole update.
    transfer_from,
    transfer_to,
    nothing,  // the update says only that the account exists (or, with replace, that it is empty)
    // Amount: the update's number in its source's own order. The first record of an update, where
    // the source numbers them; the engine passes over it.
    source_number,
    // The last record of an update that was refused before it came here: only its number counts.
    refused,
    count_,
};
enum class UpdateMode : std::uint8_t {
    patch,    // what is not mentioned stays
    replace,  // what is not mentioned becomes zero: the update is the whole account
};
enum class Last : std::uint8_t { no, yes };

// `id` of an `isolated` record that ends the isolation.
inline constexpr std::uint32_t kCross = InstrumentId::none_index();

struct AccountInput {
    AccountKey key;
    AccountRecord record = AccountRecord::nothing;
    UpdateMode mode = UpdateMode::patch;
    Last last = Last::yes;
    std::uint32_t id = 0;     // AssetId or InstrumentId index, by `record`
    std::int64_t amount = 0;  // Money raw or Quantity raw, by `record`; absolute but in transfers
    std::int64_t price = 0;   // Price raw, > 0: entry price of a position, limit of an order
};

// A change of one risk parameter while running. Like account records: applied together, all or
// nothing, when the last of the batch arrives.
enum class Parameter : std::uint16_t {
    // of an instrument; `tier` where it says so; `value` is a Rate unless it says otherwise
    tier_initial_rate,
    tier_maintenance_rate,
    rate_cap,
    volatility_multiplier_initial,      // z of the initial level
    volatility_multiplier_maintenance,  // z of the maintenance level
    horizon,                            // nanoseconds
    liquidation_fee,
    // of an asset; `tier` is the margin level (0 initial, 1 maintenance, 2 close-out)
    haircut,
    liability_weight,
    // of the ladder; `tier` is the level (0 warning, 1 margin call, 2 liquidation)
    level_multiplier,
    level_hysteresis,
    count_,
};

struct ParameterInput {
    Parameter parameter = Parameter::count_;
    Last last = Last::yes;
    std::uint8_t tier = 0;
    std::uint32_t target = 0;  // InstrumentId or AssetId index; zero for the ladder
    std::int64_t value = 0;
};

enum class FeedState : std::uint8_t { connecting, live, silent, down };
enum class FeedReason : std::uint8_t {
    none,
    started,          // first connection attempt
    subscribed,       // the venue acknowledged everything asked for
    connect_failed,   // name, TCP, TLS or websocket handshake
    refused,          // the venue answered a subscription with an error
    closed_by_venue,  // close frame or end of stream
    network_error,    // reset, broken pipe, protocol violation
    silence,          // connected, but a channel brought no data within its limit
    scheduled,        // the venue announced a restart, or the connection reached its allowed age
    stopped,          // the daemon is draining
    no_credentials,   // the feed needs a key that is not in the environment; it stays off
};

struct FeedStateInput {
    FeedId feed;
    FeedState state = FeedState::connecting;
    FeedReason reason = FeedReason::none;
};

// What the venue knows of a market or an asset beside its price. `value` stays until the next one.
enum class Statistic : std::uint8_t {
    // of an instrument
    open_interest,     // Money: value of all open positions
    expected_funding,  // Money: what a long of one unit is expected to pay; negative: receives
    auction_price,     // Price: orders count as in an auction; zero: the auction is over
    slow_price,        // Price: where the instrument's slow price stands; it goes on from there
    // of an asset
    total_deposits,    // Money: amount deposited at the venue by everybody
    total_borrows,     // Money
    redemption_value,  // UnitPrice: what the issuer pays back for one unit
    count_,
};

struct StatisticInput {
    Statistic statistic = Statistic::count_;
    std::uint32_t target = 0;  // InstrumentId or AssetId index
    std::int64_t value = 0;    // raw, by `statistic`
};

// What becomes of the daemon itself, where accounts and their liquidations depend on it.
enum class DaemonNotice : std::uint8_t {
    // A new process goes on from what the journal kept: updates that were not complete are dropped,
    // and no price is trusted until its quorum is fresh again (Guard::restart_grace).
    restarted,
    degraded,  // it cannot keep up with its promises, by `reason`
    restored,  // it can again
    count_,
};
enum class DaemonReason : std::uint8_t {
    none,
    restarted,
    event_queue_full,  // events wait for the journal or the gateway; no input is taken
    disk_low,          // the journal's disk is nearly full
    count_,
};
struct DaemonInput {
    DaemonNotice notice = DaemonNotice::count_;
    DaemonReason reason = DaemonReason::none;
};

// Lets silence move the engine: staleness, hold limits, the clock event.
struct TimerInput {};

struct Input {
    InputKind kind = InputKind::timer;
    std::uint8_t origin = 0;      // account updates: which sender; its records form one sequence
    std::uint64_t input_seq = 0;  // stamped by the sequencer: 1, 2, 3 ... without holes
    Timestamp engine_time;        // stamped by the sequencer: never decreases
    Timestamp receive_time;       // when the daemon had the last byte
    Timestamp exchange_time;      // what the sender says; zero where it says nothing
    union {
        PriceInput price;
        AccountInput account;
        ParameterInput parameter;
        FeedStateInput feed_state;
        TimerInput timer;
        StatisticInput statistic;
        DaemonInput daemon;
    };

    Input() : timer() {}
    static Input of(const PriceInput& price);
    static Input of(const AccountInput& account);
    static Input of(const ParameterInput& parameter);
    static Input of(const FeedStateInput& feed_state);
    static Input of(const TimerInput& timer);
    static Input of(const StatisticInput& statistic);
    static Input of(const DaemonInput& daemon);
};
static_assert(std::is_trivially_copyable_v<Input>);
static_assert(sizeof(Input) == 128, "crosses queues and journals by copy: two cache lines");

inline Input Input::of(const PriceInput& price) {
    Input input;
    input.kind = InputKind::price;
    input.price = price;
    return input;
}
inline Input Input::of(const AccountInput& account) {
    Input input;
    input.kind = InputKind::account;
    input.account = account;
    return input;
}
inline Input Input::of(const ParameterInput& parameter) {
    Input input;
    input.kind = InputKind::parameter;
    input.parameter = parameter;
    return input;
}
inline Input Input::of(const FeedStateInput& feed_state) {
    Input input;
    input.kind = InputKind::feed_state;
    input.feed_state = feed_state;
    return input;
}
inline Input Input::of(const TimerInput& timer) {
    Input input;
    input.kind = InputKind::timer;
    input.timer = timer;
    return input;
}
inline Input Input::of(const StatisticInput& statistic) {
    Input input;
    input.kind = InputKind::statistic;
    input.statistic = statistic;
    return input;
}
inline Input Input::of(const DaemonInput& daemon) {
    Input input;
    input.kind = InputKind::daemon;
    input.daemon = daemon;
    return input;
}

// Why the engine refused an input. A refused input changes nothing but the tally.
enum class Refusal : std::uint8_t {
    none,
    unknown_source,
    price_not_positive,
    price_beyond_maximum,  // above the instrument's price_max
    price_jump,            // outside [1/k, k] of the source's last accepted price and of the index
    book_crossed,          // bid >= ask
    out_of_order,          // exchange time or sequence went back
    from_the_future,       // exchange time is ahead of receive time by more than max_clock_skew
    time_went_back,        // engine_time or input_seq decreased: a defect of the caller
    unknown_origin,
    unknown_asset,
    unknown_instrument,
    mixed_accounts,  // one update names two accounts, or mixes patch and replace
    entry_price_not_positive,
    amount_beyond_maximum,  // exposure or size could leave the arithmetic's range: see units.hpp
    too_many_entries,
    too_many_positions,
    too_many_balances,
    too_many_orders,
    too_many_accounts,  // the configured max_accounts is reached
    unknown_parameter,
    parameter_out_of_range,
    no_such_position,  // accrued gain or leverage of an instrument the account does not hold
    leverage_out_of_range,
    unknown_statistic,
    statistic_out_of_range,
    second_instrument,       // an isolated account would hold another instrument
    transfer_incomplete,     // not exactly one transfer_from and the transfer_to that matches it
    unknown_account,         // the account money is taken from
    transfer_not_owned,      // the account does not own so much of the asset
    transfer_needs_prices,   // what stays behind cannot be valued yet
    transfer_below_initial,  // what stays behind would not meet its initial margin
    refused_before,          // AccountRecord::refused: the update never was one
    unknown_notice,
    count_,
};

}  // namespace margind::core
