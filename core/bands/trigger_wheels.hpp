// Who has to be looked at when a number passes a mark: one wheel for each coordinate and direction,
// all in one arena. An entry (key, slot) is reported by the first advance() beyond its key.
//
// A wheel is a grid over the keys, like a hierarchical timing wheel with price for time: coarse
// buckets of about 1 %, each a plain list until the coordinate comes near it and then split into
// 256 fine ones. Keys are kept exactly, so the grid never makes an entry early or late. Keys
// outside the grid fall into its end buckets, which costs time and nothing else.
//
// Entries are not taken out when their owner no longer wants them: the owner knows its entry by the
// key, and drops what it does not know. What piles up that way is swept a little at a time.
//
// Thread: the engine's. Memory: taken by the constructor, touched as it is used. Cost: insert about
// 20 ns and a cache miss or two; advance that reaches no entry: one comparison.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/bands/coordinates.hpp"
#include "core/limits.hpp"

namespace margind::core {

// What an entry belongs to; the owner's numbering.
using SlotRef = std::uint32_t;

struct FiredEntry {
    BandKey key = 0;
    SlotRef slot = 0;
    std::uint32_t wheel = 0;
};

struct WheelStatistics {
    std::uint64_t entries = 0;  // in all wheels, with those nobody wants any more
    std::uint64_t chunks = 0;   // in use, 64 bytes each
    std::uint64_t fine_blocks = 0;
    std::uint64_t splits = 0;
    std::uint64_t swept = 0;  // unwanted entries taken out
};

class TriggerWheels {
  public:
    static constexpr int kCoarseBuckets = 512;
    static constexpr int kFineBits = 8;
    static constexpr int kFineBuckets = 1 << kFineBits;

    // Room for `chunks_max` chunks of seven entries and `fine_max` split buckets, all wheels
    // together.
    TriggerWheels(std::size_t wheels, std::size_t chunks_max, std::size_t fine_max);

    // Lays the grid around `now`, fine buckets of 2^shift. Requires: no entry is in the wheel.
    void start(std::uint32_t wheel, BandKey now, int shift) noexcept;

    // False when the memory is used up; nothing was inserted then. Requires: started.
    bool insert(std::uint32_t wheel, BandKey key, SlotRef slot) noexcept;

    // Takes out every entry of the wheel and appends it to `fired`.
    void empty(std::uint32_t wheel, std::vector<FiredEntry>& fired);

    // Takes out every entry with key < now and appends it to `fired`. Requires: started; `fired`
    // has room reserved for them, or may grow.
    void advance(std::uint32_t wheel, BandKey now, std::vector<FiredEntry>& fired) {
        if (now > next_[wheel]) fire(wheel, now, fired);
    }

    // Looks at up to `chunks` chunks more and takes out the entries that `wanted(wheel, key, slot)`
    // does not know; round and round over all wheels.
    template <class Wanted>
    void sweep(int chunks, Wanted wanted) noexcept {
        for (int steps = 16 * chunks; chunks > 0 && steps > 0; --steps) {
            std::uint32_t* const link = sweep_link();
            if (link == nullptr || *link == kNone) {
                sweep_on();
                continue;
            }
            --chunks;
            Chunk& chunk = chunks_[*link];
            for (std::uint32_t i = chunk.count; i-- > 0;) {
                if (wanted(sweep_.wheel, chunk.keys[i], chunk.slots[i])) continue;
                --chunk.count;
                chunk.keys[i] = chunk.keys[chunk.count];
                chunk.slots[i] = chunk.slots[chunk.count];
                --statistics_.entries;
                ++statistics_.swept;
            }
            if (chunk.count > 0) {
                sweep_.before = *link;
            } else {
                const std::uint32_t empty = *link;
                *link = chunk.next;
                give_back(empty);
            }
        }
    }

    // No key of the wheel is below it.
    BandKey next(std::uint32_t wheel) const noexcept { return next_[wheel]; }
    const WheelStatistics& statistics() const noexcept { return statistics_; }
    // In use.
    std::size_t bytes() const noexcept {
        return statistics_.chunks * sizeof(Chunk) + statistics_.fine_blocks * sizeof(FineBlock) +
               coarse_.size() * sizeof coarse_[0] + wheels_.size() * sizeof(Wheel);
    }

