// What the engine said of account updates that their sender numbered, on the way from the thread
// that applied them to the io thread, which answers the sender.
//
// Policy for "full": it never is. The io thread has no more updates under way than there is room
// for verdicts (daemon/ingress/update_desk.hpp), and stops reading instead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/input.hpp"
#include "core/limits.hpp"
#include "daemon/queue.hpp"
#include "daemon/threads/doorbell.hpp"

namespace margind::daemon {

struct UpdateVerdict {
    std::uint64_t source_number = 0;
    std::uint64_t input_seq = 0;  // of the update's last record
    core::Refusal refusal = core::Refusal::none;
    std::uint8_t origin = 0;
};

// The verdicts of one engine, or one shard.
class VerdictLane {
  public:
    // `to_io` is rung after each verdict when the io thread parks elsewhere, and null when not.
    VerdictLane(std::size_t capacity, Doorbell* to_io) : queue_(capacity), to_io_(to_io) {}

    // The engine's (or shard's) thread: after each account record that it answers for. Says
    // something when the record was the last of a numbered update.
    void note(const core::Input& input, core::Refusal refusal) noexcept;

    // io thread.
    bool try_take(UpdateVerdict& verdict) noexcept { return queue_.try_pop(verdict); }
    // Any thread.
    std::size_t depth() const noexcept { return queue_.depth(); }

  private:
    BoundedQueue<UpdateVerdict> queue_;
    Doorbell* const to_io_;
    // The producer's: the number of each origin's update under way; zero: none, or not numbered.
    std::array<std::uint64_t, core::kMaxAccountSources> numbers_{};
};

class UpdateVerdicts {
  public:
    // `capacity`: updates that may be under way at once, over all lanes.
    UpdateVerdicts(std::uint32_t lanes, std::size_t capacity, Doorbell* to_io) {
        for (std::uint32_t i = 0; i < lanes; ++i) {
            lanes_.push_back(std::make_unique<VerdictLane>(capacity, to_io));
        }
    }

    VerdictLane& lane(std::uint32_t index) noexcept { return *lanes_[index]; }

    // io thread: of one lane in its order, of several in any.
    bool try_take(UpdateVerdict& verdict) noexcept {
        for (const auto& lane : lanes_) {
            if (lane->try_take(verdict)) return true;
        }
        return false;
    }
    bool waiting() const noexcept {
        for (const auto& lane : lanes_) {
            if (lane->depth() > 0) return true;
        }
        return false;
    }

  private:
    std::vector<std::unique_ptr<VerdictLane>> lanes_;
};

}  // namespace margind::daemon
