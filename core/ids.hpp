// Names of things inside the engine: dense numbers that cannot be mixed up, and the venue's own
// account names.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>

namespace margind::core {

// A dense index, tagged so that an asset cannot be passed for an instrument.
template <class Tag>
class Id {
  public:
    constexpr Id() = default;
    explicit constexpr Id(std::uint32_t index) : index_(index) {}
    static constexpr Id none() { return Id(); }
    static constexpr std::uint32_t none_index() { return kNone; }

    constexpr std::uint32_t index() const { return index_; }
    constexpr bool valid() const { return index_ != kNone; }
    friend constexpr auto operator<=>(Id, Id) = default;

  private:
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t index_ = kNone;
};

using AssetId = Id<struct AssetTag>;            // position in RiskParameters::assets
using InstrumentId = Id<struct InstrumentTag>;  // position in RiskParameters::instruments
using SourceId = Id<struct SourceTag>;          // position in RiskParameters::sources
using FeedId = Id<struct FeedTag>;              // a websocket connection, as listed in the config
using AccountSlot = Id<struct AccountSlotTag>;  // order in which the engine first saw the account

// Text of at most N bytes, zero padded, so that records stay trivially copyable and comparable.
template <std::size_t N>
class FixedText {
  public:
    static constexpr std::size_t kCapacity = N;

    constexpr FixedText() = default;
    // Requires: fits(text).
    explicit constexpr FixedText(std::string_view text) {
        for (std::size_t i = 0; i < text.size() && i < N; ++i) bytes_[i] = text[i];
    }

    // Whether `text` can be stored: at most N printable ASCII characters, and none that a JSON or
    // CSV reader, or a path, would stumble over (quote, backslash, comma, slash, blank).
    static constexpr bool fits(std::string_view text) {
        return text.size() <= N && std::all_of(text.begin(), text.end(), [](char c) {
                   return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ',' && c != '/';
               });
    }

    constexpr std::string_view view() const {
        std::size_t n = 0;
        while (n < N && bytes_[n] != '\0') ++n;
        return {bytes_.data(), n};
    }
    constexpr bool empty() const { return bytes_[0] == '\0'; }
    friend constexpr auto operator<=>(const FixedText&, const FixedText&) = default;

  private:
    std::array<char, N> bytes_{};
};

// The venue's name of a margin account. Room for a UUID or a chain address as owner.
struct AccountKey {
    FixedText<48> owner;
    FixedText<16> sub_account;  // empty: the owner's main account

    friend constexpr auto operator<=>(const AccountKey&, const AccountKey&) = default;
};
static_assert(sizeof(AccountKey) == 64, "one cache line");

}  // namespace margind::core
