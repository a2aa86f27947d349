#include "daemon/admin/target.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

Target failed(int status, std::string message) {
    Target target;
    target.error_status = status;
    target.error = std::move(message);
    return target;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// %41 -> A. Nothing for a % that two hexadecimal digits do not follow.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

// Splits off what stands before the first `separator`; `rest` keeps what follows it.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view taken = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return taken;
}

// Names may come from anybody: only their beginning is repeated.
std::string_view shortened(std::string_view text) {
    return text.substr(0, 64);
}

Target parse_worst(std::string_view query) {
    Target target;
    target.endpoint = Endpoint::worst_accounts;
    bool seen_order = false;
    bool seen_limit = false;
    while (!query.empty()) {
        std::string_view value = take_until(query, '&');
        const std::string_view name = take_until(value, '=');
        if (name == "order" && !std::exchange(seen_order, true)) {
            if (value != "health") {
                return failed(400, "order: must be health, the only order there is");
            }
        } else if (name == "limit" && !std::exchange(seen_limit, true)) {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), target.limit);
            if (error != std::errc{} || end != value.data() + value.size() || target.limit < 1 ||
                target.limit > AccountQuery::kLimitMax) {
                return failed(400, fmt::format("limit: must be a whole number from 1 to {}",
                                               AccountQuery::kLimitMax));
            }
        } else {
            return failed(400, fmt::format("{}: unknown or repeated parameter; /accounts takes "
                                           "order=health and limit=N, once each",
                                           shortened(name)));
        }
    }
    return target;
}

Target parse_one(std::string_view path, std::string_view query) {
    if (!query.empty()) return failed(400, "query: /accounts/OWNER takes no parameters");
    const std::optional<std::string> owner = percent_decoded(take_until(path, '/'));
    const std::optional<std::string> sub_account = percent_decoded(take_until(path, '/'));
    if (!path.empty()) {
        return failed(404, "an account is /accounts/OWNER or /accounts/OWNER/SUB_ACCOUNT");
    }
    if (!owner || !sub_account) {
        return failed(400, "account: % must be followed by two hexadecimal digits");
    }
    using Owner = decltype(core::AccountKey::owner);
    using SubAccount = decltype(core::AccountKey::sub_account);
    if (owner->empty() || !Owner::fits(*owner) || !SubAccount::fits(*sub_account)) {
        return failed(400, fmt::format("account: an owner has 1 to {} and a sub-account at most {} "
                                       "printable ASCII characters, none of them blank, quote, "
                                       "backslash, comma or slash",
                                       Owner::kCapacity, SubAccount::kCapacity));
    }
    Target target;
    target.endpoint = Endpoint::one_account;
    target.key = {.owner = Owner(*owner), .sub_account = SubAccount(*sub_account)};
    return target;
}

}  // namespace

Target parse_target(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, Endpoint>, 5> kPlain{
        {{"/", Endpoint::index},
         {"/metrics", Endpoint::metrics},
         {"/livez", Endpoint::livez},
         {"/readyz", Endpoint::readyz},
         {"/status", Endpoint::status}}};
    static constexpr std::string_view kAccounts = "/accounts";

    std::string_view query = text;
    const std::string_view path = take_until(query, '?');
    for (const auto& [name, endpoint] : kPlain) {
        if (path != name) continue;
        if (!query.empty()) {
            return failed(400, fmt::format("query: {} takes no parameters", name));
        }
        Target target;
        target.endpoint = endpoint;
        return target;
    }
    if (path == kAccounts) return parse_worst(query);
    if (path.starts_with("/accounts/")) return parse_one(path.substr(10), query);
    return failed(404, fmt::format("{}: no such page; / lists what there is", shortened(path)));
}

}  // namespace margind::daemon
