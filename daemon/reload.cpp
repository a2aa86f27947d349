#include "daemon/reload.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

namespace margind::daemon {
namespace {

using core::Parameter;

class Comparison {
  public:
    Comparison(const config::Settings& running, const config::Settings& wanted)
        : running_(running), wanted_(wanted) {}

    Reload run() {
        risk();
        process();
        if (!result_.batch.empty()) result_.batch.back().parameter.last = core::Last::yes;
        return std::move(result_);
    }

  private:
    // A parameter that may change while running.
    void change(Parameter parameter, std::uint32_t target, std::uint8_t tier, std::int64_t from,
                std::int64_t to, const std::string& name) {
        if (from == to) return;
        result_.batch.push_back(core::Input::of(core::ParameterInput{.parameter = parameter,
                                                                     .last = core::Last::no,
                                                                     .tier = tier,
                                                                     .target = target,
                                                                     .value = to}));
        result_.changed.push_back(name);
    }
    void restart_if(bool differs, const std::string& key) {
        if (differs) result_.needs_restart.push_back(key);
    }

    void risk();
    void assets();
    void asset(std::uint32_t index, const core::Asset& from, const core::Asset& to);
    void instruments();
    void instrument(std::uint32_t index, const core::Instrument& from, const core::Instrument& to);
    void tiers(std::uint32_t index, const core::Instrument& from, const core::Instrument& to);
    void fixed(const core::Instrument& from, const core::Instrument& to);
    void sources();
    void ladder();
    void level(std::uint8_t index, const core::Level& from, const core::Level& to,
               const std::string& name);
    void process();
    void feeds();

    const config::Settings& running_;
    const config::Settings& wanted_;
    Reload result_;
};

template <class Items>
bool same_names(const Items& a, const Items& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.name == y.name; });
}

bool same_steps(const core::Instrument& a, const core::Instrument& b) {
    return std::equal(
        a.tiers.begin(), a.tiers.end(), b.tiers.begin(), b.tiers.end(),
        [](const auto& x, const auto& y) { return x.notional_up_to == y.notional_up_to; });
}

// Real-valued parameters travel as 1e-8.
std::int64_t scaled(double value) {
    return std::llround(value * static_cast<double>(core::kScale));
}

void Comparison::risk() {
    assets();
    instruments();
    sources();
    ladder();
    const core::RiskParameters& from = running_.risk;
    const core::RiskParameters& to = wanted_.risk;
    restart_if(from.valuation_currency != to.valuation_currency, "valuation_currency");
    restart_if(from.feeds != to.feeds, "feeds");
    restart_if(from.guard.restart_grace != to.guard.restart_grace ||
                   from.guard.jump_factor != to.guard.jump_factor ||
                   from.guard.max_clock_skew != to.guard.max_clock_skew,
               "guard");
    restart_if(from.max_accounts != to.max_accounts, "max_accounts");
    restart_if(from.threshold_step != to.threshold_step, "threshold_step");
}

void Comparison::assets() {
    const auto& from = running_.risk.assets;
    const auto& to = wanted_.risk.assets;
    restart_if(!same_names(from, to), "assets (one was added, removed or moved)");
    if (!same_names(from, to)) return;
    for (std::uint32_t i = 0; i < from.size(); ++i) asset(i, from[i], to[i]);
}

void Comparison::asset(std::uint32_t index, const core::Asset& from, const core::Asset& to) {
    for (const core::MarginLevel level : core::kAllMarginLevels) {
        const auto at = static_cast<std::uint8_t>(level);
        change(Parameter::haircut, index, at, from.haircut[level].raw(), to.haircut[level].raw(),
               from.name + " haircut");
        change(Parameter::liability_weight, index, at, from.liability_weight[level].raw(),
               to.liability_weight[level].raw(), from.name + " liability_weight");
    }
    restart_if(from.priced_by != to.priced_by, "asset " + from.name + ": priced_by");
    restart_if(from.amount_max != to.amount_max, "asset " + from.name + ": amount_max");
}

void Comparison::instruments() {
    const auto& from = running_.risk.instruments;
    const auto& to = wanted_.risk.instruments;
    restart_if(!same_names(from, to), "instruments (one was added, removed or moved)");
    if (!same_names(from, to)) return;
    for (std::uint32_t i = 0; i < from.size(); ++i) instrument(i, from[i], to[i]);
}

