#include "daemon/gateway/event_sbe.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "core/assert.hpp"

namespace margind::daemon::sbe {
namespace {

// Zero-padded. Requires: it fits, which validation of the parameters has seen to.
template <class Text>
Text padded(std::string_view text) noexcept {
    Text out{};
    MARGIND_ASSERT(text.size() <= out.size());
    std::copy(text.begin(), text.end(), out.begin());
    return out;
}

template <class Enum>
constexpr std::uint8_t number_of(Enum value) noexcept {
    static_assert(std::is_same_v<std::underlying_type_t<Enum>, std::uint8_t>);
    return static_cast<std::uint8_t>(value);
}

// `header` and `block` at the start of the room; how many bytes that makes.
template <class Block>
std::size_t put(Template kind, const Block& block, Room room) noexcept {
    static_assert(std::is_trivially_copyable_v<Block>);
    static_assert(sizeof(MessageHeader) + sizeof(Block) <= kMessageBytesMax);
    const MessageHeader header{.block_length = sizeof(Block),
                               .template_id = static_cast<std::uint16_t>(kind),
                               .schema_id = kSchemaId,
                               .version = kSchemaVersion};
    std::memcpy(room.data(), &header, sizeof header);
    std::memcpy(room.data() + sizeof header, &block, sizeof block);
    return sizeof header + sizeof block;
}

std::int64_t optional_time(core::Timestamp time) noexcept {
    return time.stated() ? time.ns() : kNullInteger;
}

EventBlock event_block(const core::Event& event, core::Timestamp emit_time) noexcept {
    EventBlock block{};
    block.event_seq = event.event_seq;
    block.emit_time = emit_time.ns();
    block.input_seq = event.input_seq;
    block.engine_time = event.engine_time.ns();
    block.receive_time = optional_time(event.receive_time);
    block.exchange_time = optional_time(event.exchange_time);
    block.parameter_version = event.parameter_version;
    return block;
}

DaemonStateBlock daemon_state_block(const core::DaemonStateEvent& event,
                                    const EventBlock& head) noexcept {
    DaemonStateBlock block{};
    block.event = head;
    block.from = number_of(event.from);
    block.to = number_of(event.to);
    block.reason = number_of(event.reason);
    return block;
}

ParametersBlock parameters_block(const core::ParametersEvent& event,
                                 const EventBlock& head) noexcept {
    ParametersBlock block{};
    block.event = head;
    block.changes = event.changes;
    return block;
}

ClockBlock clock_block(const core::ClockEvent& event, const EventBlock& head) noexcept {
    ClockBlock block{};
    block.event = head;
    block.last_input_seq = event.last_input_seq;
    block.state_hash = event.state_hash;
    block.accounts = event.accounts_by_state;
    return block;
}

// Of an event that names an account and its figures, into a block that does.
template <class Event, class Block>
void fill_figures(const Event& event, Block& block) noexcept {
    static_assert(core::HealthFactor::kInfinite == kNullHealth);
    block.account = padded<OwnerText>(event.key.owner.view());
    block.sub_account = padded<SubAccountText>(event.key.sub_account.view());
    block.equity = event.equity.raw();
    block.initial_equity = event.initial_equity.raw();
    block.initial_margin = event.initial_margin.raw();
    block.maintenance_margin = event.maintenance_margin.raw();
    block.health_factor = event.health_factor.raw;
}

AuditBlock audit_block(const core::AuditEvent& event, const EventBlock& head) noexcept {
    AuditBlock block{};
    block.event = head;
    block.check = number_of(event.check);
    block.state = number_of(event.state);
    block.due = number_of(event.due);
    block.last_input_seq = event.last_input_seq;
    fill_figures(event, block);
    return block;
}

MarginCallBlock margin_call_block(const AccountBlock& account, core::Timestamp deadline) noexcept {
    MarginCallBlock block{};
    block.account = account;
    block.amount_due = account.shortfall;
    block.deadline_time = optional_time(deadline);
    return block;
}

WarningBlock warning_block(const AccountBlock& account) noexcept {
    WarningBlock block{};
    block.account = account;
    return block;
}

}  // namespace

EventEncoder::EventEncoder(const core::RiskParameters& parameters) {
    for (const core::Instrument& instrument : parameters.instruments) {
        instruments_.push_back(
            {.name = padded<NameText>(instrument.name),
             .price_exponent = static_cast<std::int8_t>(-instrument.price_decimals),
             .quantity_exponent = static_cast<std::int8_t>(-instrument.quantity_decimals)});
    }
    for (const core::Asset& asset : parameters.assets) {
        assets_.push_back(padded<NameText>(asset.name));
    }
    for (const std::string& feed : parameters.feeds) feeds_.push_back(padded<NameText>(feed));
    for (const core::Source& source : parameters.sources) {
        sources_.push_back(
            {.feed = source.feed.valid() ? feeds_.at(source.feed.index()) : NameText{},
             .symbol = padded<SymbolText>(source.symbol),
             .channel = number_of(source.channel)});
    }
}

std::size_t EventEncoder::encode(const core::Event& event, core::Timestamp emit_time,
                                 Room room) const noexcept {
    const EventBlock head = event_block(event, emit_time);
    switch (event.kind) {
        case core::EventKind::warning:
            return put(Template::warning, warning_block(account_block(event.account, head)), room);
        case core::EventKind::margin_call:
            return put(
                Template::margin_call,
                margin_call_block(account_block(event.account, head), event.account.deadline),
                room);
        case core::EventKind::liquidation:
        case core::EventKind::bankruptcy:
            return encode_plan(event, head, room);
        case core::EventKind::recovered:
            return put(Template::recovered, warning_block(account_block(event.account, head)),
                       room);
        case core::EventKind::threshold_changed:
            return put(Template::threshold_changed, threshold_block(event.threshold, head), room);
        case core::EventKind::price_state:
            return put(Template::price_state, price_state_block(event.price_state, head), room);
        case core::EventKind::feed_state:
            return put(Template::feed_state, feed_state_block(event.feed_state, head), room);
        case core::EventKind::daemon_state:
            return put(Template::daemon_state, daemon_state_block(event.daemon_state, head), room);
        case core::EventKind::parameters_changed:
            return put(Template::parameters_changed, parameters_block(event.parameters, head),
                       room);
        case core::EventKind::clock:
            return put(Template::clock, clock_block(event.clock, head), room);
        case core::EventKind::audit_failed:
            return put(Template::audit_failed, audit_block(event.audit, head), room);
        case core::EventKind::count_:
            break;
    }
    MARGIND_ASSERT(false);  // no event has that kind
    return 0;
}

std::size_t EventEncoder::encode_plan(const core::Event& event, const EventBlock& head,
                                      Room room) const noexcept {
    MARGIND_ASSERT(event.account.plan_steps <= core::kMaxPlanSteps);
    LiquidationBlock block{};
    block.account = account_block(event.account, head);
    block.plan_complete = event.account.plan_complete ? 1 : 0;
    std::size_t used = put(
        event.kind == core::EventKind::liquidation ? Template::liquidation : Template::bankruptcy,
        block, room);
    const GroupHeader group{.block_length = sizeof(PlanBlock), .count = event.account.plan_steps};
    std::memcpy(room.data() + used, &group, sizeof group);
    used += sizeof group;
    for (std::size_t i = 0; i < event.account.plan_steps; ++i) {
        const PlanBlock step = plan_block(event.account.plan[i]);
        std::memcpy(room.data() + used, &step, sizeof step);
        used += sizeof step;
    }
    return used;
}

AccountBlock EventEncoder::account_block(const core::AccountEvent& event,
                                         const EventBlock& head) const noexcept {
    AccountBlock block{};
    block.event = head;
    block.from = number_of(event.from);
    block.to = number_of(event.to);
    block.cause_kind = number_of(event.cause.kind);
    block.model = 0;  // linear, the only one
    fill_figures(event, block);
    block.shortfall = event.shortfall.raw();
    block.parameters_hash = event.parameters_hash;
    block.market_hash = event.market_hash;
    block.account_hash = event.account_hash;
    block.cause_instrument = name_of_instrument(event.cause.instrument);
    const SourceText source =
        event.cause.source.valid() ? sources_[event.cause.source.index()] : SourceText{};
    block.cause_source_feed = source.feed;
    block.cause_source_symbol = source.symbol;
    block.cause_source_channel = source.channel;
    block.cause_mark = price(event.cause.instrument, event.cause.mark);
    return block;
}

PlanBlock EventEncoder::plan_block(const core::PlanStep& step) const noexcept {
    constexpr Decimal kNone{.mantissa = kNullInteger, .exponent = 0};
    PlanBlock block{};
    block.action = number_of(step.action);
    block.incentive = step.incentive.raw();
    if (step.action == core::PlanAction::repay_debt) {
        block.insurance_fee = kNullInteger;
        block.amount = step.repaid.raw();
        block.seized = step.seized.raw();
        block.quantity = block.limit_price = block.bankruptcy_price = kNone;
        block.side = kNullEnum;
        block.asset = assets_[step.debt.index()];
        block.collateral = assets_[step.collateral.index()];
        return block;
    }
    const InstrumentText& instrument = instruments_[step.instrument.index()];
    block.insurance_fee = step.insurance_fee.raw();
    block.amount = block.seized = kNullInteger;
    block.quantity = {.mantissa = step.quantity.raw(), .exponent = instrument.quantity_exponent};
    block.limit_price = price(step.instrument, step.limit_price);
    block.bankruptcy_price = price(step.instrument, step.bankruptcy_price);
    block.side = number_of(step.side);
    block.instrument = instrument.name;
    return block;
}

ThresholdBlock EventEncoder::threshold_block(const core::ThresholdEvent& event,
                                             const EventBlock& head) const noexcept {
    ThresholdBlock block{};
    block.event = head;
    block.level = number_of(event.level);
    block.binding = number_of(event.binding);
    block.from = event.from.raw();
    block.to = event.to.raw();
    block.sigma_annual = std::isfinite(event.sigma_annual)
                             ? event.sigma_annual
                             : std::numeric_limits<double>::quiet_NaN();
    block.instrument = name_of_instrument(event.instrument);
    return block;
}

PriceStateBlock EventEncoder::price_state_block(const core::PriceStateEvent& event,
                                                const EventBlock& head) const noexcept {
    PriceStateBlock block{};
    block.event = head;
    block.from = number_of(event.from);
    block.to = number_of(event.to);
    block.reason = number_of(event.reason);
    block.live_sources = event.live_sources;
    block.quorum = event.quorum;
    block.instrument = name_of_instrument(event.instrument);
    block.mark = price(event.instrument, event.mark);
    block.index = price(event.instrument, event.index);
    return block;
}

FeedStateBlock EventEncoder::feed_state_block(const core::FeedStateEvent& event,
                                              const EventBlock& head) const noexcept {
    FeedStateBlock block{};
    block.event = head;
    block.from = number_of(event.from);
    block.to = number_of(event.to);
    block.reason = number_of(event.reason);
    if (event.feed.valid()) block.feed = feeds_[event.feed.index()];
    return block;
}

NameText EventEncoder::name_of_instrument(core::InstrumentId instrument) const noexcept {
    return instrument.valid() ? instruments_[instrument.index()].name : NameText{};
}

Decimal EventEncoder::price(core::InstrumentId instrument, core::Price price) const noexcept {
    if (!instrument.valid()) return {.mantissa = kNullInteger, .exponent = 0};
    return {.mantissa = price.raw() == 0 ? kNullInteger : price.raw(),
            .exponent = instruments_[instrument.index()].price_exponent};
}

std::size_t encode_withheld(std::uint64_t event_seq, core::Timestamp emit_time,
                            Room room) noexcept {
    return put(Template::withheld,
               WithheldBlock{.event_seq = event_seq, .emit_time = emit_time.ns()}, room);
}

std::size_t encode_caught_up(std::uint64_t next_event_seq, core::Timestamp emit_time,
                             Room room) noexcept {
    return put(Template::caught_up,
               CaughtUpBlock{.next_event_seq = next_event_seq, .emit_time = emit_time.ns()}, room);
}

std::size_t encode_goodbye(GoodbyeReason reason, std::uint64_t last_event_seq,
                           core::Timestamp emit_time, Room room) noexcept {
    return put(Template::goodbye,
               GoodbyeBlock{.last_event_seq = last_event_seq,
                            .emit_time = emit_time.ns(),
                            .reason = number_of(reason),
                            .reserved = {}},
               room);
}

}  // namespace margind::daemon::sbe
