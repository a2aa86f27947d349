// The bytes of the binary event stream: config/schema/margind-events.xml as structs. A message is a
// MessageHeader, the root block of its template, and for two templates a GroupHeader and the steps
// of a plan. docs/event-stream.md says what each member means; the tests hold these structs against
// the schema with a reader of its own and with the official generator's.
//
// The numbers of enumerators are core's: what may be added there is added at the end, and to the
// schema, with a new kSchemaVersion.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/limits.hpp"
#include "core/name_limits.hpp"

namespace margind::daemon::sbe {

static_assert(std::endian::native == std::endian::little, "the structs are the bytes");

inline constexpr std::uint16_t kSchemaId = 0x474d;  // "MG" on the wire
inline constexpr std::uint16_t kSchemaVersion = 1;  // of compatible additions

enum class Template : std::uint16_t {
    warning = 1,
    margin_call = 2,
    liquidation = 3,
    bankruptcy = 4,
    recovered = 5,
    threshold_changed = 6,
    price_state = 7,
    feed_state = 8,
    daemon_state = 9,
    parameters_changed = 10,
    clock = 11,
    audit_failed = 12,
    withheld = 100,  // a numbered event without its contents
    caught_up = 101,
    goodbye = 102,
};

// What stands for null.
inline constexpr std::int64_t kNullInteger = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kNullHealth = std::numeric_limits<std::int64_t>::max();
inline constexpr std::uint8_t kNullEnum = 255;

using OwnerText = std::array<char, 48>;
using SubAccountText = std::array<char, 16>;
using NameText = std::array<char, core::kNameBytesMax>;
using SymbolText = std::array<char, core::kSymbolBytesMax>;

struct [[gnu::packed]] MessageHeader {
    std::uint16_t block_length;
    std::uint16_t template_id;
    std::uint16_t schema_id;
    std::uint16_t version;
};
static_assert(sizeof(MessageHeader) == 8);

struct [[gnu::packed]] GroupHeader {
    std::uint16_t block_length;
    std::uint16_t count;
};
static_assert(sizeof(GroupHeader) == 4);

// mantissa * 10^exponent. Money, rates and health factors have the exponent -8 and carry none.
struct [[gnu::packed]] Decimal {
    std::int64_t mantissa;
    std::int8_t exponent;
};
static_assert(sizeof(Decimal) == 9);

// What every event begins with.
struct [[gnu::packed]] EventBlock {
    std::uint64_t event_seq;
    std::int64_t emit_time;
    std::uint64_t input_seq;
    std::int64_t engine_time;
    std::int64_t receive_time;   // kNullInteger: none
    std::int64_t exchange_time;  // kNullInteger: none
    std::uint32_t parameter_version;
};
static_assert(sizeof(EventBlock) == 52);
// The envelope's only member: the rest of an event's bytes is a function of the event.
inline constexpr std::size_t kEmitTimeAt = sizeof(MessageHeader) + offsetof(EventBlock, emit_time);
static_assert(kEmitTimeAt == 16);

// What warning, margin_call, liquidation, bankruptcy and recovered begin with.
struct [[gnu::packed]] AccountBlock {
    EventBlock event;
    std::uint8_t from;
    std::uint8_t to;
    std::uint8_t cause_kind;
    std::uint8_t model;
    OwnerText account;
    SubAccountText sub_account;
    std::int64_t equity;
    std::int64_t initial_equity;
    std::int64_t initial_margin;
    std::int64_t maintenance_margin;
    std::int64_t health_factor;  // kNullHealth: infinite
    std::int64_t shortfall;
    std::uint64_t parameters_hash;
    std::uint64_t market_hash;
    std::uint64_t account_hash;
    NameText cause_instrument;
    NameText cause_source_feed;
    SymbolText cause_source_symbol;
    Decimal cause_mark;
    std::uint8_t cause_source_channel;
};
static_assert(offsetof(AccountBlock, account) == 56 && offsetof(AccountBlock, equity) == 120);
static_assert(offsetof(AccountBlock, cause_instrument) == 192);
static_assert(offsetof(AccountBlock, cause_mark) == 328 && sizeof(AccountBlock) == 338);

struct [[gnu::packed]] WarningBlock {
    AccountBlock account;
    std::array<std::byte, 6> reserved;
};
static_assert(sizeof(WarningBlock) == 344);

using RecoveredBlock = WarningBlock;

struct [[gnu::packed]] MarginCallBlock {
    AccountBlock account;
    std::array<std::byte, 6> reserved;
    std::int64_t amount_due;
    std::int64_t deadline_time;
};
static_assert(offsetof(MarginCallBlock, amount_due) == 344 && sizeof(MarginCallBlock) == 360);

// Followed by a GroupHeader and so many PlanBlocks.
struct [[gnu::packed]] LiquidationBlock {
    AccountBlock account;
    std::uint8_t plan_complete;
    std::array<std::byte, 5> reserved;
};
static_assert(offsetof(LiquidationBlock, plan_complete) == 338 && sizeof(LiquidationBlock) == 344);

using BankruptcyBlock = LiquidationBlock;

// A step of a plan. What its action does not have is null.
struct [[gnu::packed]] PlanBlock {
    std::int64_t incentive;
    std::int64_t insurance_fee;
    std::int64_t amount;
    std::int64_t seized;
    Decimal quantity;
    Decimal limit_price;
    Decimal bankruptcy_price;
    std::uint8_t action;
    std::uint8_t side;
    std::array<std::byte, 3> reserved;
    NameText instrument;
    NameText asset;
    NameText collateral;
};
static_assert(offsetof(PlanBlock, quantity) == 32 && offsetof(PlanBlock, action) == 59);
static_assert(offsetof(PlanBlock, instrument) == 64 && sizeof(PlanBlock) == 160);

struct [[gnu::packed]] ThresholdBlock {
    EventBlock event;
    std::uint8_t level;
    std::uint8_t binding;
    std::array<std::byte, 2> reserved;
    std::int64_t from;
    std::int64_t to;
    double sigma_annual;  // NaN: null
    NameText instrument;
};
static_assert(offsetof(ThresholdBlock, from) == 56 && sizeof(ThresholdBlock) == 112);

struct [[gnu::packed]] PriceStateBlock {
    EventBlock event;
    std::uint8_t from;
    std::uint8_t to;
    std::uint8_t reason;
    std::byte reserved;
    std::uint32_t live_sources;
    std::uint32_t quorum;
    NameText instrument;
    Decimal mark;
    Decimal index;
    std::array<std::byte, 6> reserved_at_end;
};
static_assert(offsetof(PriceStateBlock, live_sources) == 56);
static_assert(offsetof(PriceStateBlock, mark) == 96 && sizeof(PriceStateBlock) == 120);

struct [[gnu::packed]] FeedStateBlock {
    EventBlock event;
    std::uint8_t from;
    std::uint8_t to;
    std::uint8_t reason;
    std::byte reserved;
    NameText feed;
};
static_assert(offsetof(FeedStateBlock, feed) == 56 && sizeof(FeedStateBlock) == 88);

struct [[gnu::packed]] DaemonStateBlock {
    EventBlock event;
    std::uint8_t from;
    std::uint8_t to;
    std::uint8_t reason;
    std::byte reserved;
};
static_assert(offsetof(DaemonStateBlock, reason) == 54 && sizeof(DaemonStateBlock) == 56);

struct [[gnu::packed]] ParametersBlock {
    EventBlock event;
    std::uint32_t changes;
};
static_assert(offsetof(ParametersBlock, changes) == 52 && sizeof(ParametersBlock) == 56);

struct [[gnu::packed]] ClockBlock {
    EventBlock event;
    std::array<std::byte, 4> reserved;
    std::uint64_t last_input_seq;
    std::uint64_t state_hash;
    std::array<std::uint32_t, 5> accounts;  // by state, healthy first
    std::array<std::byte, 4> reserved_at_end;
};
static_assert(offsetof(ClockBlock, last_input_seq) == 56);
static_assert(offsetof(ClockBlock, accounts) == 72 && sizeof(ClockBlock) == 96);

struct [[gnu::packed]] AuditBlock {
    EventBlock event;
    std::uint8_t check;
    std::uint8_t state;
    std::uint8_t due;
    std::byte reserved;
    OwnerText account;
    SubAccountText sub_account;
    std::uint64_t last_input_seq;
    std::int64_t equity;
    std::int64_t initial_equity;
    std::int64_t initial_margin;
    std::int64_t maintenance_margin;
    std::int64_t health_factor;  // kNullHealth: infinite
};
static_assert(offsetof(AuditBlock, account) == 56 && offsetof(AuditBlock, last_input_seq) == 120);
static_assert(sizeof(AuditBlock) == 168);

struct [[gnu::packed]] WithheldBlock {
    std::uint64_t event_seq;
    std::int64_t emit_time;
};
static_assert(sizeof(WithheldBlock) == 16);

struct [[gnu::packed]] CaughtUpBlock {
    std::uint64_t next_event_seq;
    std::int64_t emit_time;
};
static_assert(sizeof(CaughtUpBlock) == 16);

struct [[gnu::packed]] GoodbyeBlock {
    std::uint64_t last_event_seq;
    std::int64_t emit_time;
    std::uint8_t reason;
    std::array<std::byte, 7> reserved;
};
static_assert(offsetof(GoodbyeBlock, reason) == 16 && sizeof(GoodbyeBlock) == 24);

// No message is longer: a liquidation whose plan is full.
inline constexpr std::size_t kMessageBytesMax = sizeof(MessageHeader) + sizeof(LiquidationBlock) +
                                                sizeof(GroupHeader) +
                                                core::kMaxPlanSteps * sizeof(PlanBlock);
static_assert(kMessageBytesMax == 1636);
static_assert(kMessageBytesMax >= sizeof(MessageHeader) + sizeof(MarginCallBlock));

}  // namespace margind::daemon::sbe
