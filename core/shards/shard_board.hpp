// What shards know of each other: how far each has come, and its part in a transfer.
#pragma once

#include <cstdint>

#include "core/input.hpp"

namespace margind::core {

// What a shard says of its side of the transfer that the input of this number completes.
struct LegVerdict {
    std::uint64_t input_seq = 0;
    Refusal refusal = Refusal::none;
};

// Each shard's entries have one writer: the shard. What a shard reads of another may be a moment
// old; it never is newer than what the other has passed.
class ShardBoard {
  public:
    virtual ~ShardBoard() = default;

    // The last input `shard` is done with, its events handed out.
    virtual std::uint64_t passed(std::uint32_t shard) const noexcept = 0;
    // Accounts of `shard` when it had passed that input, or later.
    virtual std::uint32_t accounts(std::uint32_t shard) const noexcept = 0;
    virtual void pass(std::uint32_t shard, std::uint64_t input_seq,
                      std::uint32_t accounts) noexcept = 0;

    virtual LegVerdict leg(std::uint32_t shard) const noexcept = 0;
    virtual void put_leg(std::uint32_t shard, LegVerdict verdict) noexcept = 0;
};

}  // namespace margind::core
