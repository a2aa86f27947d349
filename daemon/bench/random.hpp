// Random numbers of the benchmarks: SplitMix64, so that a seed means the same workload everywhere.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace margind::daemon {

class BenchRandom {
  public:
    explicit BenchRandom(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    // In (0, 1): both ends excluded, so that a logarithm is finite.
    double uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }
    // Normal distribution, mean 0, deviation 1 (Box-Muller; its second number is not kept).
    double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

  private:
    std::uint64_t state_;
};

}  // namespace margind::daemon
