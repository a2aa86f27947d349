// One websocket connection to a server, plain or TLS, from name to close frame. It knows nothing of
// venues, and decides nothing: session.cpp does. The only place of this folder that uses Beast.
//
// Thread: the io_context's, which is one thread. Lifetime: pending operations keep it alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "feeds/url.hpp"

namespace boost::asio {
class io_context;
}

namespace margind::feeds {

// What wss connections trust. Made once: reading the system's certificates takes milliseconds.
class TlsContext;
// Trusts the certificates of `ca_file`, or the system's where it is empty; TLS 1.2 or newer.
// Throws std::invalid_argument when the file cannot be used.
std::shared_ptr<TlsContext> make_tls_context(const std::string& ca_file);

struct WebsocketOptions {
    Url url;
    std::shared_ptr<TlsContext> tls;  // required when the url says wss
    std::string header_name;          // of one extra request header; empty: none
    std::string header_value;
    std::size_t message_bytes_max = 0;  // a larger message ends the connection
    std::uint32_t attempt = 0;          // which of the host's addresses to try first
};

class Websocket {
  public:
    enum class End : std::uint8_t {
        connect_failed,  // name, TCP, TLS or websocket handshake
        closed_by_peer,  // close frame or end of stream
        network_error,   // reset, broken pipe, protocol violation, message too large
        closed_by_us,    // close() has finished
    };

    // Called on the io thread, never from inside a call into the Websocket.
    class Handler {
      public:
        virtual void on_open() = 0;
        // `message` is followed by Decoder::kPadding readable bytes and stays valid until
        // read_next(). The next one is not read before read_next().
        virtual void on_message(std::string_view message) = 0;
        virtual void on_control_frame() noexcept = 0;  // ping or pong: the peer lives
        // The last callback: the connection is gone. `what` says what happened, for people.
        virtual void on_end(End end, const std::string& what) = 0;

      protected:
        ~Handler() = default;
    };

    virtual ~Websocket() = default;
    virtual void open() = 0;
    virtual void read_next() = 0;
    virtual void send(std::string text) = 0;
    virtual void ping() = 0;
    // Sends a close frame and waits for the answer, at most a second; then on_end(closed_by_us).
    virtual void close() = 0;
    // No callback from now on; closes politely if it is open, at once if not. The handler may go.
    virtual void dismiss() = 0;
};

std::shared_ptr<Websocket> make_websocket(boost::asio::io_context& io, WebsocketOptions options,
                                          Websocket::Handler& handler);

}  // namespace margind::feeds
