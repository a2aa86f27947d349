// Reads lines from a TCP server, for the commands that show a running daemon.
//
// Thread: one. Blocks up to the timeout it is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace margind::daemon {

// "127.0.0.1:7411", "localhost:7411" or "[::1]:7411". Throws std::invalid_argument saying what is
// wrong with it.
std::pair<std::string, std::string> split_address(const std::string& address);

// A connected socket; throws std::system_error naming the address when nobody answers in time.
int connect_to(const std::string& address, std::chrono::milliseconds timeout);

class LineClient {
  public:
    explicit LineClient(const std::string& address);
    ~LineClient();
    LineClient(const LineClient&) = delete;
    LineClient& operator=(const LineClient&) = delete;

    enum class Result : std::uint8_t {
        line,
        timeout,
        closed,    // the server has nothing more to say
        failed,    // the connection broke
        too_long,  // a line above kLineBytesMax: not a stream of ours
    };
    static constexpr std::size_t kLineBytesMax = 1024 * 1024;

    // The next line without its newline; valid until the next call.
    Result next(std::string_view& line, std::chrono::milliseconds timeout);
    // False: the connection broke. For lines that the socket takes at once.
    bool send(std::string_view line) const;
    // Whether next() would return a line without waiting for the network.
    bool line_buffered() const { return buffer_.find('\n', begin_) != std::string::npos; }

  private:
    Result receive(std::chrono::milliseconds timeout);

    int fd_;
    std::string buffer_;
    std::size_t begin_ = 0;    // of what was not returned yet
    std::size_t scanned_ = 0;  // no newline before it
};

// GET of a small page. Returns false, with the reason in `problem`, unless the answer is 200.
bool http_get(const std::string& address, const std::string& target,
              std::chrono::milliseconds timeout, std::string& body, std::string& problem);

}  // namespace margind::daemon
