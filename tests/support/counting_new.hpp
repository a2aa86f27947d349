// Link counting_new.cpp into a test program to count what it allocates: it replaces operator new,
// for the whole program and the shared libraries it uses.
#pragma once

#include <cstddef>

namespace margind::test {

// Calls of operator new since the program began, by any thread.
std::size_t allocation_count() noexcept;
// The same, by the calling thread.
std::size_t allocation_count_of_this_thread() noexcept;

}  // namespace margind::test
