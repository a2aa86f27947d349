// One T for each balance of an account, on the stack. There is room for as many as an account may
// have, and only those in use are made: clearing the rest would cost more than evaluating a small
// account does.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "core/limits.hpp"

namespace margind::core {

template <class T>
class PerBalance {
  public:
    // Requires: count at most kMaxBalancesPerAccount.
    explicit PerBalance(std::size_t count) : count_(count) {
        for (std::size_t b = 0; b < count; ++b) std::construct_at(&places_[b].value);
    }
    ~PerBalance() {
        for (std::size_t b = 0; b < count_; ++b) std::destroy_at(&places_[b].value);
    }
    PerBalance(const PerBalance&) = delete;
    PerBalance& operator=(const PerBalance&) = delete;

    T& operator[](std::size_t b) { return places_[b].value; }
    const T& operator[](std::size_t b) const { return places_[b].value; }

  private:
    union Place {
        Place() {}   // NOLINT(modernize-use-equals-default): that would make the value
        ~Place() {}  // NOLINT(modernize-use-equals-default)
        T value;
    };

    std::size_t count_;
    std::array<Place, kMaxBalancesPerAccount> places_;
};

}  // namespace margind::core
