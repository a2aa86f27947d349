// What benchmarks say about a set of measurements, and about the machine they ran on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/admin/json_writer.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Value at rank ceil(p * n) of the sorted samples; p in (0, 1]. Requires: sorted, not empty.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, double p);

struct Quartiles {
    double lower = 0;
    double median = 0;
    double upper = 0;
};
Quartiles quartiles(std::vector<double> samples);  // Requires: not empty.

// "name": {"mean": .., "p50": .., "p90": .., "p99": .., "p99_9": .., "max": .., "samples": ..}; the
// unit belongs in `name`.
void append_distribution(JsonWriter& json, std::string_view name,
                         std::vector<std::int64_t> samples);

// Zero of no samples.
double mean_of(const std::vector<std::int64_t>& samples);
// To three decimals, as results have it.
double rounded(double value);

// What reading the clock once more costs: subtracted from samples.
std::int64_t clock_cost_ns(feeds::Clock& clock);

// Bytes of memory this process really occupies; zero where the system does not say.
std::int64_t resident_bytes();

// Keeps this thread on one core. False when the machine has no such core or forbids it.
bool pin_to_cpu(int cpu);

// How much of the machine others use: processor time of everybody, less this process and its
// children, between construction and cores().
class ForeignLoad {
  public:
    explicit ForeignLoad(feeds::Clock& clock);
    double cores() const;

  private:
    feeds::Clock& clock_;
    core::Timestamp since_;
    double busy_;
    double own_;
};

// Time for a cache line to go to the other core and back, nanoseconds; the median of a few
// thousand. It tells how far apart the hypervisor has put the two cores at the moment.
std::int64_t cache_line_round_trip_ns(feeds::Clock& clock, int cpu_a, int cpu_b);

// "machine": {"cpu", "cores", "compiler", "build_type", "flags", "load_1min"}
void append_machine(JsonWriter& json);

}  // namespace margind::daemon
