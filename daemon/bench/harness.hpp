// The other side of the latency benchmark: feed server and bot on one spinning thread, so that a
// message's way out and its event's way back are stamped by one clock on one core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/bench/population.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

struct HarnessOptions {
    double rate_per_second = 10'000;
    std::size_t ticks = 10'000;
    double bp = 5;  // how far the price goes to and fro
    int harness_cpu = 0;
    int contender_cpu = 1;
};

// One run against one contender. Times in nanoseconds.
struct Passage {
    std::vector<std::int64_t> from_send;  // just before send() of the tick to just after recv()
    std::vector<std::int64_t> from_due;   // from the moment the tick was due: shows overload
    std::int64_t loop_gap_max = 0;        // longest the harness itself was away
    std::size_t unanswered = 0;           // ticks conflated away
    std::size_t line_bytes = 0;           // mean length of an answer
    std::size_t frame_bytes = 0;
};

// What is measured: runs in a forked child, on its own core, and tells the port of its event
// stream.
using Contender = std::function<void(std::uint16_t feed_port,
                                     const std::function<void(std::uint16_t)>& listening)>;

// Whether each tick must come back as an event, or a newer one may overtake it in a queue.
enum class Answers : std::uint8_t { every_tick, some_conflated };

// Serves the feed, plays all ticks, and ends the child. Each tick makes the sentinel of instrument
// 0 cross once; the event's exchange time says which tick it was. Throws std::runtime_error when an
// event is missing that must come, or one comes that no tick explains.
Passage run_passage(const Population& population, const HarnessOptions& options,
                    feeds::Clock& clock, const Contender& contender, Answers answers);

}  // namespace margind::daemon
