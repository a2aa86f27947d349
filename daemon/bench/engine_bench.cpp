// A tick's time runs from Engine::apply until its last event has been fetched. Prices alternate
// around a slowly wandering middle, and the instrument's sentinel has its margin call line in that
// middle: every tick makes at least one event. Moving the line after the middle is not timed.
//
// The floor is measured on the same machine in the same run, in alternating blocks: for the same
// sequence of ticks it walks the same holders and does what no engine can do without, adding each
// holder's share of the move to its slack and looking at the sign.
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
#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kBlock = 500;  // ticks before the other side has its turn

struct Tick {
    std::uint32_t instrument = 0;
    std::int64_t price = 0;  // raw
    std::int64_t before = 0;
};

// The sequence of ticks: the same for the engine and for the floor.
class TickSequence {
  public:
    TickSequence(const Population& population, const EngineBenchOptions& options)
        : population_(population), options_(options), random_(options.seed + 1) {
        for (const std::int64_t price : population.base_prices) {
            middles_.push_back(static_cast<double>(price));
            last_.push_back(price);
        }
        sides_.assign(middles_.size(), -1);
    }

    Tick next() {
        const std::uint32_t i = options_.holders > 0 ? 0 : population_.draw_instrument(random_);
        const double base = static_cast<double>(population_.base_prices[i]);
        const double move = base * options_.bp * 1e-4;
        // Kept near the base, so that the book stays as healthy as it was made.
        middles_[i] =
            std::clamp(middles_[i] + 0.05 * move * random_.normal(), base * 0.998, base * 1.002);
        sides_[i] = -sides_[i];
        const Tick tick{.instrument = i,
                        .price = std::llround(middles_[i] + sides_[i] * move / 2),
                        .before = last_[i]};
        last_[i] = tick.price;
        return tick;
    }

  private:
    const Population& population_;
    const EngineBenchOptions& options_;
    BenchRandom random_;
    std::vector<double> middles_;
    std::vector<std::int64_t> last_;
    std::vector<int> sides_;
};

// Numbers inputs, gives them time, and counts what comes back.
class Driver {
  public:
    Driver(core::Engine& engine, const Population& population)
        : engine_(engine), population_(population) {}

    void load_accounts() {
        for (std::uint32_t i = 0; i < population_.account_count(); ++i) {
            records_.clear();
            append_inputs(population_, i, records_);
            apply_records();
        }
    }
    void load_sentinel(std::uint32_t instrument, double line) {
        records_.clear();
        const core::Rate rate =
            engine_.market().status(core::InstrumentId(instrument)).maintenance_rate;
        append_sentinel(population_, instrument,
                        sentinel_collateral(population_, instrument, line, rate), records_);
        apply_records();
    }
    // Fills `input_` with a price; apply_prepared() is then the measured part.
    void prepare(const Tick& tick) {
        core::PriceInput price;
        price.source = core::SourceId(tick.instrument);
        price.channel = core::Channel::book_top;
        price.price = core::Price::from_raw(tick.price);
        price.bid = core::Price::from_raw(tick.price - 1);
        price.ask = core::Price::from_raw(tick.price + 1);
        price.sequence = input_seq_ + 1;
        input_ = core::Input::of(price);
        stamp(input_);
    }
    core::Refusal apply_prepared() noexcept {
        const core::Refusal refusal = engine_.apply(input_);
        while (engine_.next_event(event_)) {
            account_events_ += core::is_account_event(event_.kind) ? 1U : 0U;
        }
        return refusal;
    }
    std::uint64_t take_account_events() { return std::exchange(account_events_, 0); }

  private:
    void stamp(core::Input& input) {
        input.input_seq = ++input_seq_;
        now_ = now_ + core::Duration::from_ms(1);
        input.engine_time = now_;
        input.receive_time = now_;
        input.exchange_time = now_;
    }
    void apply_records() {
        for (core::Input& record : records_) {
            input_ = record;
            stamp(input_);
            const core::Refusal refusal = apply_prepared();
            if (refusal != core::Refusal::none) {
                throw std::runtime_error(
                    fmt::format("the engine refused a benchmark account: {}", name_of(refusal)));
            }
        }
        account_events_ = 0;
    }

    core::Engine& engine_;
    const Population& population_;
    core::Input input_;
    core::Event event_;
    std::uint64_t input_seq_ = 0;
    core::Timestamp now_ = core::Timestamp::from_ns(1'700'000'000'000'000'000);
    std::uint64_t account_events_ = 0;
    std::vector<core::Input> records_;
};

