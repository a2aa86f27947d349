// Inputs and events whose every field is drawn at random within its type: for codecs, which must
// not care what a field means. Fields their kind does not have stay as they begin.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "core/event.hpp"
#include "core/input.hpp"

namespace margind::test {

class RandomRecords {
  public:
    explicit RandomRecords(std::uint64_t seed) : random_(seed) {}

    core::Input input(core::InputKind kind) {
        core::Input input;
        switch (kind) {
            case core::InputKind::price:
                input = core::Input::of(price());
                break;
            case core::InputKind::account:
                input = core::Input::of(account());
                break;
            case core::InputKind::parameter:
                input =
                    core::Input::of(core::ParameterInput{.parameter = any(core::Parameter::count_),
                                                         .last = any(core::Last::yes),
                                                         .tier = number<std::uint8_t>(),
                                                         .target = number<std::uint32_t>(),
                                                         .value = number<std::int64_t>()});
                break;
            case core::InputKind::feed_state:
                input = core::Input::of(
                    core::FeedStateInput{.feed = core::FeedId(number<std::uint32_t>()),
                                         .state = any(core::FeedState::down),
                                         .reason = any(core::FeedReason::no_credentials)});
                break;
            case core::InputKind::statistic:
                input =
                    core::Input::of(core::StatisticInput{.statistic = any(core::Statistic::count_),
                                                         .target = number<std::uint32_t>(),
                                                         .value = number<std::int64_t>()});
                break;
            case core::InputKind::daemon:
                input =
                    core::Input::of(core::DaemonInput{.notice = any(core::DaemonNotice::count_),
                                                      .reason = any(core::DaemonReason::count_)});
                break;
            case core::InputKind::timer:
            case core::InputKind::count_:
                break;
        }
        input.origin = number<std::uint8_t>();
        input.input_seq = number<std::uint64_t>();
        input.engine_time = time();
        input.receive_time = time();
        input.exchange_time = time();
        return input;
    }
    core::Input input() { return input(any(core::InputKind::daemon)); }

    core::Event event(core::EventKind kind) {
        core::Event event;
        event.kind = kind;
        event.parameter_version = number<std::uint32_t>();
        event.event_seq = number<std::uint64_t>();
        event.input_seq = number<std::uint64_t>();
        event.engine_time = time();
        event.receive_time = time();
        event.exchange_time = time();
        switch (kind) {
            case core::EventKind::warning:
            case core::EventKind::margin_call:
            case core::EventKind::liquidation:
            case core::EventKind::bankruptcy:
            case core::EventKind::recovered:
                event.account = account_event();
                break;
            case core::EventKind::threshold_changed:
                event.threshold = {core::InstrumentId(number<std::uint32_t>()),
                                   any(core::MarginLevel::close_out),
                                   any(core::RateTerm::cap),
                                   scaled<core::Rate>(),
                                   scaled<core::Rate>(),
                                   std::uniform_real_distribution<double>(-1, 9)(random_)};
                break;
            case core::EventKind::price_state:
                event.price_state = {core::InstrumentId(number<std::uint32_t>()),
                                     any(core::PriceState::frozen),
                                     any(core::PriceState::frozen),
                                     any(core::PriceReason::restarted),
                                     number<std::uint32_t>(),
                                     number<std::uint32_t>(),
                                     scaled<core::Price>(),
                                     scaled<core::Price>()};
                break;
            case core::EventKind::feed_state:
                event.feed_state = {core::FeedId(number<std::uint32_t>()),
                                    any(core::FeedState::down), any(core::FeedState::down),
                                    any(core::FeedReason::no_credentials)};
                break;
            case core::EventKind::daemon_state:
                event.daemon_state = {any(core::DaemonState::degraded),
                                      any(core::DaemonState::degraded),
                                      any(core::DaemonReason::disk_low)};
                break;
            case core::EventKind::parameters_changed:
                event.parameters = {number<std::uint32_t>(), number<std::uint32_t>()};
                break;
            case core::EventKind::clock:
                event.clock = {};
                event.clock.last_input_seq = number<std::uint64_t>();
                event.clock.state_hash = number<std::uint64_t>();
                for (auto& accounts : event.clock.accounts_by_state) {
                    accounts = number<std::uint32_t>();
                }
                break;
            case core::EventKind::audit_failed:
                event.audit = audit_event();
                break;
            case core::EventKind::count_:
                break;
        }
        return event;
    }
    core::Event event() { return event(static_cast<core::EventKind>(below(kEventKinds))); }

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    static constexpr auto kEventKinds = static_cast<std::uint64_t>(core::EventKind::count_);

