#include "feeds/silence_watch.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace margind::feeds {

SilenceWatch::SilenceWatch(std::vector<Topic> topics, core::Duration limit) : limit_(limit) {
    table_.assign(std::bit_ceil(topics.size() * 2 + 1), kFree);
    for (Topic& topic : topics) {
        const std::size_t slot = slot_of(topic.symbol, topic.channel);
        if (table_[slot] != kFree) continue;  // asked for twice
        table_[slot] = static_cast<std::uint32_t>(watched_.size());
        watched_.push_back({.topic = std::move(topic), .last = {}});
    }
}

std::size_t SilenceWatch::slot_of(std::string_view symbol, core::Channel channel) const noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = std::hash<std::string_view>{}(symbol) + static_cast<std::size_t>(channel);
    for (slot &= mask; table_[slot] != kFree; slot = (slot + 1) & mask) {
        const Topic& topic = watched_[table_[slot]].topic;
        if (topic.channel == channel && topic.symbol == symbol) break;
    }
    return slot;
}

void SilenceWatch::restart(core::Timestamp now) noexcept {
    for (Watched& watched : watched_) {
        watched.last = now;
        watched.silent = false;
    }
    silent_count_ = 0;
}

void SilenceWatch::forgive(core::Timestamp now) noexcept {
    for (Watched& watched : watched_) watched.last = now;
}

void SilenceWatch::saw(std::string_view symbol, core::Channel channel,
                       core::Timestamp now) noexcept {
    const std::uint32_t index = table_[slot_of(symbol, channel)];
    if (index == kFree) return;
    Watched& watched = watched_[index];
    watched.last = now;
    watched.reconnect_tried = false;
    if (watched.silent) {
        watched.silent = false;
        --silent_count_;
    }
}

Silence SilenceWatch::check(core::Timestamp now) noexcept {
    const auto reconnect_after = core::Duration::from_ns(limit_.ns() * kReconnectFactor);
    std::size_t overdue = 0;
    bool worth_a_try = false;
    for (Watched& watched : watched_) {
        if (now - watched.last <= limit_) continue;
        if (!watched.silent) {
            watched.silent = true;
            ++silent_count_;
        }
        if (now - watched.last <= reconnect_after) continue;
        ++overdue;
        worth_a_try = worth_a_try || !watched.reconnect_tried;
    }
    if (overdue > 0 && (worth_a_try || overdue == watched_.size())) {
        for (Watched& watched : watched_) {
            watched.reconnect_tried |= now - watched.last > reconnect_after;
        }
        return Silence::reconnect;
    }
    return silent_count_ > 0 ? Silence::silent : Silence::none;
}

SilenceWatch::Quiet SilenceWatch::quietest() const noexcept {
    const Watched& watched =
        *std::min_element(watched_.begin(), watched_.end(),
                          [](const Watched& a, const Watched& b) { return a.last < b.last; });
    return {.topic = watched.topic, .since = watched.last};
}

}  // namespace margind::feeds
