// An input with what shards need to know of it, and whose part it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/input.hpp"
#include "core/limits.hpp"

namespace margind::core {

// Engine threads the accounts of one venue may be spread over. Each costs the market stage once
// more: docs/performance.md.
inline constexpr std::uint32_t kShardsMax = 64;

inline constexpr std::uint32_t kEveryShard = kShardsMax;
inline constexpr std::uint32_t kNoShard = kShardsMax + 1;

// Where an owner's accounts live, all sub-accounts together: the 64-bit FNV-1a hash of the owner's
// name (without padding), its bits mixed by the finaliser of MurmurHash3, its upper half scaled to
// [0, shards). The same on every machine, and part of no format.
std::uint32_t shard_of(const FixedText<48>& owner, std::uint32_t shards) noexcept;

// Every shard sees every input; it takes the market's, and account updates that are its own.
struct ShardInput {
    Input input;
    std::uint32_t home = kEveryShard;   // whose accounts it is about
    std::uint32_t receiver = kNoShard;  // a transfer's, where that is not `home`
};

// Says whose part an input is. All records of an update go where the first one goes.
//
// Thread: whoever numbers inputs; all of them pass here, in order. Cost: a hash of an owner's name.
class InputRouter {
  public:
    // Requires: 1 <= shards <= kShardsMax. `assets`: how many the venue has.
    InputRouter(std::uint32_t shards, std::size_t assets) : shards_(shards), assets_(assets) {}

    void route(const Input& input, ShardInput& routed) noexcept;

  private:
    struct Update {
        std::size_t records = 0;  // so far
        std::uint32_t home = 0;
        AccountInput first;
    };

    std::uint32_t receiver_of(const Update& update, const AccountInput& last) const noexcept;

    const std::uint32_t shards_;
    const std::size_t assets_;
    std::array<Update, kMaxAccountSources> updates_;  // by origin
};

}  // namespace margind::core
