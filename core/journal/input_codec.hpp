// An input as the payload of a journal record, and back. The record's header has its input_seq and
// engine_time; the payload has everything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/input.hpp"
#include "core/time.hpp"

namespace margind::core {

// Writes the payload and returns its length, at most kInputBytesMax; zero: `room` is too small, or
// a field holds no value of its type (an enumerator past the last, an unprintable name). Equal
// inputs give equal bytes. Allocates nothing; about 20 ns.
std::size_t encode_input(const Input& input, std::span<std::byte> room) noexcept;

// Reads a payload into `input`, with the number and time of its record. False: these are not an
// input's bytes; `input` is then of no use. Whatever it accepts, encode_input turns into the same
// bytes again.
bool decode_input(std::uint64_t input_seq, Timestamp engine_time,
                  std::span<const std::byte> payload, Input& input) noexcept;

}  // namespace margind::core
