// Pairs of runs, A B, B A, A B ...: A is the relay, B the daemon, same harness, same frames, same
// rate, seconds apart. What is reported is the median over the pairs of B/A and of B-A: the
// machine's speed changes within minutes, and only figures taken side by side can be compared.
#include "daemon/bench/latency_bench.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "daemon/admin/pages.hpp"
#include "daemon/application.hpp"
#include "daemon/bench/harness.hpp"
#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/relay.hpp"
#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

constexpr std::size_t kSlice = 500;  // messages; one preemption spoils one slice, not the run
constexpr double kCalmCores = 0.1;   // more foreign load than this, and the tails are not ours

// A folder for what the daemon keeps, emptied for each half; gone with this object, which is not
// the daemon's: that one is killed.
class JournalFolder {
  public:
    explicit JournalFolder(const std::filesystem::path& place)
        : path_(place / fmt::format("margind_bench_journal_{}", ::getpid())) {}
    JournalFolder(const JournalFolder&) = delete;
    JournalFolder& operator=(const JournalFolder&) = delete;
    ~JournalFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }
    void empty() const {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }

  private:
    const std::filesystem::path path_;
};

// The accounts as a file, because that is how the daemon gets them. Gone with this object.
class AccountsFile {
  public:
    explicit AccountsFile(const Population& population)
        : path_(std::filesystem::temp_directory_path() /
                fmt::format("margind_bench_{}.ndjson", ::getpid())) {
        std::ofstream out(path_);
        for (std::uint32_t i = 0; i < population.account_count(); ++i) {
            out << line(population, account_name(i), population.collateral[i],
                        population.holdings_of(i));
        }
        const Population::Holding one{.instrument = 0, .quantity = 10'000};
        const core::Money collateral =
            sentinel_collateral(population, 0, static_cast<double>(population.base_prices[0]),
                                core::Rate::from_raw(Population::kRateFloorRaw));
        out << line(population, sentinel_name(0), collateral.raw(), std::span(&one, 1));
        out.close();
        if (!out) throw std::runtime_error("cannot write " + path_.string());
    }
    AccountsFile(const AccountsFile&) = delete;
    AccountsFile& operator=(const AccountsFile&) = delete;
    ~AccountsFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    static std::string line(const Population& population, const std::string& name,
                            std::int64_t collateral,
                            std::span<const Population::Holding> holdings) {
        TextBuffer out;
        JsonWriter json(out);
        json.open_object();
        json.text("account", name);
        json.open_object("balances");
        json.decimal("USD", collateral, core::kScaleDecimals);
        json.close_object();
        json.open_array("positions");
        for (const Population::Holding& holding : holdings) {
            json.open_object();
            json.text("instrument", population.parameters.instruments[holding.instrument].name);
            json.decimal("quantity", holding.quantity, Population::kQuantityDecimals);
            json.decimal("entry_price", population.base_prices[holding.instrument],
                         Population::kPriceDecimals);
            json.close_object();
        }
        json.close_array();
        json.close_object();
        return fmt::to_string(out) + '\n';
    }

    std::filesystem::path path_;
};

struct Half {
    double p50_ns = 0;
    double slice_p99_ns = 0;
    double p99_9_ns = 0;
    double due_p50_ns = 0;
    double loop_gap_max_ns = 0;
    double unanswered = 0;
};

double slice_p99(const std::vector<std::int64_t>& samples) {
    std::vector<double> slices;
    for (std::size_t i = 0; i + kSlice <= samples.size(); i += kSlice) {
        const auto first = samples.begin() + static_cast<std::ptrdiff_t>(i);
        std::vector<std::int64_t> slice(first, first + kSlice);
        std::sort(slice.begin(), slice.end());
        slices.push_back(static_cast<double>(percentile(slice, 0.99)));
    }
    return slices.empty() ? 0 : quartiles(slices).median;
}

Half half_of(Passage passage) {
    Half half;
    half.slice_p99_ns = slice_p99(passage.from_send);
    std::sort(passage.from_send.begin(), passage.from_send.end());
    std::sort(passage.from_due.begin(), passage.from_due.end());
    half.p50_ns = static_cast<double>(percentile(passage.from_send, 0.5));
    half.p99_9_ns = static_cast<double>(percentile(passage.from_send, 0.999));
    half.due_p50_ns = static_cast<double>(percentile(passage.from_due, 0.5));
    half.unanswered = static_cast<double>(passage.unanswered);
    half.loop_gap_max_ns = static_cast<double>(passage.loop_gap_max);
    return half;
}

class LatencyBench {
  public:
    explicit LatencyBench(const LatencyBenchOptions& options)
        : options_(options),
          population_(make_population({.accounts = options.accounts,
                                       .instruments = options.instruments,
                                       .holders = options.holders,
                                       .seed = options.seed})),
          accounts_(population_),
          harness_{.rate_per_second = options.rate_per_second,
                   .ticks = static_cast<std::size_t>(options.rate_per_second * options.seconds),
                   .bp = options.bp,
                   .harness_cpu = options.harness_cpu,
                   .contender_cpu = options.daemon_cpu} {
        spdlog::set_level(spdlog::level::err);  // the daemon's own log is not the measurement
    }

