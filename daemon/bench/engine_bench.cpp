// A tick's time runs from Engine::apply until its last event has been fetched and what was put off
// until then is done; `told` is without the latter. Engines take turns
// in blocks, so that what else the machine does meets both; every tick's events are compared by
// number.
//
// The floor is measured in the same run: for the same ticks it walks the same holders and does what
// no engine that looks at all of them can do without, adding each holder's share of the move to its
// slack and looking at the sign.
#include "daemon/bench/engine_bench.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/engine/engine.hpp"
#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/tick_sequence.hpp"
#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kBlock = 200;  // ticks before the other side has its turn

// One engine: numbers its inputs, gives them time, times its ticks, and counts what comes back.
class Contestant {
  public:
    Contestant(const Population& population, core::Search search)
        : population_(population), search_(search) {}

    void build(feeds::Clock& clock) {
        const std::int64_t before = resident_bytes();
        const core::Timestamp begin = clock.now();
        engine_ = std::make_unique<core::Engine>(population_.parameters, search_);
        for (std::uint32_t i = 0; i < population_.base_prices.size(); ++i) {
            prepare({.instrument = i, .price = population_.base_prices[i]});
            apply_checked();
        }
        for (std::uint32_t i = 0; i < population_.account_count(); ++i) {
            records_.clear();
            append_inputs(population_, i, records_);
            for (const core::Input& record : records_) {
                input_ = record;
                stamp();
                apply_checked();
            }
        }
        build_seconds_ = (clock.now() - begin).seconds();
        resident_bytes_ = resident_bytes() - before;
        account_events_ = 0;
    }

    void prepare(const Tick& tick) {
        input_ = as_input(tick, input_seq_ + 1);
        stamp();
    }
    void apply_checked() {
        if (const core::Refusal refusal = apply(); refusal != core::Refusal::none) {
            throw std::runtime_error(
                fmt::format("the engine refused a benchmark input: {}", name_of(refusal)));
        }
    }
    void time_tick(const Tick& tick, feeds::Clock& clock, std::int64_t clock_cost_ns) {
        prepare(tick);
        const core::Timestamp begin = clock.now();
        const core::Refusal refusal = apply();
        const core::Timestamp told = clock.now();
        engine_->settle();
        const core::Timestamp end = clock.now();
        if (refusal != core::Refusal::none) {
            throw std::runtime_error(
                fmt::format("the engine refused a benchmark price: {}", name_of(refusal)));
        }
        const auto since_begin = [&](core::Timestamp at, std::int64_t clocks) {
            return std::max<std::int64_t>((at - begin).ns() - clocks * clock_cost_ns, 0);
        };
        ns.push_back(since_begin(end, 2));
        told_ns.push_back(since_begin(told, 1));
        if (tick.gap) gap_ns.push_back(ns.back());
        if (tick.gap) gap_told_ns.push_back(told_ns.back());
    }

    const core::Engine& engine() const { return *engine_; }
    std::uint64_t account_events() const { return account_events_; }
    double build_seconds() const { return build_seconds_; }
    std::int64_t bytes() const { return resident_bytes_; }

    // What was counted before the ticks that count.
    void mark() {
        for (auto* samples : {&ns, &told_ns, &gap_ns, &gap_told_ns}) samples->clear();
        evaluations_before_ = engine_->statistics().evaluations;
        bands_before_ = engine_->band_statistics();
        account_events_ = 0;
    }
    std::uint64_t evaluations() const {
        return engine_->statistics().evaluations - evaluations_before_;
    }
    const core::BandStatistics& bands_before() const { return bands_before_; }

    std::vector<std::int64_t> ns;       // whole ticks
    std::vector<std::int64_t> told_ns;  // until the last event was out
    std::vector<std::int64_t> gap_ns;
    std::vector<std::int64_t> gap_told_ns;
    double warmup_ns = 0;

  private:
    core::Refusal apply() noexcept {
        const core::Refusal refusal = engine_->apply(input_);
        while (engine_->next_event(event_)) {
            account_events_ += core::is_account_event(event_.kind) ? 1U : 0U;
        }
        return refusal;
    }
    void stamp() {
        input_.input_seq = ++input_seq_;
        now_ = now_ + core::Duration::from_ms(1);
        input_.engine_time = now_;
        input_.receive_time = now_;
        input_.exchange_time = now_;
    }

