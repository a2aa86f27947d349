// Rules of core/margin for random venues: one or two for an instrument, any for an asset, such that
// they bind at the sizes random accounts have.
#pragma once

#include "core/parameters.hpp"
#include "tests/support/book.hpp"

namespace margind::test {

// `unit`: dollars for one of the settlement asset, in the size of accounts.
void add_instrument_rules(core::Instrument& instrument, double unit, Random& random);
// Rules of the assets, and what the venue asks of every account. `size`: of accounts, one being
// thousands of dollars. Requires: the instruments are all there.
void add_venue_rules(core::RiskParameters& parameters, double size, Random& random);

}  // namespace margind::test
