// The lines of one source that wait for their answers, in the order in which they came.
//
// Thread: io. Memory: all of it at construction, but for what is wrong with a bad line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/assert.hpp"
#include "core/input.hpp"

namespace margind::daemon {

// Grows with every connection that comes in.
using ConnectionNumber = std::uint64_t;

struct WaitingLine {
    enum class Kind : std::uint8_t {
        update,     // the number that was due: the engine has it, or had it
        duplicate,  // a number that was taken before
        gap,        // a number beyond the one that was due
    };
    Kind kind = Kind::update;
    bool judged = false;  // update: the engine has said what became of it
    core::Refusal refusal = core::Refusal::none;
    ConnectionNumber connection = 0;
    std::uint64_t source_seq = 0;
    std::uint64_t input_seq = 0;  // of a judged update
    std::uint64_t expected = 0;   // gap: the number that was due
    std::string problem;          // update: what is wrong with the line, where it could not be read
};

class SourceWindow {
  public:
    explicit SourceWindow(std::size_t lines_max) : lines_(lines_max), places_(lines_max) {}

    bool full() const noexcept { return size_ == lines_.size(); }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    // Requires: not full; an update has the number after that of the update before.
    WaitingLine& push(WaitingLine::Kind kind, std::uint64_t source_seq) {
        MARGIND_ASSERT(!full());
        const std::size_t at = (first_ + size_++) % lines_.size();
        lines_[at] = {};
        lines_[at].kind = kind;
        lines_[at].source_seq = source_seq;
        if (kind == WaitingLine::Kind::update) places_[source_seq % lines_.size()] = at;
        return lines_[at];
    }
    // Requires: an update of this number waits.
    WaitingLine& update(std::uint64_t source_seq) {
        WaitingLine& line = lines_[places_[source_seq % lines_.size()]];
        MARGIND_ASSERT(line.source_seq == source_seq && line.kind == WaitingLine::Kind::update);
        return line;
    }
    // The oldest update that waits for its answer; zero: none does.
    std::uint64_t oldest_update() const {
        for (std::size_t i = 0; i < size_; ++i) {
            const WaitingLine& line = lines_[(first_ + i) % lines_.size()];
            if (line.kind == WaitingLine::Kind::update) return line.source_seq;
        }
        return 0;
    }
    // Requires: not empty.
    WaitingLine& front() { return lines_[first_]; }
    const WaitingLine& front() const { return lines_[first_]; }
    void pop() {
        MARGIND_ASSERT(!empty());
        first_ = (first_ + 1) % lines_.size();
        --size_;
    }

  private:
    std::vector<WaitingLine> lines_;  // a ring
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::vector<std::size_t>
        places_;  // of updates, by number: as many as can wait follow one another
};

}  // namespace margind::daemon