  private:
    static constexpr std::uint32_t kNone = 0;  // chunk 0 is never used
    static constexpr std::uint32_t kSplit = 0x8000'0000;
    static constexpr std::uint32_t kNoBlock = 0xFFFF'FFFF;
    static constexpr BandKey kNever = std::numeric_limits<BandKey>::max();
    static constexpr std::uint32_t kEntriesPerChunk = 7;

    struct alignas(core::kCacheLine) Chunk {
        std::array<BandKey, kEntriesPerChunk> keys;
        std::array<SlotRef, kEntriesPerChunk> slots;
        std::uint32_t next;
        std::uint32_t count;
    };
    static_assert(sizeof(Chunk) == 64);

    // A coarse bucket split: heads of chunk lists, and which are not empty.
    struct FineBlock {
        std::array<std::uint64_t, kFineBuckets / 64> occupied;
        std::array<std::uint32_t, kFineBuckets> heads;
    };
    struct Wheel {
        std::int64_t origin = 0;  // key of the first coarse bucket
        int shift = 0;
        bool started = false;
    };

    // Where the sweep is: at the chunk after `before` of a bucket's list, or at its head.
    struct Sweep {
        std::uint32_t wheel = 0;
        int coarse = 0;
        int fine = 0;
        std::uint32_t before = kNone;
    };

    std::uint32_t* buckets(std::uint32_t wheel) noexcept {
        return &coarse_[std::size_t{wheel} * kCoarseBuckets];
    }
    static int coarse_of(const Wheel& wheel, BandKey key) noexcept;
    static int fine_of(const Wheel& wheel, int coarse, BandKey key) noexcept;
    static std::int64_t start_of(const Wheel& wheel, int coarse) noexcept {
        return wheel.origin + (std::int64_t{coarse} << (wheel.shift + kFineBits));
    }

    static BandKey end_of(const Wheel& wheel, int coarse) noexcept;

    std::size_t chunks_left() const noexcept { return chunks_max_ - 1 - statistics_.chunks; }
    std::size_t chunks_when_split(std::uint32_t head) const noexcept;
    std::uint32_t* sweep_link() noexcept;
    void sweep_on() noexcept;
    std::uint32_t take_chunk() noexcept;
    void give_back(std::uint32_t chunk) noexcept;
    bool push(std::uint32_t& head, BandKey key, SlotRef slot) noexcept;
    void fire(std::uint32_t wheel, BandKey now, std::vector<FiredEntry>& fired);
    void fire_list(std::uint32_t wheel, std::uint32_t head, std::vector<FiredEntry>& fired);
    BandKey fire_below(std::uint32_t wheel, std::uint32_t& head, BandKey now,
                       std::vector<FiredEntry>& fired);
    void fire_bucket(std::uint32_t wheel, std::uint32_t& bucket, std::vector<FiredEntry>& fired);
    std::uint32_t take_block() noexcept;
    void give_back_block(std::uint32_t block) noexcept;
    bool split(std::uint32_t wheel, int coarse) noexcept;
    BandKey earliest_after(const Wheel& wheel, const FineBlock& block, int coarse,
                           int fine) const noexcept;

    std::vector<Wheel> wheels_;
    std::vector<BandKey> next_;          // per wheel: a bound below its keys
    std::vector<std::uint32_t> coarse_;  // per wheel: kNone, a chunk, or kSplit | fine block
    // Not zeroed: touched as they are used.
    std::unique_ptr<Chunk[]> chunks_;
    std::size_t chunks_max_;
    std::uint32_t chunks_top_ = 1;
    std::uint32_t free_chunk_ = kNone;
    std::unique_ptr<FineBlock[]> fine_;
    std::size_t fine_max_;
    std::uint32_t fine_top_ = 0;
    std::uint32_t free_fine_ = kNoBlock;  // linked by their first heads
    Sweep sweep_;
    WheelStatistics statistics_;
};

}  // namespace margind::core
