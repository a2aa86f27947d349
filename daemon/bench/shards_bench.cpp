#include "daemon/bench/shards_bench.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/engine/engine.hpp"
#include "core/shards/event_merge.hpp"
#include "core/shards/shard.hpp"
#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/tick_sequence.hpp"
#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kTurn = 200;  // ticks before the next has its turn

void expect_taken(core::Refusal refusal) {
    if (refusal == core::Refusal::none) return;
    throw std::runtime_error(
        fmt::format("the engine refused a benchmark input: {}", name_of(refusal)));
}

// Numbers inputs and gives them time.
class InputStamp {
  public:
    core::Input operator()(core::Input input) {
        input.input_seq = ++input_seq_;
        now_ = now_ + core::Duration::from_ms(1);
        input.engine_time = input.receive_time = input.exchange_time = now_;
        return input;
    }
    std::uint64_t last() const { return input_seq_; }

  private:
    std::uint64_t input_seq_ = 0;
    core::Timestamp now_ = core::Timestamp::from_ns(1'700'000'000'000'000'000);
};

struct Times {
    std::int64_t told = 0;
    std::int64_t whole = 0;
};

// Applies one tick, hands its events to `take`, settles.
template <class Apply, class Next, class Settle>
Times time_tick(feeds::Clock& clock, std::int64_t clock_cost, Apply apply, Next next,
                Settle settle) {
    const core::Timestamp begin = clock.now();
    expect_taken(apply());
    next();
    const core::Timestamp told = clock.now();
    settle();
    const core::Timestamp end = clock.now();
    return {std::max<std::int64_t>((told - begin).ns() - clock_cost, 0),
            std::max<std::int64_t>((end - begin).ns() - 2 * clock_cost, 0)};
}

class ShardsBench final : private core::ShardOutlets {
  public:
    explicit ShardsBench(const EngineBenchOptions& options)
        : options_(options),
          population_(make_population({.accounts = options.accounts,
                                       .instruments = options.instruments,
                                       .holders = options.holders,
                                       .seed = options.seed})),
          board_(options.shards),
          router_(options.shards, population_.parameters.assets.size()),
          merge_(options.shards),
          reference_(population_.parameters),
          market_only_(population_.parameters, {.search = core::Search::bands}),
          lanes_(options.shards) {}

    std::string run() {
        if (options_.cpu >= 0 && !pin_to_cpu(options_.cpu)) {
            throw std::runtime_error(
                fmt::format("cannot run on core {}: choose another --cpu", options_.cpu));
        }
        build();
        clock_cost_ns_ = clock_cost_ns(clock_);
        const ForeignLoad foreign(clock_);
        TickSequence ticks(population_, options_);
        measure(ticks, options_.warmup);
        forget();
        measure(ticks, options_.ticks);
        foreign_cores_ = foreign.cores();
        return report();
    }

  private:
    struct Lane {
        std::unique_ptr<core::Shard> shard;
        std::vector<core::Event> events;  // of the block
        std::size_t taken = 0;
        std::vector<std::int64_t> ns;
        std::vector<std::int64_t> told_ns;
        std::vector<std::int64_t> gap_told_ns;
    };

    void build() {
        for (std::uint32_t s = 0; s < options_.shards; ++s) {
            lanes_[s].shard = std::make_unique<core::Shard>(
                population_.parameters, core::Shard::Place{s, options_.shards}, board_,
                core::EngineOptions{.search = core::Search::bands});
        }
        for (std::uint32_t i = 0; i < population_.base_prices.size(); ++i) {
            apply_everywhere(
                as_input({.instrument = i, .price = population_.base_prices[i]}, i + 1));
        }
        std::vector<core::Input> records;
        for (std::uint32_t i = 0; i < population_.account_count(); ++i) {
            records.clear();
            append_inputs(population_, i, records);
            for (const core::Input& record : records) apply_everywhere(record);
        }
        forget();
    }
    void apply_everywhere(const core::Input& input) {
        const core::Input stamped = stamp_(input);
        expect_taken(reference_.apply(stamped));
        while (reference_.next_event(event_)) count(event_, reference_events_);
        if (stamped.kind != core::InputKind::account) {
            expect_taken(market_only_.apply(stamped));
            while (market_only_.next_event(event_)) continue;
        }
        router_.route(stamped, routed_);
        for (Lane& lane : lanes_) {
            advance(lane, routed_);
            while (lane.shard->next_event(event_)) count(event_, shard_events_);
        }
        market_only_.settle();
    }
    void advance(Lane& lane, const core::ShardInput& input) {
        if (!lane.shard->advance(input)) throw std::runtime_error("a shard waits for nobody");
        expect_taken(lane.shard->verdict());
        board_.pass(lane.shard->index(), input.input.input_seq,
                    lane.shard->engine().account_count());
    }
    static void count(const core::Event& event, std::uint64_t& events) {
        events += core::is_account_event(event.kind) ? 1U : 0U;
    }

