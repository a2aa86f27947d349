// What shards know of each other: how far each has come, and its part in a transfer.
#pragma once

#include <cstdint>
#include <vector>

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

// For shards that take turns on one thread.
class PlainBoard final : public ShardBoard {
  public:
    explicit PlainBoard(std::uint32_t shards) : entries_(shards) {}

    std::uint64_t passed(std::uint32_t shard) const noexcept override {
        return entries_[shard].passed;
    }
    std::uint32_t accounts(std::uint32_t shard) const noexcept override {
        return entries_[shard].accounts;
    }
    void pass(std::uint32_t shard, std::uint64_t input_seq,
              std::uint32_t accounts) noexcept override {
        entries_[shard].passed = input_seq;
        entries_[shard].accounts = accounts;
    }
    LegVerdict leg(std::uint32_t shard) const noexcept override { return entries_[shard].leg; }
    void put_leg(std::uint32_t shard, LegVerdict verdict) noexcept override {
        entries_[shard].leg = verdict;
    }

  private:
    struct Entry {
        std::uint64_t passed = 0;
        std::uint32_t accounts = 0;
        LegVerdict leg;
    };
    std::vector<Entry> entries_;
};

}  // namespace margind::core
