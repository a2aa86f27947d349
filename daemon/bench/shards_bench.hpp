// What a price tick costs each of several shards, beside the reference engine with all accounts on
// the same ticks, and what putting their events in order costs. The shards take turns on one
// thread, each timed by itself: threads of their own would run at the same time, on caches of their
// own.
#pragma once

#include <string>

#include "daemon/bench/engine_bench.hpp"

namespace margind::daemon {

// One JSON object. Throws std::runtime_error when an engine does not take what it is given, or when
// shards and reference disagree about what happened.
std::string run_shards_bench(const EngineBenchOptions& options);

}  // namespace margind::daemon