    void measure(TickSequence& ticks, std::uint64_t count_max) {
        const core::Timestamp begin = clock_.now();
        std::vector<Tick> block;
        std::vector<core::ShardInput> inputs;
        for (std::uint64_t done = 0; done < count_max; done += block.size()) {
            if ((clock_.now() - begin).seconds() > options_.seconds_max) return;
            block.clear();
            inputs.clear();
            const std::uint64_t size = std::min({kTurn, count_max - done, ticks.left()});
            while (block.size() < size) {
                block.push_back(ticks.next());
                router_.route(stamp_(as_input(block.back(), stamp_.last() + 1)), routed_);
                inputs.push_back(routed_);
            }
            if (block.empty()) return;
            for (Lane& lane : lanes_) time_shard(lane, block, inputs);
            time_merge();
            time_reference(block, inputs);
            time_market(inputs);
            if (shard_events_ != reference_events_) {
                throw std::runtime_error(
                    fmt::format("shards and reference disagree: {} and {} account events",
                                shard_events_, reference_events_));
            }
        }
    }

    void time_shard(Lane& lane, const std::vector<Tick>& block,
                    const std::vector<core::ShardInput>& inputs) {
        for (std::size_t i = 0; i < block.size(); ++i) {
            const Times times = time_tick(
                clock_, clock_cost_ns_,
                [&] {
                    advance(lane, inputs[i]);
                    return core::Refusal::none;
                },
                [&] {
                    while (lane.shard->next_event(event_)) lane.events.push_back(event_);
                },
                [&] { lane.shard->settle(); });
            lane.ns.push_back(times.whole);
            lane.told_ns.push_back(times.told);
            if (block[i].gap) lane.gap_told_ns.push_back(times.told);
        }
    }
    void time_reference(const std::vector<Tick>& block,
                        const std::vector<core::ShardInput>& inputs) {
        for (std::size_t i = 0; i < block.size(); ++i) {
            const Times times = time_tick(
                clock_, clock_cost_ns_, [&] { return reference_.apply(inputs[i].input); },
                [&] {
                    while (reference_.next_event(event_)) count(event_, reference_events_);
                },
                [&] { reference_.settle(); });
            reference_ns_.push_back(times.whole);
            if (block[i].gap) reference_gap_told_ns_.push_back(times.told);
        }
    }
    // What each further shard repeats.
    void time_market(const std::vector<core::ShardInput>& inputs) {
        for (const core::ShardInput& input : inputs) {
            market_ns_.push_back(time_tick(
                                     clock_, clock_cost_ns_,
                                     [&] { return market_only_.apply(input.input); },
                                     [&] {
                                         while (market_only_.next_event(event_)) continue;
                                     },
                                     [&] { market_only_.settle(); })
                                     .whole);
        }
    }
    void time_merge() {
        const std::uint64_t before = shard_events_;
        const core::Timestamp begin = clock_.now();
        while (merge_.next(*this, event_)) count(event_, shard_events_);
        merge_ns_ += (clock_.now() - begin).ns();
        merged_ += shard_events_ - before;
        for (Lane& lane : lanes_) {
            lane.events.clear();
            lane.taken = 0;
        }
    }

    std::uint64_t passed(std::uint32_t shard) noexcept override { return board_.passed(shard); }
    bool try_take(std::uint32_t shard, core::Event& event) noexcept override {
        Lane& lane = lanes_[shard];
        if (lane.taken == lane.events.size()) return false;
        event = lane.events[lane.taken++];
        return true;
    }

    void forget() {
        for (Lane& lane : lanes_) {
            for (auto* samples : {&lane.ns, &lane.told_ns, &lane.gap_told_ns}) samples->clear();
        }
        for (auto* samples : {&reference_ns_, &reference_gap_told_ns_, &market_ns_}) {
            samples->clear();
        }
        merge_ns_ = 0;
        shard_events_ = reference_events_ = merged_ = 0;
    }

