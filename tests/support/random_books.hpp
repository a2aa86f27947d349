// Random venues for whole engines: instruments, assets, sources and a ladder over every rule that
// accounts of an engine can meet, each valid, each with prices and sizes at which rules bind. The
// same seed gives the same venue on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/parameters.hpp"
#include "tests/support/book.hpp"

namespace margind::test {

// What a run is made of; drawn first.
struct BookShape {
    std::uint32_t instruments = 1;  // that positions are held in
    std::uint32_t accounts = 1;
    bool crowd = false;    // accounts are so many that a jump reaches thousands at once
    double size = 1;       // of what accounts hold; one: thousands of dollars
    double bp = 1;         // a tick's usual move
    double trend = 0;      // part of it that goes one way for long
    double jumps = 0;      // how often a tick moves a few per cent
    double updates = 0.1;  // inputs that change an account
    bool travel = false;   // prices go by a factor of a hundred
    bool tiers = false;
    bool coins = false;      // assets that instruments 0 and 1 price
    bool thin = false;       // of which hardly anything counts as collateral
    bool breathing = false;  // rates follow volatility
    bool silence = false;    // prices become stale, liquidations are held
    bool foreign = false;    // a currency with a rate: instruments and sources in it
    bool rules = false;      // of core/margin, beyond tiers
    bool levels = false;     // rungs of the ladder at other levels than maintenance
};

struct RandomBooks {
    BookShape shape;
    core::RiskParameters parameters;
    std::vector<double> start;  // price of each instrument, in its quote
};

RandomBooks random_books(Random& random);

// A price as ticks of the instrument; at least one.
core::Price ticks_of(const core::Instrument& instrument, double price);
// A quantity as the instrument counts it.
core::Quantity quantity_of(const core::Instrument& instrument, double quantity);

}  // namespace margind::test
