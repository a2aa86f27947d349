// The policy of a connection: when to connect, subscribe, ping, give up and try again. What happens
// on the wire is websocket.cpp's; what a venue wants is in its folder.
//
// Every wait is a deadline on the session's clock, looked at by one timer.
#include "feeds/session.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "feeds/backoff.hpp"
#include "feeds/feed_tally.hpp"
#include "feeds/session_parts.hpp"
#include "feeds/silence_watch.hpp"
#include "feeds/subscription_requests.hpp"
#include "feeds/websocket.hpp"

namespace margind::feeds {
namespace {

using core::Duration;
using core::FeedReason;
using core::FeedState;
using core::Timestamp;

// How late a deadline may be noticed. Short waits are met exactly.
constexpr Duration kHousekeeping = Duration::from_ms(100);
// Data must flow for so long before a connection counts as good: only then does the back-off start
// over, and only then is a scheduled renewal prompt.
constexpr Duration kSteadyAfter = Duration::from_seconds(10);

std::string seconds_text(Duration duration) {
    const std::int64_t ms = duration.ns() / 1'000'000;
    if (ms % 1000 == 0) return std::to_string(ms / 1000) + " s";
    return std::to_string(ms) + " ms";
}

class VenueSession final : public Session,
                           public Websocket::Handler,
                           public std::enable_shared_from_this<VenueSession> {
    enum class Phase : std::uint8_t {
        idle,
        waiting,      // for the next attempt
        connecting,   // up to and including the websocket handshake
        subscribing,  // open, not everything acknowledged yet
        subscribed,
        off,       // no key: nothing to do until the daemon is started with one
        stopping,  // waiting for the close handshake
        stopped,
    };

  public:
    VenueSession(boost::asio::io_context& io, SessionParts parts)
        : io_(io),
          feed_(parts.feed),
          options_(std::move(parts.options)),
          topics_(std::move(parts.topics)),
          venue_(parts.venue),
          rules_(parts.venue.rules()),
          url_(std::move(parts.url)),
          sink_(parts.sink),
          clock_(parts.clock),
          tls_(std::move(parts.tls)),
          timer_(io),
          backoff_(options_.backoff_first, options_.backoff_max, parts.seed),
          silence_(topics_, options_.silence_after),
          requests_(rules_.messages_per_second_max) {}
    ~VenueSession() {
        if (websocket_) websocket_->dismiss();
    }

    void start() override {
        post([](VenueSession& self) { self.begin(); });
    }
    void stop() override {
        post([](VenueSession& self) { self.begin_stop(); });
    }
    void resume() override {
        post([](VenueSession& self) { self.deliver_kept(); });
    }
    bool stopped() const override {
        // acquire: pairs with finish_stop(); whoever sees true also sees the last callback's work.
        return stopped_.load(std::memory_order_acquire);
    }
    FeedStatistics statistics() const override { return tally_.read(); }

  private:
    template <class F>
    void post(F f) {
        boost::asio::post(io_, [self = shared_from_this(), f] { f(*self); });
    }

    // ---- connecting

    void begin() {
        if (phase_ != Phase::idle) return;
        if (!find_key()) {
            phase_ = Phase::off;
            tally_.problem("no key: set the environment variable " +
                           std::string(venue_.key_variable()) +
                           " and start again; until then this feed stays off");
            return report(FeedState::down, FeedReason::no_credentials);
        }
        report(FeedState::connecting, FeedReason::started);
        connect();
        arm_timer();
    }

    bool find_key() {
        const std::string variable(venue_.key_variable());
        if (variable.empty()) return true;
        const char* key = std::getenv(variable.c_str());
        if (key == nullptr || *key == '\0') return false;
        key_ = key;
        return true;
    }

    void connect() {
        phase_ = Phase::connecting;
        deadline_ = clock_.now() + options_.connect_timeout;
        WebsocketOptions options;
        options.url = url_;
        options.tls = tls_;
        options.message_bytes_max = rules_.message_bytes_max;
        options.attempt = attempt_++;
        if (!key_.empty()) {
            options.header_name = venue_.key_header();
            options.header_value = std::string(venue_.key_prefix()) + key_;
        }
        decoder_ = venue_.make_decoder();
        websocket_ = make_websocket(io_, std::move(options), *this);
        websocket_->open();
    }

    void on_open() override {
        const Timestamp now = clock_.now();
        phase_ = Phase::subscribing;
        std::vector<std::string> texts = venue_.subscribe(topics_, next_request_id_);
        const std::uint64_t first_id =
            std::exchange(next_request_id_, next_request_id_ + texts.size());
        requests_.restart(std::move(texts), first_id, now);
        last_received_ = now;
        ping_at_ = now + rules_.ping_every;
        // A hundredth of the lifetime early, so that we choose the moment and not the venue.
        renew_at_ = now + Duration::from_ns(rules_.lifetime_max.ns() / 100 * 99);
        send_requests(now);
        websocket_->read_next();
        arm_timer();
    }

    // ---- subscribing

    void send_requests(Timestamp now) {
        while (auto text = requests_.take(now)) websocket_->send(std::move(*text));
        deadline_ = now + rules_.acknowledge_timeout;
    }

    void on_acknowledged(std::uint64_t request_id) {
        if (phase_ != Phase::subscribing) return;
        requests_.confirm(request_id);
        if (requests_.unconfirmed() == 0) on_subscribed();
    }

    void on_subscribed() {
        phase_ = Phase::subscribed;
        live_since_ = clock_.now();
        steady_ = false;
        silence_.restart(live_since_);
        tally_.connected();
        tally_.problem({});
        report(FeedState::live, FeedReason::subscribed);
    }

    // ---- reading

    void on_message(std::string_view message) override {
        const Timestamp now = clock_.now();
        last_received_ = now;
        const DecodeResult result = decoder_->decode(message, now, batch_);
        tally_.message(message, result);
        switch (result.verdict) {
            case Verdict::decoded:
                received_ = now;
                return deliver();
            case Verdict::control:
                if (!on_control(result)) return;  // the connection is gone
                break;
            case Verdict::ignored:
            case Verdict::rejected:
                break;
        }
        websocket_->read_next();
    }

    // Hands the batch over, or keeps it and reads nothing until resume().
    void deliver() {
        kept_ = !sink_.on_ticks(feed_, batch_, received_);
        if (kept_) return;
        tally_.ticks(batch_.size());
        for (const Tick& tick : batch_) silence_.saw(tick.symbol, tick.channel, received_);
        if (phase_ == Phase::subscribing && rules_.acknowledge_timeout == Duration{}) {
            on_subscribed();
        }
        if (state_ == FeedState::silent && silence_.silent_count() == 0) {
            tally_.problem({});
            report(FeedState::live, FeedReason::subscribed);
        }
        websocket_->read_next();
    }

    void deliver_kept() {
        if (!kept_ || !open()) return;
        const Timestamp now = clock_.now();
        // What came while we did not read is not silence.
        last_received_ = now;
        silence_.forgive(now);
        deliver();
    }

    // False when the connection was given up.
    bool on_control(const DecodeResult& result) {
        if (result.reason == Reason::acknowledged) {
            on_acknowledged(result.request_id);
        } else if (result.reason == Reason::request_refused) {
            give_up(FeedReason::refused,
                    "the venue refused: " + std::string(result.detail.substr(0, 300)) +
                        "; check the symbols of this feed's sources");
            return false;
        } else if (result.reason == Reason::shutdown_notice) {
            give_up(FeedReason::scheduled, "the venue announced that it is about to disconnect");
            return false;
        }
        return true;
    }

    void on_control_frame() noexcept override { last_received_ = clock_.now(); }

    // ---- ending

    void on_end(Websocket::End end, const std::string& what) override {
        switch (end) {
            case Websocket::End::connect_failed:
                return give_up(FeedReason::connect_failed, what);
            case Websocket::End::closed_by_peer:
                return give_up(FeedReason::closed_by_venue, what);
            case Websocket::End::network_error:
                return give_up(FeedReason::network_error, what);
            case Websocket::End::closed_by_us:
                return finish_stop();
        }
    }

    bool open() const { return phase_ == Phase::subscribing || phase_ == Phase::subscribed; }

    void give_up(FeedReason reason, const std::string& what) {
        const bool prompt = reason == FeedReason::scheduled && steady_;
        const Duration wait = prompt ? Duration{} : backoff_.next();
        if (open()) tally_.disconnected();
        drop_connection();
        phase_ = Phase::waiting;
        deadline_ = clock_.now() + wait;
        tally_.problem(what + " (" + options_.name + ", " + url_.host_header() +
                       "); next attempt in " + seconds_text(wait));
        report(FeedState::down, reason);
        arm_timer();
    }

    void drop_connection() {
        if (websocket_) websocket_->dismiss();
        websocket_.reset();
        kept_ = false;
        steady_ = false;
    }

    void begin_stop() {
        if (phase_ == Phase::stopping || phase_ == Phase::stopped) return;
        const bool closing = websocket_ != nullptr;
        phase_ = Phase::stopping;
        kept_ = false;
        timer_.cancel();
        if (!closing) return finish_stop();
        websocket_->close();  // on_end() follows within a second
    }

    void finish_stop() {
        websocket_.reset();
        phase_ = Phase::stopped;
        tally_.problem({});
        report(FeedState::down, FeedReason::stopped);
        stopped_.store(true, std::memory_order_release);
    }

    // ---- housekeeping

    void arm_timer() {
        Duration wait = kHousekeeping;
        const Timestamp now = clock_.now();
        if (phase_ == Phase::waiting) wait = std::min(wait, deadline_ - now);
        if (open() && !requests_.all_sent()) wait = std::min(wait, requests_.send_at() - now);
        timer_.expires_after(std::chrono::nanoseconds(std::max<std::int64_t>(wait.ns(), 0)));
        timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
            if (!cancelled) self->on_timer();
        });
    }

