// The counters of one feed: written by the io thread, copied by any other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/input.hpp"
#include "feeds/session.hpp"
#include "feeds/tick.hpp"

namespace margind::feeds {

class FeedTally {
  public:
    // ---- io thread

    // Counts a message. Allocates only when a refused or unknown one is worth telling: the 1st,
    // 10th, 100th ... of its reason.
    void message(std::string_view text, const DecodeResult& result);
    void ticks(std::size_t n) noexcept { add(ticks_, n); }
    void connected() noexcept { add(connects_, 1); }
    void disconnected() noexcept { add(disconnects_, 1); }
    void state(core::FeedState state, core::FeedReason reason) noexcept;
    // Sets what happened last, for people; empty: all is well.
    void problem(std::string what);
    // Publishes texts that a reader was in the way of. Call now and then.
    void retry() {
        if (unpublished_) publish_texts();
    }

    // ---- any thread

    FeedStatistics read() const;

  private:
    using Counter = std::atomic<std::uint64_t>;
    // One writer: a plain load and store, no locked instruction. Readers need no order.
    static void add(Counter& counter, std::uint64_t n) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    void note_reject(std::string_view text, const DecodeResult& result, std::uint64_t count);
    void publish_texts();

    Counter messages_{0};
    Counter bytes_{0};
    Counter ticks_{0};
    Counter connects_{0};
    Counter disconnects_{0};
    std::array<Counter, 4> by_verdict_{};
    std::array<Counter, static_cast<std::size_t>(Reason::count_)> by_reason_{};
    std::atomic<core::FeedState> state_{core::FeedState::connecting};
    std::atomic<core::FeedReason> reason_{core::FeedReason::none};

    // the io thread's
    std::string problem_;
    std::string reject_;
    bool unpublished_ = false;
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> tell_at_{};

    // The io thread only ever tries this lock: a reader in the way delays the text, never the feed.
    mutable std::mutex texts_mutex_;
    std::string published_problem_;
    std::string published_reject_;
};

// The reason's name as in logs and metrics, e.g. "not_json".
std::string_view to_string(Reason reason);

}  // namespace margind::feeds
