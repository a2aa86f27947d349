// The ticks of an engine benchmark: the same for everybody who runs with the same options.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/input.hpp"
#include "daemon/bench/engine_bench.hpp"
#include "daemon/bench/population.hpp"

namespace margind::daemon {

struct Tick {
    std::uint32_t instrument = 0;
    std::int64_t price = 0;  // raw
    std::int64_t before = 0;
    bool gap = false;
    core::Duration at = {};  // recorded: since the first; zero: a millisecond after the last one
};

// Bars of histories as the ticks they were, in the order of their times.
std::vector<Tick> recorded_ticks(const Population& population,
                                 const std::vector<std::filesystem::path>& files);

class TickSequence {
  public:
    TickSequence(const Population& population, const EngineBenchOptions& options)
        : population_(population), options_(options), random_(options.seed + 1) {
        for (const std::int64_t price : population.base_prices) {
            prices_.push_back(static_cast<double>(price));
        }
        market_gaps_.resize(prices_.size());
        if (options.scenario == BenchScenario::history) {
            recorded_ = recorded_ticks(population, options.history);
        }
    }

    // How many ticks there still are.
    std::uint64_t left() const {
        return options_.scenario == BenchScenario::history ? recorded_.size() - count_ : UINT64_MAX;
    }

    // Requires: one is left.
    Tick next() {
        if (options_.scenario == BenchScenario::history) return recorded_[count_++];
        const double at =
            static_cast<double>(count_) / static_cast<double>(options_.warmup + options_.ticks);
        ++count_;
        if (options_.scenario == BenchScenario::gap && count_ % kGapEvery == 0)
            return moved(0, -kGap);
        const std::uint32_t i = options_.holders > 0 ? 0 : population_.draw_instrument(random_);
        double move = options_.bp * 1e-4 * random_.normal();
        if (options_.scenario == BenchScenario::crash && at > 0.25 && at < 0.75) {
            const double share_of_ticks = population_.share(i);
            const double ticks_of_fall =
                share_of_ticks * 0.5 * static_cast<double>(options_.warmup + options_.ticks);
            move = 3 * move + std::log(1 - kFall) / std::max(ticks_of_fall, 1.0);
            // A gap of the whole market moves every instrument when it ticks next.
            if (market_gaps_[i] < market_gaps_until(at)) {
                ++market_gaps_[i];
                move = -kGap;
            }
        }
        return moved(i, move);
    }

  private:
    static constexpr std::uint64_t kGapEvery = 500;
    static constexpr double kFall = 0.15;
    static constexpr double kGap = 0.02;

    // Of a crash, four: at these parts of all ticks.
    static int market_gaps_until(double at) {
        int gaps = 0;
        for (const double gap_at : {0.35, 0.45, 0.55, 0.65}) gaps += at >= gap_at ? 1 : 0;
        return gaps;
    }

    Tick moved(std::uint32_t i, double move) {
        Tick tick{.instrument = i, .before = std::llround(prices_[i]), .gap = move <= -kGap};
        prices_[i] *= 1 + move;
        tick.price = std::llround(prices_[i]);
        return tick;
    }

    const Population& population_;
    const EngineBenchOptions& options_;
    BenchRandom random_;
    std::vector<double> prices_;
    std::vector<int> market_gaps_;  // that an instrument has taken part in
    std::vector<Tick> recorded_;
    std::uint64_t count_ = 0;
};

// As the book top of the instrument's one source, not stamped yet.
inline core::Input as_input(const Tick& tick, std::uint64_t sequence) {
    core::PriceInput price;
    price.source = core::SourceId(tick.instrument);
    price.channel = core::Channel::book_top;
    price.price = core::Price::from_raw(tick.price);
    price.bid = core::Price::from_raw(tick.price - 1);
    price.ask = core::Price::from_raw(tick.price + 1);
    price.sequence = sequence;
    return core::Input::of(price);
}

}  // namespace margind::daemon
