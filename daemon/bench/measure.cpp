#include "daemon/bench/measure.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>

namespace margind::daemon {
namespace {

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// Processor seconds used by everybody since the machine started.
double busy_seconds() {
    std::ifstream stat("/proc/stat");
    std::string word;
    std::vector<double> ticks;
    stat >> word;
    for (double value = 0; ticks.size() < 8 && stat >> value;) ticks.push_back(value);
    if (word != "cpu" || ticks.size() < 8) return 0;
    const double idle = ticks[3] + ticks[4];  // idle, waiting for a disk
    const double all = std::accumulate(ticks.begin(), ticks.end(), 0.0);
    return (all - idle) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double own_seconds() {
    double sum = 0;
    for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        getrusage(who, &usage);
        sum += seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    }
    return sum;
}

std::string cpu_model() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown";
}

}  // namespace

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double p) {
    const double rank = std::ceil(p * static_cast<double>(sorted.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return sorted[std::min(index, sorted.size() - 1)];
}

double mean_of(const std::vector<std::int64_t>& samples) {
    double sum = 0;
    for (const std::int64_t ns : samples) sum += static_cast<double>(ns);
    return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

std::int64_t clock_cost_ns(feeds::Clock& clock) {
    std::vector<std::int64_t> samples;
    for (int i = 0; i < 10'000; ++i) {
        const core::Timestamp begin = clock.now();
        samples.push_back((clock.now() - begin).ns());
    }
    std::sort(samples.begin(), samples.end());
    return percentile(samples, 0.5);
}

Quartiles quartiles(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const auto at = [&](double p) {
        const double place = p * static_cast<double>(samples.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, samples.size() - 1);
        const double part = place - static_cast<double>(below);
        return samples[below] * (1 - part) + samples[above] * part;
    };
    return {.lower = at(0.25), .median = at(0.5), .upper = at(0.75)};
}

void append_distribution(JsonWriter& json, std::string_view name,
                         std::vector<std::int64_t> samples) {
    json.open_object(name);
    json.number("samples", samples.size());
    if (!samples.empty()) {
        std::sort(samples.begin(), samples.end());
        const double sum = std::accumulate(samples.begin(), samples.end(), 0.0);
        json.scaled_number("mean", std::llround(sum / static_cast<double>(samples.size()) * 10), 1);
        json.number("p50", percentile(samples, 0.5));
        json.number("p90", percentile(samples, 0.9));
        json.number("p99", percentile(samples, 0.99));
        json.number("p99_9", percentile(samples, 0.999));
        json.number("max", samples.back());
    }
    json.close_object();
}

std::int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    if (!(statm >> total >> resident)) return 0;
    return resident * sysconf(_SC_PAGESIZE);
}

bool pin_to_cpu(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

ForeignLoad::ForeignLoad(feeds::Clock& clock)
    : clock_(clock), since_(clock.now()), busy_(busy_seconds()), own_(own_seconds()) {}

double ForeignLoad::cores() const {
    const double elapsed = (clock_.now() - since_).seconds();
    if (elapsed <= 0) return 0;
    const double foreign = (busy_seconds() - busy_) - (own_seconds() - own_);
    return std::max(0.0, std::round(foreign / elapsed * 100) / 100);
}

std::int64_t cache_line_round_trip_ns(feeds::Clock& clock, int cpu_a, int cpu_b) {
    constexpr int kRounds = 200;  // a sample
    constexpr std::size_t kSamples = 40;
    // Written in turn: even values by this thread, odd ones by the other. Release pairs with
    // acquire.
    alignas(64) std::atomic<std::uint32_t> line{0};
    std::thread other([&] {
        pin_to_cpu(cpu_b);
        for (std::uint32_t expected = 1; expected <= 2 * kRounds * kSamples; expected += 2) {
            while (line.load(std::memory_order_acquire) != expected) {
            }
            line.store(expected + 1, std::memory_order_release);
        }
    });
    pin_to_cpu(cpu_a);
    std::vector<std::int64_t> samples;
    std::uint32_t value = 0;
    for (std::size_t s = 0; s < kSamples; ++s) {
        const core::Timestamp begin = clock.now();
        for (int i = 0; i < kRounds; ++i) {
            line.store(value + 1, std::memory_order_release);
            value += 2;
            while (line.load(std::memory_order_acquire) != value) {
            }
        }
        samples.push_back((clock.now() - begin).ns() / kRounds);
    }
    other.join();
    std::sort(samples.begin(), samples.end());
    return percentile(samples, 0.5);
}

void append_machine(JsonWriter& json) {
    json.open_object("machine");
    json.text("cpu", cpu_model());
    json.number("cores", std::thread::hardware_concurrency());
    json.text("compiler", __VERSION__);
    json.text("build_type", MARGIND_BUILD_TYPE);
    json.text("flags", MARGIND_BUILD_FLAGS);
    double load = 0;
    if (std::ifstream("/proc/loadavg") >> load) json.number("load_1min", load);
    json.close_object();
}

}  // namespace margind::daemon
