#include "tests/support/counting_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> allocations{0};
thread_local std::size_t allocations_of_this_thread = 0;

void count() noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    ++allocations_of_this_thread;
}

void* counted(std::size_t bytes) noexcept {
    count();
    return std::malloc(bytes == 0 ? 1 : bytes);
}

void* counted_aligned(std::size_t bytes, std::align_val_t alignment) noexcept {
    count();
    const auto unit = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
}

void* or_throw(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

std::size_t margind::test::allocation_count() noexcept {
    return allocations.load(std::memory_order_relaxed);
}
std::size_t margind::test::allocation_count_of_this_thread() noexcept {
    return allocations_of_this_thread;
}

// Array and sized forms come to these by default.
void* operator new(std::size_t bytes) {
    return or_throw(counted(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return counted(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return or_throw(counted_aligned(bytes, alignment));
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
