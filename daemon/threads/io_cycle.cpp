#include "daemon/threads/io_cycle.hpp"

#include <algorithm>
#include <chrono>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

namespace margind::daemon {

namespace asio = boost::asio;

class IoCycle::Waiter {
  public:
    Waiter(asio::io_context& io, Doorbell& bell)
        : io_(io), work_(io.get_executor()), bell_(bell), rung_(io, bell.descriptor()) {
        listen();
    }
    ~Waiter() { rung_.release(); }  // the descriptor is the doorbell's

    asio::io_context& io() { return io_; }
    int poll(int handlers_max) {
        int handlers = 0;
        while (handlers < handlers_max && io_.poll_one() > 0) ++handlers;
        return handlers;
    }
    void wait(core::Duration timeout) { io_.run_one_for(std::chrono::nanoseconds(timeout.ns())); }

  private:
    void listen() {
        rung_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                             if (error) return;
                             bell_.swallow();
                             listen();
                         });
    }

    asio::io_context& io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    Doorbell& bell_;
    asio::posix::stream_descriptor rung_;
};

IoCycle::IoCycle(asio::io_context& io, feeds::Clock& clock, Doorbell& bell, FeedInputs& feeds,
                 std::vector<std::shared_ptr<feeds::Session>>& sessions, Gateway& gateway,
                 EngineSide engine, AccountListener* accounts)
    : waiter_(std::make_unique<Waiter>(io, bell)),
      clock_(clock),
      bell_(bell),
      feeds_(feeds),
      sessions_(sessions),
      gateway_(gateway),
      engine_(engine),
      accounts_(accounts) {}

IoCycle::~IoCycle() = default;

int IoCycle::do_work() {
    int work = waiter_->poll(kHandlersPerCall);
    if (engine_.straight != nullptr) {
        // Not once the subscribers have been promised that no event comes any more.
        if (stage_ < Stage::flushing) work += engine_.straight->do_work();
    } else {
        work += engine_.inputs->flush_backlog();
        resume_sessions();
    }
    work += hand_over_events();
    if (accounts_ != nullptr) work += accounts_->work();
    if (stage_ != Stage::running) advance_drain();
    return work;
}

int IoCycle::hand_over_events() {
    int events = 0;
    for (; events < kEventsPerCall && event_may_leave(); ++events) {
        holds_event_ = false;
        // The journal may fail at any moment: each event is asked for by itself.
        if (engine_.journal == nullptr || engine_.journal->event_may_leave(event_.event_seq)) {
            gateway_.publish(event_);
        } else {
            gateway_.fail();
        }
    }
    if (engine_.journal != nullptr && engine_.journal->failed() && !event_may_leave()) {
        gateway_.fail();
    }
    return events;
}

// Whether there is an event in `event_` that may be published, or dropped.
bool IoCycle::event_may_leave() noexcept {
    if (engine_.events == nullptr) return false;
    if (!holds_event_) holds_event_ = engine_.events->try_take(event_);
    return holds_event_ &&
           (engine_.journal == nullptr || engine_.journal->event_may_leave(event_.event_seq) ||
            engine_.journal->failed());
}

void IoCycle::resume_sessions() {
    if (!feeds_.any_paused() || !engine_.inputs->half_empty() || !engine_.inputs->backlog_empty()) {
        return;
    }
    feeds_.resume_paused([this](core::FeedId feed) { sessions_[feed.index()]->resume(); });
}

void IoCycle::park() {
    constexpr core::Duration kLookAgain = core::Duration::from_ms(1);
    const bool watching = stage_ != Stage::running || feeds_.any_paused() ||
                          (accounts_ != nullptr && accounts_->watching()) ||
                          (engine_.inputs != nullptr && !engine_.inputs->backlog_empty());
    const core::Duration longest = watching ? kLookAgain : Sequencer::kTimerEvery;
    bell_.declare_asleep();
    if (!event_may_leave() && (accounts_ == nullptr || !accounts_->has_work())) {
        waiter_->wait(engine_.straight == nullptr
                          ? longest
                          : std::min(longest, engine_.straight->until_timer(clock_.now())));
    }
    bell_.declare_awake();
}

void IoCycle::request_drain() {
    asio::post(waiter_->io(), [this]() {
        if (stage_ != Stage::running) return;
        stage_ = Stage::stopping;
        stop_deadline_ = clock_.now() + kSessionsClose;
        for (const auto& session : sessions_) session->stop();
        if (accounts_ != nullptr) accounts_->stop_reading();
    });
}

void IoCycle::advance_drain() {
    switch (stage_) {
        case Stage::running:
        case Stage::flushing:
        case Stage::finished:
            return;
        case Stage::stopping:
            if (!sessions_stopped() && clock_.now() < stop_deadline_) return;
            if (engine_.inputs != nullptr && !engine_.inputs->backlog_empty()) return;
            feeds_.close();
            if (engine_.duty != nullptr) engine_.duty->close_inputs();
            stage_ = Stage::finishing;
            return;
        case Stage::finishing:
            if (!engine_finished()) return;
            stage_ = Stage::flushing;
            flush_peers();
            return;
    }
}

void IoCycle::flush_peers() {
    const auto one_done = [this]() {
        if (--peers_flushing_ == 0) stage_ = Stage::finished;
    };
    peers_flushing_ = accounts_ != nullptr ? 2 : 1;
    if (accounts_ != nullptr) accounts_->drain(kSubscribersFlush, one_done);
    gateway_.drain(kSubscribersFlush, one_done);
}

bool IoCycle::sessions_stopped() const {
    return std::all_of(sessions_.begin(), sessions_.end(),
                       [](const auto& session) { return session->stopped(); });
}

bool IoCycle::engine_finished() const {
    const bool idle =
        engine_.straight != nullptr ? engine_.straight->idle() : engine_.duty->finished();
    return idle && !holds_event_ && (engine_.events == nullptr || engine_.events->depth() == 0);
}

}  // namespace margind::daemon