    std::string run() {
        line_round_trip_before_ns_ = line_round_trip();
        // How long the daemon's lines are, so that the relay's are as long; not counted.
        HarnessOptions rehearsal = harness_;
        rehearsal.ticks = 200;
        const Passage first =
            run_passage(population_, rehearsal, clock_, daemon(), daemon_answers());
        line_bytes_ = first.line_bytes;
        frame_bytes_ = first.frame_bytes;
        const ForeignLoad foreign(clock_);
        for (std::uint32_t i = 0; i < options_.pairs; ++i) {
            if (i % 2 == 0) rival_.push_back(measure_rival());
            daemon_.push_back(measure(daemon(), daemon_answers()));
            if (i % 2 == 1) rival_.push_back(measure_rival());
        }
        foreign_cores_ = foreign.cores();
        line_round_trip_after_ns_ = line_round_trip();
        return report();
    }

  private:
    std::int64_t line_round_trip() {
        return cache_line_round_trip_ns(clock_, options_.harness_cpu, options_.daemon_cpu);
    }
    Half measure(const Contender& contender, Answers answers) {
        return half_of(run_passage(population_, harness_, clock_, contender, answers));
    }
    Half measure_rival() {
        if (!with_journal()) return measure(relay(), Answers::every_tick);
        return measure(daemon(config::Durability::none), daemon_answers());
    }
    bool with_journal() const { return options_.journal != config::Durability::none; }
    // With a queue in between, a tick may be overtaken by the next before the engine sees it.
    Answers daemon_answers() const {
        return options_.layout == config::Layout::inline_ ? Answers::every_tick
                                                          : Answers::some_conflated;
    }

