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

#include "daemon/bench/contestant.hpp"
#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/tick_sequence.hpp"
#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kBlock = 200;  // ticks before the other side has its turn

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
        TextBuffer out;
        JsonWriter json(out);
        json.open_object();
        append_shared(json);
        append_fills(json);
        append_alone(json, ticks);
        json.number("clock_cost_ns_subtracted", clock_cost_ns_);
        json.number("foreign_cpu_cores", foreign.cores());
        append_machine(json);
        json.close_object();
        return fmt::to_string(out);
    }

  private:
    void measure(TickSequence& ticks, std::uint64_t count) {
        const core::Timestamp begin = clock_.now();
        std::vector<Tick> block;
        for (std::uint64_t done = 0; done < count; done += block.size()) {
            if ((clock_.now() - begin).seconds() > options_.seconds_max) return;
            block.clear();
            const std::uint64_t size = std::min({kBlock, count - done, ticks.left()});
            while (block.size() < size) block.push_back(ticks.next());
            if (block.empty()) return;
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

    void append_shared(JsonWriter& json) const;
    void append_fills(JsonWriter& json);
    void append_alone(JsonWriter& json, TickSequence& ticks);
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
    json.number("tracked", now.tracked);
    json.number("watched", now.watched);
    json.number("general", now.general);
    json.number("uncovered", now.uncovered);
    json.number("fired_per_tick", per_tick(now.fired, before.fired));
    json.number("unwanted_per_tick", per_tick(now.unwanted, before.unwanted));
    json.number("guards_set_per_tick", per_tick(now.guards_set, before.guards_set));
    json.number("keys_set_per_tick", per_tick(now.keys_set, before.keys_set));
    json.number("touched_per_tick", per_tick(now.touched, before.touched));
    json.number("uncertified", now.uncertified);
    json.number("put_off", now.put_off);
    json.number("swept", now.swept);
    json.number("no_memory", now.no_memory);
    json.number("anchored", now.anchored);
    json.number("bytes_per_account", now.bytes / std::max<std::uint64_t>(options_.accounts, 1));
    json.close_object();
}

// Ticks that both engines were given.
void EngineBench::append_shared(JsonWriter& json) const {
    const auto ticks = static_cast<double>(bands_.ns.size());
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
    json.number("floor_crossed", floor_.crossed());
}

// Positions change by up to a tenth, and both engines are told.
void EngineBench::append_fills(JsonWriter& json) {
    constexpr std::uint32_t kFills = 5'000;
    BenchRandom random(options_.seed + 2);
    for (std::uint32_t i = 0; i < kFills; ++i) {
        const auto account = static_cast<std::uint32_t>(random.uniform() * options_.accounts);
        const auto before = static_cast<double>(population_.holdings_of(account).front().quantity);
        const std::int64_t quantity =
            std::llround(before * (0.9 + 0.2 * random.uniform())) + (before > 0 ? 1 : -1);
        bands_.time_fill(account, quantity, clock_, clock_cost_ns_);
        reference_.time_fill(account, quantity, clock_, clock_cost_ns_);
    }
    append_distribution(json, "fill_ns_bands", bands_.fill_ns);
    append_distribution(json, "fill_ns_reference", reference_.fill_ns);
}

// Bands by themselves, as they run in a daemon: no other engine empties their caches, and there is
// time for ticks enough to meet the rare dear ones.
void EngineBench::append_alone(JsonWriter& json, TickSequence& ticks) {
    bands_.mark();
    const core::Timestamp begin = clock_.now();
    for (std::uint64_t i = 0; i < options_.alone && ticks.left() > 0; ++i) {
        if ((clock_.now() - begin).seconds() > options_.seconds_max) break;
        bands_.time_tick(ticks.next(), clock_, clock_cost_ns_);
    }
    if (bands_.ns.empty()) return;
    json.open_object("bands_alone");
    json.number("mean_ns", rounded(mean_of(bands_.ns)));
    append_distribution(json, "tick_ns", bands_.ns);
    json.number("account_events_per_tick", rounded(static_cast<double>(bands_.account_events()) /
                                                   static_cast<double>(bands_.ns.size())));
    append_bands(json);
    json.close_object();
}

}  // namespace

std::string_view name_of(BenchScenario scenario) {
    constexpr std::string_view kNames[] = {"calm", "crash", "gap", "history"};
    return kNames[static_cast<std::size_t>(scenario)];
}

std::string run_engine_bench(const EngineBenchOptions& options) {
    return EngineBench(options).run();
}

}  // namespace margind::daemon
