// What differs from venue to venue, as pure policy: how to subscribe, what keeps a connection
// alive, what a message means. One folder per venue implements it; `session` is the same for all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/input.hpp"
#include "core/time.hpp"
#include "feeds/tick.hpp"

namespace margind::feeds {

// Turns one message into ticks. Not thread-safe: one per connection. decode() allocates nothing
// once its parser has seen a message of that size.
class Decoder {
  public:
    virtual ~Decoder() = default;

    // `message` must be followed by kPadding readable bytes. On Verdict::decoded `batch` holds at
    // least one tick; on any other verdict it is empty.
    static constexpr std::size_t kPadding = 64;
    virtual DecodeResult decode(std::string_view message, core::Timestamp receive_time,
                                TickBatch& batch) noexcept = 0;
};

// One thing we want to hear.
struct Topic {
    std::string symbol;  // as the venue's messages write it, e.g. BTCUSDT, BTC-USD, a Pyth feed id
    core::Channel channel = core::Channel::book_top;
};

// How a connection to this venue is kept and judged.
struct ConnectionRules {
    core::Duration lifetime_max;  // the venue disconnects after this; we renew a little before
    core::Duration ping_every;    // we send a websocket ping this often; zero: only answer
    core::Duration peer_timeout;  // nothing at all received for so long: the peer is dead
    // Subscriptions must be confirmed within this; zero: the venue confirms nothing, and the first
    // data counts as its answer.
    core::Duration acknowledge_timeout;
    std::uint32_t messages_per_second_max = 5;         // what we may send
    std::size_t message_bytes_max = 16 * 1024 * 1024;  // larger frames end the connection
};

class Venue {
  public:
    virtual ~Venue() = default;
    virtual std::string_view name() const = 0;  // as in the config: binance_spot ...
    virtual std::string_view default_url() const = 0;
    virtual bool supports(core::Channel channel) const = 0;
    virtual ConnectionRules rules() const = 0;
    // The frames that ask for `topics`, in order; request ids count from `first_request_id`.
    // Each frame is acknowledged by one Reason::acknowledged; where the venue echoes no request
    // ids, request_id is zero and the acknowledgements come in the order of the frames.
    virtual std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                               std::uint64_t first_request_id) const = 0;
    // Why `topics` cannot be served on one connection to `url` (empty: default_url()), and what to
    // do about it; empty when they can. Symbols that the venue can never know are found here, too.
    virtual std::string check(const std::vector<Topic>& topics, std::string_view url) const {
        static_cast<void>(topics), static_cast<void>(url);
        return {};
    }
    virtual std::unique_ptr<Decoder> make_decoder() const = 0;
    // Name of the environment variable that holds the key, empty when none is needed; and the HTTP
    // header that carries it ("Authorization: Bearer <key>" for "Authorization", "Bearer ").
    virtual std::string_view key_variable() const { return {}; }
    virtual std::string_view key_header() const { return {}; }
    virtual std::string_view key_prefix() const { return {}; }
};

// All venues, in the order of their names. Null for an unknown name.
const std::vector<const Venue*>& venues();
const Venue* find_venue(std::string_view name);

}  // namespace margind::feeds
