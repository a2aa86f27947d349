// Words that several venues' cases share.
#pragma once

#include "tests/venues/case.hpp"

namespace margind::test {

// `amount` with the sign of the "side" beside it.
inline Quantity signed_by_side(const Field& inputs, const Quantity& amount) {
    const std::string side = inputs.text("side");
    if (side != "long" && side != "short") {
        inputs["side"].fail("is neither long nor short");
    }
    return side == "long" ? amount : -amount;
}

}  // namespace margind::test
