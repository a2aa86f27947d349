// What is wrong with parameters, collected: each "place: what to do".
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace margind::core {

class Problems {
  public:
    void require(bool holds, const std::string& place, const std::string& message) {
        if (!holds) list_.push_back(place + ": " + message);
    }
    std::vector<std::string> take() { return std::move(list_); }

  private:
    std::vector<std::string> list_;
};

// False for a NaN.
template <class T>
bool within(T value, T lowest, T highest) {
    return value >= lowest && value <= highest;
}

}  // namespace margind::core
