// The stand-ins' dialects, one maker each.
#pragma once

#include <memory>

#include "daemon/stand_in/dialect.hpp"

namespace margind::daemon::stand_in {

std::unique_ptr<Dialect> make_binance_spot();
std::unique_ptr<Dialect> make_binance_usdm();
std::unique_ptr<Dialect> make_coinbase_advanced();
std::unique_ptr<Dialect> make_coinbase_exchange();
std::unique_ptr<Dialect> make_pyth();

}  // namespace margind::daemon::stand_in
