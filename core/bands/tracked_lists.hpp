// Lists of the slots of tracked accounts, one for each factor: what a tick of the factor walks, so
// entries of one list lie side by side. An entry's number stays the same until another one is taken
// out of its list.
//
// Thread: the engine's. Memory: taken by the constructor, touched as it is used. Cost: insert and
// erase take constant time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/assert.hpp"
#include "core/limits.hpp"

namespace margind::core {

struct TrackedEntry {
    std::int64_t amount = 0;
    std::int64_t beyond = 0;   // what the tiers after the first required last, Money raw
    std::uint32_t record = 0;  // of the account
    std::uint32_t place = 0;   // of the slot
    std::array<std::uint8_t, 2> coordinate;  // that the distances down and up the ladder hang on
    bool limited = false;                    // the tiers after the first matter
};

class TrackedLists {
  public:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    TrackedLists(std::size_t lists, std::size_t blocks_max)
        : lists_(lists),
          blocks_(std::make_unique_for_overwrite<Block[]>(blocks_max)),
          blocks_max_(static_cast<std::uint32_t>(blocks_max)) {}

    bool empty(std::uint32_t list) const noexcept { return lists_[list].head == kNone; }
    const TrackedEntry& operator[](std::uint32_t number) const noexcept {
        return blocks_[number / kPerBlock].entries[number % kPerBlock];
    }
    TrackedEntry& operator[](std::uint32_t number) noexcept {
        return blocks_[number / kPerBlock].entries[number % kPerBlock];
    }

    // The new entry's number; kNone when the memory is used up.
    std::uint32_t insert(std::uint32_t list, const TrackedEntry& entry) noexcept {
        List& l = lists_[list];
        if (l.head == kNone || l.filled == kPerBlock) {
            const std::uint32_t block = take();
            if (block == kNone) return kNone;
            blocks_[block].next = l.head;
            l = {.head = block, .filled = 0};
        }
        const std::uint32_t number = l.head * kPerBlock + l.filled++;
        (*this)[number] = entry;
        return number;
    }

    // Takes an entry out; the list's newest takes its number, and is returned if it is another one.
    const TrackedEntry* erase(std::uint32_t list, std::uint32_t number) noexcept {
        List& l = lists_[list];
        MARGIND_DEBUG_ASSERT(l.head != kNone);
        const std::uint32_t newest = l.head * kPerBlock + --l.filled;
        (*this)[number] = (*this)[newest];
        if (l.filled == 0) {
            const std::uint32_t emptied = l.head;
            l.head = blocks_[emptied].next;
            l.filled = kPerBlock;
            blocks_[emptied].next = free_;
            free_ = emptied;
            --blocks_used_;
        }
        return number == newest ? nullptr : &(*this)[number];
    }

    template <class Visit>
    void for_each(std::uint32_t list, Visit visit) noexcept {
        const List& l = lists_[list];
        std::uint32_t filled = l.filled;
        for (std::uint32_t block = l.head; block != kNone; block = blocks_[block].next) {
            for (std::uint32_t i = 0; i < filled; ++i) visit(blocks_[block].entries[i]);
            filled = kPerBlock;
        }
    }

    std::size_t bytes() const noexcept {
        return blocks_used_ * sizeof(Block) + lists_.size() * sizeof(List);
    }

  private:
    static constexpr std::uint32_t kPerBlock = 15;

    struct alignas(kCacheLine) Block {
        std::array<TrackedEntry, kPerBlock> entries;
        std::uint32_t next;
    };
    static_assert(sizeof(Block) == 512);

    // All blocks but the first are full.
    struct List {
        std::uint32_t head = kNone;
        std::uint32_t filled = 0;  // of the first block
    };

    std::uint32_t take() noexcept {
        std::uint32_t block = free_;
        if (block != kNone) {
            free_ = blocks_[block].next;
        } else if (top_ < blocks_max_) {
            block = top_++;
        } else {
            return kNone;
        }
        ++blocks_used_;
        return block;
    }

    std::vector<List> lists_;
    std::unique_ptr<Block[]> blocks_;
    std::uint32_t blocks_max_;
    std::uint32_t top_ = 0;
    std::uint32_t free_ = kNone;
    std::size_t blocks_used_ = 0;
};

}  // namespace margind::core
