#include "daemon/stand_in/venue_server.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/stand_in/client.hpp"
#include "daemon/stand_in/mishaps.hpp"
#include "daemon/stand_in/price_path.hpp"

namespace margind::daemon::stand_in {
namespace {

using boost::system::error_code;
using core::Duration;
using core::Timestamp;

// Unpaced play waits for its slowest client at this; paced play cuts it off at the other.
constexpr std::size_t kUnpacedBytesMax = 256 * 1024;
constexpr std::size_t kQueuedBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kEntriesAtOnce = 256;  // between two looks at the sockets
constexpr std::size_t kFaultsMax = 1024;     // scheduled at a time

class Server final : public VenueServer,
                     public Listener::Owner,
                     public Peer::Owner,
                     public ClientHost {
  public:
    Server(boost::asio::io_context& io, feeds::Clock& clock, const Playback& playback,
           std::unique_ptr<Dialect> dialect, Tape tape, const VenueOptions& options,
           std::function<void()> changed)
        : io_(io),
          clock_(clock),
          playback_(playback),
          dialect_(std::move(dialect)),
          tape_(std::move(tape)),
          options_(options),
          changed_(std::move(changed)),
          pump_timer_(io),
          second_timer_(io),
          delay_timer_(io) {
        for (std::uint32_t i = 0; i < tape_.streams.size(); ++i) {
            stream_index_.emplace(tape_.streams[i], i);
        }
        listeners_of_.assign(tape_.streams.size(), 0);
        ping_every_ = options.ping_every > Duration{} ? options.ping_every : dialect_->ping_every();
        listener_ = listen(io, options.listen, *this);
        port_ = listener_->port();
        arm_second();
    }
    ~Server() override {
        for (auto& [peer, client] : clients_) {
            peer->forget();
            peer->drop();
        }
    }

    std::string_view venue() const override { return dialect_->venue(); }
    std::uint16_t port() const override { return port_; }
    const Tape& tape() const override { return tape_; }
    bool finished() const override { return playing_ && next_ == tape_.size() && late_.empty(); }
    bool idle() const override { return clients_.empty(); }

    VenueStatistics statistics() const override {
        VenueStatistics result = statistics_;
        result.clients = clients_.size();
        for (const auto& [peer, client] : clients_)
            result.subscribers += client->listens() ? 1U : 0U;
        return result;
    }

    void play() override {
        playing_ = true;
        const Timestamp now = clock_.now();
        for (Fault& fault : waiting_) {
            if (fault.at) schedule(fault, playback_.origin() + *fault.at - now);
        }
        std::erase_if(waiting_, [](const Fault& fault) { return fault.at.has_value(); });
        pump();
    }

    void apply(const Fault& fault) override {
        if (!fault.at && !fault.after) return act(fault);
        if (waiting_.size() == kFaultsMax) return;  // documented: far more than anybody types
        if (fault.at && playing_) {
            return schedule(fault, playback_.origin() + *fault.at - clock_.now());
        }
        waiting_.push_back(fault);
    }

    void close(std::string_view reason) override {
        listener_->close();
        pump_timer_.cancel();
        second_timer_.cancel();
        delay_timer_.cancel();
        closing_ = true;
        for (auto& [peer, client] : clients_) peer->close(reason);
    }

    // ---- ClientHost

    const Dialect& dialect() const override { return *dialect_; }
    Timestamp now() const override { return clock_.now(); }
    bool refusing() const override { return refusing_; }
    std::optional<std::uint32_t> find_stream(std::string_view key) const override {
        const auto found = stream_index_.find(std::string(key));
        if (found == stream_index_.end()) return std::nullopt;
        return found->second;
    }
    void count_listener(std::uint32_t stream, int change) override {
        listeners_of_[stream] += change;
        // Not from inside a request: whoever is told may start to play.
        boost::asio::post(io_, [this, alive = std::weak_ptr<int>(alive_)] {
            if (!alive.expired()) changed_();
        });
    }

  private:
    // ---- connections

    Peer::Owner& on_accept(std::shared_ptr<Peer> peer) override {
        clients_.emplace(peer, std::make_unique<ConnectedClient>(*this, *peer));
        return *this;
    }
    void on_open(Peer& peer) override {
        ++statistics_.connections;
        ConnectedClient& client = client_of(peer);
        client.opened(clock_.now(), ping_every_);
        dialect_->on_connect(client);
    }
    void on_text(Peer& peer, std::string_view text) override {
        ++statistics_.requests;
        dialect_->on_request(text, client_of(peer));
    }
    void on_pong(Peer& peer) override { client_of(peer).ponged(); }
    void on_sent(Peer&) override {
        if (playback_.unpaced() && playing_ && !closing_ && stalled_) pump();
    }
    void on_gone(Peer& peer) override {
        const auto found = find(peer);
        found->second->leave();
        clients_.erase(found);
        if (stalled_) pump();
        if (clients_.empty()) changed_();
    }

    using Clients = std::map<std::shared_ptr<Peer>, std::unique_ptr<ConnectedClient>>;
    Clients::iterator find(const Peer& peer) {
        return std::find_if(clients_.begin(), clients_.end(),
                            [&](const auto& each) { return each.first.get() == &peer; });
    }
    ConnectedClient& client_of(const Peer& peer) { return *find(peer)->second; }

    // ---- what goes on by the clock

    void arm_second() {
        second_timer_.expires_after(std::chrono::nanoseconds(options_.second.ns()));
        second_timer_.async_wait([this](error_code cancelled) {
            if (!cancelled) on_second();
        });
    }

    void on_second() {
        const Timestamp now = clock_.now();
        for (auto& [peer, client] : clients_) {
            if (!client->open()) continue;
            dialect_->on_second(*client);
            client->keep_alive(now, ping_every_);
        }
        arm_second();
    }

    // ---- playing

    void pump() {
        stalled_ = false;
        if (closing_) return;
        for (std::size_t n = 0; next_ < tape_.size(); ++n) {
            const Timestamp now = clock_.now();
            if (playback_.unpaced()) {
                stalled_ = slowest_bytes() > kUnpacedBytesMax;
                if (stalled_) return;  // on_sent() goes on
            } else if (const Duration wait = playback_.due(tape_.time(next_)) - now;
                       wait > Duration{}) {
                return pump_after(wait);
            }
            if (n == kEntriesAtOnce) return pump_after(Duration{});
            say_next(now);
        }
        flush_swapped();
        changed_();
    }

    void pump_after(Duration wait) {
        pump_timer_.expires_after(std::chrono::nanoseconds(wait.ns()));
        pump_timer_.async_wait([this](error_code cancelled) {
            if (!cancelled) pump();
        });
    }

    std::size_t slowest_bytes() const {
        std::size_t bytes = 0;
        for (const auto& [peer, client] : clients_) bytes = std::max(bytes, peer->queued_bytes());
        return bytes;
    }

    void say_next(Timestamp now) {
        const std::size_t at = next_++;
        if (tape_.recorded()) {
            const TapedMessage& message = tape_.messages[at];
            if (listeners_of_[message.stream] > 0) {
                say({message.stream, message.text});
            } else {
                ++statistics_.unheard;
            }
            return;
        }
        const TapedPrice& taped = tape_.prices[at];
        const Book book = book_around(taped.price, options_.spread_bp);
        const Quote quote{.symbol = tape_.symbols[taped.symbol],
                          .price = taped.price,
                          .bid = book.bid,
                          .ask = book.ask,
                          .size = taped.size,
                          .sequence = kFirstSequence + at,
                          .time = playback_.exchange_time(taped.time, now)};
        const auto kinds = static_cast<std::uint32_t>(dialect_->kinds());
        bool heard = false;
        for (std::uint32_t kind = 0; kind < kinds; ++kind) {
            const std::uint32_t stream = taped.symbol * kinds + kind;
            if (listeners_of_[stream] == 0) continue;
            text_.clear();
            dialect_->encode(quote, kind, text_);
            if (text_.empty()) continue;
            say({stream, text_});
            heard = true;
        }
        if (!heard) ++statistics_.unheard;
    }

    // ---- the way of a message through the mishaps

    void say(Spoken spoken) {
        if (silent_) {
            ++statistics_.unheard;
            return;
        }
        mishaps_.garble(spoken);
        const std::size_t copies = mishaps_.copies();
        if (auto held = mishaps_.hold(spoken)) {
            for (const Spoken& each : *held) late_or_now(each, copies);
        }
        meet_counted_faults();
    }

    void flush_swapped() {
        for (const Spoken& each : mishaps_.release()) late_or_now(each, 1);
    }

    void late_or_now(const Spoken& spoken, std::size_t copies) {
        for (std::size_t i = 0; i < copies; ++i) {
            ++statistics_.messages;
            if (delay_ == Duration{} && late_.empty()) {
                send(spoken);
                continue;
            }
            late_.push_back({clock_.now() + delay_, spoken});
            if (late_.size() == 1) arm_delay();
        }
    }

    void arm_delay() {
        const Duration wait = std::max(late_.front().due - clock_.now(), Duration{});
        delay_timer_.expires_after(std::chrono::nanoseconds(wait.ns()));
        delay_timer_.async_wait([this](error_code cancelled) {
            if (cancelled) return;
            while (!late_.empty() && late_.front().due <= clock_.now()) {
                send(late_.front().spoken);
                late_.pop_front();
            }
            if (!late_.empty()) return arm_delay();
            if (next_ == tape_.size()) changed_();
        });
    }

    void send(const Spoken& spoken) {
        const std::string& key = tape_.streams[spoken.stream];
        for (auto& [peer, client] : clients_) {
            if (!client->listens_to(spoken.stream)) continue;
            client->send(spoken.garbled ? spoken.text : dialect_->frame(spoken.text, key, *client));
            if (peer->queued_bytes() > kQueuedBytesMax) {
                ++statistics_.slow_cut;
                peer->drop();
            }
        }
    }

    // ---- faults

    void schedule(const Fault& fault, Duration wait) {
        auto timer = std::make_shared<boost::asio::steady_timer>(io_);
        timer->expires_after(std::chrono::nanoseconds(std::max<std::int64_t>(wait.ns(), 0)));
        timer->async_wait([this, fault, timer, alive = std::weak_ptr<int>(alive_)](error_code) {
            if (!alive.expired() && !closing_) act(fault);
        });
    }

    void meet_counted_faults() {
        if (waiting_.empty()) return;
        std::vector<Fault> due;
        const auto met = [&](const Fault& fault) {
            return fault.after && statistics_.messages >= *fault.after;
        };
        std::copy_if(waiting_.begin(), waiting_.end(), std::back_inserter(due), met);
        std::erase_if(waiting_, met);
        for (const Fault& fault : due) act(fault);
    }

    void act(const Fault& fault) {
        switch (fault.action) {
            case Action::drop:
                for (auto& [peer, client] : clients_) peer->drop();
                break;
            case Action::close:
                for (auto& [peer, client] : clients_) peer->close("told to close");
                break;
            case Action::shutdown:
                tell_subscribers(dialect_->shutdown_notice(clock_.now()));
                break;
            case Action::send:
                tell_subscribers(fault.text);
                break;
            case Action::silence:
                silent_ = true;
                if (fault.duration > Duration{}) schedule(end_of_silence(), fault.duration);
                break;
            case Action::resume:
                silent_ = false;
                refusing_ = false;
                delay_ = {};
                break;
            case Action::refuse:
                refusing_ = true;
                break;
            case Action::delay:
                delay_ = fault.duration;
                break;
            case Action::repeat:
            case Action::reorder:
            case Action::corrupt:
                mishaps_.add(fault.action, fault.count);
                break;
        }
    }

    static Fault end_of_silence() {
        Fault fault;
        fault.action = Action::resume;
        return fault;
    }

    void tell_subscribers(const std::string& text) {
        if (text.empty()) return;
        for (auto& [peer, client] : clients_) {
            if (client->listens()) client->send(text);
        }
    }

    static constexpr std::uint64_t kFirstSequence = 1'000'000'000;

    struct Late {
        Timestamp due;
        Spoken spoken;
    };

    boost::asio::io_context& io_;
    feeds::Clock& clock_;
    const Playback& playback_;
    const std::unique_ptr<Dialect> dialect_;
    const Tape tape_;
    const VenueOptions options_;
    const std::function<void()> changed_;
    Duration ping_every_;
    std::unordered_map<std::string, std::uint32_t> stream_index_;

    std::shared_ptr<int> alive_ = std::make_shared<int>();  // expires with this
    boost::asio::steady_timer pump_timer_;
    boost::asio::steady_timer second_timer_;
    boost::asio::steady_timer delay_timer_;
    std::unique_ptr<Listener> listener_;
    std::uint16_t port_ = 0;
    Clients clients_;
    std::vector<int> listeners_of_;  // by stream
    std::size_t next_ = 0;           // entry of the tape
    bool playing_ = false;
    bool stalled_ = false;  // unpaced play waits for a client
    bool closing_ = false;
    bool silent_ = false;
    bool refusing_ = false;
    Duration delay_;
    std::deque<Late> late_;
    Mishaps mishaps_;
    std::vector<Fault> waiting_;  // for play() or for a count
    std::string text_;            // of the message being made
    VenueStatistics statistics_;
};

}  // namespace

std::unique_ptr<VenueServer> make_venue_server(boost::asio::io_context& io, feeds::Clock& clock,
                                               const Playback& playback,
                                               std::unique_ptr<Dialect> dialect, Tape tape,
                                               const VenueOptions& options,
                                               std::function<void()> changed) {
    return std::make_unique<Server>(io, clock, playback, std::move(dialect), std::move(tape),
                                    options, std::move(changed));
}

}  // namespace margind::daemon::stand_in
