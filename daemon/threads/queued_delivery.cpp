#include "daemon/threads/queued_delivery.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace margind::daemon {
namespace {

std::size_t capacity_for(const core::RiskParameters& parameters, std::size_t asked,
                         std::size_t reserve) {
    const std::size_t update = core::kMaxEntriesPerUpdate + 1;  // and its number
    return std::min(std::max({asked, inputs_per_message_max(parameters), update}) + reserve,
                    kQueueCapacityMax);
}

}  // namespace

QueuedDelivery::QueuedDelivery(const core::RiskParameters& parameters, std::size_t capacity,
                               Doorbell* to_engine)
    : queue_(capacity_for(parameters, capacity, kReserve)),
      slots_(parameters.sources.size()),
      to_engine_(to_engine) {
    backlog_.reserve(kBacklogStates + core::kMaxParameterChanges);
}

bool QueuedDelivery::has_room(std::size_t count) noexcept {
    return backlog_.empty() && queue_.has_room(count + kReserve);
}

bool QueuedDelivery::conflates(core::SourceId source) const noexcept {
    return slots_.waiting(source);
}

void QueuedDelivery::price(const core::Input& input) noexcept {
    if (!may_be_overtaken(input.price.channel)) {
        push({core::SourceId::none(), input});
    } else if (slots_.put(input.price.source, input)) {
        // Where the caller counted on conflation and the engine took the value meanwhile, it made
        // the place that this needs.
        push({input.price.source, {}});
    }
}

void QueuedDelivery::feed_state(const core::Input& input) noexcept {
    if (backlog_.empty() && queue_.has_room(1)) {
        push({core::SourceId::none(), input});
    } else {
        remember(input);
    }
}

void QueuedDelivery::update(std::span<const core::Input> records) noexcept {
    for (const core::Input& record : records) push({core::SourceId::none(), record});
}

// The backlog is bounded: past its bound a feed's newest state replaces the one before, so that
// what is told in the end is true.
void QueuedDelivery::remember(const core::Input& input) noexcept {
    if (backlog_.size() < kBacklogStates) {
        backlog_.push_back(input);
        return;
    }
    const auto same_feed = [&](const core::Input& waiting) {
        return waiting.kind == core::InputKind::feed_state &&
               waiting.feed_state.feed == input.feed_state.feed;
    };
    const auto newest = std::find_if(backlog_.rbegin(), backlog_.rend(), same_feed);
    if (newest != backlog_.rend()) {
        *newest = input;
    } else {
        backlog_.push_back(input);
    }
}

bool QueuedDelivery::batch(std::span<const core::Input> inputs) {
    if (!backlog_.empty()) return false;
    backlog_.assign(inputs.begin(), inputs.end());
    flush_backlog();
    return true;
}

bool QueuedDelivery::try_whole(const core::Input& input) noexcept {
    if (!has_room(1)) return false;
    push({core::SourceId::none(), input});
    return true;
}

int QueuedDelivery::flush_backlog() noexcept {
    std::size_t moved = 0;
    while (moved < backlog_.size() && queue_.has_room(1)) {
        push({core::SourceId::none(), backlog_[moved++]});
    }
    backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(moved));
    return static_cast<int>(moved);
}

void QueuedDelivery::push(const QueuedInput& item) noexcept {
    const bool taken = queue_.try_push(item);
    MARGIND_ASSERT(taken);  // every caller made sure of its place
    if (to_engine_ != nullptr) to_engine_->ring();
}

bool QueuedDelivery::try_take(core::Input& input) noexcept {
    if (!queue_.try_pop(taken_)) return false;
    input = taken_.slot.valid() ? slots_.take(taken_.slot) : taken_.input;
    return true;
}

}  // namespace margind::daemon
