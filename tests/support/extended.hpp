// Numbers of any size with thirty decimals, for running the formulas of core/margin - the same
// code - where the ledger's 64 bits would round or overflow: other systems' reference cases, and
// proofs of the ledger's own results.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "core/units.hpp"

namespace margind::test {

struct Extended {
    using Raw = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>,
                                              boost::multiprecision::et_off>;
    using WideRaw = Raw;
    static constexpr int kDecimals = 30;
    static const WideRaw& scale() {
        static const WideRaw kScale = boost::multiprecision::pow(WideRaw(10), kDecimals);
        return kScale;
    }
    static const Raw& narrow(const WideRaw& value) { return value; }
};

}  // namespace margind::test