    const Population& population_;
    const core::Search search_;
    std::unique_ptr<core::Engine> engine_;
    core::Input input_;
    core::Event event_;
    std::uint64_t input_seq_ = 0;
    core::Timestamp now_ = core::Timestamp::from_ns(1'700'000'000'000'000'000);
    std::uint64_t account_events_ = 0;
    std::vector<core::Input> records_;
    double build_seconds_ = 0;
    std::int64_t resident_bytes_ = 0;
    std::uint64_t evaluations_before_ = 0;
    core::BandStatistics bands_before_;
};

// The bare loop: one slack per account, one list of (account, coefficient) per instrument.
class BareLoop {
  public:
    explicit BareLoop(const Population& population) {
        slack_.assign(population.account_count(), 1e18);
        holders_.resize(population.base_prices.size());
        for (std::uint32_t account = 0; account < population.account_count(); ++account) {
            for (const Population::Holding& holding : population.holdings_of(account)) {
                holders_[holding.instrument].push_back(
                    {account, static_cast<double>(holding.quantity) * 0.99});
            }
        }
    }
    std::size_t holders(std::uint32_t instrument) const { return holders_[instrument].size(); }
    std::uint64_t crossed() const { return crossed_; }
    void apply(const Tick& tick) noexcept {
        const double move = static_cast<double>(tick.price - tick.before);
        for (const Row& row : holders_[tick.instrument]) {
            const double slack = slack_[row.account] += row.coefficient * move;
            crossed_ += slack < 0 ? 1U : 0U;
        }
    }

  private:
    struct Row {
        std::uint32_t account;
        double coefficient;
    };
    std::vector<std::vector<Row>> holders_;
    std::vector<double> slack_;
    std::uint64_t crossed_ = 0;
};

class EngineBench {
  public:
    explicit EngineBench(const EngineBenchOptions& options)
        : options_(options),
          population_(make_population({.accounts = options.accounts,
                                       .instruments = options.instruments,
                                       .holders = options.holders,
                                       .seed = options.seed})),
          bands_(population_, core::Search::bands),
          reference_(population_, core::Search::reference),
          floor_(population_) {}

    std::string run() {
        if (options_.cpu >= 0 && !pin_to_cpu(options_.cpu)) {
            throw std::runtime_error(
                fmt::format("cannot run on core {}: choose another --cpu", options_.cpu));
        }
        bands_.build(clock_);
        reference_.build(clock_);
        clock_cost_ns_ = clock_cost_ns(clock_);
        const ForeignLoad foreign(clock_);
        TickSequence ticks(population_, options_);
        measure(ticks, options_.warmup);
        bands_.warmup_ns = mean_of(bands_.ns);
        reference_.warmup_ns = mean_of(reference_.ns);
        bands_.mark();
        reference_.mark();
        floor_ns_.clear();
        holders_ = 0;
        measure(ticks, options_.ticks);
        foreign_cores_ = foreign.cores();
        return report();
    }

  private:
    void measure(TickSequence& ticks, std::uint64_t count) {
        const core::Timestamp begin = clock_.now();
        std::vector<Tick> block;
        for (std::uint64_t done = 0; done < count; done += block.size()) {
            if ((clock_.now() - begin).seconds() > options_.seconds_max) return;
            block.clear();
            while (block.size() < std::min(kBlock, count - done)) block.push_back(ticks.next());
            for (const Tick& tick : block) bands_.time_tick(tick, clock_, clock_cost_ns_);
            for (const Tick& tick : block) reference_.time_tick(tick, clock_, clock_cost_ns_);
            for (const Tick& tick : block) time_floor(tick);
            if (bands_.account_events() != reference_.account_events()) {
                throw std::runtime_error(
                    fmt::format("bands and reference disagree: {} and {} account events",
                                bands_.account_events(), reference_.account_events()));
            }
        }
    }

    void time_floor(const Tick& tick) {
        const core::Timestamp begin = clock_.now();
        floor_.apply(tick);
        floor_ns_.push_back(
            std::max<std::int64_t>((clock_.now() - begin).ns() - clock_cost_ns_, 0));
        holders_ += floor_.holders(tick.instrument);
    }

    std::string report() const;
    void append_contestant(JsonWriter& json, std::string_view name,
                           const Contestant& contestant) const;
    void append_bands(JsonWriter& json) const;