  private:
    // Small numbers, large ones and those at the ends of their type.
    template <class T>
    T number() {
        const std::uint64_t bits = random_();
        const std::uint64_t width = below(65);
        return static_cast<T>(width == 0 ? 0 - (bits & 1) : bits >> (64 - width));
    }
    template <class E>
    E any(E last) {
        return static_cast<E>(below(static_cast<std::uint64_t>(last) + 1));
    }
    template <class T>
    T scaled() {
        return T::from_raw(number<std::int64_t>());
    }
    core::Timestamp time() { return core::Timestamp::from_ns(number<std::int64_t>()); }
    template <std::size_t N>
    core::FixedText<N> text() {
        std::string text;
        for (std::uint64_t length = below(N + 1); text.size() < length;) {
            const std::string letter(1, static_cast<char>('!' + below(0x7e - '!')));
            if (core::FixedText<N>::fits(letter)) text += letter;
        }
        return core::FixedText<N>(text);
    }
    core::AccountKey key() { return {text<48>(), text<16>()}; }

    core::PriceInput price() {
        return {.source = core::SourceId(number<std::uint32_t>()),
                .channel = any(core::Channel::oracle),
                .price = scaled<core::Price>(),
                .bid = scaled<core::Price>(),
                .ask = scaled<core::Price>(),
                .confidence = scaled<core::Price>(),
                .sequence = number<std::uint64_t>()};
    }
    core::AccountInput account() {
        return {.key = key(),
                .record = any(core::AccountRecord::count_),
                .mode = any(core::UpdateMode::replace),
                .last = any(core::Last::yes),
                .id = number<std::uint32_t>(),
                .amount = number<std::int64_t>(),
                .price = number<std::int64_t>()};
    }
    core::PlanStep step() {
        core::PlanStep step;
        step.action = any(core::PlanAction::repay_debt);
        step.side = any(core::Side::sell);
        step.instrument = core::InstrumentId(number<std::uint32_t>());
        step.debt = core::AssetId(number<std::uint32_t>());
        step.collateral = core::AssetId(number<std::uint32_t>());
        step.quantity = scaled<core::Quantity>();
        step.limit_price = scaled<core::Price>();
        step.bankruptcy_price = scaled<core::Price>();
        step.incentive = scaled<core::Money>();
        step.insurance_fee = scaled<core::Money>();
        step.repaid = scaled<core::Money>();
        step.seized = scaled<core::Money>();
        return step;
    }
    core::AccountEvent account_event() {
        core::AccountEvent event;
        event.key = key();
        event.slot = core::AccountSlot(number<std::uint32_t>());
        event.from = any(core::MarginState::bankrupt);
        event.to = any(core::MarginState::bankrupt);
        event.equity = scaled<core::Money>();
        event.initial_equity = scaled<core::Money>();
        event.initial_margin = scaled<core::Money>();
        event.maintenance_margin = scaled<core::Money>();
        event.shortfall = scaled<core::Money>();
        event.health_factor.raw = number<std::int64_t>();
        event.cause = {any(core::CauseKind::audit), core::InstrumentId(number<std::uint32_t>()),
                       core::SourceId(number<std::uint32_t>()), scaled<core::Price>()};
        event.deadline = time();
        event.parameters_hash = number<std::uint64_t>();
        event.market_hash = number<std::uint64_t>();
        event.account_hash = number<std::uint64_t>();
        event.plan_complete = below(2) == 0;
        event.plan_steps = static_cast<std::uint8_t>(below(core::kMaxPlanSteps + 1));
        for (std::size_t i = 0; i < event.plan_steps; ++i) event.plan[i] = step();
        return event;
    }
    core::AuditEvent audit_event() {
        return {.key = key(),
                .slot = core::AccountSlot(number<std::uint32_t>()),
                .check = any(core::AuditCheck::key),
                .state = any(core::MarginState::bankrupt),
                .due = any(core::MarginState::bankrupt),
                .last_input_seq = number<std::uint64_t>(),
                .equity = scaled<core::Money>(),
                .initial_equity = scaled<core::Money>(),
                .initial_margin = scaled<core::Money>(),
                .maintenance_margin = scaled<core::Money>(),
                .health_factor = {.raw = number<std::int64_t>()}};
    }

    std::mt19937_64 random_;
};

}  // namespace margind::test
