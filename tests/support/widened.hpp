// The ledger's numbers as numbers of any size, and back with the rounding that the ledger
// documents: how a formula's result in 64 bits is proved against the same formula with thirty
// decimals.
#pragma once

#include <cstdint>

#include "core/units.hpp"
#include "tests/support/extended.hpp"

namespace margind::test {

inline Extended::Raw ledger_step() {
    return Extended::scale() / core::kScale;
}

// Money, rates, unit prices: the same number, 22 decimals more.
template <class Tag>
core::Scaled<Tag, Extended> widened(const core::Scaled<Tag>& amount) {
    return core::Scaled<Tag, Extended>::from_raw(Extended::Raw(amount.raw()) * ledger_step());
}
// Prices and quantities stay counts of the instrument's ticks and steps; the contract's factor
// takes the decimals.
inline core::PriceOf<Extended> widened(const core::Price& price) {
    return core::PriceOf<Extended>::from_raw(Extended::Raw(price.raw()));
}
inline core::QuantityOf<Extended> widened(const core::Quantity& quantity) {
    return core::QuantityOf<Extended>::from_raw(Extended::Raw(quantity.raw()));
}
inline core::ContractScaleOf<Extended> widened(const core::ContractScale& scale) {
    return core::ContractScaleOf<Extended>::from_factor(Extended::Raw(scale.factor()) *
                                                        ledger_step() * ledger_step());
}

// Requires: the result fits 64 bits.
template <class Tag>
core::Scaled<Tag> narrowed(const core::Scaled<Tag, Extended>& amount, core::Rounding rounding) {
    return core::Scaled<Tag>::from_raw(static_cast<std::int64_t>(
        core::divide<Extended::Raw>(amount.raw(), ledger_step(), rounding)));
}

}  // namespace margind::test