void Comparison::instrument(std::uint32_t index, const core::Instrument& from,
                            const core::Instrument& to) {
    const auto of = [&](const char* key) { return from.name + " " + key; };
    tiers(index, from, to);
    change(Parameter::rate_cap, index, 0, from.rate.cap.raw(), to.rate.cap.raw(), of("rate.cap"));
    change(Parameter::volatility_multiplier_initial, index, 0, scaled(from.rate.z_initial),
           scaled(to.rate.z_initial), of("rate.z_initial"));
    change(Parameter::volatility_multiplier_maintenance, index, 0, scaled(from.rate.z_maintenance),
           scaled(to.rate.z_maintenance), of("rate.z_maintenance"));
    change(Parameter::horizon, index, 0, from.rate.horizon.ns(), to.rate.horizon.ns(),
           of("rate.horizon"));
    change(Parameter::liquidation_fee, index, 0, from.liquidation_fee.raw(),
           to.liquidation_fee.raw(), of("liquidation_fee"));
    fixed(from, to);
}

void Comparison::tiers(std::uint32_t index, const core::Instrument& from,
                       const core::Instrument& to) {
    restart_if(!same_steps(from, to),
               "instrument " + from.name + ": tiers (their number or notional_up_to)");
    if (!same_steps(from, to)) return;
    for (std::size_t t = 0; t < from.tiers.size(); ++t) {
        const std::string name = from.name + " tiers[" + std::to_string(t) + "].";
        const auto tier = static_cast<std::uint8_t>(t);
        change(Parameter::tier_initial_rate, index, tier, from.tiers[t].initial_rate.raw(),
               to.tiers[t].initial_rate.raw(), name + "initial_rate");
        change(Parameter::tier_maintenance_rate, index, tier, from.tiers[t].maintenance_rate.raw(),
               to.tiers[t].maintenance_rate.raw(), name + "maintenance_rate");
    }
}

// What accounts and prices are stored in terms of cannot change under them.
void Comparison::fixed(const core::Instrument& from, const core::Instrument& to) {
    const auto restart = [&](bool differs, const char* key) {
        restart_if(differs, "instrument " + from.name + ": " + key);
    };
    restart(from.kind != to.kind, "kind");
    restart(from.quote != to.quote, "quote");
    restart(from.scale.factor() != to.scale.factor(), "multiplier");
    restart(from.price_decimals != to.price_decimals, "price_decimals");
    restart(from.quantity_decimals != to.quantity_decimals, "quantity_decimals");
    restart(from.price_max != to.price_max, "price_max");
    restart(from.volatility.half_life != to.volatility.half_life ||
                from.volatility.sample_interval != to.volatility.sample_interval ||
                from.volatility.initial_annual != to.volatility.initial_annual,
            "volatility");
    restart(from.quorum_index != to.quorum_index, "quorum_index");
    restart(from.quorum_mark != to.quorum_mark, "quorum_mark");
    restart(from.hold_max != to.hold_max, "hold_max");
    restart(from.lot != to.lot, "lot");
}

void Comparison::sources() {
    const auto same = [](const core::Source& a, const core::Source& b) {
        return a.instrument == b.instrument && a.feed == b.feed && a.symbol == b.symbol &&
               a.channel == b.channel && a.role == b.role && a.quote == b.quote &&
               a.weight == b.weight && a.stale_after == b.stale_after;
    };
    const auto& from = running_.risk.sources;
    const auto& to = wanted_.risk.sources;
    restart_if(!std::equal(from.begin(), from.end(), to.begin(), to.end(), same), "sources");
}

void Comparison::ladder() {
    const core::Ladder& from = running_.risk.ladder;
    const core::Ladder& to = wanted_.risk.ladder;
    level(0, from.warning, to.warning, "ladder.warning");
    level(1, from.margin_call, to.margin_call, "ladder.margin_call");
    level(2, from.liquidation, to.liquidation, "ladder.liquidation");
    restart_if(from.liquidation_target != to.liquidation_target, "ladder.liquidation_target");
    restart_if(from.margin_call_deadline != to.margin_call_deadline, "ladder.margin_call_deadline");
}

void Comparison::level(std::uint8_t index, const core::Level& from, const core::Level& to,
                       const std::string& name) {
    change(Parameter::level_multiplier, 0, index, from.multiplier.raw(), to.multiplier.raw(),
           name + ".multiplier");
    change(Parameter::level_hysteresis, 0, index, from.hysteresis.raw(), to.hysteresis.raw(),
           name + ".hysteresis");
}

