#include "feeds/url.hpp"

#include <algorithm>
#include <charconv>

namespace margind::feeds {
namespace {

constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kTlsPort = 443;
constexpr std::size_t kHostLengthMax = 253;  // of a name in the DNS

constexpr std::uint16_t default_port(Encryption encryption) {
    return encryption == Encryption::tls ? kTlsPort : kPlainPort;
}

bool host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

bool address6_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.' || c == '%';
}

ParsedUrl refused(std::string_view text, std::string_view what) {
    ParsedUrl result;
    result.problem = "\"" + std::string(text.substr(0, 200)) + "\" is not a usable address: ";
    result.problem += what;
    result.problem += "; write ws://host:port/path or wss://host/path";
    return result;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    if (value == 0 || value > 65'535) return false;
    port = static_cast<std::uint16_t>(value);
    return true;
}

// Splits "host:port", "[v6]:port" or "host"; returns what is wrong, empty when nothing is.
std::string_view parse_authority(std::string_view authority, Url& url) {
    std::string_view port;
    bool port_stated = false;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return "the bracket of the IPv6 address is not closed";
        url.host = authority.substr(1, close - 1);
        if (url.host.find(':') == std::string::npos ||
            !std::all_of(url.host.begin(), url.host.end(), address6_character)) {
            return "what stands in brackets is not an IPv6 address";
        }
        const std::string_view rest = authority.substr(close + 1);
        port_stated = !rest.empty();
        if (port_stated && rest.front() != ':') return "only :port may follow the bracket";
        if (port_stated) port = rest.substr(1);
    } else {
        const std::size_t colon = authority.find(':');
        port_stated = colon != std::string_view::npos;
        url.host = authority.substr(0, colon);
        if (port_stated) port = authority.substr(colon + 1);
        if (url.host.empty()) return "the host is missing";
        if (url.host.size() > kHostLengthMax) return "the host is longer than 253 characters";
        if (!std::all_of(url.host.begin(), url.host.end(), host_character)) {
            return "the host has a character that no host name has";
        }
    }
    if (port_stated && !parse_port(port, url.port))
        return "the port is not a number from 1 to 65535";
    return {};
}

}  // namespace

std::string Url::host_header() const {
    std::string header = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != default_port(encryption)) header += ":" + std::to_string(port);
    return header;
}

ParsedUrl parse_url(std::string_view text) {
    ParsedUrl result;
    std::string_view rest;
    if (text.starts_with("ws://")) {
        rest = text.substr(5);
    } else if (text.starts_with("wss://")) {
        result.url.encryption = Encryption::tls;
        rest = text.substr(6);
    } else {
        return refused(text, "it starts with neither ws:// nor wss://");
    }
    // Also keeps line ends out of the HTTP request that the text becomes part of.
    if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= 0x7f; })) {
        return refused(text, "it holds a blank, a control or a non-ASCII character");
    }
    if (text.find('#') != std::string_view::npos) return refused(text, "it has a #fragment");

    const std::size_t slash = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, slash);
    if (authority.find('@') != std::string_view::npos) {
        return refused("(not shown)", "it has a user name or password, which no venue takes there");
    }
    result.url.port = default_port(result.url.encryption);
    const std::string_view problem = parse_authority(authority, result.url);
    if (!problem.empty()) return refused(text, problem);

    result.url.target = slash == std::string_view::npos ? "/" : rest.substr(slash);
    if (result.url.target.front() == '?') result.url.target.insert(0, "/");
    return result;
}

}  // namespace margind::feeds
