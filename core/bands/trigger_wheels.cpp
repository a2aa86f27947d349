#include "core/bands/trigger_wheels.hpp"

#include <algorithm>
#include <bit>

#include "core/assert.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {

TriggerWheels::TriggerWheels(std::size_t wheels, std::size_t chunks_max, std::size_t fine_max)
    : wheels_(wheels),
      next_(wheels, kNever),
      coarse_(wheels * kCoarseBuckets, kNone),
      chunks_(std::make_unique_for_overwrite<Chunk[]>(chunks_max + 1)),
      chunks_max_(chunks_max + 1),
      fine_(std::make_unique_for_overwrite<FineBlock[]>(fine_max)),
      fine_max_(fine_max) {
    MARGIND_ASSERT(chunks_max < kSplit && fine_max < kSplit);
}

void TriggerWheels::start(std::uint32_t wheel, BandKey now, int shift) noexcept {
    Wheel& w = wheels_[wheel];
    const int width = shift + kFineBits;
    w.shift = shift;
    w.origin = ((std::int64_t{now} >> width) - kCoarseBuckets / 2) * (std::int64_t{1} << width);
    w.started = true;
    next_[wheel] = kNever;
}

int TriggerWheels::coarse_of(const Wheel& wheel, BandKey key) noexcept {
    const std::int64_t bucket = (std::int64_t{key} - wheel.origin) >> (wheel.shift + kFineBits);
    return static_cast<int>(std::clamp<std::int64_t>(bucket, 0, kCoarseBuckets - 1));
}

int TriggerWheels::fine_of(const Wheel& wheel, int coarse, BandKey key) noexcept {
    const std::int64_t bucket = (std::int64_t{key} - start_of(wheel, coarse)) >> wheel.shift;
    return static_cast<int>(std::clamp<std::int64_t>(bucket, 0, kFineBuckets - 1));
}

std::uint32_t TriggerWheels::take_chunk() noexcept {
    if (free_chunk_ == kNone && chunks_top_ == chunks_max_) return kNone;
    ++statistics_.chunks;
    if (free_chunk_ == kNone) return chunks_top_++;
    const std::uint32_t chunk = free_chunk_;
    free_chunk_ = chunks_[chunk].next;
    return chunk;
}

void TriggerWheels::give_back(std::uint32_t chunk) noexcept {
    chunks_[chunk].next = free_chunk_;
    free_chunk_ = chunk;
    --statistics_.chunks;
}

std::uint32_t TriggerWheels::take_block() noexcept {
    if (free_fine_ == kNoBlock && fine_top_ == fine_max_) return kNoBlock;
    ++statistics_.fine_blocks;
    if (free_fine_ == kNoBlock) return fine_top_++;
    const std::uint32_t block = free_fine_;
    free_fine_ = fine_[block].heads[0];
    return block;
}

void TriggerWheels::give_back_block(std::uint32_t block) noexcept {
    fine_[block].heads[0] = free_fine_;
    free_fine_ = block;
    --statistics_.fine_blocks;
}

bool TriggerWheels::push(std::uint32_t& head, BandKey key, SlotRef slot) noexcept {
    if (head == kNone || chunks_[head].count == kEntriesPerChunk) {
        const std::uint32_t chunk = take_chunk();
        if (chunk == kNone) return false;
        chunks_[chunk].next = head;
        chunks_[chunk].count = 0;
        head = chunk;
    }
    Chunk& chunk = chunks_[head];
    chunk.keys[chunk.count] = key;
    chunk.slots[chunk.count] = slot;
    ++chunk.count;
    return true;
}

bool TriggerWheels::insert(std::uint32_t wheel, BandKey key, SlotRef slot) noexcept {
    const Wheel& w = wheels_[wheel];
    MARGIND_DEBUG_ASSERT(w.started);
    if (MARGIND_FAULT(lost_insert) && slot % 2'000 == 7) return true;
    if (MARGIND_FAULT(rates_unseen) && wheel % kCoordinatesPerFactor == kRulesUp) return true;
    const int coarse = coarse_of(w, key);
    std::uint32_t& bucket = buckets(wheel)[coarse];
    if ((bucket & kSplit) == 0) {
        if (!push(bucket, key, slot)) return false;
    } else {
        FineBlock& block = fine_[bucket & ~kSplit];
        const auto fine = static_cast<std::size_t>(fine_of(w, coarse, key));
        if (!push(block.heads[fine], key, slot)) return false;
        block.occupied[fine / 64] |= std::uint64_t{1} << (fine % 64);
    }
    next_[wheel] = std::min(next_[wheel], key);
    ++statistics_.entries;
    return true;
}

void TriggerWheels::fire_list(std::uint32_t wheel, std::uint32_t head,
                              std::vector<FiredEntry>& fired) {
    while (head != kNone) {
        const Chunk& chunk = chunks_[head];
        const std::uint32_t next = chunk.next;
        if (next != kNone) __builtin_prefetch(&chunks_[next]);
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            fired.push_back({chunk.keys[i], chunk.slots[i], wheel});
        }
        statistics_.entries -= chunk.count;
        give_back(head);
        head = next;
    }
}

