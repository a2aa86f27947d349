// A small venue as the admin server sees it: two feeds, two instruments, three sources.
#pragma once

#include <vector>

#include "daemon/admin/pages.hpp"

namespace margind::tests {

inline constexpr auto kAdminNow = core::Timestamp::from_ns(1'760'128'200'000'000'000);

inline config::Settings admin_settings() {
    config::Settings settings;
    core::RiskParameters& risk = settings.risk;
    core::Asset dollar;
    dollar.name = "USD";
    core::Asset tether;
    tether.name = "USDT";
    risk.assets = {dollar, tether};
    core::Instrument btc;
    btc.name = "BTC-PERP";
    btc.quote = core::AssetId(0);
    btc.price_decimals = 2;
    btc.quantity_decimals = 3;
    core::Instrument odd = btc;
    odd.name = "say \"hi\"\\\n";  // names are free text on this side of the config loader
    odd.price_decimals = 4;
    risk.instruments = {btc, odd};
    risk.feeds = {"binance", "pyth"};
    core::Source top;
    top.instrument = core::InstrumentId(0);
    top.feed = core::FeedId(0);
    top.symbol = "BTCUSDT";
    top.channel = core::Channel::book_top;
    top.quote = core::AssetId(1);
    core::Source mark = top;
    mark.channel = core::Channel::mark;
    mark.role = core::Role::mark;
    core::Source oracle = top;
    oracle.instrument = core::InstrumentId(1);
    oracle.feed = core::FeedId(1);
    oracle.symbol = "0xabc";
    oracle.channel = core::Channel::oracle;
    oracle.quote = core::AssetId(0);
    risk.sources = {top, mark, oracle};
    settings.feeds.resize(2);
    settings.feeds[0].name = "binance";
    settings.feeds[0].venue = "binance_usdm";
    settings.feeds[1].name = "pyth";
    settings.feeds[1].venue = "pyth";
    settings.admin.port = 0;
    settings.threads.layout = config::Layout::inline_;
    settings.threads.engine_idle = config::Idle::spin;
    return settings;
}

// Everything priced, every feed live, as of kAdminNow.
struct AdminWorld {
    config::Settings settings = admin_settings();
    daemon::EngineReport report;
    std::vector<feeds::FeedStatistics> feeds = std::vector<feeds::FeedStatistics>(2);
    daemon::RunState state = daemon::RunState::live;

    AdminWorld() {
        report.engine_time = kAdminNow - core::Duration::from_ms(80);
        report.daemon_state = core::DaemonState::live;
        report.last_input_seq = 12'345;
        report.engine.inputs = 12'345;
        report.engine.events = 7;
        report.engine.evaluations = 99;
        report.engine.refused_total = 3;
        report.engine.refused[static_cast<std::size_t>(core::Refusal::price_jump)] = 3;
        report.engine.events_by_kind[static_cast<std::size_t>(core::EventKind::margin_call)] = 7;
        report.engine.accounts = 10;
        report.engine.accounts_by_state = {6, 2, 1, 1, 0};
        report.engine.accounts_held = 1;
        report.event_queue_depth = 5;
        report.conflated_total = 11;
        for (int us = 1; us <= 1'000; ++us) {
            report.receive_to_applied.record(core::Duration::from_us(us));
        }
        core::InstrumentStatus btc;
        btc.mark = core::Price::from_raw(12'200'050);
        btc.index = core::Price::from_raw(12'199'900);
        btc.state = core::PriceState::good;
        btc.sigma_annual = 0.615;
        btc.initial_rate = core::Rate::from_raw(2'000'000);
        btc.maintenance_rate = core::Rate::from_raw(1'000'000);
        btc.binding_maintenance = core::RateTerm::volatility;
        btc.live_index_sources = 1;
        core::InstrumentStatus odd = btc;
        odd.mark = core::Price::from_raw(5);
        odd.index = core::Price::from_raw(5);
        report.instruments = {btc, odd};
        report.sources.resize(3);
        report.sources[0].price = core::Price::from_raw(12'199'900);
        report.sources[0].receive_time = kAdminNow - core::Duration::from_ms(1'500);
        report.sources[0].accepted = 400;
        report.sources[0].refused = 3;
        report.sources[0].in_merge = true;
        for (feeds::FeedStatistics& feed : feeds) feed.state = core::FeedState::live;
        feeds[0].messages = 1'000;
        feeds[0].ticks = 950;
        feeds[0].by_verdict = {900, 50, 30, 20};
        feeds[0].by_reason[static_cast<std::size_t>(feeds::Reason::bad_number)] = 20;
    }

    daemon::Snapshot snapshot() const {
        return {.settings = settings,
                .engine = report,
                .feeds = feeds,
                .gateway = {.subscribers = 2, .events_total = 7, .bytes_total = 4'096},
                .accounts = {},
                .admin = {},
                .journal = nullptr,
                .shadow = nullptr,
                .state = state,
                .started = kAdminNow - core::Duration::from_seconds(90),
                .listening_since = kAdminNow - core::Duration::from_seconds(80),
                .now = kAdminNow};
    }
};

}  // namespace margind::tests
