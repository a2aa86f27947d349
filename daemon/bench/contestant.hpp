// One engine in a benchmark: numbers its inputs, gives them time, times them, and counts what comes
// back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "core/engine/engine.hpp"
#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/tick_sequence.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class Contestant {
  public:
    Contestant(const Population& population, core::Search search)
        : population_(population), search_(search) {}

    void build(feeds::Clock& clock) {
        const std::int64_t before = resident_bytes();
        const core::Timestamp begin = clock.now();
        engine_ = std::make_unique<core::Engine>(population_.parameters,
                                                 core::EngineOptions{.search = search_});
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
        built_at_ = now_;
    }

    void prepare(const Tick& tick) {
        input_ = as_input(tick, input_seq_ + 1);
        now_ = std::max(now_, built_at_ + tick.at);
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

    // A fill: the account's position in what it holds first becomes `quantity` (raw).
    void time_fill(std::uint32_t account, std::int64_t quantity, feeds::Clock& clock,
                   std::int64_t clock_cost_ns) {
        records_.clear();
        append_fill(population_, account, quantity, records_);
        input_ = records_.front();
        stamp();
        const core::Timestamp begin = clock.now();
        apply_checked();
        engine_->settle();
        fill_ns.push_back(std::max<std::int64_t>((clock.now() - begin).ns() - clock_cost_ns, 0));
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
    std::vector<std::int64_t> fill_ns;
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
    core::Timestamp built_at_ = now_;
    std::uint64_t account_events_ = 0;
    std::vector<core::Input> records_;
    double build_seconds_ = 0;
    std::int64_t resident_bytes_ = 0;
    std::uint64_t evaluations_before_ = 0;
    core::BandStatistics bands_before_;
};

}  // namespace margind::daemon
