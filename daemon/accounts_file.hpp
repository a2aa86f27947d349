// Brings a file of account lines into the engine before the first price.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/time.hpp"
#include "daemon/threads/input_cycle.hpp"

namespace margind::daemon {

// The sender of account updates, as the engine tells them apart.
inline constexpr std::uint8_t kOriginAccountsFile = 0;
inline constexpr std::uint8_t kOriginRecorded = 1;

struct AccountsLoad {
    std::uint64_t lines = 0;  // blank ones not counted
    std::uint64_t bad_lines = 0;
};

struct AccountsListener {
    std::function<void(const std::string&)> problem;  // "file:line: what and what to do"
    std::function<void(std::uint64_t lines, double share)> progress;  // every 100'000 lines
};

// Applies each line as one atomic update, received at `now()`. Bad lines change nothing and are
// told one by one. Throws std::system_error or std::runtime_error when the file cannot be read.
AccountsLoad load_accounts(const std::filesystem::path& file, InputCycle& cycle,
                           const std::function<core::Timestamp()>& now,
                           const AccountsListener& listener);

// Applies the records of one update. Returns why it was refused, empty when it was not.
std::string apply_update(InputCycle& cycle, std::vector<core::Input>& records, std::uint8_t origin,
                         core::Timestamp received);

// For a start: tells progress and problems in the log. Throws StartupRefused when a line has a
// problem. An empty name: there is nothing to load.
void load_accounts_or_refuse(const std::filesystem::path& file, InputCycle& cycle,
                             feeds::Clock& clock);

}  // namespace margind::daemon
