#include "daemon/threads/feed_inputs.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace margind::daemon {
namespace {

std::size_t targets_per_tick_max(const core::RiskParameters& parameters) {
    std::map<std::tuple<core::FeedId, std::string_view, core::Channel>, std::size_t> targets;
    std::size_t most = 1;
    for (const core::Source& source : parameters.sources) {
        most = std::max(most, ++targets[{source.feed, source.symbol, source.channel}]);
    }
    return most;
}

// Single writer: cheaper than a read-modify-write.
void add_one(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

std::size_t inputs_per_message_max(const core::RiskParameters& parameters) {
    return feeds::TickBatch::kCapacity * targets_per_tick_max(parameters);
}

FeedInputs::FeedInputs(const core::RiskParameters& parameters, feeds::Clock& clock,
                       Delivery& delivery)
    : sources_(parameters),
      targets_per_tick_max_(targets_per_tick_max(parameters)),
      clock_(clock),
      delivery_(delivery),
      paused_(parameters.feeds.size()) {}

// A message is taken whole or not at all, so that its session can simply offer it again.
bool FeedInputs::room_for(core::FeedId feed, const feeds::TickBatch& batch) noexcept {
    if (delivery_.has_room(batch.size() * targets_per_tick_max_)) return true;
    std::size_t needed = 0;
    for (const feeds::Tick& tick : batch) {
        for (const auto& target : sources_.find(feed, tick.symbol, tick.channel)) {
            if (!may_be_overtaken(tick.channel) || !delivery_.conflates(target.source)) ++needed;
        }
    }
    return needed == 0 || delivery_.has_room(needed);
}

bool FeedInputs::on_ticks(core::FeedId feed, const feeds::TickBatch& batch,
                          core::Timestamp receive_time) noexcept {
    if (closed_) return true;
    if (!room_for(feed, batch)) {
        add_one(refused_total_);
        if (!paused_[feed.index()]) {
            paused_[feed.index()] = true;
            ++paused_count_;
        }
        return false;
    }
    for (const feeds::Tick& tick : batch) {
        const auto targets = sources_.find(feed, tick.symbol, tick.channel);
        if (targets.empty()) add_one(tally_.no_source);
        for (const auto& target : targets) deliver(tick, target, receive_time);
    }
    return true;
}

void FeedInputs::deliver(const feeds::Tick& tick, const feeds::SourceMap::Target& target,
                         core::Timestamp receive_time) noexcept {
    core::Input input = core::Input::of(core::PriceInput{});
    const feeds::NormaliseError error = feeds::to_price_input(tick, target, input);
    if (error != feeds::NormaliseError::none) {
        count(error, target.source);
        return;
    }
    input.receive_time = receive_time;
    delivery_.price(input);
}

void FeedInputs::count(feeds::NormaliseError error, core::SourceId source) noexcept {
    switch (error) {
        case feeds::NormaliseError::none:
            return;
        case feeds::NormaliseError::no_source:
            add_one(tally_.no_source);
            return;
        case feeds::NormaliseError::too_precise:
            add_one(tally_.too_precise);
            break;
        case feeds::NormaliseError::too_large:
            add_one(tally_.too_large);
            break;
    }
    tally_.last_source.store(source.index(), std::memory_order_relaxed);
}

void FeedInputs::on_state(core::FeedId feed, core::FeedState state,
                          core::FeedReason reason) noexcept {
    if (closed_) return;
    core::Input input = core::Input::of(core::FeedStateInput{feed, state, reason});
    input.receive_time = clock_.now();
    delivery_.feed_state(input);
}

}  // namespace margind::daemon
