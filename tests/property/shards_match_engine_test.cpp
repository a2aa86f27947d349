// Owners spread over several engines against one engine: the same events, field by field and number
// by number, and the same verdicts, whichever shard is ahead of which.
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/shards/sharded_engine.hpp"
#include "tests/support/shard_world.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr int kInputs = 3'000;

// Where they differ first, with the line of each; empty if nowhere.
std::string difference(const std::string& want, const std::string& got) {
    if (want == got) return {};
    std::size_t line = 0;
    std::size_t at = 0;
    for (; at < want.size() && at < got.size() && want[at] == got[at]; ++at) {
        if (want[at] == '\n') line = at + 1;
    }
    const auto from = [&](const std::string& text) {
        return text.substr(line, text.find('\n', at) - line);
    };
    return "\nengine: " + from(want) + "\nshards: " + from(got);
}

void check_same(const EngineStatistics& want, const EngineStatistics& got) {
    CHECK(got.inputs == want.inputs);
    CHECK(got.events == want.events);
    CHECK(got.refused_total == want.refused_total);
    CHECK(got.refused == want.refused);
    CHECK(got.events_by_kind == want.events_by_kind);
    CHECK(got.accounts_by_state == want.accounts_by_state);
    CHECK(got.accounts == want.accounts);
    CHECK(got.accounts_held == want.accounts_held);
    CHECK(got.accounts_unpriced == want.accounts_unpriced);
}

// Shards that are given their inputs in whatever order the seed says, each as far ahead of the
// others as it can go.
class Scramble final : public ShardBoard, public ShardOutlets {
  public:
    Scramble(const RiskParameters& parameters, std::uint32_t shards, std::uint64_t seed)
        : random_(seed), router_(shards, parameters.assets.size()), merge_(shards) {
        lanes_.resize(shards);
        for (std::uint32_t s = 0; s < shards; ++s) {
            lanes_[s].shard = std::make_unique<Shard>(parameters, Shard::Place{s, shards}, *this,
                                                      EngineOptions{.search = Search::bands});
        }
    }

    std::string run(const std::vector<Input>& inputs) {
        std::string text;
        Event event;
        std::vector<ShardInput> routed(inputs.size());
        for (std::size_t i = 0; i < inputs.size(); ++i) router_.route(inputs[i], routed[i]);
        std::uint64_t idle = 0;
        while (!done(inputs.size())) {
            Lane& lane = lanes_[random_.below(lanes_.size())];
            const std::uint64_t steps = random_.below(60);
            idle = advance(lane, routed, steps) ? 0 : idle + 1;
            REQUIRE(idle < 10'000);  // or nobody can go on
            if (!random_.chance(0.3)) continue;
            while (merge_.next(*this, event)) text += text_of_event(event) + '\n';
        }
        while (merge_.next(*this, event)) text += text_of_event(event) + '\n';
        return text;
    }
    std::uint64_t waits() const { return waits_; }

    std::uint64_t passed(std::uint32_t s) const noexcept override { return lanes_[s].passed; }
    std::uint32_t accounts(std::uint32_t s) const noexcept override { return lanes_[s].accounts; }
    void pass(std::uint32_t s, std::uint64_t seq, std::uint32_t accounts) noexcept override {
        lanes_[s].passed = seq;
        lanes_[s].accounts = accounts;
    }
    LegVerdict leg(std::uint32_t s) const noexcept override { return lanes_[s].leg; }
    void put_leg(std::uint32_t s, LegVerdict verdict) noexcept override { lanes_[s].leg = verdict; }
    std::uint64_t passed(std::uint32_t s) noexcept override { return lanes_[s].passed; }
    bool try_take(std::uint32_t s, Event& event) noexcept override {
        if (lanes_[s].events.empty()) return false;
        event = lanes_[s].events.front();
        lanes_[s].events.pop_front();
        return true;
    }

  private:
    struct Lane {
        std::unique_ptr<Shard> shard;
        std::size_t next = 0;  // input
        std::deque<Event> events;
        std::uint64_t passed = 0;
        std::uint32_t accounts = 0;
        LegVerdict leg;
    };

    bool advance(Lane& lane, const std::vector<ShardInput>& inputs, std::uint64_t steps) {
        bool any = false;
        for (std::uint64_t n = 0; n < steps && lane.next < inputs.size(); ++n) {
            if (!lane.shard->advance(inputs[lane.next])) {
                ++waits_;
                return any;
            }
            any = true;
            for (Event event; lane.shard->next_event(event);) lane.events.push_back(event);
            pass(lane.shard->index(), inputs[lane.next].input.input_seq,
                 lane.shard->engine().account_count());
            ++lane.next;
        }
        return any;
    }
    bool done(std::size_t inputs) const {
        for (const Lane& lane : lanes_) {
            if (lane.next < inputs) return false;
        }
        return true;
    }

    Random random_;
    InputRouter router_;
    EventMerge merge_;
    std::vector<Lane> lanes_;
    std::uint64_t waits_ = 0;
};

std::string without_verdicts(const std::string& text) {
    std::string events;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at) + 1;
        const std::string line = text.substr(at, end - at);
        if (line.find(" refused ") == line.npos) events += line;
        at = end;
    }
    return events;
}

}  // namespace