    std::vector<std::int64_t> slowest(std::vector<std::int64_t> Lane::* samples) const {
        std::vector<std::int64_t> most = lanes_[0].*samples;
        for (const Lane& lane : lanes_) {
            for (std::size_t i = 0; i < most.size(); ++i) {
                most[i] = std::max(most[i], (lane.*samples)[i]);
            }
        }
        return most;
    }
    std::vector<std::int64_t> all(std::vector<std::int64_t> Lane::* samples) const {
        std::vector<std::int64_t> together;
        for (const Lane& lane : lanes_) {
            together.insert(together.end(), (lane.*samples).begin(), (lane.*samples).end());
        }
        return together;
    }
    std::string report() const;
    void append_gap(JsonWriter& json) const;

    const EngineBenchOptions options_;
    SystemClock clock_;
    const Population population_;
    core::PlainBoard board_;
    core::InputRouter router_;
    core::EventMerge merge_;
    core::Engine reference_;
    core::Engine market_only_;  // no accounts: what a shard repeats of every tick
    std::vector<Lane> lanes_;
    InputStamp stamp_;
    core::ShardInput routed_;
    core::Event event_;
    std::vector<std::int64_t> reference_ns_;
    std::vector<std::int64_t> reference_gap_told_ns_;
    std::vector<std::int64_t> market_ns_;
    std::int64_t merge_ns_ = 0;
    std::uint64_t merged_ = 0;  // events
    std::uint64_t shard_events_ = 0;
    std::uint64_t reference_events_ = 0;
    std::int64_t clock_cost_ns_ = 0;
    double foreign_cores_ = 0;
};

void ShardsBench::append_gap(JsonWriter& json) const {
    if (reference_gap_told_ns_.empty()) return;
    append_distribution(json, "gap_told_ns", all(&Lane::gap_told_ns));
    append_distribution(json, "gap_told_slowest_ns", slowest(&Lane::gap_told_ns));
    append_distribution(json, "reference_gap_told_ns", reference_gap_told_ns_);
    // Of each gap, against the reference on the same tick; the median, as others use the machine.
    std::vector<double> mean;
    std::vector<double> most;
    for (std::size_t i = 0; i < reference_gap_told_ns_.size(); ++i) {
        double sum = 0;
        for (const Lane& lane : lanes_) sum += static_cast<double>(lane.gap_told_ns[i]);
        const auto reference = static_cast<double>(reference_gap_told_ns_[i]);
        mean.push_back(sum / static_cast<double>(lanes_.size()) / reference);
        most.push_back(static_cast<double>(slowest(&Lane::gap_told_ns)[i]) / reference);
    }
    json.number("gap_told_to_reference", rounded(quartiles(mean).median));
    json.number("gap_told_slowest_to_reference", rounded(quartiles(most).median));
}

std::string ShardsBench::report() const {
    std::uint32_t least = options_.accounts;
    std::uint32_t most = 0;
    for (const Lane& lane : lanes_) {
        least = std::min(least, lane.shard->engine().account_count());
        most = std::max(most, lane.shard->engine().account_count());
    }
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("bench", "shards");
    json.text("version", MARGIND_VERSION);
    json.text("scenario", name_of(options_.scenario));
    json.number("shards", options_.shards);
    json.number("accounts", options_.accounts);
    json.number("accounts_per_shard_min", least);
    json.number("accounts_per_shard_max", most);
    json.number("instruments", options_.instruments);
    json.number("bp_per_tick", options_.bp);
    json.number("seed", options_.seed);
    json.number("warmup_ticks", options_.warmup);
    json.number("ticks", reference_ns_.size());
    append_distribution(json, "tick_ns", all(&Lane::ns));
    append_distribution(json, "told_ns", all(&Lane::told_ns));
    append_distribution(json, "tick_slowest_ns", slowest(&Lane::ns));
    append_distribution(json, "reference_tick_ns", reference_ns_);
    append_distribution(json, "market_alone_ns", market_ns_);
    append_gap(json);
    json.number("ratio", rounded(mean_of(reference_ns_) / mean_of(slowest(&Lane::ns))));
    json.number("account_events", shard_events_);
    json.number("merge_ns_per_event",
                rounded(static_cast<double>(merge_ns_) /
                        static_cast<double>(std::max<std::uint64_t>(merged_, 1))));
    json.number("clock_cost_ns_subtracted", clock_cost_ns_);
    json.number("foreign_cpu_cores", foreign_cores_);
    append_machine(json);
    json.close_object();
    return fmt::to_string(out);
}

}  // namespace

std::string run_shards_bench(const EngineBenchOptions& options) {
    return ShardsBench(options).run();
}

}  // namespace margind::daemon