// The bucket that `now` is in: its entries below `now` fire, the others stay. Returns the least key
// that stays.
BandKey TriggerWheels::fire_below(std::uint32_t wheel, std::uint32_t& head, BandKey now,
                                  std::vector<FiredEntry>& fired) {
    BandKey least = kNever;
    for (std::uint32_t* link = &head; *link != kNone;) {
        const std::uint32_t at = *link;
        Chunk& chunk = chunks_[at];
        for (std::uint32_t i = chunk.count; i-- > 0;) {
            if (chunk.keys[i] >= now) {
                least = std::min(least, chunk.keys[i]);
                continue;
            }
            fired.push_back({chunk.keys[i], chunk.slots[i], wheel});
            --chunk.count;
            --statistics_.entries;
            chunk.keys[i] = chunk.keys[chunk.count];
            chunk.slots[i] = chunk.slots[chunk.count];
        }
        if (chunk.count == 0) {
            *link = chunk.next;
            give_back(at);
        } else {
            link = &chunk.next;
        }
    }
    return least;
}

// The most that the list takes when it is distributed over fine buckets.
std::size_t TriggerWheels::chunks_when_split(std::uint32_t head) const noexcept {
    std::size_t entries = 0;
    for (; head != kNone; head = chunks_[head].next) entries += chunks_[head].count;
    return std::min(entries, entries / kEntriesPerChunk + kFineBuckets);
}

// Distributes a coarse bucket over fine ones. False, and nothing done, when there is no room: the
// bucket stays a plain list, which is slower and as right.
bool TriggerWheels::split(std::uint32_t wheel, int coarse) noexcept {
    std::uint32_t& bucket = buckets(wheel)[coarse];
    if (chunks_left() < chunks_when_split(bucket)) return false;
    const std::uint32_t number = take_block();
    if (number == kNoBlock) return false;
    FineBlock& block = fine_[number];
    block.occupied.fill(0);
    block.heads.fill(kNone);
    ++statistics_.splits;
    const Wheel& w = wheels_[wheel];
    for (std::uint32_t head = bucket; head != kNone;) {
        const Chunk chunk = chunks_[head];
        give_back(head);
        if (MARGIND_FAULT(lost_in_split) && chunk.next == kNone) break;
        for (std::uint32_t i = 0; i < chunk.count; ++i) {
            const auto fine = static_cast<std::size_t>(fine_of(w, coarse, chunk.keys[i]));
            const bool pushed = push(block.heads[fine], chunk.keys[i], chunk.slots[i]);
            MARGIND_DEBUG_ASSERT(pushed);
            static_cast<void>(pushed);
            block.occupied[fine / 64] |= std::uint64_t{1} << (fine % 64);
        }
        head = chunk.next;
    }
    bucket = kSplit | number;
    return true;
}

BandKey TriggerWheels::earliest_after(const Wheel& wheel, const FineBlock& block, int coarse,
                                      int fine) const noexcept {
    for (int at = fine + 1; at < kFineBuckets;) {
        const std::uint64_t rest = block.occupied[static_cast<std::size_t>(at / 64)] >> (at % 64);
        if (rest == 0) {
            at = (at / 64 + 1) * 64;
            continue;
        }
        at += std::countr_zero(rest);
        return static_cast<BandKey>(start_of(wheel, coarse) + (std::int64_t{at} << wheel.shift));
    }
    return end_of(wheel, coarse);
}

// A bound below the keys of the coarse buckets after this one.
BandKey TriggerWheels::end_of(const Wheel& wheel, int coarse) noexcept {
    if (coarse + 1 == kCoarseBuckets) return kNever;
    return static_cast<BandKey>(std::min<std::int64_t>(start_of(wheel, coarse + 1), kNever));
}

