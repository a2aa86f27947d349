#include "daemon/threads/query_desk.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/margin/evaluate.hpp"
#include "core/shards/shard_input.hpp"

namespace margind::daemon {
namespace {

// Lowest health first; a heap ordered by it keeps the healthiest of the worst on top.
bool worse(const AccountRow& a, const AccountRow& b) noexcept {
    return std::pair(core::health_factor(a.report.evaluation), a.report.slot) <
           std::pair(core::health_factor(b.report.evaluation), b.report.slot);
}

}  // namespace

QueryDesk::QueryDesk() {
    query_.worst.reserve(AccountQuery::kLimitMax + 1);
    query_.one.balances.reserve(core::kMaxBalancesPerAccount);
    query_.one.positions.reserve(core::kMaxPositionsPerAccount);
}

bool QueryDesk::ask(const AccountQuery& query) {
    // acquire: pairs with the release in work(); the engine is done with `query_`.
    if (state_.load(std::memory_order_acquire) == State::asked) return false;
    query_.kind = query.kind;
    query_.limit = std::clamp(query.limit, 1u, AccountQuery::kLimitMax);
    query_.key = query.key;
    query_.worst.clear();
    query_.one.found = false;
    query_.one.balances.clear();
    query_.one.positions.clear();
    next_slot_ = 0;
    state_.store(State::asked, std::memory_order_release);
    return true;
}

const AccountQuery* QueryDesk::collect() {
    if (state_.load(std::memory_order_acquire) != State::answered) return nullptr;
    // Sorted here, not on the engine's thread.
    std::sort(query_.worst.begin(), query_.worst.end(), worse);
    state_.store(State::idle, std::memory_order_relaxed);
    return &query_;
}

int QueryDesk::work(const core::Engine& engine) noexcept {
    if (state_.load(std::memory_order_acquire) != State::asked) return 0;
    if (query_.kind == AccountQuery::Kind::one) {
        answer_one(engine);
        state_.store(State::answered, std::memory_order_release);
        return 1;
    }
    const std::uint32_t count = engine.account_count();
    const std::uint32_t end = std::min(count, next_slot_ + kAccountsPerSlice);
    const std::uint32_t looked_at = end - next_slot_;
    for (; next_slot_ < end; ++next_slot_) consider(engine.report(core::AccountSlot(next_slot_)));
    if (end == count) state_.store(State::answered, std::memory_order_release);
    return static_cast<int>(looked_at);
}

QueryDesks::QueryDesks(std::uint32_t shards) : desks_(shards), answers_(shards) {
    merged_.worst.reserve(std::size_t{shards} * AccountQuery::kLimitMax);
}

bool QueryDesks::ask(const AccountQuery& query) {
    // One that is still busy answers a question nobody waits for any more.
    for (const QueryDesk& desk : desks_) {
        if (desk.asked()) return false;
    }
    const auto shards = static_cast<std::uint32_t>(desks_.size());
    const bool one = query.kind == AccountQuery::Kind::one;
    first_ = one ? core::shard_of(query.key.owner, shards) : 0;
    end_ = one ? first_ + 1 : shards;
    for (std::size_t s = first_; s < end_; ++s) {
        answers_[s] = nullptr;
        if (!desks_[s].ask(query)) return false;
    }
    return true;
}

const AccountQuery* QueryDesks::collect() {
    bool complete = first_ < end_;
    for (std::size_t s = first_; s < end_; ++s) {
        if (answers_[s] == nullptr) answers_[s] = desks_[s].collect();
        complete = complete && answers_[s] != nullptr;
    }
    if (!complete) return nullptr;
    const AccountQuery* first = answers_[first_];
    const std::size_t asked = end_ - first_;
    end_ = first_;  // collected
    if (asked == 1) return first;
    merged_.kind = first->kind;
    merged_.limit = first->limit;
    merged_.worst.clear();
    for (std::size_t s = 0; s < asked; ++s) {
        merged_.worst.insert(merged_.worst.end(), answers_[s]->worst.begin(),
                             answers_[s]->worst.end());
    }
    std::sort(merged_.worst.begin(), merged_.worst.end(), worse);
    if (merged_.worst.size() > merged_.limit) merged_.worst.resize(merged_.limit);
    return &merged_;
}

void QueryDesk::consider(const core::AccountReport& report) noexcept {
    if (!report.priced || core::health_factor(report.evaluation).infinite()) return;
    std::vector<AccountRow>& heap = query_.worst;
    const AccountRow row{report};
    if (heap.size() == query_.limit) {
        if (!worse(row, heap.front())) return;
        std::pop_heap(heap.begin(), heap.end(), worse);
        heap.pop_back();
    }
    heap.push_back(row);  // within the reserved capacity
    std::push_heap(heap.begin(), heap.end(), worse);
}

void QueryDesk::answer_one(const core::Engine& engine) noexcept {
    const auto slot = engine.find(query_.key);
    query_.one.found = slot.has_value();
    if (!slot) return;
    query_.one.report = engine.report(*slot);
    const core::AccountView view = engine.view(*slot);
    // Within the reserved capacity: the engine admits no more rows.
    query_.one.balances.assign(view.balances.begin(), view.balances.end());
    query_.one.positions.assign(view.positions.begin(), view.positions.end());
}

}  // namespace margind::daemon
