// One event of every kind with fixed contents: the examples of docs/event-stream.md.
#pragma once

#include <vector>

#include "core/event.hpp"
#include "core/parameters.hpp"

namespace margind::tests {

inline core::RiskParameters sample_parameters() {
    core::RiskParameters parameters;
    core::Instrument btc;
    btc.name = "BTC-PERP";
    btc.price_decimals = 2;
    btc.quantity_decimals = 6;
    core::Instrument etc;
    etc.name = "ETC-PERP";
    etc.price_decimals = 4;
    etc.quantity_decimals = 2;
    parameters.instruments = {btc, etc};
    parameters.feeds = {"coinbase", "usdm"};
    core::Source coinbase;
    coinbase.instrument = core::InstrumentId(0);
    coinbase.feed = core::FeedId(0);
    coinbase.symbol = "BTC-USD";
    coinbase.channel = core::Channel::book_top;
    core::Source usdm;
    usdm.instrument = core::InstrumentId(1);
    usdm.feed = core::FeedId(1);
    usdm.symbol = "ETCUSDT";
    usdm.channel = core::Channel::mark;
    usdm.role = core::Role::mark;
    parameters.sources = {coinbase, usdm};
    return parameters;
}

inline core::Timestamp sample_time(std::int64_t ns_after) {
    return core::Timestamp::from_ns(1'760'130'903'120'000'000 +
                                    ns_after);  // 2025-10-10 21:15:03.12
}

inline core::Event sample_event(core::EventKind kind, std::uint64_t event_seq) {
    core::Event event;
    event.kind = kind;
    event.parameter_version = 1;
    event.event_seq = event_seq;
    event.input_seq = 480'000 + event_seq;
    event.engine_time = sample_time(4'100);
    event.receive_time = sample_time(1'250);
    event.exchange_time = sample_time(-12'000'000);
    return event;
}

inline core::PlanStep sample_step(std::uint32_t instrument, core::Side side, std::int64_t quantity,
                                  std::int64_t limit_price, std::int64_t bankruptcy_price,
                                  std::int64_t incentive) {
    core::PlanStep step;
    step.instrument = core::InstrumentId(instrument);
    step.side = side;
    step.quantity = core::Quantity::from_raw(quantity);
    step.limit_price = core::Price::from_raw(limit_price);
    step.bankruptcy_price = core::Price::from_raw(bankruptcy_price);
    step.incentive = core::Money::from_raw(incentive);
    return step;
}

inline core::Event sample_account_event(core::EventKind kind, std::uint64_t event_seq,
                                        core::MarginState from, core::MarginState to,
                                        std::int64_t equity, std::int64_t health) {
    core::Event event = sample_event(kind, event_seq);
    event.account = core::AccountEvent{};
    core::AccountEvent& account = event.account;
    account.key.owner = core::FixedText<48>("acct-0123");
    account.key.sub_account = core::FixedText<16>("hedge");
    account.slot = core::AccountSlot(122);
    account.from = from;
    account.to = to;
    account.equity = core::Money::from_raw(equity);
    account.initial_equity = account.equity;
    account.initial_margin = core::Money::from_raw(251'800'000'000);
    account.maintenance_margin = core::Money::from_raw(125'900'000'000);
    account.shortfall =
        core::Money::from_raw(equity < 251'800'000'000 ? 251'800'000'000 - equity : 0);
    account.health_factor.raw = health;
    account.parameters_hash = 0x5c0ffee000000001;
    account.market_hash = 0xfedcba9876543210 + event_seq;
    account.account_hash = 0x00000000deadbeef;
    account.cause = {core::CauseKind::price, core::InstrumentId(1), core::SourceId(1),
                     core::Price::from_raw(123'050)};
    return event;
}

inline std::vector<core::Event> sample_account_events() {
    using core::EventKind;
    using core::MarginState;
    std::vector<core::Event> events;
    events.push_back(sample_account_event(EventKind::warning, 1, MarginState::healthy,
                                          MarginState::warning, 188'724'100'000, 149'900'000));
    events.push_back(sample_account_event(EventKind::margin_call, 2, MarginState::warning,
                                          MarginState::margin_call, 150'954'100'000, 119'900'000));
    events.back().account.deadline = sample_time(3'600'000'000'000 + 4'100);

    events.push_back(sample_account_event(EventKind::liquidation, 3, MarginState::margin_call,
                                          MarginState::liquidation, 123'456'000'000, 98'058'776));
    core::AccountEvent& liquidation = events.back().account;
    liquidation.plan_steps = 2;
    liquidation.plan[0] = sample_step(1, core::Side::sell, 41'250, 122'435, 115'070, 2'538'000'000);
    liquidation.plan[1] = sample_step(0, core::Side::buy, 12'500, 11'264'241, 0, 700'512'500);

    events.push_back(sample_account_event(EventKind::bankruptcy, 4, MarginState::liquidation,
                                          MarginState::bankrupt, -4'217'350'001, -3'349'763));
    core::AccountEvent& bankruptcy = events.back().account;
    bankruptcy.plan_steps = 1;
    bankruptcy.plan[0] = sample_step(1, core::Side::sell, 90'000, 122'435, 123'518, 5'537'250'000);
    bankruptcy.plan_complete = false;

    events.push_back(sample_account_event(EventKind::recovered, 5, MarginState::liquidation,
                                          MarginState::healthy, 500'000'000'000,
                                          core::HealthFactor::kInfinite));
    core::AccountEvent& recovered = events.back().account;
    recovered.key.sub_account = {};
    recovered.initial_margin = recovered.maintenance_margin = recovered.shortfall = core::Money();
    recovered.cause = {core::CauseKind::account_update, core::InstrumentId::none(),
                       core::SourceId::none(), core::Price()};
    events.back().exchange_time = core::Timestamp();
    return events;
}

// Every kind once, event_seq 1 ...
inline std::vector<core::Event> sample_events() {
    using core::EventKind;
    std::vector<core::Event> events = sample_account_events();

    core::Event threshold = sample_event(EventKind::threshold_changed, 6);
    threshold.threshold = {core::InstrumentId(1),           core::MarginLevel::maintenance,
                           core::RateTerm::volatility,      core::Rate::from_raw(2'500'000),
                           core::Rate::from_raw(2'527'431), 1.8725};
    events.push_back(threshold);

    core::Event price = sample_event(EventKind::price_state, 7);
    price.price_state = {core::InstrumentId(0),
                         core::PriceState::good,
                         core::PriceState::frozen,
                         core::PriceReason::no_quorum,
                         1,
                         2,
                         core::Price::from_raw(11'204'050),
                         core::Price::from_raw(11'210'000)};
    events.push_back(price);

    core::Event feed = sample_event(EventKind::feed_state, 8);
    feed.feed_state = {core::FeedId(0), core::FeedState::live, core::FeedState::silent,
                       core::FeedReason::silence};
    events.push_back(feed);

    core::Event daemon = sample_event(EventKind::daemon_state, 9);
    daemon.daemon_state = {core::DaemonState::warming, core::DaemonState::live,
                           core::DaemonReason::none};
    events.push_back(daemon);

    core::Event parameters = sample_event(EventKind::parameters_changed, 10);
    parameters.parameter_version = 2;
    parameters.parameters = {2, 3};
    events.push_back(parameters);

    core::Event clock = sample_event(EventKind::clock, 11);
    clock.clock.last_input_seq = 480'010;
    clock.clock.state_hash = 0x0123456789abcdef;
    clock.clock.accounts_by_state = {99'412, 371, 120, 64, 33};
    events.push_back(clock);

    core::Event audit = sample_event(EventKind::audit_failed, 12);
    audit.audit = {.key = events.front().account.key,
                   .slot = events.front().account.slot,
                   .check = core::AuditCheck::state,
                   .state = core::MarginState::healthy,
                   .due = core::MarginState::margin_call,
                   .last_input_seq = 480'011,
                   .equity = core::Money::from_raw(150'954'100'000),
                   .initial_equity = core::Money::from_raw(150'954'100'000),
                   .initial_margin = core::Money::from_raw(251'800'000'000),
                   .maintenance_margin = core::Money::from_raw(125'900'000'000),
                   .health_factor = {.raw = 119'900'000}};
    events.push_back(audit);
    return events;
}

}  // namespace margind::tests
