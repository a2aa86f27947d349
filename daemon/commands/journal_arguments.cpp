#include "daemon/commands/journal_arguments.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

namespace margind::daemon {

int complain(std::string_view command, std::string_view message, int code) {
    std::fflush(stdout);  // so that both appear in order
    fmt::print(stderr, "margind {}: {}\n", command, message);
    return code;
}

bool folder_readable(std::string_view command, const std::string& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return true;
    complain(command, fmt::format("{}: is no folder that can be read; name a journal's folder, the "
                                  "config's journal.directory",
                                  folder));
    return false;
}

std::optional<std::uint64_t> sequence_of(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != ',') digits.push_back(c);
    }
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || stop != end || value == 0) return std::nullopt;
    return value;
}

}  // namespace margind::daemon
