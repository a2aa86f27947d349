// Funding by index: the venue adds up what one unit of a long position has paid so far, and a
// position pays the difference since it last settled.
//
//   settlement = -quantity (index now - index at the last settlement)
//
// Exact; rounded down (in the account's disfavour) where it becomes money.
// Source: dYdX v4, GetSettlementPpmWithPerpetual (protocol/x/perpetuals/lib).
#pragma once

#include "core/units.hpp"

namespace margind::core {

struct FundingIndexTag;
// What one unit has paid, signed, in ticks of the index.
template <class N>
using FundingIndexOf = Scaled<FundingIndexTag, N>;

// What the position receives (negative: pays). `scale` turns ticks of the index times steps of the
// quantity into Value, as ContractScale does for prices.
template <class N>
constexpr ValueOf<N> funding_settlement(const ContractScaleOf<N>& scale,
                                        const QuantityOf<N>& quantity,
                                        const FundingIndexOf<N>& settled,
                                        const FundingIndexOf<N>& now) {
    return ValueOf<N>::from_raw((settled.wide() - now.wide()) * quantity.wide() *
                                typename N::WideRaw(scale.factor()));
}

}  // namespace margind::core
