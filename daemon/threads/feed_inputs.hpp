// From a feed's ticks to engine inputs, on the io thread: finds the sources that asked for a tick,
// scales it to their instruments, and hands it on. What happens to it then depends on the thread
// layout: see Delivery.
//
// Thread: io. Allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "feeds/normalise.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Where inputs go. Inline: straight through the engine (daemon/threads/engine_cycle.hpp). Paired: a
// queue (daemon/threads/queued_delivery.hpp).
class Delivery {
  public:
    virtual ~Delivery() = default;
    // Whether the next `count` prices can be taken whole.
    virtual bool has_room(std::size_t count) noexcept = 0;
    // Whether a price of `source` needs no room because it replaces one that waits.
    virtual bool conflates(core::SourceId source) const noexcept = 0;
    // A price. Requires: has_room() said yes for it, or conflates() and it may be overtaken.
    virtual void price(const core::Input& input) noexcept = 0;
    // A feed's state: never refused, never lost.
    virtual void feed_state(const core::Input& input) noexcept = 0;
    // The records of an account update, to stay together. Requires: has_room() said yes for them.
    virtual void update(std::span<const core::Input> records) noexcept = 0;
};

// Whether a newer price of the same source and channel makes an unread older one worthless. Trades
// are events, each counts; all others are states.
constexpr bool may_be_overtaken(core::Channel channel) {
    return channel != core::Channel::trade;
}

// Ticks that could not become inputs. Written by the io thread; read by any.
struct NormaliseTally {
    std::atomic<std::uint64_t> no_source{0};
    std::atomic<std::uint64_t> too_precise{0};
    std::atomic<std::uint64_t> too_large{0};
    std::atomic<std::uint32_t> last_source{core::SourceId::none().index()};  // of the last two
};

class FeedInputs final : public feeds::FeedSink {
  public:
    // `parameters` and `delivery` outlive this.
    FeedInputs(const core::RiskParameters& parameters, feeds::Clock& clock, Delivery& delivery);
    FeedInputs(core::RiskParameters&&, feeds::Clock&, Delivery&) = delete;

    bool on_ticks(core::FeedId feed, const feeds::TickBatch& batch,
                  core::Timestamp receive_time) noexcept override;
    void on_state(core::FeedId feed, core::FeedState state,
                  core::FeedReason reason) noexcept override;

    // io thread: the daemon drains; whatever a session may still say is not heard any more.
    void close() noexcept { closed_ = true; }

    // io thread: feeds whose ticks were refused and that wait to be resumed, then forgotten.
    bool any_paused() const noexcept { return paused_count_ > 0; }
    template <class F>
    void resume_paused(F resume) {
        paused_count_ = 0;
        for (std::uint32_t i = 0; i < paused_.size(); ++i) {
            if (!paused_[i]) continue;
            paused_[i] = false;
            resume(core::FeedId(i));
        }
    }

    // Any thread.
    std::uint64_t refused_total() const noexcept {
        return refused_total_.load(std::memory_order_relaxed);
    }
    const NormaliseTally& tally() const noexcept { return tally_; }

  private:
    bool room_for(core::FeedId feed, const feeds::TickBatch& batch) noexcept;
    void deliver(const feeds::Tick& tick, const feeds::SourceMap::Target& target,
                 core::Timestamp receive_time) noexcept;
    void count(feeds::NormaliseError error, core::SourceId source) noexcept;

    // Constant after construction.
    const feeds::SourceMap sources_;
    const std::size_t targets_per_tick_max_;
    feeds::Clock& clock_;
    Delivery& delivery_;
    // io thread's.
    std::vector<bool> paused_;  // by feed
    std::size_t paused_count_ = 0;
    bool closed_ = false;
    // Written by the io thread, read by any.
    std::atomic<std::uint64_t> refused_total_{0};  // messages a session had to keep
    NormaliseTally tally_;
};

// The most inputs one message can become; a queue below this size could never take it whole.
std::size_t inputs_per_message_max(const core::RiskParameters& parameters);

}  // namespace margind::daemon
