// Messages on their way out that meet with an accident: garbled, doubled or swapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/stand_in/faults.hpp"

namespace margind::daemon::stand_in {

struct Spoken {
    std::uint32_t stream = 0;
    std::string text;
    bool garbled = false;  // sent as it is, not wrapped
};

class Mishaps {
  public:
    // Action is repeat, reorder or corrupt: for so many messages more.
    void add(Action action, std::uint64_t count) {
        if (action == Action::repeat) repeat_ += count;
        if (action == Action::reorder) reorder_ += count;
        if (action == Action::corrupt) corrupt_ += count;
    }

    void garble(Spoken& spoken) {
        if (corrupt_ == 0) return;
        --corrupt_;
        const std::size_t half = spoken.text.size() / 2;
        spoken.text.replace(half, spoken.text.size() - half, spoken.text.size() - half, '#');
        spoken.garbled = true;
    }

    // How often to send the next message.
    std::size_t copies() {
        if (repeat_ == 0) return 1;
        --repeat_;
        return 2;
    }

    // What to send now that `spoken` is at hand: nothing while it waits to be overtaken.
    std::optional<std::vector<Spoken>> hold(Spoken spoken) {
        if (held_) {
            std::vector<Spoken> swapped{std::move(spoken), std::move(*held_)};
            held_.reset();
            return swapped;
        }
        if (reorder_ > 0) {
            --reorder_;
            held_ = std::move(spoken);
            return std::nullopt;
        }
        return std::vector<Spoken>{std::move(spoken)};
    }

    // The last message has nothing to be overtaken by.
    std::vector<Spoken> release() {
        std::vector<Spoken> rest;
        if (held_) rest.push_back(std::move(*held_));
        held_.reset();
        return rest;
    }

  private:
    std::uint64_t repeat_ = 0;
    std::uint64_t reorder_ = 0;
    std::uint64_t corrupt_ = 0;
    std::optional<Spoken> held_;
};

}  // namespace margind::daemon::stand_in
