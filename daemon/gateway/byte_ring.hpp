// The newest bytes of an endless stream, addressed by their offset from its beginning. Many readers
// each keep an offset; nobody copies a line that several are to receive.
//
// Full: the oldest bytes are overwritten. The owner must not let a reader fall that far behind.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/assert.hpp"

namespace margind::daemon {

class ByteRing {
  public:
    // Holds at least `capacity_min` bytes. Memory is written now, so that the hot path meets no
    // page fault later.
    explicit ByteRing(std::size_t capacity_min)
        : bytes_(std::bit_ceil(std::max<std::size_t>(capacity_min, 2))) {}

    // Requires: text.size() <= capacity().
    void append(std::string_view text) noexcept {
        MARGIND_ASSERT(text.size() <= bytes_.size());
        const std::size_t at = index(end_);
        const std::size_t first = std::min(text.size(), bytes_.size() - at);
        std::memcpy(bytes_.data() + at, text.data(), first);
        std::memcpy(bytes_.data(), text.data() + first, text.size() - first);
        end_ += text.size();
    }

    std::uint64_t end() const noexcept { return end_; }
    std::size_t capacity() const noexcept { return bytes_.size(); }

    // Requires: offset < end(), and the byte was not overwritten yet.
    char at(std::uint64_t offset) const noexcept {
        MARGIND_ASSERT(offset < end_ && end_ - offset <= bytes_.size());
        return bytes_[index(offset)];
    }

    // The bytes of [from, to) that lie in one piece; all of them, or those up to where the ring
    // wraps. Requires: from <= to <= end(), nothing of it overwritten.
    std::string_view piece(std::uint64_t from, std::uint64_t to) const noexcept {
        MARGIND_ASSERT(from <= to && to <= end_ && end_ - from <= bytes_.size());
        const std::size_t at = index(from);
        const auto wanted = static_cast<std::size_t>(to - from);
        return {bytes_.data() + at, std::min(wanted, bytes_.size() - at)};
    }

  private:
    std::size_t index(std::uint64_t offset) const noexcept {
        return static_cast<std::size_t>(offset) & (bytes_.size() - 1);
    }

    std::vector<char> bytes_;
    std::uint64_t end_ = 0;
};

}  // namespace margind::daemon
