#include "daemon/bench/harness.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <fmt/format.h>

#include "daemon/bench/measure.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

constexpr core::Duration kPatience = core::Duration::from_seconds(60);  // loading a big book

// A forked child that ends with this object.
class Child {
  public:
    Child(const Contender& contender, std::uint16_t feed_port, int cpu) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
        pid_ = ::fork();
        if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ == 0) {
            ::close(ends[0]);
            ::_exit(live(contender, feed_port, cpu, ends[1]));
        }
        ::close(ends[1]);
        const ssize_t got = ::read(ends[0], &events_port_, sizeof events_port_);
        ::close(ends[0]);
        if (got != sizeof events_port_) {
            stop();
            throw std::runtime_error("the measured program did not start; its message is above");
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { stop(); }

    std::uint16_t events_port() const { return events_port_; }

  private:
    static int live(const Contender& contender, std::uint16_t feed_port, int cpu, int port_pipe) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // no orphan keeps spinning
        try {
            pin_to_cpu(cpu);  // and every thread it starts
            contender(feed_port, [port_pipe](std::uint16_t port) {
                if (::write(port_pipe, &port, sizeof port) != sizeof port) ::_exit(1);
                ::close(port_pipe);
            });
            return 0;
        } catch (const std::exception& problem) {
            std::fprintf(stderr, "margind bench: %s\n", problem.what());
            return 1;
        }
    }
    void stop() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid_ = -1;
    std::uint16_t events_port_ = 0;
};

// Runs one asynchronous operation to its end, or throws after kPatience.
template <class Start>
void await(asio::io_context& io, const char* what, Start start) {
    error_code result = asio::error::timed_out;
    start([&result](const error_code& error, auto&&...) { result = error; });
    io.restart();
    io.run_for(std::chrono::nanoseconds(kPatience.ns()));
    if (result) throw std::runtime_error(fmt::format("{}: {}", what, result.message()));
}

// A server's text frame: not masked.
std::string text_frame(const std::string& text) {
    std::string frame("\x81");
    if (text.size() < 126) {
        frame.push_back(static_cast<char>(text.size()));
    } else {
        frame.push_back(126);
        frame.push_back(static_cast<char>(text.size() >> 8));
        frame.push_back(static_cast<char>(text.size() & 0xff));
    }
    return frame + text;
}

std::string price_text(std::int64_t raw) {
    return fmt::format("{}.{:04}0000", raw / 10'000, raw % 10'000);
}

class Harness {
  public:
    Harness(const Population& population, const HarnessOptions& options, feeds::Clock& clock)
        : population_(population),
          options_(options),
          clock_(clock),
          acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          feed_(io_),
          bot_(io_),
          sentinel_("\"account\":\"" + sentinel_name(0) + "\""),
          first_time_ms_(clock.now().ns() / 1'000'000 - 3'600'000) {
        answered_.reserve(1 << 16);
    }

    std::uint16_t feed_port() const { return acceptor_.local_endpoint().port(); }

    Passage run(const Child& child, Answers answers) {
        connect_bot(child.events_port());
        accept_feed();
        read_hello();
        make_frames();
        for (std::uint32_t i = 1; i < population_.base_prices.size(); ++i) {
            send(frame(i, population_.base_prices[i], 0));
        }
        warm_up();
        play(answers);
        return std::move(passage_);
    }

  private:
    void connect_bot(std::uint16_t port) {
        await(io_, "connecting to the event stream", [&](auto done) {
            bot_.async_connect({asio::ip::address_v4::loopback(), port}, std::move(done));
        });
        bot_.non_blocking(true);
    }

    void accept_feed() {
        await(io_, "waiting for a connection to the feed",
              [&](auto done) { acceptor_.async_accept(feed_.next_layer(), std::move(done)); });
        feed_.next_layer().set_option(tcp::no_delay(true));
        await(io_, "the websocket handshake",
              [&](auto done) { feed_.async_accept(std::move(done)); });
        feed_.text(true);
        beast::flat_buffer buffer;
        await(io_, "waiting for a subscription",
              [&](auto done) { feed_.async_read(buffer, std::move(done)); });
        const std::string acknowledgement = "{\"result\":null,\"id\":1}";
        await(io_, "acknowledging the subscription", [&](auto done) {
            feed_.async_write(asio::buffer(acknowledgement), std::move(done));
        });
        feed_.next_layer().non_blocking(false);
    }