// All of a coarse bucket; it is a plain list again, without entries.
void TriggerWheels::fire_bucket(std::uint32_t wheel, std::uint32_t& bucket,
                                std::vector<FiredEntry>& fired) {
    if ((bucket & kSplit) == 0) {
        fire_list(wheel, bucket, fired);
    } else {
        const std::uint32_t number = bucket & ~kSplit;
        FineBlock& block = fine_[number];
        for (std::size_t word = 0; word < block.occupied.size(); ++word) {
            for (; block.occupied[word] != 0; block.occupied[word] &= block.occupied[word] - 1) {
                const std::size_t fine =
                    word * 64 + static_cast<std::size_t>(std::countr_zero(block.occupied[word]));
                fire_list(wheel, block.heads[fine], fired);
            }
        }
        give_back_block(number);
    }
    bucket = kNone;
}

void TriggerWheels::empty(std::uint32_t wheel, std::vector<FiredEntry>& fired) {
    if (sweep_.wheel == wheel) sweep_ = {.wheel = wheel, .coarse = kCoarseBuckets};
    std::uint32_t* const bucket = buckets(wheel);
    for (int coarse = 0; coarse < kCoarseBuckets; ++coarse) {
        fire_bucket(wheel, bucket[coarse], fired);
    }
    next_[wheel] = kNever;
}

void TriggerWheels::fire(std::uint32_t wheel, BandKey now, std::vector<FiredEntry>& fired) {
    if (MARGIND_FAULT(late_fire)) now -= 2'000;
    const Wheel& w = wheels_[wheel];
    std::uint32_t* const bucket = buckets(wheel);
    const int first = coarse_of(w, next_[wheel]);
    const int last = coarse_of(w, now);
    // The sweep may stand on what is taken out now.
    if (sweep_.wheel == wheel && sweep_.coarse >= first && sweep_.coarse <= last) {
        sweep_ = {.wheel = wheel, .coarse = last + 1};
    }
    for (int coarse = first; coarse < last; ++coarse) fire_bucket(wheel, bucket[coarse], fired);
    if ((bucket[last] & kSplit) == 0 && !split(wheel, last)) {
        const BandKey least = fire_below(wheel, bucket[last], now, fired);
        next_[wheel] = std::min(least, end_of(w, last));
        return;
    }
    FineBlock& block = fine_[bucket[last] & ~kSplit];
    const int fine = fine_of(w, last, now);
    for (int at = first == last ? fine_of(w, last, next_[wheel]) : 0; at < fine; ++at) {
        const auto index = static_cast<std::size_t>(at);
        if (block.heads[index] == kNone) continue;
        fire_list(wheel, block.heads[index], fired);
        block.heads[index] = kNone;
        block.occupied[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    }
    const auto index = static_cast<std::size_t>(fine);
    const BandKey least = fire_below(wheel, block.heads[index], now, fired);
    if (block.heads[index] == kNone) {
        block.occupied[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    }
    next_[wheel] = std::min(least, earliest_after(w, block, last, fine));
}

// Null past the last bucket of the wheel.
std::uint32_t* TriggerWheels::sweep_link() noexcept {
    if (sweep_.coarse >= kCoarseBuckets) return nullptr;
    if (sweep_.before != kNone) return &chunks_[sweep_.before].next;
    std::uint32_t& bucket = buckets(sweep_.wheel)[sweep_.coarse];
    if ((bucket & kSplit) == 0) return &bucket;
    return &fine_[bucket & ~kSplit].heads[static_cast<std::size_t>(sweep_.fine)];
}

// To the next bucket that is not empty, or to the next wheel.
void TriggerWheels::sweep_on() noexcept {
    sweep_.before = kNone;
    if (sweep_.coarse >= kCoarseBuckets) {
        sweep_ = {.wheel = (sweep_.wheel + 1) % static_cast<std::uint32_t>(wheels_.size())};
        return;
    }
    const std::uint32_t bucket = buckets(sweep_.wheel)[sweep_.coarse];
    if ((bucket & kSplit) != 0 && sweep_.fine + 1 < kFineBuckets) {
        FineBlock& block = fine_[bucket & ~kSplit];
        const auto fine = static_cast<std::size_t>(sweep_.fine);
        if (block.heads[fine] == kNone) {
            block.occupied[fine / 64] &= ~(std::uint64_t{1} << (fine % 64));
        }
        ++sweep_.fine;
        return;
    }
    sweep_.fine = 0;
    const std::uint32_t* const all = buckets(sweep_.wheel);
    do {
        ++sweep_.coarse;
    } while (sweep_.coarse < kCoarseBuckets && all[sweep_.coarse] == kNone);
}

}  // namespace margind::core
