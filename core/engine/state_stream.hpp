// Where an engine's saved state goes to and comes from, in blocks. Archives write and read through
// these (core/journal/archive.hpp); a snapshot file is behind them, or memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace margind::core {

// One writer. Allocates one block, at construction.
class StateSink {
  public:
    static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

    StateSink() : block_(kBlockBytes) {}
    virtual ~StateSink() = default;
    StateSink(const StateSink&) = delete;
    StateSink& operator=(const StateSink&) = delete;

    // False: a block was not taken; nothing is from then on.
    bool put(const std::byte* bytes, std::size_t count) noexcept {
        while (count > block_.size() - used_) {
            const std::size_t part = block_.size() - used_;
            std::memcpy(block_.data() + used_, bytes, part);
            used_ += part;
            bytes += part;
            count -= part;
            if (!flush()) return false;
        }
        if (count > 0) std::memcpy(block_.data() + used_, bytes, count);
        used_ += count;
        return taken_;
    }
    // Hands out what is left. Call once, at the end.
    bool flush() noexcept {
        taken_ = taken_ && (used_ == 0 || take_block(std::span(block_).first(used_)));
        used_ = 0;
        return taken_;
    }

  protected:
    // Blocks are of kBlockBytes each but the last. False: it cannot be kept.
    virtual bool take_block(std::span<const std::byte> block) noexcept = 0;

  private:
    std::vector<std::byte> block_;
    std::size_t used_ = 0;
    bool taken_ = true;
};

// One reader.
class StateSource {
  public:
    StateSource() = default;
    virtual ~StateSource() = default;
    StateSource(const StateSource&) = delete;
    StateSource& operator=(const StateSource&) = delete;

    bool take(std::byte* bytes, std::size_t count) noexcept {
        while (count > 0) {
            if (block_.empty()) block_ = next_block();
            if (block_.empty()) return false;
            const std::size_t part = std::min(count, block_.size());
            std::memcpy(bytes, block_.data(), part);
            block_ = block_.subspan(part);
            bytes += part;
            count -= part;
        }
        return true;
    }
    // Whether there is nothing after what was taken.
    bool at_end() noexcept {
        if (block_.empty()) block_ = next_block();
        return block_.empty();
    }

  protected:
    // Valid until the next call. Empty: there is no more, or none that can be trusted.
    virtual std::span<const std::byte> next_block() noexcept = 0;

  private:
    std::span<const std::byte> block_;
};

// In memory, for tests and for a state that goes from one engine straight into another.
class MemorySink final : public StateSink {
  public:
    std::vector<std::byte> bytes;

  protected:
    bool take_block(std::span<const std::byte> block) noexcept override {
        bytes.insert(bytes.end(), block.begin(), block.end());
        return true;
    }
};

class MemorySource final : public StateSource {
  public:
    // Borrows the bytes.
    explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  protected:
    std::span<const std::byte> next_block() noexcept override {
        const std::span<const std::byte> all = bytes_;
        bytes_ = {};
        return all;
    }

  private:
    std::span<const std::byte> bytes_;
};

}  // namespace margind::core
