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
#include "daemon/ingress/account_listener.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// The engine's side of the layout: either `straight`, or `inputs` and `duty`. `events` null: they
// go straight to the gateway. `journal` null: there is none.
struct EngineSide {
    EngineCycle* straight = nullptr;
    QueuedDelivery* inputs = nullptr;
    EventQueue* events = nullptr;
    EngineDuty* duty = nullptr;
    const Durability* journal = nullptr;
};

class IoCycle final : public DutyCycle {
  public:
    static constexpr int kHandlersPerCall = 64;
    static constexpr int kEventsPerCall = 256;
    // How long a drain waits for sessions to close, and then for subscribers to take their events.
    static constexpr core::Duration kSessionsClose = core::Duration::from_seconds(2);
    static constexpr core::Duration kSubscribersFlush = core::Duration::from_seconds(5);

    // `bell` is rung by others when there is work that no socket tells of. `accounts` may be null.
    IoCycle(boost::asio::io_context& io, feeds::Clock& clock, Doorbell& bell, FeedInputs& feeds,
            std::vector<std::shared_ptr<feeds::Session>>& sessions, Gateway& gateway,
            EngineSide engine, AccountListener* accounts = nullptr);
    ~IoCycle() override;

    int do_work() override;
    bool finished() const override { return stage_ == Stage::finished; }
    // io thread: whether inputs are still taken; false once a drain has begun.
    bool running() const noexcept { return stage_ == Stage::running; }
    void park() override;

    // io thread: publishes events that wait and may leave; returns how many. Once the journal has
    // failed they are dropped, and the gateway tells why.
    int hand_over_events();

    // Any thread, once: stop the feeds, finish the queues, flush the subscribers; then finished().
    void request_drain();

  private:
    enum class Stage : std::uint8_t { running, stopping, finishing, flushing, finished };

    bool event_may_leave() noexcept;
    void resume_sessions();
    void advance_drain();
    bool sessions_stopped() const;
    bool engine_finished() const;
    void flush_peers();

    class Waiter;  // on the doorbell and the io_context
    std::unique_ptr<Waiter> waiter_;
    feeds::Clock& clock_;
    Doorbell& bell_;
    FeedInputs& feeds_;
    std::vector<std::shared_ptr<feeds::Session>>& sessions_;
    Gateway& gateway_;
    const EngineSide engine_;
    AccountListener* const accounts_;
    // io thread's.
    core::Event event_;  // taken from the queue, waits for the journal
    bool holds_event_ = false;
    Stage stage_ = Stage::running;
    core::Timestamp stop_deadline_;
    int peers_flushing_ = 0;  // subscribers; senders of account updates
};

}  // namespace margind::daemon
