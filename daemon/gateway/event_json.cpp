#include "daemon/gateway/event_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include <simdjson.h>

#include "core/assert.hpp"
#include "core/limits.hpp"

namespace margind::daemon {
namespace {

void put(TextBuffer& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
}

// A word of ours: nothing in it needs escaping.
void put_word(TextBuffer& out, std::string_view word) {
    out.push_back('"');
    put(out, word);
    out.push_back('"');
}

template <class Integer>
void put_integer(TextBuffer& out, Integer value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.data() + digits.size());
}

void put_decimal(TextBuffer& out, std::int64_t raw, int decimals) {
    out.push_back('"');
    append_decimal(out, raw, decimals);
    out.push_back('"');
}

void put_money(TextBuffer& out, core::Money money) {
    put_decimal(out, money.raw(), core::kScaleDecimals);
}

void put_rate(TextBuffer& out, core::Rate rate) {
    put_decimal(out, rate.raw(), core::kScaleDecimals);
}

void put_time(TextBuffer& out, core::Timestamp time) {
    if (time.stated()) {
        put_integer(out, time.ns());
    } else {
        put(out, "null");
    }
}

// Shortest text that reads back as the same number.
void put_number(TextBuffer& out, double value) {
    if (!std::isfinite(value)) return put(out, "null");  // JSON has no word for it
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
}

std::string json_string(std::string_view text) {
    TextBuffer out;
    append_quoted(out, text);
    return fmt::to_string(out);
}

// Sixteen hex digits: a JSON number would lose some.
void put_hash(TextBuffer& out, std::uint64_t hash) {
    fmt::format_to(std::back_inserter(out), "\"{:016x}\"", hash);
}

bool has_plan(core::EventKind kind) {
    return kind == core::EventKind::liquidation || kind == core::EventKind::bankruptcy;
}

void append_clock(TextBuffer& out, const core::ClockEvent& event) {
    put(out, ",\"last_input_seq\":");
    put_integer(out, event.last_input_seq);
    put(out, ",\"accounts\":{");
    for (std::size_t i = 0; i < core::kMarginStates; ++i) {
        if (i > 0) out.push_back(',');
        put_word(out, name_of(static_cast<core::MarginState>(i)));
        out.push_back(':');
        put_integer(out, event.accounts_by_state[i]);
    }
    put(out, "},\"state_hash\":");
    put_hash(out, event.state_hash);
}

void put_health(TextBuffer& out, core::HealthFactor health) {
    put(out, ",\"health_factor\":");
    if (health.infinite()) {
        put(out, "null");
    } else {
        put_decimal(out, health.raw, core::kScaleDecimals);
    }
}

// Account keys hold nothing that needs escaping: see FixedText::fits.
void put_key(TextBuffer& out, const core::AccountKey& key) {
    put(out, ",\"account\":");
    put_word(out, key.owner.view());
    put(out, ",\"sub_account\":");
    put_word(out, key.sub_account.view());
}

// Of an event that has them: equity and margins, and the health that follows.
template <class Event>
void put_figures(TextBuffer& out, const Event& event) {
    put(out, ",\"equity\":");
    put_money(out, event.equity);
    put(out, ",\"initial_equity\":");
    put_money(out, event.initial_equity);
    put(out, ",\"initial_margin\":");
    put_money(out, event.initial_margin);
    put(out, ",\"maintenance_margin\":");
    put_money(out, event.maintenance_margin);
    put_health(out, event.health_factor);
}

void append_audit(TextBuffer& out, const core::AuditEvent& event) {
    put_key(out, event.key);
    put(out, ",\"check\":");
    put_word(out, name_of(event.check));
    put(out, ",\"state\":");
    put_word(out, name_of(event.state));
    put(out, ",\"due\":");
    put_word(out, name_of(event.due));
    put(out, ",\"last_input_seq\":");
    put_integer(out, event.last_input_seq);
    put_figures(out, event);
}

}  // namespace

void append_decimal(TextBuffer& out, std::int64_t raw, int decimals) {
    MARGIND_DEBUG_ASSERT(decimals >= 0 && decimals <= 19);
    // Negated as unsigned: the most negative number has no positive twin.
    const auto bits = static_cast<std::uint64_t>(raw);
    const fmt::format_int digits(raw < 0 ? 0 - bits : bits);
    if (raw < 0) out.push_back('-');

    // Left-padded so that at least one digit stands before the point.
    std::array<char, 40> text;
    const auto places = static_cast<std::size_t>(decimals);
    const std::size_t padding = digits.size() > places ? 0 : places + 1 - digits.size();
    std::memset(text.data(), '0', padding);
    std::memcpy(text.data() + padding, digits.data(), digits.size());
    const std::size_t whole = padding + digits.size() - places;
    std::size_t end = padding + digits.size();
    while (end > whole && text[end - 1] == '0') --end;

    out.append(text.data(), text.data() + whole);
    if (end == whole) return;
    out.push_back('.');
    out.append(text.data() + whole, text.data() + end);
}