    Contender relay() const {
        return [this](std::uint16_t feed_port, const auto& listening) {
            run_relay({.feed_port = feed_port,
                       .line_bytes = line_bytes_,
                       .symbol = population_.parameters.sources[0].symbol,
                       .topics = options_.instruments},
                      listening);
        };
    }
    Contender daemon() const { return daemon(options_.journal); }
    Contender daemon(config::Durability durability) const {
        return [this, durability](std::uint16_t feed_port, const auto& listening) {
            config::Settings own = settings(feed_port);
            own.journal.durability = durability;
            own.journal.free_low_bytes = 0;
            // New for each half: the disk must not still be busy with making the files ready.
            own.journal.segment_bytes = 16 * 1024 * 1024;
            if (durability != config::Durability::none) {
                journal_.empty();
                memory_.empty();
                own.journal.directory = journal_.path();
                own.journal.memory_directory = memory_.path();
            }
            Application application(std::move(own));
            listening(application.events_port());
            application.run();
        };
    }
    config::Settings settings(std::uint16_t feed_port) const {
        config::Settings settings;
        settings.path = "bench";
        settings.risk = population_.parameters;
        feeds::FeedOptions feed;
        feed.name = "bench";
        feed.venue = kBenchVenue;
        feed.url = fmt::format("ws://127.0.0.1:{}/ws", feed_port);
        feed.silence_after = core::Duration::from_seconds(3'600);
        settings.feeds = {feed};
        settings.accounts.file = accounts_.path();
        settings.threads.layout = options_.layout;
        settings.threads.engine_idle = options_.idle;
        settings.threads.io_idle = options_.idle;
        settings.threads.engine_cpu = options_.daemon_cpu;
        settings.threads.io_cpu = options_.daemon_cpu;
        settings.threads.cold_cpu = options_.daemon_cpu;
        settings.events.port = 0;
        settings.admin.port = 0;
        settings.log.level = "error";
        return settings;
    }

    std::string report() const;
    void append_side(JsonWriter& json, std::string_view name,
                     const std::vector<Half>& halves) const;
    template <class F>
    void append_pairs(JsonWriter& json, std::string_view name, F compare) const;

    const LatencyBenchOptions options_;
    SystemClock clock_;
    const Population population_;
    const AccountsFile accounts_;
    const JournalFolder journal_{options_.journal_directory};
    const JournalFolder memory_{"/dev/shm"};
    const HarnessOptions harness_;
    std::size_t line_bytes_ = 0;
    std::size_t frame_bytes_ = 0;
    std::vector<Half> rival_;
    std::vector<Half> daemon_;
    std::int64_t line_round_trip_before_ns_ = 0;
    std::int64_t line_round_trip_after_ns_ = 0;
    double foreign_cores_ = 0;
};

void LatencyBench::append_side(JsonWriter& json, std::string_view name,
                               const std::vector<Half>& halves) const {
    const auto median = [&](double Half::* member) {
        std::vector<double> values;
        values.reserve(halves.size());
        for (const Half& half : halves) values.push_back(half.*member);
        return quartiles(values).median;
    };
    const auto median_us = [&](double Half::* member) { return rounded(median(member) / 1'000); };
    json.open_object(name);
    json.number("p50_us", median_us(&Half::p50_ns));
    json.number("slice_p99_us", median_us(&Half::slice_p99_ns));
    json.number("p99_9_us", median_us(&Half::p99_9_ns));
    json.number("from_due_p50_us", median_us(&Half::due_p50_ns));
    json.number("harness_gap_max_us", median_us(&Half::loop_gap_max_ns));
    json.number("ticks_without_event", median(&Half::unanswered));
    json.close_object();
}

// Median and quartiles over the pairs of compare(rival, daemon).
template <class F>
void LatencyBench::append_pairs(JsonWriter& json, std::string_view name, F compare) const {
    std::vector<double> values;
    values.reserve(rival_.size());
    for (std::size_t i = 0; i < rival_.size(); ++i)
        values.push_back(compare(rival_[i], daemon_[i]));
    const Quartiles q = quartiles(values);
    json.open_object(name);
    json.number("median", rounded(q.median));
    json.number("lower_quartile", rounded(q.lower));
    json.number("upper_quartile", rounded(q.upper));
    json.close_object();
}

std::string LatencyBench::report() const {
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("bench", "latency");
    json.text("version", MARGIND_VERSION);
    json.text("layout", name_of(options_.layout));
    json.text("idle", name_of(options_.idle));
    json.text("journal", name_of(options_.journal));
    json.number("accounts", options_.accounts);
    json.number("instruments", options_.instruments);
    json.number("holders_of_ticked", options_.holders);
    json.number("rate_per_second", options_.rate_per_second);
    json.number("seconds", options_.seconds);
    json.number("pairs", options_.pairs);
    json.number("ticks_per_half", harness_.ticks);
    json.number("bp_per_tick", options_.bp);
    json.number("seed", options_.seed);
    json.number("frame_bytes", frame_bytes_);
    json.number("line_bytes", line_bytes_);
    append_side(json, with_journal() ? "without_journal" : "relay", rival_);
    append_side(json, "daemon", daemon_);
    append_pairs(json, "p50_ratio",
                 [](const Half& a, const Half& b) { return b.p50_ns / a.p50_ns; });
    append_pairs(json, "p50_difference_us",
                 [](const Half& a, const Half& b) { return (b.p50_ns - a.p50_ns) / 1'000; });
    append_pairs(json, "slice_p99_ratio",
                 [](const Half& a, const Half& b) { return b.slice_p99_ns / a.slice_p99_ns; });
    append_pairs(json, "slice_p99_difference_us", [](const Half& a, const Half& b) {
        return (b.slice_p99_ns - a.slice_p99_ns) / 1'000;
    });
    json.number("foreign_cpu_cores", foreign_cores_);
    json.flag("tails_disturbed", foreign_cores_ > kCalmCores);
    json.number("cache_line_round_trip_before_ns", line_round_trip_before_ns_);
    json.number("cache_line_round_trip_after_ns", line_round_trip_after_ns_);
    append_machine(json);
    json.close_object();
    return fmt::to_string(out);
}

}  // namespace

std::string run_latency_bench(const LatencyBenchOptions& options) {
    if (options.rate_per_second * options.seconds < kSlice) {
        throw std::runtime_error(
            fmt::format("rate times seconds must be at least {} ticks", kSlice));
    }
    return LatencyBench(options).run();
}

}  // namespace margind::daemon