void Comparison::process() {
    feeds();
    const config::Settings& a = running_;
    const config::Settings& b = wanted_;
    restart_if(a.accounts.file != b.accounts.file || a.accounts.listen != b.accounts.listen,
               "accounts");
    restart_if(
        a.threads.layout != b.threads.layout || a.threads.engine_idle != b.threads.engine_idle ||
            a.threads.io_idle != b.threads.io_idle ||
            a.threads.engine_cpu != b.threads.engine_cpu || a.threads.io_cpu != b.threads.io_cpu ||
            a.threads.cold_cpu != b.threads.cold_cpu ||
            a.threads.shard_cpu != b.threads.shard_cpu ||
            a.threads.lock_memory != b.threads.lock_memory,
        "threads");
    restart_if(a.engine.search != b.engine.search || a.engine.shards != b.engine.shards ||
                   a.engine.audit.accounts != b.engine.audit.accounts ||
                   a.engine.audit.every_inputs != b.engine.audit.every_inputs,
               "engine");
    restart_if(a.journal != b.journal, "journal");
    restart_if(a.queues.inputs != b.queues.inputs || a.queues.events != b.queues.events ||
                   a.queues.shard_inputs != b.queues.shard_inputs ||
                   a.queues.shard_events != b.queues.shard_events,
               "queues");
    restart_if(a.events.address != b.events.address || a.events.port != b.events.port ||
                   a.events.subscribers_max != b.events.subscribers_max ||
                   a.events.subscriber_buffer_bytes != b.events.subscriber_buffer_bytes ||
                   a.events.heartbeat != b.events.heartbeat,
               "events");
    restart_if(a.admin.enabled != b.admin.enabled || a.admin.address != b.admin.address ||
                   a.admin.port != b.admin.port,
               "admin");
    restart_if(a.log.level != b.log.level || a.log.file != b.log.file, "log");
    restart_if(a.seed != b.seed, "seed");
}

void Comparison::feeds() {
    const auto same = [](const feeds::FeedOptions& a, const feeds::FeedOptions& b) {
        return a.venue == b.venue && a.url == b.url && a.ca_file == b.ca_file &&
               a.silence_after == b.silence_after && a.connect_timeout == b.connect_timeout &&
               a.backoff_first == b.backoff_first && a.backoff_max == b.backoff_max;
    };
    const std::size_t count = std::min(running_.feeds.size(), wanted_.feeds.size());
    for (std::size_t i = 0; i < count; ++i) {
        const feeds::FeedOptions& from = running_.feeds[i];
        restart_if(from.name == wanted_.feeds[i].name && !same(from, wanted_.feeds[i]),
                   "feed " + from.name);
    }
}

}  // namespace

Reload compare(const config::Settings& running, const config::Settings& wanted) {
    return Comparison(running, wanted).run();
}

void adopt(core::RiskParameters& running, const core::RiskParameters& wanted) {
    if (same_names(running.assets, wanted.assets)) {
        for (std::size_t i = 0; i < running.assets.size(); ++i) {
            running.assets[i].haircut = wanted.assets[i].haircut;
            running.assets[i].liability_weight = wanted.assets[i].liability_weight;
        }
    }
    if (same_names(running.instruments, wanted.instruments)) {
        for (std::size_t i = 0; i < running.instruments.size(); ++i) {
            core::Instrument& instrument = running.instruments[i];
            const core::Instrument& from = wanted.instruments[i];
            instrument.rate = from.rate;
            instrument.liquidation_fee = from.liquidation_fee;
            if (same_steps(instrument, from)) instrument.tiers = from.tiers;
        }
    }
    running.ladder.warning = wanted.ladder.warning;
    running.ladder.margin_call = wanted.ladder.margin_call;
    running.ladder.liquidation = wanted.ladder.liquidation;
}

std::vector<core::Input> take_reload(config::Settings& running) {
    config::Loaded loaded = config::load(running.path);
    if (!loaded.problems.empty()) {
        for (const config::Problem& problem : loaded.problems) {
            spdlog::error("{}", config::to_string(problem));
        }
        spdlog::error("reload: refused, {} problems; the running parameters stay",
                      loaded.problems.size());
        return {};
    }
    if (running.ports_overridden) {  // by the command line, which the file knows nothing of
        loaded.settings.events.port = running.events.port;
        loaded.settings.admin.port = running.admin.port;
    }
    if (running.search_overridden) loaded.settings.engine.search = running.engine.search;
    Reload change = compare(running, loaded.settings);
    for (const std::string& key : change.needs_restart) {
        spdlog::warn("reload: {} differs and needs a restart", key);
    }
    for (const std::string& name : change.changed) spdlog::info("reload: {}", name);
    if (change.batch.empty()) {
        spdlog::info("reload: no risk parameter changed");
        return {};
    }
    // What can change now must make sense with what needs a restart: the engine would refuse it
    // all.
    core::RiskParameters next = running.risk;
    adopt(next, loaded.settings.risk);
    const std::vector<std::string> problems = core::validate(next);
    for (const std::string& problem : problems) spdlog::error("reload: {}", problem);
    if (!problems.empty() || change.batch.size() > core::kMaxParameterChanges) {
        spdlog::error(
            "reload: refused; {} changes (at most {} at once) do not fit what runs without those "
            "that need a restart",
            change.batch.size(), core::kMaxParameterChanges);
        return {};
    }
    running.risk = std::move(next);
    return std::move(change.batch);
}

}  // namespace margind::daemon
