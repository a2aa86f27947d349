// Memory for the short-lived state of asynchronous operations, reused so that reading a message
// allocates nothing. Asio's own cache holds two blocks of at most a kilobyte, too few for TLS.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace margind::feeds {

// Thread: the io thread's. Outlives every block taken from it.
class HandlerMemory {
  public:
    HandlerMemory() = default;
    HandlerMemory(const HandlerMemory&) = delete;
    HandlerMemory& operator=(const HandlerMemory&) = delete;

    void* allocate(std::size_t size) {
        if (size <= kBlockBytes) {
            for (std::size_t i = 0; i < kBlocks; ++i) {
                if (in_use_[i]) continue;
                in_use_[i] = true;
                return blocks_[i].bytes.data();
            }
        }
        return ::operator new(size);
    }
    void deallocate(void* memory) noexcept {
        for (std::size_t i = 0; i < kBlocks; ++i) {
            if (memory != blocks_[i].bytes.data()) continue;
            in_use_[i] = false;
            return;
        }
        ::operator delete(memory);
    }

  private:
    // A TLS read nests three operations of up to a kilobyte; writes, pings and pongs come on top.
    static constexpr std::size_t kBlocks = 8;
    static constexpr std::size_t kBlockBytes = 2048;
    struct Block {
        alignas(std::max_align_t) std::array<std::byte, kBlockBytes> bytes;
    };
    std::array<Block, kBlocks> blocks_;
    std::array<bool, kBlocks> in_use_{};
};

// Allocator over it, for asio::bind_allocator.
template <class T>
class HandlerAllocator {
  public:
    using value_type = T;  // NOLINT(readability-identifier-naming): the name that allocators have

    explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
    template <class U>
    HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory_(&other.memory()) {}

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* memory, std::size_t) noexcept { memory_->deallocate(memory); }

    template <class U>
    friend bool operator==(const HandlerAllocator& a, const HandlerAllocator<U>& b) noexcept {
        return &a.memory() == &b.memory();
    }
    HandlerMemory& memory() const noexcept { return *memory_; }

  private:
    HandlerMemory* memory_;
};

}  // namespace margind::feeds
