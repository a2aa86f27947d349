// Which rules the accounts hung on that the band index found behind their guards and that crossed a
// line at that moment: a comparison whose accounts are all watched, or never cross, proves nothing.
//
// Only accounts with few positions count, so that the rule is likely what moved them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"

namespace margind::test {

class BandCoverage {
  public:
    BandCoverage();

    // A crossing of an account that a guard led to.
    void count(const core::Engine& engine, const core::AccountEvent& event);
    void add(const BandCoverage& other);

    // By rule: how many crossings. One line each.
    std::string table() const;
    // Rules with fewer, one name each line.
    std::string below(std::uint64_t least) const;

  private:
    std::vector<std::uint64_t> crossings_;  // by rule, in the order of the table
};

}  // namespace margind::test
