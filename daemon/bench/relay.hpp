// The floor of the latency benchmark: a program with the daemon's sockets and the daemon's parser
// that does no risk work. Websocket frame in, decoded by the venue's decoder, one line of text out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace margind::daemon {

struct RelayOptions {
    std::uint16_t feed_port = 0;  // the harness's websocket server, on loopback
    std::size_t line_bytes = 0;   // of an answer, newline included: as long as the daemon's
    std::string symbol;           // its ticks are answered
    std::size_t topics = 1;       // subscribed to, like the daemon's
};

// Listens for one bot, tells `listening` the port, connects to the feed, and relays until either
// side closes. Spins on the calling thread. Throws on any failure.
void run_relay(const RelayOptions& options, const std::function<void(std::uint16_t)>& listening);

}  // namespace margind::daemon
