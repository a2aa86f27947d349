// What an epoch record holds: with what the daemon ran from here on. A journal needs nothing beside
// itself to be replayed: the configuration stands in it as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace margind::core {

enum class EpochReason : std::uint8_t {
    first_start,  // the journal was empty
    restart,      // it goes on from what the journal kept
};

struct EpochRecord {
    std::uint32_t number = 0;  // 1, 2, 3 ...: each run's is above that of the run before
    EpochReason reason = EpochReason::first_start;
    std::string program;      // name and version of what ran, as `margind --version` says it
    std::string config_name;  // of the file, as it was given on the command line
    std::string config_text;  // the whole file
};

// The payload. Empty: a text is longer than kEpochBytesMax allows (names: 65,535 bytes).
std::vector<std::byte> encode_epoch(const EpochRecord& epoch);
// Nothing: these are not an epoch's bytes.
std::optional<EpochRecord> decode_epoch(std::span<const std::byte> payload);

}  // namespace margind::core
