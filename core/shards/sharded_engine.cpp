#include "core/shards/sharded_engine.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace margind::core {

// Events wait in the shards themselves until they are asked for.
class ShardedEngine::Outlets final : public ShardOutlets {
  public:
    Outlets(PlainBoard& board, std::vector<std::unique_ptr<Shard>>& shards)
        : board_(board), shards_(shards) {}

    std::uint64_t passed(std::uint32_t shard) noexcept override { return board_.passed(shard); }
    bool try_take(std::uint32_t shard, Event& event) noexcept override {
        return shards_[shard]->next_event(event);
    }

  private:
    PlainBoard& board_;
    std::vector<std::unique_ptr<Shard>>& shards_;
};

ShardedEngine::ShardedEngine(const RiskParameters& parameters, std::uint32_t shards,
                             const EngineOptions& options)
    : board_(shards),
      outlets_(std::make_unique<Outlets>(board_, shards_)),
      router_(shards, parameters.assets.size()),
      merge_(shards) {
    MARGIND_ASSERT(shards >= 1 && shards <= kShardsMax);
    for (std::uint32_t s = 0; s < shards; ++s) {
        shards_.push_back(
            std::make_unique<Shard>(parameters, Shard::Place{s, shards}, board_, options));
    }
}

ShardedEngine::~ShardedEngine() = default;

bool ShardedEngine::load(const std::function<std::unique_ptr<StateSource>()>& open,
                         std::string& problem) {
    for (const auto& shard : shards_) {
        const std::unique_ptr<StateSource> source = open();
        if (!shard->load(*source, problem)) return false;
    }
    merge_.go_on_after(shards_.front()->engine().event_seq());
    return true;
}

std::uint64_t ShardedEngine::state_hash() const noexcept {
    std::uint64_t sum = shards_.front()->engine().state_hash();
    for (std::uint32_t s = 1; s < shards(); ++s) sum += shards_[s]->engine().accounts_hash();
    return sum;
}

// An update's number is known where its accounts are; numbers grow.
std::uint64_t ShardedEngine::source_number(std::uint8_t origin) const noexcept {
    std::uint64_t last = 0;
    for (const auto& shard : shards_) last = std::max(last, shard->engine().source_number(origin));
    return last;
}

Refusal ShardedEngine::apply(const Input& input) noexcept {
    router_.route(input, input_);
    // A shard that needs others is asked again when they have been: twice round is enough.
    Refusal refusal = Refusal::none;
    std::uint32_t passed = 0;
    for (int round = 0; passed < shards(); ++round) {
        MARGIND_ASSERT(round < 3);
        for (std::uint32_t s = 0; s < shards(); ++s) {
            if (!advance(s)) continue;
            ++passed;
            if (shards_[s]->verdict() != Refusal::none) refusal = shards_[s]->verdict();
        }
    }
    return refusal;
}

// False: it waits for others, or has had this input.
bool ShardedEngine::advance(std::uint32_t shard) noexcept {
    const std::uint64_t seq = input_.input.input_seq;
    if (board_.passed(shard) == seq || !shards_[shard]->advance(input_)) return false;
    board_.pass(shard, seq, shards_[shard]->engine().account_count());
    return true;
}

bool ShardedEngine::next_event(Event& event) noexcept {
    return merge_.next(*outlets_, event);
}

void ShardedEngine::settle() noexcept {
    for (const auto& shard : shards_) shard->settle();
}

EngineStatistics ShardedEngine::statistics() const noexcept {
    EngineStatistics sum;
    for (const auto& shard : shards_) add(sum, shard->statistics());
    merge_.count(sum);
    return sum;
}

void add(EngineStatistics& sum, const EngineStatistics& shard) noexcept {
    sum.inputs += shard.inputs;
    sum.evaluations += shard.evaluations;
    sum.audits += shard.audits;
    for (std::size_t i = 0; i < sum.audits_failed.size(); ++i) {
        sum.audits_failed[i] += shard.audits_failed[i];
    }
    sum.refused_total += shard.refused_total;
    for (std::size_t i = 0; i < sum.refused.size(); ++i) sum.refused[i] += shard.refused[i];
    for (std::size_t s = 0; s < kMarginStates; ++s) {
        sum.accounts_by_state[s] += shard.accounts_by_state[s];
    }
    sum.accounts += shard.accounts;
    sum.accounts_held += shard.accounts_held;
    sum.accounts_unpriced += shard.accounts_unpriced;
}

}  // namespace margind::core