void append_quoted(TextBuffer& out, std::string_view text) {
    const bool utf8 = simdjson::validate_utf8(text.data(), text.size());
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else if (byte >= 0x80 && !utf8) {
            put(out, "\\ufffd");
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

EventEncoder::EventEncoder(const core::RiskParameters& parameters) {
    std::size_t longest = 0;
    for (const core::Instrument& instrument : parameters.instruments) {
        instruments_.push_back(InstrumentText{
            json_string(instrument.name), instrument.price_decimals, instrument.quantity_decimals});
        longest = std::max(longest, instruments_.back().name.size());
    }
    const std::size_t longest_instrument = longest;
    std::size_t longest_asset = 0;
    for (const core::Asset& asset : parameters.assets) {
        assets_.push_back(json_string(asset.name));
        longest_asset = std::max(longest_asset, assets_.back().size());
    }
    for (const std::string& feed : parameters.feeds) {
        feeds_.push_back(json_string(feed));
        longest = std::max(longest, feeds_.back().size());
    }
    for (const core::Source& source : parameters.sources) {
        TextBuffer text;
        put(text, "{\"feed\":");
        put(text, source.feed.valid() ? feeds_.at(source.feed.index()) : "null");
        put(text, ",\"symbol\":");
        append_quoted(text, source.symbol);
        put(text, ",\"channel\":");
        put_word(text, name_of(source.channel));
        text.push_back('}');
        sources_.push_back(fmt::to_string(text));
        longest = std::max(longest, sources_.back().size());
    }
    // A step that closes is at most 270 bytes and a name, one that repays 180 and two names;
    // everything else of the longest kind is below 1300, without the configured names: the
    // instrument and the source of the cause.
    const std::size_t step = std::max(270 + longest_instrument, 180 + 2 * longest_asset);
    line_bytes_max_ = 1'300 + core::kMaxPlanSteps * step + 2 * longest;
}

void EventEncoder::append_body(TextBuffer& out, const core::Event& event) const {
    append_members(out, event);
    out.push_back('}');
}

void EventEncoder::append_line(TextBuffer& out, const core::Event& event,
                               core::Timestamp emit_time) const {
    append_members(out, event);
    put(out, ",\"emit_time\":");
    put_integer(out, emit_time.ns());
    put(out, "}\n");
}

// Everything of the body but its closing brace.
void EventEncoder::append_members(TextBuffer& out, const core::Event& event) const {
    put(out, "{\"type\":");
    put_word(out, name_of(event.kind));
    put(out, ",\"event_seq\":");
    put_integer(out, event.event_seq);
    put(out, ",\"input_seq\":");
    put_integer(out, event.input_seq);
    switch (event.kind) {
        case core::EventKind::warning:
        case core::EventKind::margin_call:
        case core::EventKind::liquidation:
        case core::EventKind::bankruptcy:
        case core::EventKind::recovered:
            append_account(out, event.kind, event.account);
            break;
        case core::EventKind::threshold_changed:
            append_threshold(out, event.threshold);
            break;
        case core::EventKind::price_state:
            append_price_state(out, event.price_state);
            break;
        case core::EventKind::feed_state:
            append_feed_state(out, event.feed_state);
            break;
        case core::EventKind::daemon_state:
            put(out, ",\"from\":");
            put_word(out, name_of(event.daemon_state.from));
            put(out, ",\"to\":");
            put_word(out, name_of(event.daemon_state.to));
            put(out, ",\"reason\":");
            put_word(out, name_of(event.daemon_state.reason));
            break;
        case core::EventKind::parameters_changed:
            put(out, ",\"changes\":");
            put_integer(out, event.parameters.changes);
            break;
        case core::EventKind::clock:
            append_clock(out, event.clock);
            break;
        case core::EventKind::audit_failed:
            append_audit(out, event.audit);
            break;
        case core::EventKind::count_:
            break;
    }
    put(out, ",\"parameter_version\":");
    put_integer(out, event.parameter_version);
    put(out, ",\"engine_time\":");
    put_time(out, event.engine_time);
    put(out, ",\"receive_time\":");
    put_time(out, event.receive_time);
    put(out, ",\"exchange_time\":");
    put_time(out, event.exchange_time);
}

void EventEncoder::append_account(TextBuffer& out, core::EventKind kind,
                                  const core::AccountEvent& event) const {
    put_key(out, event.key);
    put(out, ",\"from\":");
    put_word(out, name_of(event.from));
    put(out, ",\"to\":");
    put_word(out, name_of(event.to));
    put_figures(out, event);
    put(out, ",\"shortfall\":");
    put_money(out, event.shortfall);
    append_cause(out, event.cause);
    put(out, ",\"model\":\"linear\"");
    if (kind == core::EventKind::margin_call) {
        put(out, ",\"amount_due\":");
        put_money(out, event.shortfall);
        put(out, ",\"deadline_time\":");
        put_time(out, event.deadline);
    }
    if (has_plan(kind)) append_plan(out, event);
    put(out, ",\"parameters_hash\":");
    put_hash(out, event.parameters_hash);
    put(out, ",\"market_hash\":");
    put_hash(out, event.market_hash);
    put(out, ",\"account_hash\":");
    put_hash(out, event.account_hash);
}

void EventEncoder::append_cause(TextBuffer& out, const core::Cause& cause) const {
    put(out, ",\"cause\":{\"kind\":");
    put_word(out, name_of(cause.kind));
    put(out, ",\"instrument\":");
    append_instrument(out, cause.instrument);
    put(out, ",\"source\":");
    put(out, cause.source.valid() ? std::string_view(sources_[cause.source.index()]) : "null");
    put(out, ",\"mark\":");
    append_price(out, cause.instrument, cause.mark);
    out.push_back('}');
}

void EventEncoder::append_plan(TextBuffer& out, const core::AccountEvent& event) const {
    put(out, ",\"plan\":[");
    for (std::size_t i = 0; i < event.plan_steps; ++i) {
        const core::PlanStep& step = event.plan[i];
        if (i > 0) out.push_back(',');
        if (step.action == core::PlanAction::repay_debt) {
            append_repayment(out, step);
            continue;
        }
        put(out, "{\"action\":\"close\",\"instrument\":");
        append_instrument(out, step.instrument);
        put(out, ",\"side\":");
        put_word(out, name_of(step.side));
        put(out, ",\"quantity\":");
        put_decimal(out, step.quantity.raw(),
                    instruments_[step.instrument.index()].quantity_decimals);
        put(out, ",\"limit_price\":");
        append_price(out, step.instrument, step.limit_price);
        put(out, ",\"bankruptcy_price\":");
        append_price(out, step.instrument, step.bankruptcy_price);
        put(out, ",\"incentive\":");
        put_money(out, step.incentive);
        put(out, ",\"insurance_fee\":");
        put_money(out, step.insurance_fee);
        out.push_back('}');
    }
    put(out, "],\"plan_complete\":");
    put(out, event.plan_complete ? "true" : "false");
}

void EventEncoder::append_repayment(TextBuffer& out, const core::PlanStep& step) const {
    put(out, "{\"action\":\"repay\",\"asset\":");
    put(out, assets_[step.debt.index()]);
    put(out, ",\"amount\":");
    put_money(out, step.repaid);
    put(out, ",\"collateral\":");
    put(out, assets_[step.collateral.index()]);
    put(out, ",\"seized\":");
    put_money(out, step.seized);
    put(out, ",\"incentive\":");
    put_money(out, step.incentive);
    out.push_back('}');
}

void EventEncoder::append_threshold(TextBuffer& out, const core::ThresholdEvent& event) const {
    put(out, ",\"instrument\":");
    append_instrument(out, event.instrument);
    put(out, ",\"level\":");
    put_word(out, name_of(event.level));
    put(out, ",\"from\":");
    put_rate(out, event.from);
    put(out, ",\"to\":");
    put_rate(out, event.to);
    put(out, ",\"binding\":");
    put_word(out, name_of(event.binding));
    put(out, ",\"sigma_annual\":");
    put_number(out, event.sigma_annual);
}

void EventEncoder::append_price_state(TextBuffer& out, const core::PriceStateEvent& event) const {
    put(out, ",\"instrument\":");
    append_instrument(out, event.instrument);
    put(out, ",\"from\":");
    put_word(out, name_of(event.from));
    put(out, ",\"to\":");
    put_word(out, name_of(event.to));
    put(out, ",\"reason\":");
    put_word(out, name_of(event.reason));
    put(out, ",\"live_sources\":");
    put_integer(out, event.live_sources);
    put(out, ",\"quorum\":");
    put_integer(out, event.quorum);
    put(out, ",\"mark\":");
    append_price(out, event.instrument, event.mark);
    put(out, ",\"index\":");
    append_price(out, event.instrument, event.index);
}

void EventEncoder::append_feed_state(TextBuffer& out, const core::FeedStateEvent& event) const {
    put(out, ",\"feed\":");
    put(out, event.feed.valid() ? std::string_view(feeds_[event.feed.index()]) : "null");
    put(out, ",\"from\":");
    put_word(out, name_of(event.from));
    put(out, ",\"to\":");
    put_word(out, name_of(event.to));
    put(out, ",\"reason\":");
    put_word(out, name_of(event.reason));
}

void EventEncoder::append_instrument(TextBuffer& out, core::InstrumentId instrument) const {
    put(out, instrument.valid() ? std::string_view(instruments_[instrument.index()].name) : "null");
}

void EventEncoder::append_price(TextBuffer& out, core::InstrumentId instrument,
                                core::Price price) const {
    if (!instrument.valid() || price.raw() == 0) return put(out, "null");
    put_decimal(out, price.raw(), instruments_[instrument.index()].price_decimals);
}

}  // namespace margind::daemon
