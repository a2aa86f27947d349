// How a venue talks, from its own side of the wire: what it understands, answers and sends. Pure
// policy, like feeds/venue.hpp is for the client's side; the sockets are peer.cpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace margind::daemon::stand_in {

struct Symbol {
    std::string name;  // as the venue's messages write it
    int decimals = 0;  // of its prices
};

// A price about to be said.
struct Quote {
    const Symbol& symbol;
    std::int64_t price = 0;  // units of 10^-decimals, like bid and ask
    std::int64_t bid = 0;
    std::int64_t ask = 0;
    double size = 0;             // traded at `price`
    std::uint64_t sequence = 0;  // grows by one with each price of the venue
    core::Timestamp time;        // the venue's
};

// What a dialect may do with the client whose request it reads.
class Client {
  public:
    virtual ~Client() = default;
    virtual void reply(std::string text) = 0;
    // False when the venue has no such stream.
    virtual bool subscribe(std::string_view stream) = 0;
    virtual void unsubscribe(std::string_view stream) = 0;
    virtual bool knows(std::string_view stream) const = 0;
    virtual std::vector<std::string> subscribed() const = 0;  // keys, sorted
    virtual std::string_view target() const = 0;              // path and query of the connection
    virtual bool refusing() const = 0;                        // told to refuse every subscription
    virtual std::uint64_t next_number() = 0;  // messages sent to this client: 0, 1, 2 ...
    virtual core::Timestamp now() const = 0;
};

class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual std::string_view venue() const = 0;
    virtual std::string_view path() const = 0;  // where the venue's websocket is, e.g. /stream

    // Kinds of streams that each symbol has, and which of them a recording made here holds.
    virtual std::size_t kinds() const = 0;
    virtual bool recorded_kind(std::size_t kind) const = 0;
    // The key of a stream: one text for each thing that can be subscribed.
    virtual std::string stream(std::string_view symbol, std::size_t kind) const = 0;
    // The key of the stream a recorded message belongs to; empty: it is no market data.
    virtual std::string stream_of(std::string_view message) const = 0;
    // A recorded message without the wrapper it came in: frame() puts on what the client asked for.
    virtual std::string_view payload_of(std::string_view message) const { return message; }

    // Streams that no tape holds: what on_second() sends.
    virtual bool steady_stream(std::string_view) const { return false; }
    // The most decimals a price may have.
    virtual int decimals_max() const { return 10; }

    // A client has connected: streams may stand in the address.
    virtual void on_connect(Client&) const {}
    virtual void on_request(std::string_view text, Client& client) const = 0;

    // Appends the message that says `quote` in a stream of this kind.
    virtual void encode(const Quote& quote, std::size_t kind, std::string& out) const = 0;
    // The message as this client gets it: some venues wrap or number what they send.
    virtual std::string frame(const std::string& message, std::string_view stream,
                              Client& client) const {
        static_cast<void>(stream), static_cast<void>(client);
        return message;
    }

    virtual core::Duration ping_every() const = 0;
    // Sends what the venue sends each second whether or not anything happens.
    virtual void on_second(Client&) const {}
    // A client that has not subscribed within this is cut off. Zero: it may take its time.
    virtual core::Duration subscribe_within() const { return {}; }
    virtual std::string shutdown_notice(core::Timestamp) const { return {}; }
};

// Null for a venue that has no stand-in.
std::unique_ptr<Dialect> make_dialect(std::string_view venue);
std::span<const std::string_view> stand_in_venues();

}  // namespace margind::daemon::stand_in
