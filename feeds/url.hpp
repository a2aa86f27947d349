// Addresses of websocket servers: ws://host[:port][/path] and wss://...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace margind::feeds {

enum class Encryption : std::uint8_t { none, tls };

struct Url {
    Encryption encryption = Encryption::none;
    std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string target;  // path and query as sent in the request; at least "/"

    // host:port as an HTTP Host header wants it; the port only where it is not the scheme's own.
    std::string host_header() const;
};

struct ParsedUrl {
    Url url;
    std::string problem;  // empty: url is usable; else what is wrong and what to do
};

// User names, passwords and fragments are refused: nothing here would use them.
ParsedUrl parse_url(std::string_view text);

}  // namespace margind::feeds
