// A bare number is not a price: how many decimals would it have?
// expect: conversion from .int. to non-scalar type|no viable conversion from .int.
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

#ifdef MUST_FAIL
[[maybe_unused]] constexpr Price kPrice = 42;
#else
[[maybe_unused]] constexpr Price kPrice = Price::from_raw(42);
#endif
