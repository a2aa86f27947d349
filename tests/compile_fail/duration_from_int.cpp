// A hundred of what?
// expect: conversion from .int. to non-scalar type|no viable conversion from .int.
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

#ifdef MUST_FAIL
[[maybe_unused]] constexpr Duration kDelay = 100;
#else
[[maybe_unused]] constexpr Duration kDelay = Duration::from_ms(100);
#endif