    // The first line says that we are subscribed.
    void read_hello() {
        const core::Timestamp give_up = clock_.now() + kPatience;
        while (lines_ == 0) {
            take_lines();
            if (clock_.now() > give_up) throw std::runtime_error("no hello on the event stream");
        }
    }

    // `number` of the tick is its exchange time in milliseconds, counted from an hour ago: no clock
    // would object, and every event repeats it.
    std::string frame(std::uint32_t instrument, std::int64_t price, std::int64_t number) {
        const std::int64_t time_ms = first_time_ms_ + number;
        return text_frame(fmt::format(
            R"({{"e":"bookTicker","u":{},"s":"{}","b":"{}","B":"31.21","a":"{}","A":"40.66","T":{},"E":{}}})",
            ++update_id_, population_.parameters.sources[instrument].symbol, price_text(price - 1),
            price_text(price + 1), time_ms, time_ms));
    }

    // The price goes to and fro around the sentinel's line.
    void make_frames() {
        const auto base = static_cast<double>(population_.base_prices[0]);
        const std::int64_t half = std::llround(base * options_.bp * 1e-4 / 2);
        frames_.reserve(kWarmUp + options_.ticks);
        for (std::size_t i = 0; i < kWarmUp + options_.ticks; ++i) {
            frames_.push_back(frame(0, population_.base_prices[0] + (i % 2 == 0 ? -half : half),
                                    static_cast<std::int64_t>(i)));
        }
        passage_.frame_bytes = frames_.front().size();
    }

