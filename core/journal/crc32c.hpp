// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds damage by accident, not by intent. Intent is
// what the SHA-256 of a sealed segment is for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace margind::core {

// Of `bytes`, going on from `before`: crc32c(a + b) == crc32c(b, crc32c(a)). With the processor's
// own instruction where it has one: about 0.15 ns a byte; else about 0.7 ns.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

// The two ways of crc32c, for tests. Requires for the second: crc32c_in_hardware().
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before) noexcept;
std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes,
                                    std::uint32_t before) noexcept;
bool crc32c_in_hardware() noexcept;

}  // namespace margind::core
