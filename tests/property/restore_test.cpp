// An engine restored from a saved state against the one that was saved, on random venues and
// inputs: the same events, field by field, the same hashes, and the same bytes when saved again.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "core/shards/sharded_engine.hpp"
#include "tests/support/event_text.hpp"
#include "tests/support/random_books.hpp"
#include "tests/support/random_flow.hpp"
#include "tests/support/seeds.hpp"
#include "tests/support/shard_world.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr AuditRule kAudit = {.accounts = 3, .every_inputs = 11};

std::vector<Input> random_inputs(const RandomBooks& books, Random& random, int steps) {
    std::vector<Input> inputs;
    RandomFlow flow(books, random, [&](Input input) {
        input.input_seq = inputs.size() + 1;
        inputs.push_back(input);
    });
    flow.open();
    for (int step = 0; step < steps; ++step) flow.step();
    // A restart among the rest, and updates that state their numbers.
    Input restart = Input::of(DaemonInput{DaemonNotice::restarted, DaemonReason::restarted});
    const std::size_t at = inputs.size() / 2 + random.below(inputs.size() / 2);
    restart.engine_time = restart.receive_time = inputs[at].engine_time;
    inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(at), restart);
    std::uint64_t seq = 0;
    for (Input& input : inputs) input.input_seq = ++seq;
    return inputs;
}

std::string apply(Engine& engine, const Input& input) {
    std::string text = std::to_string(static_cast<int>(engine.apply(input))) + '\n';
    Event event;
    while (engine.next_event(event)) text += text_of(event);
    engine.settle();
    return text;
}

// The first line in which they differ, of each; empty if in none.
std::string difference(const std::string& want, const std::string& got) {
    if (want == got) return {};
    std::size_t line = 0;
    for (std::size_t at = 0; at < want.size() && at < got.size() && want[at] == got[at]; ++at) {
        if (want[at] == '\n') line = at + 1;
    }
    return "engine: " + want.substr(line, want.find('\n', line) - line) +
           "\nrestored: " + got.substr(line, got.find('\n', line) - line);
}

std::vector<std::byte> saved(const Engine& engine) {
    MemorySink sink;
    REQUIRE(engine.save(sink));
    return sink.bytes;
}

std::unique_ptr<Engine> restored(const RiskParameters& parameters, const EngineOptions& options,
                                 const std::vector<std::byte>& state) {
    MemorySource source(state);
    std::string problem;
    std::unique_ptr<Engine> engine = Engine::restore(parameters, options, source, problem);
    INFO(problem);
    REQUIRE(engine != nullptr);
    return engine;
}

}  // namespace

TEST_CASE("a restored engine goes on as the one that was saved") {
    std::uint64_t events = 0;
    for (std::uint64_t seed = 1; seed <= seeds_or(60); ++seed) {
        Random random(seed);
        const RandomBooks books = random_books(random);
        const std::vector<Input> inputs =
            random_inputs(books, random, books.shape.crowd ? 60 : 600);
        const bool bands_first = seed % 2 == 0;
        const auto options = [&](bool bands) {
            return EngineOptions{.search = bands ? Search::bands : Search::reference,
                                 .audit = kAudit,
                                 .config_hash = seed};
        };
        Engine original(books.parameters, options(bands_first));
        std::size_t next = 0;
        const std::size_t from = random.below(inputs.size());
        while (next < from || (next < inputs.size() && !original.can_save())) {
            apply(original, inputs[next++]);
        }
        INFO("seed " << seed << ", saved after input " << next);
        if (!original.can_save()) continue;
        const std::vector<std::byte> state = saved(original);
        const std::unique_ptr<Engine> copy =
            restored(books.parameters, options(!bands_first), state);
        REQUIRE(saved(*copy) == state);
        REQUIRE(copy->state_hash() == original.state_hash());
        for (; next < inputs.size(); ++next) {
            const std::string want = apply(original, inputs[next]);
            REQUIRE(apply(*copy, inputs[next]) == want);
            if (want.size() > 3) ++events;
            if (next % 50 == 0) REQUIRE(copy->state_hash() == original.state_hash());
        }
        REQUIRE(copy->state_hash() == original.state_hash());
        REQUIRE(original.can_save() == copy->can_save());
        if (original.can_save()) REQUIRE(saved(original) == saved(*copy));
        REQUIRE(original.statistics().accounts_by_state == copy->statistics().accounts_by_state);
        REQUIRE(original.statistics().accounts_held == copy->statistics().accounts_held);
        REQUIRE(original.statistics().accounts_unpriced == copy->statistics().accounts_unpriced);
    }
    CHECK(events > 500);
}

TEST_CASE("shards restored from one engine's state go on as it does") {
    for (std::uint64_t seed = 1; seed <= seeds_or(20); ++seed) {
        ShardWorld world(seed);
        const std::vector<Input> inputs = world.inputs(1'500);
        Engine engine(world.parameters);
        std::size_t next = 0;
        for (; next < 700 || !engine.can_save(); ++next) apply(engine, inputs[next]);
        const std::vector<std::byte> state = saved(engine);
        const std::vector<Input> rest(inputs.begin() + static_cast<std::ptrdiff_t>(next),
                                      inputs.end());
        const std::string want = told_by(engine, rest);
        for (const std::uint32_t shards : {1u, 3u}) {
            ShardedEngine sharded(world.parameters, shards, {.search = Search::bands});
            std::string problem;
            INFO("seed " << seed << ", " << shards << " shards " << problem);
            REQUIRE(sharded.load([&] { return std::make_unique<MemorySource>(state); }, problem));
            REQUIRE(difference(want, told_by(sharded, rest)) == "");
            REQUIRE(sharded.state_hash() == engine.state_hash());
        }
    }
}

TEST_CASE("damaged states are refused, or are the state") {
    Random random(7);
    const RandomBooks books = random_books(random);
    const std::vector<Input> inputs = random_inputs(books, random, 100);
    const EngineOptions options{.config_hash = 1};
    Engine engine(books.parameters, options);
    for (const Input& input : inputs) apply(engine, input);
    REQUIRE(engine.can_save());
    const std::vector<std::byte> state = saved(engine);
    std::string problem;
    for (std::size_t cut = 0; cut < state.size(); cut += 1 + state.size() / 300) {
        MemorySource source(std::span<const std::byte>(state).first(cut));
        problem.clear();
        REQUIRE(Engine::restore(books.parameters, options, source, problem) == nullptr);
        REQUIRE(!problem.empty());
    }
    std::size_t refused = 0;
    constexpr std::size_t kFlips = 1'000;
    for (std::size_t flip = 0; flip < kFlips; ++flip) {
        std::vector<std::byte> damaged = state;
        damaged[random.below(damaged.size())] ^=
            std::byte{static_cast<unsigned char>(1U << random.below(8))};
        MemorySource source(damaged);
        problem.clear();
        const auto copy = Engine::restore(books.parameters, options, source, problem);
        if (copy == nullptr) {
            REQUIRE(!problem.empty());
            ++refused;
        }
    }
    // What is not in the hash may differ: counts of audits, numbers of sources, sequence numbers.
    CHECK(refused > kFlips * 9 / 10);
}
