// One connection of a sender of account updates: lines in, answers out, and how it ends.
//
// Thread: the io_context's. Lifetime: Asio operations keep it alive until close() has run.
// Only account_listener.cpp and account_connection.cpp include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/answer_lines.hpp"
#include "daemon/ingress/update_desk.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class AccountConnection;

// Whose connections they are.
class ConnectionOwner {
  public:
    virtual ~ConnectionOwner() = default;
    virtual UpdateDesk::Taken take(AccountConnection& connection, std::string_view line) = 0;
    virtual void closed(AccountConnection& connection) = 0;
};

class AccountConnection : public std::enable_shared_from_this<AccountConnection> {
  public:
    // `owner` outlives every connection that is not closed.
    AccountConnection(boost::asio::ip::tcp::socket socket, ConnectionNumber number,
                      ConnectionOwner& owner, feeds::Clock& clock);

    ConnectionNumber number() const { return number_; }
    // Begins to read.
    void start();
    // Says why not, and ends.
    void refuse(LeaveReason reason);
    bool admitted() const { return admitted_; }
    bool talking() const { return stage_ == Stage::talking; }
    // What is said waits in here until flush().
    TextBuffer& outbound() { return outbound_; }
    void flush();
    void forget_sent();
    // An answer to one of its lines was appended.
    void answered() { --unanswered_; }

    // Goes on with the line that had to wait, if one had to.
    void resume();
    bool waits() const { return waits_ && stage_ == Stage::talking; }
    // Reads no further: the daemon drains.
    void stop_reading() { stopped_ = true; }

    // Says why, and ends. What was to be said before is said before.
    void leave(LeaveReason reason);
    // Looks at the clock: whether it has been silent, or not read, for too long.
    void check(core::Timestamp now);
    // Now. Idempotent.
    void close();
    bool closed() const { return stage_ == Stage::closed; }

  private:
    enum class Stage : std::uint8_t { talking, leaving, lingering, closed };

    void read();
    void on_read(std::size_t bytes);
    void take_lines();
    bool take_line(std::string_view line);
    void make_room();
    void leave_when_done();
    void wait_writable();
    void linger();
    void limit_farewell();
    std::size_t unsent() const { return outbound_.size() - sent_; }

    const ConnectionNumber number_;
    ConnectionOwner& owner_;
    feeds::Clock& clock_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer farewell_timer_;
    Stage stage_ = Stage::talking;
    bool admitted_ = false;  // not refused at once
    bool reading_ = false;   // an operation is under way
    bool waits_ = false;     // a line, or all of them until answers are out
    bool stopped_ = false;
    bool peer_done_ = false;  // it closed its side; it may still be reading
    bool waiting_writable_ = false;
    bool farewell_limited_ = false;  // the time to read it is running
    bool has_source_ = false;        // a line of a known source came
    std::uint64_t unanswered_ = 0;
    core::Timestamp connected_at_;
    core::Timestamp sent_at_;  // the last time the peer took something, or had everything

    std::vector<char> inbound_;
    std::size_t begin_ = 0;  // of what is not taken yet
    std::size_t end_ = 0;
    TextBuffer outbound_;
    std::size_t sent_ = 0;
};

}  // namespace margind::daemon
