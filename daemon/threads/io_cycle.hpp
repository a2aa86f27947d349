// The io thread's duty cycle: sockets, events on their way out, sessions waiting to be resumed; in
// the inline layout the engine as well. It also carries out the drain, step by step.
//
// Thread: io (one). All objects it is given outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/time.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// The engine's side of the layout: either `straight` or all the others.
struct EngineSide {
    EngineCycle* straight = nullptr;
    QueuedDelivery* inputs = nullptr;
    EventQueue* events = nullptr;
    EngineDuty* duty = nullptr;
};

class IoCycle final : public DutyCycle {
  public:
    static constexpr int kHandlersPerCall = 64;
    static constexpr int kEventsPerCall = 256;
    // How long a drain waits for sessions to close, and then for subscribers to take their events.
    static constexpr core::Duration kSessionsClose = core::Duration::from_seconds(2);
    static constexpr core::Duration kSubscribersFlush = core::Duration::from_seconds(5);

    // `bell` is rung by others when there is work that no socket tells of.
    IoCycle(boost::asio::io_context& io, feeds::Clock& clock, Doorbell& bell, FeedInputs& feeds,
            std::vector<std::shared_ptr<feeds::Session>>& sessions, Gateway& gateway,
            EngineSide engine);
    ~IoCycle() override;

    int do_work() override;
    bool finished() const override { return stage_ == Stage::finished; }
    // io thread: whether inputs are still taken; false once a drain has begun.
    bool running() const noexcept { return stage_ == Stage::running; }
    void park() override;

    // Any thread, once: stop the feeds, finish the queues, flush the subscribers; then finished().
    void request_drain();

  private:
    enum class Stage : std::uint8_t { running, stopping, finishing, flushing, finished };

    int hand_over_events();
    void resume_sessions();
    void advance_drain();
    bool sessions_stopped() const;
    bool engine_finished() const;

    class Waiter;  // on the doorbell and the io_context
    std::unique_ptr<Waiter> waiter_;
    feeds::Clock& clock_;
    Doorbell& bell_;
    FeedInputs& feeds_;
    std::vector<std::shared_ptr<feeds::Session>>& sessions_;
    Gateway& gateway_;
    const EngineSide engine_;
    // io thread's.
    core::Event event_;
    Stage stage_ = Stage::running;
    core::Timestamp stop_deadline_;
};

}  // namespace margind::daemon
