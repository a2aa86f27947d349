// Hashes of what the engine knows, so that two runs can be compared in a word: the account, the
// market as an account sees it, the risk parameters, and everything together.
//
// The mixer takes 64-bit words in order, each by
//
//   h = (h ^ word) * 0x9fb21c651e98df25;  h = h ^ (h >> 32)
//
// beginning at 0x8b51f9dd4e5a3c17, and ends with the same multiplication and shifts of 29 and 32
// around it. Every step can be undone, so no word is lost to another; it is no defence against
// whoever makes up accounts to collide, which is what the journal's SHA-256 is for. Words are the
// fields of a record, one each, whatever their size; of texts, eight characters each, the first
// lowest. The same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/margin/accounts.hpp"
#include "core/market/market_stage.hpp"

namespace margind::core {

class Mixer {
  public:
    void add(std::uint64_t word) noexcept {
        hash_ = (hash_ ^ word) * kFactor;
        hash_ ^= hash_ >> 32;
    }
    std::uint64_t value() const noexcept {
        const std::uint64_t mixed = (hash_ ^ (hash_ >> 29)) * kFactor;
        return mixed ^ (mixed >> 32);
    }

  private:
    static constexpr std::uint64_t kFactor = 0x9fb21c651e98df25ULL;  // odd
    std::uint64_t hash_ = 0x8b51f9dd4e5a3c17ULL;
};

// Takes what an ArchiveWriter writes (core/journal/archive.hpp), so that what is saved and what is
// hashed are one list of fields.
class HashSink {
  public:
    bool put(const std::byte* bytes, std::size_t count) noexcept;
    std::uint64_t value() const noexcept { return mixer_.value(); }

  private:
    Mixer mixer_;
};

// The account by itself: its name, the instrument it is isolated in, its balances, positions and
// orders. Cost: 2 ns a word, 9 words and 2 a balance, 5 a position, 3 an order.
std::uint64_t account_hash(const AccountKey& key, InstrumentId isolated_in,
                           const AccountView& account) noexcept;

// What an evaluation of the account reads of the market, and what holds its liquidation: of each
// of its `factors` the mark, index, price state and rates, and of each of its balances' assets the
// price and weights, all in the order of their ids.
std::uint64_t market_hash(const AccountView& account, std::span<const InstrumentId> factors,
                          const MarketStage& market) noexcept;

// The parameters in force: those of the config's text, and what was changed since, in the order of
// what it changes.
std::uint64_t parameters_hash(std::uint64_t config_hash,
                              std::span<const ParameterInput> changes) noexcept;

}  // namespace margind::core