    void send(const std::string& frame) {
        for (std::size_t sent = 0; sent < frame.size();) {
            const ssize_t n = ::send(feed_.next_layer().native_handle(), frame.data() + sent,
                                     frame.size() - sent, MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw std::system_error(errno, std::generic_category(), "sending a tick");
            sent += static_cast<std::size_t>(n);
        }
    }

    // Takes what has arrived; leaves the ticks it answers in answered_, by number.
    void take_lines() {
        answered_.clear();
        const ssize_t n = ::recv(bot_.native_handle(), received_.data() + have_,
                                 received_.size() - have_, MSG_DONTWAIT);
        if (n == 0) throw std::runtime_error("the event stream ended");
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR) return;
            throw std::system_error(errno, std::generic_category(), "receiving events");
        }
        arrived_ = clock_.now();
        have_ += static_cast<std::size_t>(n);
        std::string_view rest(received_.data(), have_);
        for (std::size_t end = rest.find('\n'); end != std::string_view::npos;
             end = rest.find('\n')) {
            take_line(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
        std::memmove(received_.data(), rest.data(), rest.size());
        have_ = rest.size();
        if (have_ == received_.size()) throw std::runtime_error("an event line is too long");
    }

    void take_line(std::string_view line) {
        static constexpr std::string_view kTime = "\"exchange_time\":";
        ++lines_;
        if (line.find(sentinel_) == std::string_view::npos) return;
        const std::size_t at = line.find(kTime);
        if (at == std::string_view::npos) throw std::runtime_error("an event without a time");
        std::int64_t time_ns = 0;
        std::from_chars(line.data() + at + kTime.size(), line.data() + line.size(), time_ns);
        const std::int64_t number = time_ns / 1'000'000 - first_time_ms_;
        if (number < 0) throw std::runtime_error("an event that no tick explains");
        answered_.push_back(static_cast<std::size_t>(number));
        answer_bytes_ += line.size() + 1;
    }

    // One at a time: the first may have to wait for accounts to be evaluated for the first time.
    void warm_up() {
        for (std::size_t i = 0; i < kWarmUp; ++i) {
            send(frames_[i]);
            const core::Timestamp give_up = clock_.now() + kPatience;
            do {
                take_lines();
                if (clock_.now() > give_up) {
                    throw std::runtime_error(fmt::format("no event for tick {}", i));
                }
            } while (answered_.empty());
            if (answered_.size() != 1 || answered_[0] != i) {
                throw std::runtime_error(fmt::format("tick {} is not the one answered", i));
            }
        }
        answer_bytes_ = 0;
    }

    void play(Answers answers) {
        const std::size_t ticks = options_.ticks;
        schedule();
        const core::Timestamp start = due_.front();
        core::Timestamp last = start;
        core::Timestamp last_answer = start;
        std::size_t next = 0;
        while (passage_.from_send.size() < ticks) {
            const core::Timestamp now = clock_.now();
            if (now > start) {
                passage_.loop_gap_max = std::max(passage_.loop_gap_max, (now - last).ns());
                last = now;
            }
            if (next < ticks && now >= due_[next]) {
                sent_[next] = clock_.now();
                send(frames_[kWarmUp + next++]);
            }
            take_lines();
            for (const std::size_t number : answered_) record(number, next);
            if (!answered_.empty()) last_answer = arrived_;
            if (next == ticks && now > std::max(due_.back(), last_answer) + kQuiet) {
                if (answers == Answers::some_conflated) break;
                throw std::runtime_error(fmt::format(
                    "{} ticks, but only {} events came back: an event was lost, or the machine is "
                    "too busy for this rate; try a lower --rate",
                    ticks, passage_.from_send.size()));
            }
        }
        if (passage_.from_send.empty()) throw std::runtime_error("no event came back");
        passage_.unanswered = ticks - passage_.from_send.size();
        passage_.line_bytes = answer_bytes_ / passage_.from_send.size();
    }

    void schedule() {
        const double step_ns = 1e9 / options_.rate_per_second;
        const core::Timestamp start = clock_.now() + core::Duration::from_ms(1);
        for (std::size_t i = 0; i < options_.ticks; ++i) {
            due_.push_back(start +
                           core::Duration::from_ns(std::llround(static_cast<double>(i) * step_ns)));
        }
        sent_.resize(options_.ticks);
        seen_.resize(options_.ticks);
        passage_.from_send.reserve(options_.ticks);
        passage_.from_due.reserve(options_.ticks);
    }

    // `sent`: how many have been sent so far.
    void record(std::size_t number, std::size_t sent) {
        if (number < kWarmUp || number - kWarmUp >= sent || seen_[number - kWarmUp]) {
            throw std::runtime_error("an event that no tick explains");
        }
        const std::size_t tick = number - kWarmUp;
        seen_[tick] = true;
        passage_.from_send.push_back((arrived_ - sent_[tick]).ns());
        passage_.from_due.push_back((arrived_ - due_[tick]).ns());
    }

    static constexpr std::size_t kWarmUp = 500;
    // So long after the last tick and its last event, no more will come.
    static constexpr core::Duration kQuiet = core::Duration::from_seconds(3);

    const Population& population_;
    const HarnessOptions& options_;
    feeds::Clock& clock_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    websocket::stream<tcp::socket> feed_;
    tcp::socket bot_;
    const std::string sentinel_;
    const std::int64_t first_time_ms_;
    std::vector<std::string> frames_;
    std::uint64_t update_id_ = 0;
    std::vector<char> received_ = std::vector<char>(1 << 20);
    std::size_t have_ = 0;
    std::uint64_t lines_ = 0;
    std::size_t answer_bytes_ = 0;
    std::vector<std::size_t> answered_;
    std::vector<core::Timestamp> due_;
    std::vector<core::Timestamp> sent_;
    std::vector<bool> seen_;
    core::Timestamp arrived_;
    Passage passage_;
};

}  // namespace

Passage run_passage(const Population& population, const HarnessOptions& options,
                    feeds::Clock& clock, const Contender& contender, Answers answers) {
    if (!pin_to_cpu(options.harness_cpu)) {
        throw std::runtime_error(
            fmt::format("cannot run on core {}: choose another", options.harness_cpu));
    }
    Harness harness(population, options, clock);
    const Child child(contender, harness.feed_port(), options.contender_cpu);
    return harness.run(child, answers);
}

}  // namespace margind::daemon