    void on_timer() {
        tally_.retry();
        const Timestamp now = clock_.now();
        switch (phase_) {
            case Phase::waiting:
                if (now >= deadline_) {
                    report(FeedState::connecting, reason_);
                    connect();
                }
                break;
            case Phase::connecting:
                if (now >= deadline_) {
                    return give_up(
                        FeedReason::connect_failed,
                        "no connection within " + seconds_text(options_.connect_timeout));
                }
                break;
            case Phase::subscribing:
            case Phase::subscribed:
                if (!keep_alive(now)) return;
                break;
            case Phase::idle:
            case Phase::off:
            case Phase::stopping:
            case Phase::stopped:
                return;
        }
        arm_timer();
    }

    // Of an open connection; false when it was given up.
    bool keep_alive(Timestamp now) {
        if (!requests_.all_sent()) send_requests(now);
        if (rules_.ping_every > Duration{} && now >= ping_at_) {
            websocket_->ping();
            ping_at_ = now + rules_.ping_every;
        }
        if (kept_) return true;  // we are not reading: the rest judges what we have read
        if (rules_.peer_timeout > Duration{} && now - last_received_ > rules_.peer_timeout) {
            give_up(
                FeedReason::network_error,
                "nothing received for " + seconds_text(rules_.peer_timeout) + ", not even a ping");
            return false;
        }
        if (phase_ == Phase::subscribing) return await_acknowledgement(now);
        if (rules_.lifetime_max > Duration{} && now >= renew_at_) {
            give_up(FeedReason::scheduled, "the connection reached the age this venue allows");
            return false;
        }
        return watch_silence(now);
    }

