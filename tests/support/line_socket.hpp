// A TCP client for tests: never blocks, keeps what it received as lines.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>

namespace margind::tests {

class LineSocket {
  public:
    // Connects to loopback. A small `receive_buffer` makes a peer that is easily full.
    explicit LineSocket(std::uint16_t port, int receive_buffer = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0) {
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("cannot connect to port " + std::to_string(port));
        }
    }
    LineSocket(const LineSocket&) = delete;
    LineSocket& operator=(const LineSocket&) = delete;
    LineSocket(LineSocket&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          closed_(other.closed_),
          partial_(std::move(other.partial_)),
          lines_(std::move(other.lines_)) {}
    LineSocket& operator=(LineSocket&&) = delete;
    ~LineSocket() {
        if (fd_ >= 0) ::close(fd_);
    }

    // Takes what is there, at most `bytes_max`. Returns how many bytes.
    std::size_t receive(std::size_t bytes_max = 1 << 20) {
        std::array<char, 65536> buffer;
        std::size_t total = 0;
        while (!closed_ && total < bytes_max) {
            const auto wanted = std::min(buffer.size(), bytes_max - total);
            const ssize_t got = ::recv(fd_, buffer.data(), wanted, MSG_DONTWAIT);
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
            if (got <= 0) {
                closed_ = true;
                was_reset_ = got < 0;
                break;
            }
            take({buffer.data(), static_cast<std::size_t>(got)});
            total += static_cast<std::size_t>(got);
        }
        return total;
    }

    // False when the peer is gone or its buffers are full.
    bool send(std::string_view text) {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
               static_cast<ssize_t>(text.size());
    }
    void close_sending() { ::shutdown(fd_, SHUT_WR); }

    const std::vector<std::string>& lines() const { return lines_; }
    const std::string& partial_line() const { return partial_; }
    bool closed() const { return closed_; }        // by the peer
    bool was_reset() const { return was_reset_; }  // and not politely

  private:
    void take(std::string_view text) {
        for (const char c : text) {
            if (c == '\n') {
                lines_.push_back(std::exchange(partial_, {}));
            } else {
                partial_.push_back(c);
            }
        }
    }

    int fd_;
    bool closed_ = false;
    bool was_reset_ = false;
    std::string partial_;
    std::vector<std::string> lines_;
};

}  // namespace margind::tests