// The bare loop: one slack per account, one list of (account, coefficient) per instrument.
class BareLoop {
  public:
    explicit BareLoop(const Population& population) {
        slack_.assign(population.account_count() + population.base_prices.size(), 1e18);
        holders_.resize(population.base_prices.size());
        for (std::uint32_t account = 0; account < population.account_count(); ++account) {
            for (const Population::Holding& holding : population.holdings_of(account)) {
                holders_[holding.instrument].push_back(
                    {account, static_cast<double>(holding.quantity) * 0.99});
            }
        }
        for (std::uint32_t i = 0; i < holders_.size(); ++i) {  // the sentinels
            holders_[i].push_back({population.account_count() + i, 1});
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

struct Samples {
    std::vector<std::int64_t> engine_ns;
    std::vector<std::int64_t> floor_ns;
    std::uint64_t holders = 0;  // summed over the ticks
    std::uint64_t crossings = 0;
    std::uint64_t account_events = 0;
    std::uint64_t lines_moved = 0;
    std::uint64_t evaluations = 0;
};

// What reading the clock twice costs: subtracted from every sample.
std::int64_t clock_cost_ns(feeds::Clock& clock) {
    std::vector<std::int64_t> samples;
    for (int i = 0; i < 10'000; ++i) {
        const core::Timestamp begin = clock.now();
        samples.push_back((clock.now() - begin).ns());
    }
    std::sort(samples.begin(), samples.end());
    return percentile(samples, 0.5);
}

class EngineBench {
  public:
    explicit EngineBench(const EngineBenchOptions& options)
        : options_(options),
          population_(make_population({.accounts = options.accounts,
                                       .instruments = options.instruments,
                                       .holders = options.holders,
                                       .seed = options.seed})) {}

    std::string run() {
        if (options_.cpu >= 0 && !pin_to_cpu(options_.cpu)) {
            throw std::runtime_error(
                fmt::format("cannot run on core {}: choose another --cpu", options_.cpu));
        }
        build();
        measure();
        return report();
    }

  private:
    void build() {
        const std::int64_t before = resident_bytes();
        const core::Timestamp begin = clock_.now();
        engine_ = std::make_unique<core::Engine>(population_.parameters);
        driver_ = std::make_unique<Driver>(*engine_, population_);
        driver_->load_accounts();
        for (std::uint32_t i = 0; i < options_.instruments; ++i) {
            apply_checked({.instrument = i, .price = population_.base_prices[i]});
            const double base = static_cast<double>(population_.base_prices[i]);
            driver_->load_sentinel(i, base);
            lines_.push_back(base);
        }
        build_seconds_ = (clock_.now() - begin).seconds();
        build_bytes_ = resident_bytes() - before;
        floor_ = std::make_unique<BareLoop>(population_);
    }

    void apply_checked(const Tick& tick) {
        driver_->prepare(tick);
        if (const core::Refusal refusal = driver_->apply_prepared();
            refusal != core::Refusal::none) {
            throw std::runtime_error(
                fmt::format("the engine refused a benchmark price: {}", name_of(refusal)));
        }
    }

    void measure() {
        clock_cost_ns_ = clock_cost_ns(clock_);
        const ForeignLoad foreign(clock_);
        const std::uint64_t evaluations = engine_->statistics().evaluations;
        TickSequence ticks(population_, options_);
        const core::Timestamp begin = clock_.now();
        std::vector<Tick> block;
        std::uint64_t lines_evaluated = 0;
        while (samples_.engine_ns.size() < options_.ticks &&
               (clock_.now() - begin).seconds() < options_.seconds_max) {
            block.clear();
            const std::uint64_t left = options_.ticks - samples_.engine_ns.size();
            for (std::uint64_t i = 0; i < std::min(kBlock, left); ++i)
                block.push_back(ticks.next());
            for (const Tick& tick : block) lines_evaluated += measure_engine(tick);
            for (const Tick& tick : block) measure_floor(tick);
        }
        samples_.evaluations = engine_->statistics().evaluations - evaluations - lines_evaluated;
        foreign_cores_ = foreign.cores();
    }

    // Returns the evaluations spent on moving the sentinel's line.
    std::uint64_t measure_engine(const Tick& tick) {
        const std::uint64_t moved = keep_line_between(tick);
        driver_->prepare(tick);
        const core::Timestamp begin = clock_.now();
        const core::Refusal refusal = driver_->apply_prepared();
        const std::int64_t ns = (clock_.now() - begin).ns() - clock_cost_ns_;
        if (refusal != core::Refusal::none) {
            throw std::runtime_error(
                fmt::format("the engine refused a benchmark price: {}", name_of(refusal)));
        }
        samples_.engine_ns.push_back(std::max<std::int64_t>(ns, 0));
        const std::uint64_t events = driver_->take_account_events();
        samples_.account_events += events;
        samples_.crossings += events > 0 ? 1U : 0U;
        samples_.holders += floor_->holders(tick.instrument);
        return moved;
    }

    std::uint64_t keep_line_between(const Tick& tick) {
        double& line = lines_[tick.instrument];
        const double from = static_cast<double>(tick.before);
        const double to = static_cast<double>(tick.price);
        const double share = (line - from) / (to - from);
        if (share > 0.25 && share < 0.75) return 0;
        line = (from + to) / 2;
        const std::uint64_t before = engine_->statistics().evaluations;
        driver_->load_sentinel(tick.instrument, line);
        ++samples_.lines_moved;
        return engine_->statistics().evaluations - before;
    }

    void measure_floor(const Tick& tick) {
        const core::Timestamp begin = clock_.now();
        floor_->apply(tick);
        const std::int64_t ns = (clock_.now() - begin).ns() - clock_cost_ns_;
        samples_.floor_ns.push_back(std::max<std::int64_t>(ns, 0));
    }

    std::string report() const;
    void append_options(JsonWriter& json) const;

    const EngineBenchOptions options_;
    SystemClock clock_;
    const Population population_;
    std::unique_ptr<core::Engine> engine_;
    std::unique_ptr<Driver> driver_;
    std::unique_ptr<BareLoop> floor_;
    std::vector<double> lines_;  // of the sentinels, by instrument
    Samples samples_;
    double build_seconds_ = 0;
    std::int64_t build_bytes_ = 0;
    std::int64_t clock_cost_ns_ = 0;
    double foreign_cores_ = 0;
};

void EngineBench::append_options(JsonWriter& json) const {
    json.number("accounts", options_.accounts);
    json.number("instruments", options_.instruments);
    json.number("holders_of_ticked", options_.holders);
    json.number("bp_per_tick", options_.bp);
    json.number("seed", options_.seed);
    json.number("positions", population_.holdings.size());
}

std::string EngineBench::report() const {
    const auto ticks = static_cast<double>(samples_.engine_ns.size());
    double engine_ns = 0;
    double floor_ns = 0;
    for (const std::int64_t ns : samples_.engine_ns) engine_ns += static_cast<double>(ns);
    for (const std::int64_t ns : samples_.floor_ns) floor_ns += static_cast<double>(ns);
    const auto holders = static_cast<double>(samples_.holders);
    const auto rounded = [](double value) { return std::round(value * 1000) / 1000; };

    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("bench", "engine");
    json.text("version", MARGIND_VERSION);
    append_options(json);
    json.number("ticks", samples_.engine_ns.size());
    json.number("holders_per_tick_mean", rounded(holders / ticks));
    append_distribution(json, "tick_ns", samples_.engine_ns);
    append_distribution(json, "floor_tick_ns", samples_.floor_ns);
    json.number("tick_ns_per_holder", rounded(engine_ns / holders));
    json.number("floor_ns_per_holder", rounded(floor_ns / holders));
    json.number("ratio_to_floor_mean", rounded(engine_ns / floor_ns));
    json.number("ticks_per_second", std::floor(ticks / (engine_ns * 1e-9)));
    json.number("evaluations", samples_.evaluations);
    json.number("account_events", samples_.account_events);
    json.number("ticks_with_event", samples_.crossings);
    json.number("sentinel_lines_moved", samples_.lines_moved);
    json.number("build_seconds", rounded(build_seconds_));
    json.number("bytes_per_account", build_bytes_ / std::max<std::int64_t>(options_.accounts, 1));
    json.number("clock_cost_ns_subtracted", clock_cost_ns_);
    json.number("foreign_cpu_cores", foreign_cores_);
    json.number("floor_crossed", floor_->crossed());
    append_machine(json);
    json.close_object();
    return fmt::to_string(out);
}

}  // namespace

std::string run_engine_bench(const EngineBenchOptions& options) {
    return EngineBench(options).run();
}

}  // namespace margind::daemon
