#include "daemon/threads/query_desk.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/margin/evaluate.hpp"

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
