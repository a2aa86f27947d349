#include "core/journal/crc32c.hpp"

#include <array>
#include <cstring>

#include "core/journal/archive.hpp"

namespace margind::core {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41, bits reversed
constexpr std::size_t kStride = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, kStride>;

// tables[k][b]: what byte b does to the sum when k more bytes follow it ("slicing by 8").
constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < kStride; ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t crc = tables[k - 1][byte];
            tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
    std::uint32_t crc = ~before;
    while (bytes.size() >= kStride) {
        const std::uint64_t word = load_little<std::uint64_t>(bytes.data()) ^ crc;
        crc = 0;
        for (std::size_t k = 0; k < kStride; ++k) {
            crc ^= kTables[kStride - 1 - k][(word >> (8 * k)) & 0xff];
        }
        bytes = bytes.subspan(kStride);
    }
    for (const std::byte byte : bytes) {
        crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(byte)) & 0xff];
    }
    return ~crc;
}

#if defined(__x86_64__)

// For this function alone: the rest of the program must run on any x86-64.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::span<const std::byte> bytes, std::uint32_t before) noexcept {
    std::uint64_t crc = ~before;
    while (bytes.size() >= kStride) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof(word));
        crc = __builtin_ia32_crc32di(crc, word);
        bytes = bytes.subspan(kStride);
    }
    auto tail = static_cast<std::uint32_t>(crc);
    for (const std::byte byte : bytes) {
        tail = __builtin_ia32_crc32qi(tail, static_cast<unsigned char>(byte));
    }
    return ~tail;
}

bool crc32c_in_hardware() noexcept {
    static const bool kThere = [] {
        __builtin_cpu_init();
        return __builtin_cpu_supports("sse4.2") != 0;
    }();
    return kThere;
}

#else

std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes,
                                    std::uint32_t before) noexcept {
    return crc32c_by_tables(bytes, before);
}

bool crc32c_in_hardware() noexcept {
    return false;
}

#endif

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
    return crc32c_in_hardware() ? crc32c_by_instruction(bytes, before)
                                : crc32c_by_tables(bytes, before);
}

}  // namespace margind::core
