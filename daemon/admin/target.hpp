// What a request line asks for, checked. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "daemon/report.hpp"

namespace margind::daemon {

enum class Endpoint : std::uint8_t {
    index,
    metrics,
    livez,
    readyz,
    status,
    worst_accounts,
    one_account,
};

// Either an endpoint, or an error with its HTTP status (400 or 404).
struct Target {
    Endpoint endpoint = Endpoint::index;
    std::uint32_t limit = 10;  // worst_accounts: 1 to AccountQuery::kLimitMax
    core::AccountKey key;      // one_account

    int error_status = 0;  // zero: no error
    std::string error;     // what is wrong, and what would be right
};

// `text` is the request target as it stands in the request line, e.g. /accounts?limit=5.
Target parse_target(std::string_view text);

}  // namespace margind::daemon
