// Assertions say "our bug". They never judge input: what the world sends is checked and refused.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace margind::core {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr,
                 "margind: assertion failed: %s at %s:%d; a wrong number is worse than a restart\n",
                 what, file, line);
    std::abort();
}

}  // namespace margind::core

// On in every build: cheap conditions whose failure would mean a wrong number.
#define MARGIND_ASSERT(condition) \
    (static_cast<bool>(condition) \
         ? void(0)                \
         : ::margind::core::assertion_failed(#condition, __FILE__, __LINE__))

// On in debug and sanitizer builds: conditions too costly for the hot path.
#ifdef NDEBUG
#define MARGIND_DEBUG_ASSERT(condition) void(0)
#else
#define MARGIND_DEBUG_ASSERT(condition) MARGIND_ASSERT(condition)
#endif
