// The book that benchmarks run against: linear perpetuals, cross-margined accounts, one sentinel
// account per instrument that crosses its margin call line whenever its instrument ticks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "daemon/bench/random.hpp"

namespace margind::daemon {

// Whose frames benchmarks send: its book tops carry a time, by which an event tells its tick.
inline constexpr const char* kBenchVenue = "binance_usdm";

struct PopulationOptions {
    std::uint32_t accounts = 10'000;
    std::uint32_t instruments = 100;
    // Not zero: exactly so many accounts hold instrument 0, and only it is meant to tick. Zero:
    // instrument k is held with a probability proportional to 1 / (k + 1).
    std::uint32_t holders = 0;
    std::uint64_t seed = 1;
};

// Mean 3.6 positions an account (20 at most), sizes log-normal, four in five on the account's own
// side of the market. One account in a hundred stands near its warning level.
struct Population {
    static constexpr int kPriceDecimals = 4;
    static constexpr int kQuantityDecimals = 4;
    static constexpr std::int64_t kRateFloorRaw = core::kScale / 100;  // of maintenance: 1 %

    struct Holding {
        std::uint32_t instrument = 0;
        std::int64_t quantity = 0;  // raw, signed
    };

    core::RiskParameters parameters;
    std::vector<std::int64_t> base_prices;   // raw, by instrument; entry prices are the same
    std::vector<double> popularity;          // cumulative, by instrument
    std::vector<std::size_t> first_holding;  // by account, and one past the end
    std::vector<Holding> holdings;
    std::vector<std::int64_t> collateral;  // Money raw, by account

    std::uint32_t account_count() const { return static_cast<std::uint32_t>(collateral.size()); }
    std::span<const Holding> holdings_of(std::uint32_t account) const {
        return std::span(holdings).subspan(first_holding[account],
                                           first_holding[account + 1] - first_holding[account]);
    }
    std::uint32_t draw_instrument(BenchRandom& random) const;
    // Of all draws.
    double share(std::uint32_t instrument) const {
        return popularity[instrument] - (instrument == 0 ? 0 : popularity[instrument - 1]);
    }
};

Population make_population(const PopulationOptions& options);

std::string account_name(std::uint32_t account);
std::string sentinel_name(std::uint32_t instrument);

// One account as the records of one atomic update.
void append_inputs(const Population& population, std::uint32_t account,
                   std::vector<core::Input>& out);
// The account's first position becomes `quantity` (raw), at the base price; nothing else changes.
void append_fill(const Population& population, std::uint32_t account, std::int64_t quantity,
                 std::vector<core::Input>& out);
// The sentinel of an instrument: one unit long from the base price, with `collateral`.
void append_sentinel(const Population& population, std::uint32_t instrument, core::Money collateral,
                     std::vector<core::Input>& out);
// The collateral with which the sentinel's margin call line lies at `price` (raw), given the
// instrument's maintenance rate.
core::Money sentinel_collateral(const Population& population, std::uint32_t instrument,
                                double price, core::Rate maintenance_rate);

}  // namespace margind::daemon
