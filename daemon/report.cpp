#include "daemon/report.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace margind::daemon {

// Below 16 ns a bucket is one nanosecond; above, octave e (2^e <= ns < 2^(e+1)) has 16 equal steps.
void LatencyHistogram::record(core::Duration latency) noexcept {
    const std::int64_t ns = std::max<std::int64_t>(latency.ns(), 0);
    const auto value = static_cast<std::uint64_t>(ns);
    std::size_t bucket = value;
    if (value >= kSteps) {
        const auto octave = static_cast<std::size_t>(std::bit_width(value)) - 1;
        bucket = (octave - 3) * kSteps + ((value >> (octave - 4)) & (kSteps - 1));
    }
    ++buckets_[std::min(bucket, kBuckets - 1)];
    ++count_;
    max_ns_ = std::max(max_ns_, ns);
    sum_ns_ += ns;
}

void LatencyHistogram::add(const LatencyHistogram& other) noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
    sum_ns_ += other.sum_ns_;
}

core::Duration LatencyHistogram::percentile(double p) const noexcept {
    if (count_ == 0) return core::Duration();
    const double share = std::clamp(p, 0.0, 1.0) * static_cast<double>(count_);
    const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share)), 1);
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    for (; bucket < kBuckets - 1; ++bucket) {
        seen += buckets_[bucket];
        if (seen >= rank) break;
    }
    if (bucket == kBuckets - 1) return maximum();
    std::int64_t upper = static_cast<std::int64_t>(bucket);
    if (bucket >= kSteps) {
        const std::size_t octave = bucket / kSteps + 3;
        upper = static_cast<std::int64_t>(((kSteps + bucket % kSteps + 1) << (octave - 4)) - 1);
    }
    return core::Duration::from_ns(std::min(upper, max_ns_));
}

}  // namespace margind::daemon