    const EngineBenchOptions options_;
    SystemClock clock_;
    const Population population_;
    Contestant bands_;
    Contestant reference_;
    BareLoop floor_;
    std::vector<std::int64_t> floor_ns_;
    std::uint64_t holders_ = 0;  // summed over the ticks
    std::int64_t clock_cost_ns_ = 0;
    double foreign_cores_ = 0;
};

void EngineBench::append_contestant(JsonWriter& json, std::string_view name,
                                    const Contestant& contestant) const {
    json.open_object(name);
    json.number("mean_ns", rounded(mean_of(contestant.ns)));
    append_distribution(json, "tick_ns", contestant.ns);
    append_distribution(json, "told_ns", contestant.told_ns);
    if (!contestant.gap_ns.empty()) {
        append_distribution(json, "gap_tick_ns", contestant.gap_ns);
        append_distribution(json, "gap_told_ns", contestant.gap_told_ns);
    }
    json.number("warmup_mean_ns", rounded(contestant.warmup_ns));
    json.number("evaluations_per_tick", rounded(static_cast<double>(contestant.evaluations()) /
                                                static_cast<double>(contestant.ns.size())));
    json.number("build_seconds", rounded(contestant.build_seconds()));
    json.number("resident_bytes_per_account",
                contestant.bytes() / std::max<std::int64_t>(options_.accounts, 1));
    json.close_object();
}

void EngineBench::append_bands(JsonWriter& json) const {
    const core::BandStatistics now = bands_.engine().band_statistics();
    const core::BandStatistics& before = bands_.bands_before();
    const auto per_tick = [&](std::uint64_t to, std::uint64_t from) {
        return rounded(static_cast<double>(to - from) / static_cast<double>(bands_.ns.size()));
    };
    json.open_object("index");
    json.number("banded", now.banded);
    json.number("watched", now.watched);
    json.number("general", now.general);
    json.number("uncovered", now.uncovered);
    json.number("fired_per_tick", per_tick(now.fired, before.fired));
    json.number("unwanted_per_tick", per_tick(now.unwanted, before.unwanted));
    json.number("guards_set_per_tick", per_tick(now.guards_set, before.guards_set));
    json.number("keys_set_per_tick", per_tick(now.keys_set, before.keys_set));
    json.number("uncertified", now.uncertified);
    json.number("put_off", now.put_off);
    json.number("swept", now.swept);
    json.number("no_memory", now.no_memory);
    json.number("bytes_per_account", now.bytes / std::max<std::uint64_t>(options_.accounts, 1));
    json.close_object();
}

std::string EngineBench::report() const {
    const auto ticks = static_cast<double>(bands_.ns.size());
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("bench", "engine");
    json.text("version", MARGIND_VERSION);
    json.text("scenario", name_of(options_.scenario));
    json.number("accounts", options_.accounts);
    json.number("instruments", options_.instruments);
    json.number("holders_of_ticked", options_.holders);
    json.number("bp_per_tick", options_.bp);
    json.number("seed", options_.seed);
    json.number("positions", population_.holdings.size());
    json.number("warmup_ticks", options_.warmup);
    json.number("ticks", bands_.ns.size());
    json.number("holders_per_tick_mean", rounded(static_cast<double>(holders_) / ticks));
    json.number("account_events_per_tick",
                rounded(static_cast<double>(bands_.account_events()) / ticks));
    append_contestant(json, "bands", bands_);
    append_bands(json);
    append_contestant(json, "reference", reference_);
    json.number("floor_mean_ns", rounded(mean_of(floor_ns_)));
    json.number("ratio", rounded(mean_of(reference_.ns) / mean_of(bands_.ns)));
    json.number("warmup_ratio", rounded(reference_.warmup_ns / bands_.warmup_ns));
    json.number("ratio_reference_to_floor", rounded(mean_of(reference_.ns) / mean_of(floor_ns_)));
    json.number("clock_cost_ns_subtracted", clock_cost_ns_);
    json.number("foreign_cpu_cores", foreign_cores_);
    json.number("floor_crossed", floor_.crossed());
    append_machine(json);
    json.close_object();
    return fmt::to_string(out);
}

}  // namespace

std::string_view name_of(BenchScenario scenario) {
    constexpr std::string_view kNames[] = {"calm", "crash", "gap"};
    return kNames[static_cast<std::size_t>(scenario)];
}

std::string run_engine_bench(const EngineBenchOptions& options) {
    return EngineBench(options).run();
}

}  // namespace margind::daemon