TEST_CASE("any number of shards says what one engine says") {
    std::set<int> refusals;
    std::uint64_t account_events = 0;
    std::uint64_t daemon_states = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        ShardWorld world(seed);
        const std::vector<Input> inputs = world.inputs(kInputs);
        Engine engine(world.parameters);
        const std::string want = told_by(engine, inputs);
        for (const std::uint32_t shards : {1u, 2u, 3u, 8u}) {
            ShardedEngine sharded(world.parameters, shards,
                                  {.search = seed % 2 == 0 ? Search::bands : Search::reference,
                                   .audit = {.accounts = 20, .every_inputs = 7}});
            const std::string different = difference(want, told_by(sharded, inputs));
            INFO("seed " << seed << ", " << shards << " shards:" << different);
            REQUIRE(different.empty());
            check_same(engine.statistics(), sharded.statistics());
        }
        const EngineStatistics statistics = engine.statistics();
        for (std::size_t r = 0; r < statistics.refused.size(); ++r) {
            if (statistics.refused[r] > 0) refusals.insert(static_cast<int>(r));
        }
        daemon_states +=
            statistics.events_by_kind[static_cast<std::size_t>(EventKind::daemon_state)];
        for (int k = 0; k <= static_cast<int>(EventKind::recovered); ++k) {
            account_events += statistics.events_by_kind[static_cast<std::size_t>(k)];
        }
    }
    CHECK(account_events > 60 * 200);
    CHECK(daemon_states > 60 * 10);
    for (const Refusal refusal :
         {Refusal::too_many_accounts, Refusal::mixed_accounts, Refusal::transfer_incomplete,
          Refusal::unknown_account, Refusal::transfer_not_owned, Refusal::transfer_below_initial,
          Refusal::unknown_asset, Refusal::unknown_origin, Refusal::price_not_positive,
          Refusal::unknown_instrument, Refusal::unknown_notice}) {
        INFO("refusal " << static_cast<int>(refusal));
        CHECK(refusals.count(static_cast<int>(refusal)) == 1);
    }
}

TEST_CASE("shards may run ahead of each other") {
    std::uint64_t waits = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        ShardWorld world(seed);
        const std::vector<Input> inputs = world.inputs(kInputs);
        Engine engine(world.parameters);
        const std::string want = without_verdicts(told_by(engine, inputs));
        for (const std::uint32_t shards : {2u, 5u}) {
            Scramble scramble(world.parameters, shards, seed);
            const std::string different = difference(want, scramble.run(inputs));
            INFO("seed " << seed << ", " << shards << " shards:" << different);
            REQUIRE(different.empty());
            waits += scramble.waits();
        }
    }
    CHECK(waits > 60 * 100);
}
