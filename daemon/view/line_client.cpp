#include "daemon/view/line_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <netdb.h>
#include <poll.h>

#include "daemon/clock.hpp"

namespace margind::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout{3'000};
constexpr std::size_t kPageBytesMax = 16 * 1024 * 1024;

class Deadline {
  public:
    explicit Deadline(milliseconds timeout)
        : at_(clock_.now() + core::Duration::from_ms(timeout.count())) {}
    milliseconds left() {
        const std::int64_t ns = (at_ - clock_.now()).ns();
        return milliseconds{ns > 0 ? (ns + 999'999) / 1'000'000 : 0};
    }

  private:
    SystemClock clock_;
    core::Timestamp at_;
};

// Waits for `events` on the socket; false when the time is up first.
bool wait_for(int fd, short events, milliseconds timeout) {
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
    return ready > 0;
}

int try_connect(const addrinfo& candidate, Deadline& deadline) {
    const int fd = ::socket(candidate.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int error = 0;
    if (::connect(fd, candidate.ai_addr, candidate.ai_addrlen) != 0) {
        error = errno;
        if (error == EINPROGRESS) {
            socklen_t size = sizeof error;
            if (!wait_for(fd, POLLOUT, deadline.left())) {
                error = ETIMEDOUT;
            } else {
                ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
            }
        }
    }
    if (error == 0) return fd;
    ::close(fd);
    errno = error;
    return -1;
}

}  // namespace

std::pair<std::string, std::string> split_address(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of(":[]") != std::string::npos) {
        host.clear();  // a bare IPv6 address: where its port begins cannot be told
    }
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos;
    if (host.empty() || !digits || std::stoul(port) > 65'535 || std::stoul(port) == 0) {
        throw std::invalid_argument("'" + address +
                                    "' is not an address: write HOST:PORT, e.g. 127.0.0.1:7411");
    }
    return {host, port};
}

int connect_to(const std::string& address, milliseconds timeout) {
    const auto [host, port] = split_address(address);
    Deadline deadline(timeout);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
        throw std::system_error(ENOENT, std::generic_category(),
                                "cannot find " + address + " (" + ::gai_strerror(error) + ")");
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> candidates(found, ::freeaddrinfo);
    for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
        if (const int fd = try_connect(*candidate, deadline); fd >= 0) return fd;
    }
    throw std::system_error(errno, std::generic_category(), "cannot connect to " + address);
}

LineClient::LineClient(const std::string& address) : fd_(connect_to(address, kConnectTimeout)) {}

LineClient::~LineClient() {
    ::close(fd_);
}

bool LineClient::send(std::string_view line) const {
    return ::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
}

LineClient::Result LineClient::next(std::string_view& line, milliseconds timeout) {
    Deadline deadline(timeout);
    for (;;) {
        const std::size_t end = buffer_.find('\n', std::max(begin_, scanned_));
        if (end != std::string::npos) {
            line = std::string_view(buffer_).substr(begin_, end - begin_);
            begin_ = scanned_ = end + 1;
            return Result::line;
        }
        scanned_ = buffer_.size();
        if (scanned_ - begin_ > kLineBytesMax) return Result::too_long;
        const Result result = receive(deadline.left());
        if (result != Result::line) return result;
    }
}

// Appends what has arrived. Result::line stands for "something".
LineClient::Result LineClient::receive(milliseconds timeout) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    if (!wait_for(fd_, POLLIN, timeout)) return Result::timeout;
    std::array<char, 65'536> bytes;
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got == 0) return Result::closed;
    if (got < 0) {
        const bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        return again ? Result::timeout : Result::failed;
    }
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return Result::line;
}

bool http_get(const std::string& address, const std::string& target, milliseconds timeout,
              std::string& body, std::string& problem) {
    body.clear();
    Deadline deadline(timeout);
    int fd = -1;
    try {
        fd = connect_to(address, timeout);
    } catch (const std::system_error& error) {
        problem = error.what();
        return false;
    }
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
    // The request is smaller than any socket buffer: it goes in one piece or not at all.
    const bool asked = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
                       static_cast<ssize_t>(request.size());
    bool complete = false;
    std::array<char, 65'536> bytes;
    while (asked && body.size() < kPageBytesMax && wait_for(fd, POLLIN, deadline.left())) {
        const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
        complete = got == 0;
        if (got <= 0) break;
        body.append(bytes.data(), static_cast<std::size_t>(got));
    }
    ::close(fd);
    const std::size_t header_end = body.find("\r\n\r\n");
    if (!complete || header_end == std::string::npos) {
        problem = address + target + " did not answer in time";
        return false;
    }
    const std::string status = body.substr(0, body.find("\r\n"));
    body.erase(0, header_end + 4);
    if (status.find(" 200 ") == std::string::npos) {
        problem = address + target + " answered " + status;
        return false;
    }
    return true;
}

}  // namespace margind::daemon
