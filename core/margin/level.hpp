// The levels at which a venue asks for margin. Weights, rates and even prices may differ between
// them; the ladder (core/parameters.hpp) says which level and multiple of it starts which state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace margind::core {

enum class MarginLevel : std::uint8_t {
    initial,      // to open or enlarge a position, to borrow, to withdraw
    maintenance,  // below it the account is liquidated
    close_out,    // where a liquidation ends: above maintenance, so that it does not start again
};
inline constexpr std::size_t kMarginLevels = 3;
inline constexpr std::array<MarginLevel, kMarginLevels> kAllMarginLevels = {
    MarginLevel::initial, MarginLevel::maintenance, MarginLevel::close_out};

// Which levels something is about.
class LevelSet {
  public:
    constexpr LevelSet() = default;
    static constexpr LevelSet all() {
        LevelSet set;
        set.bits_ = (1U << kMarginLevels) - 1;
        return set;
    }
    constexpr void add(MarginLevel level) { bits_ |= bit(level); }
    constexpr bool has(MarginLevel level) const { return (bits_ & bit(level)) != 0; }

  private:
    static constexpr std::uint32_t bit(MarginLevel level) {
        return 1U << static_cast<std::uint32_t>(level);
    }
    std::uint32_t bits_ = 0;
};

template <class T>
class PerLevel {
  public:
    constexpr PerLevel() = default;
    constexpr PerLevel(const T& every) { values_.fill(every); }  // NOLINT: the same at all levels
    // The close-out level is the maintenance level where a venue has none of its own.
    constexpr PerLevel(const T& initial, const T& maintenance)
        : values_{initial, maintenance, maintenance} {}

    constexpr T& operator[](MarginLevel level) { return values_[static_cast<std::size_t>(level)]; }
    constexpr const T& operator[](MarginLevel level) const {
        return values_[static_cast<std::size_t>(level)];
    }
    friend constexpr bool operator==(const PerLevel&, const PerLevel&) = default;

  private:
    std::array<T, kMarginLevels> values_{};
};

}  // namespace margind::core
