#include "tests/support/record_text.hpp"

#include <array>
#include <bit>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

namespace margind::test {
namespace {

using namespace margind::core;

class Line {
  public:
    template <class T>
    Line& add(const char* name, const T& value) {
        if constexpr (std::is_enum_v<T>) {
            put(name, static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_same_v<T, bool>) {
            put(name, value ? 1 : 0);
        } else if constexpr (std::is_same_v<T, double>) {
            put(name, std::bit_cast<std::uint64_t>(value));
        } else if constexpr (std::is_integral_v<T>) {
            put(name, value);
        } else if constexpr (requires { value.raw(); }) {
            put(name, value.raw());
        } else if constexpr (requires { value.ns(); }) {
            put(name, value.ns());
        } else if constexpr (requires { value.index(); }) {
            put(name, value.index());
        } else {
            put(name, value.view());
        }
        return *this;
    }
    Line& word(std::string_view word) {
        text_ += fmt::format("{}{}", text_.empty() ? "" : " ", word);
        return *this;
    }
    std::string text() const { return text_; }

  private:
    template <class T>
    void put(const char* name, const T& value) {
        word(fmt::format("{}={}", name, value));
    }
    std::string text_;
};

void add(Line& line, const AccountKey& key) {
    line.add("owner", key.owner).add("sub_account", key.sub_account);
}

void add(Line& line, const PlanStep& step) {
    line.word("step").add("action", step.action).add("side", step.side);
    line.add("instrument", step.instrument).add("debt", step.debt);
    line.add("collateral", step.collateral).add("quantity", step.quantity);
    line.add("limit_price", step.limit_price).add("bankruptcy_price", step.bankruptcy_price);
    line.add("incentive", step.incentive).add("insurance_fee", step.insurance_fee);
    line.add("repaid", step.repaid).add("seized", step.seized);
}

void add(Line& line, const AccountEvent& event) {
    add(line, event.key);
    line.add("slot", event.slot).add("from", event.from).add("to", event.to);
    line.add("equity", event.equity).add("initial_equity", event.initial_equity);
    line.add("initial_margin", event.initial_margin);
    line.add("maintenance_margin", event.maintenance_margin).add("shortfall", event.shortfall);
    line.add("health_factor", event.health_factor.raw).add("cause", event.cause.kind);
    line.add("cause_instrument", event.cause.instrument).add("cause_source", event.cause.source);
    line.add("cause_mark", event.cause.mark).add("deadline", event.deadline);
    line.add("parameters_hash", event.parameters_hash).add("market_hash", event.market_hash);
    line.add("account_hash", event.account_hash).add("plan_complete", event.plan_complete);
    line.add("plan_steps", event.plan_steps);
    for (std::size_t i = 0; i < event.plan_steps; ++i) add(line, event.plan[i]);
}

void add(Line& line, const AuditEvent& event) {
    add(line, event.key);
    line.add("slot", event.slot).add("check", event.check).add("state", event.state);
    line.add("due", event.due).add("last_input_seq", event.last_input_seq);
    line.add("equity", event.equity).add("initial_equity", event.initial_equity);
    line.add("initial_margin", event.initial_margin);
    line.add("maintenance_margin", event.maintenance_margin);
    line.add("health_factor", event.health_factor.raw);
}

void add(Line& line, const PriceInput& price) {
    line.add("source", price.source).add("channel", price.channel).add("price", price.price);
    line.add("bid", price.bid).add("ask", price.ask).add("confidence", price.confidence);
    line.add("sequence", price.sequence);
}

void add(Line& line, const AccountInput& account) {
    add(line, account.key);
    line.add("record", account.record).add("mode", account.mode).add("last", account.last);
    line.add("id", account.id).add("amount", account.amount).add("price", account.price);
}

void add_body(Line& line, const Input& input) {
    switch (input.kind) {
        case InputKind::price:
            return add(line, input.price);
        case InputKind::account:
            return add(line, input.account);
        case InputKind::parameter:
            line.add("parameter", input.parameter.parameter).add("last", input.parameter.last);
            line.add("tier", input.parameter.tier).add("target", input.parameter.target);
            line.add("value", input.parameter.value);
            return;
        case InputKind::feed_state:
            line.add("feed", input.feed_state.feed).add("state", input.feed_state.state);
            line.add("reason", input.feed_state.reason);
            return;
        case InputKind::statistic:
            line.add("statistic", input.statistic.statistic);
            line.add("target", input.statistic.target).add("value", input.statistic.value);
            return;
        case InputKind::daemon:
            line.add("notice", input.daemon.notice).add("reason", input.daemon.reason);
            return;
        case InputKind::timer:
        case InputKind::count_:
            return;
    }
}

void add(Line& line, const ClockEvent& clock) {
    constexpr std::array<const char*, kMarginStates> kNames = {"healthy", "warning", "margin_call",
                                                               "liquidation", "bankrupt"};
    line.add("last_input_seq", clock.last_input_seq).add("state_hash", clock.state_hash);
    for (std::size_t i = 0; i < kMarginStates; ++i) line.add(kNames[i], clock.accounts_by_state[i]);
}

void add_body(Line& line, const Event& event) {
    switch (event.kind) {
        case EventKind::warning:
        case EventKind::margin_call:
        case EventKind::liquidation:
        case EventKind::bankruptcy:
        case EventKind::recovered:
            return add(line, event.account);
        case EventKind::threshold_changed: {
            const ThresholdEvent& threshold = event.threshold;
            line.add("instrument", threshold.instrument).add("level", threshold.level);
            line.add("binding", threshold.binding).add("from", threshold.from);
            line.add("to", threshold.to).add("sigma_annual", threshold.sigma_annual);
            return;
        }
        case EventKind::price_state: {
            const PriceStateEvent& price = event.price_state;
            line.add("instrument", price.instrument).add("from", price.from).add("to", price.to);
            line.add("reason", price.reason).add("live_sources", price.live_sources);
            line.add("quorum", price.quorum).add("mark", price.mark).add("index", price.index);
            return;
        }
        case EventKind::feed_state:
            line.add("feed", event.feed_state.feed).add("from", event.feed_state.from);
            line.add("to", event.feed_state.to).add("reason", event.feed_state.reason);
            return;
        case EventKind::daemon_state:
            line.add("from", event.daemon_state.from).add("to", event.daemon_state.to);
            line.add("reason", event.daemon_state.reason);
            return;
        case EventKind::parameters_changed:
            line.add("version", event.parameters.version);
            line.add("changes", event.parameters.changes);
            return;
        case EventKind::clock:
            return add(line, event.clock);
        case EventKind::audit_failed:
            return add(line, event.audit);
        case EventKind::count_:
            return;
    }
}

}  // namespace

std::string record_text(const core::Input& input) {
    constexpr std::array<const char*, 7> kNames = {"price", "account",   "parameter", "feed_state",
                                                   "timer", "statistic", "daemon"};
    Line line;
    line.word(fmt::format("kind={}", kNames.at(static_cast<std::size_t>(input.kind))));
    line.add("origin", input.origin).add("receive_time", input.receive_time);
    line.add("exchange_time", input.exchange_time);
    add_body(line, input);
    return line.text();
}

std::string record_text(const core::Event& event) {
    constexpr std::array<const char*, 12> kNames = {
        "warning",      "margin_call",        "liquidation", "bankruptcy",
        "recovered",    "threshold_changed",  "price_state", "feed_state",
        "daemon_state", "parameters_changed", "clock",       "audit_failed"};
    Line line;
    line.word(fmt::format("kind={}", kNames.at(static_cast<std::size_t>(event.kind))));
    line.add("parameter_version", event.parameter_version).add("input_seq", event.input_seq);
    line.add("receive_time", event.receive_time).add("exchange_time", event.exchange_time);
    line.add("engine_time", event.engine_time);
    add_body(line, event);
    return line.text();
}

}  // namespace margind::test
