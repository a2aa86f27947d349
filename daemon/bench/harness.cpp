#include "daemon/bench/harness.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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
          sentinel_("\"account\":\"" + sentinel_name(0) + "\"") {}

    std::uint16_t feed_port() const { return acceptor_.local_endpoint().port(); }

    Passage run(const Child& child) {
        connect_bot(child.events_port());
        accept_feed();
        read_hello();
        make_frames();
        for (std::uint32_t i = 1; i < population_.base_prices.size(); ++i) {
            send(frame(i, population_.base_prices[i]));
        }
        warm_up();
        play();
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

    std::string frame(std::uint32_t instrument, std::int64_t price) {
        return text_frame(fmt::format(
            R"({{"u":{},"s":"{}","b":"{}","B":"31.21000000","a":"{}","A":"40.66000000"}})",
            ++update_id_, population_.parameters.sources[instrument].symbol, price_text(price - 1),
            price_text(price + 1)));
    }

    // The price goes to and fro around the sentinel's line.
    void make_frames() {
        const auto base = static_cast<double>(population_.base_prices[0]);
        const std::int64_t half = std::llround(base * options_.bp * 1e-4 / 2);
        frames_.reserve(kWarmUp + options_.ticks);
        for (std::size_t i = 0; i < kWarmUp + options_.ticks; ++i) {
            frames_.push_back(frame(0, population_.base_prices[0] + (i % 2 == 0 ? -half : half)));
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

    // Takes what has arrived; returns how many lines of it name the sentinel.
    std::size_t take_lines() {
        const ssize_t n = ::recv(bot_.native_handle(), received_.data() + have_,
                                 received_.size() - have_, MSG_DONTWAIT);
        if (n == 0) throw std::runtime_error("the event stream ended");
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR) return 0;
            throw std::system_error(errno, std::generic_category(), "receiving events");
        }
        arrived_ = clock_.now();
        have_ += static_cast<std::size_t>(n);
        std::size_t answers = 0;
        std::string_view rest(received_.data(), have_);
        for (std::size_t end = rest.find('\n'); end != std::string_view::npos;
             end = rest.find('\n')) {
            ++lines_;
            if (rest.substr(0, end).find(sentinel_) != std::string_view::npos) {
                ++answers;
                answer_bytes_ += end + 1;
            }
            rest.remove_prefix(end + 1);
        }
        std::memmove(received_.data(), rest.data(), rest.size());
        have_ = rest.size();
        if (have_ == received_.size()) throw std::runtime_error("an event line is too long");
        return answers;
    }

    // One at a time: the first tick may have to wait for accounts to be evaluated for the first
    // time.
    void warm_up() {
        for (std::size_t i = 0; i < kWarmUp; ++i) {
            send(frames_[i]);
            const core::Timestamp give_up = clock_.now() + kPatience;
            std::size_t answers = 0;
            while (answers == 0) {
                answers = take_lines();
                if (clock_.now() > give_up) {
                    throw std::runtime_error(fmt::format("no answer to tick {}", i));
                }
            }
            if (answers > 1) throw std::runtime_error("more than one answer to a tick");
        }
        answer_bytes_ = 0;
    }

    void play() {
        const std::size_t ticks = options_.ticks;
        const double step_ns = 1e9 / options_.rate_per_second;
        std::vector<core::Timestamp> due(ticks);
        std::vector<core::Timestamp> sent(ticks);
        passage_.from_send.reserve(ticks);
        passage_.from_due.reserve(ticks);
        const core::Timestamp start = clock_.now() + core::Duration::from_ms(1);
        for (std::size_t i = 0; i < ticks; ++i) {
            due[i] =
                start + core::Duration::from_ns(std::llround(static_cast<double>(i) * step_ns));
        }
        const core::Timestamp give_up = due.back() + core::Duration::from_seconds(10);
        std::size_t next = 0;
        std::size_t answered = 0;
        core::Timestamp last = start;
        while (answered < ticks) {
            const core::Timestamp now = clock_.now();
            if (now > start) {
                passage_.loop_gap_max = std::max(passage_.loop_gap_max, (now - last).ns());
                last = now;
            }
            if (next < ticks && now >= due[next]) {
                sent[next] = clock_.now();
                send(frames_[kWarmUp + next++]);
            }
            for (std::size_t n = take_lines(); n > 0; --n, ++answered) {
                if (answered >= next) throw std::runtime_error("more events than ticks");
                passage_.from_send.push_back((arrived_ - sent[answered]).ns());
                passage_.from_due.push_back((arrived_ - due[answered]).ns());
            }
            if (now > give_up) {
                throw std::runtime_error(
                    fmt::format("{} ticks, but only {} events came back: an event was lost, or the "
                                "machine is too "
                                "busy for this rate; try a lower --rate",
                                ticks, answered));
            }
        }
        passage_.line_bytes = answer_bytes_ / ticks;
    }

    static constexpr std::size_t kWarmUp = 500;

    const Population& population_;
    const HarnessOptions& options_;
    feeds::Clock& clock_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    websocket::stream<tcp::socket> feed_;
    tcp::socket bot_;
    const std::string sentinel_;
    std::vector<std::string> frames_;
    std::uint64_t update_id_ = 0;
    std::vector<char> received_ = std::vector<char>(1 << 20);
    std::size_t have_ = 0;
    std::uint64_t lines_ = 0;
    std::size_t answer_bytes_ = 0;
    core::Timestamp arrived_;
    Passage passage_;
};

}  // namespace

Passage run_passage(const Population& population, const HarnessOptions& options,
                    feeds::Clock& clock, const Contender& contender) {
    if (!pin_to_cpu(options.harness_cpu)) {
        throw std::runtime_error(
            fmt::format("cannot run on core {}: choose another", options.harness_cpu));
    }
    Harness harness(population, options, clock);
    const Child child(contender, harness.feed_port(), options.contender_cpu);
    return harness.run(child);
}

}  // namespace margind::daemon
