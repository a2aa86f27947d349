#include "daemon/stand_in/dialect.hpp"

#include <array>

#include "daemon/stand_in/dialects.hpp"

namespace margind::daemon::stand_in {
namespace {

constexpr std::array<std::string_view, 5> kVenues = {
    "binance_spot", "binance_usdm", "coinbase_advanced", "coinbase_exchange", "pyth"};

}  // namespace

std::unique_ptr<Dialect> make_dialect(std::string_view venue) {
    if (venue == "binance_spot") return make_binance_spot();
    if (venue == "binance_usdm") return make_binance_usdm();
    if (venue == "coinbase_advanced") return make_coinbase_advanced();
    if (venue == "coinbase_exchange") return make_coinbase_exchange();
    if (venue == "pyth") return make_pyth();
    return nullptr;
}

std::span<const std::string_view> stand_in_venues() {
    return kVenues;
}

}  // namespace margind::daemon::stand_in