    bool await_acknowledgement(Timestamp now) {
        if (rules_.acknowledge_timeout == Duration{} || now < deadline_) return true;
        give_up(FeedReason::connect_failed,
                "the venue did not confirm " + std::to_string(requests_.unconfirmed()) + " of " +
                    std::to_string(requests_.size()) + " subscription requests within " +
                    seconds_text(rules_.acknowledge_timeout));
        return false;
    }

    bool watch_silence(Timestamp now) {
        const Silence silence = silence_.check(now);
        if (silence == Silence::none) {
            if (!steady_ && now - live_since_ >= kSteadyAfter) {
                steady_ = true;
                backoff_.reset();
            }
            return true;
        }
        const auto [topic, since] = silence_.quietest();
        std::string what = "no data on " + topic.symbol + " for " + seconds_text(now - since);
        if (silence == Silence::reconnect) {
            give_up(FeedReason::silence, what);
            return false;
        }
        if (state_ != FeedState::silent) {
            tally_.problem(what + " although connected; still listening");
            report(FeedState::silent, FeedReason::silence);
        }
        return true;
    }

    void report(FeedState state, FeedReason reason) {
        if (state == state_ && reason == reason_) return;
        state_ = state;
        reason_ = reason;
        tally_.state(state, reason);
        sink_.on_state(feed_, state, reason);
    }

    // constant after construction
    boost::asio::io_context& io_;
    const core::FeedId feed_;
    const FeedOptions options_;
    const std::vector<Topic> topics_;
    const Venue& venue_;
    const ConnectionRules rules_;
    const Url url_;
    FeedSink& sink_;
    Clock& clock_;
    const std::shared_ptr<TlsContext> tls_;

    // the io thread's
    std::string key_;
    boost::asio::steady_timer timer_;
    Backoff backoff_;
    SilenceWatch silence_;
    SubscriptionRequests requests_;
    std::shared_ptr<Websocket> websocket_;
    std::unique_ptr<Decoder> decoder_;
    Phase phase_ = Phase::idle;
    FeedState state_ = FeedState::connecting;
    FeedReason reason_ = FeedReason::none;
    Timestamp deadline_;  // of the phase
    Timestamp ping_at_;
    Timestamp renew_at_;
    Timestamp last_received_;
    Timestamp live_since_;
    bool steady_ = false;
    std::uint32_t attempt_ = 0;
    std::uint64_t next_request_id_ = 1;
    TickBatch batch_;
    Timestamp received_;  // of batch_
    bool kept_ = false;   // batch_ waits for resume()

    // written by the io thread, read by any
    FeedTally tally_;
    std::atomic<bool> stopped_{false};
};

}  // namespace

std::shared_ptr<Session> make_session(boost::asio::io_context& io, SessionParts parts) {
    return std::make_shared<VenueSession>(io, std::move(parts));
}

}  // namespace margind::feeds
