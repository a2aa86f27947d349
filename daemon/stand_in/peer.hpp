// The server's end of websocket connections: accepts, reads requests, sends what it is given. It
// knows nothing of venues. The only place of this folder that uses Beast.
//
// Thread: the io_context's, which is one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace margind::daemon::stand_in {

class Peer {
  public:
    // Called on the io thread, never from inside a call into the Peer.
    class Owner {
      public:
        virtual void on_open(Peer& peer) = 0;  // the websocket handshake is done
        virtual void on_text(Peer& peer, std::string_view text) = 0;
        virtual void on_pong(Peer& peer) = 0;
        virtual void on_sent(Peer& peer) = 0;  // a message has left; see queued_bytes()
        virtual void on_gone(Peer& peer) = 0;  // the last callback

      protected:
        ~Owner() = default;
    };

    virtual ~Peer() = default;
    virtual std::string_view target() const = 0;  // path and query of the request
    virtual void send(std::shared_ptr<const std::string> text) = 0;
    virtual std::size_t queued_bytes() const = 0;
    virtual void ping() = 0;
    virtual void close(std::string_view reason) = 0;  // with a close frame, after what is queued
    virtual void drop() = 0;                          // resets the TCP connection
    // No callback from now on.
    virtual void forget() = 0;
};

struct ListenOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free port
    // Both: serve wss with this certificate chain and key (PEM). Neither: serve ws.
    std::string tls_certificate_file;
    std::string tls_key_file;
};

// Accepts connections; each becomes a Peer that tells `owner` of its life.
class Listener {
  public:
    class Owner {
      public:
        // A TCP connection is accepted. The Peer lives until it is let go and has ended.
        virtual Peer::Owner& on_accept(std::shared_ptr<Peer> peer) = 0;

      protected:
        ~Owner() = default;
    };

    virtual ~Listener() = default;
    virtual std::uint16_t port() const = 0;
    virtual void close() = 0;  // accepts no more; connections stay
};

// Listens at once. Throws std::runtime_error saying what is wrong: address, port in use, files.
std::unique_ptr<Listener> listen(boost::asio::io_context& io, const ListenOptions& options,
                                 Listener::Owner& owner);

}  // namespace margind::daemon::stand_in
