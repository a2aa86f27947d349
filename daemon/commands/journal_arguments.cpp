#include "daemon/commands/journal_arguments.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

int complain(std::string_view command, std::string_view message, int code) {
    std::fflush(stdout);  // so that both appear in order
    fmt::print(stderr, "margind {}: {}\n", command, message);
    return code;
}

bool folder_readable(std::string_view command, const std::string& folder) {
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
        complain(command,
                 fmt::format("{}: is no folder that can be read; name a journal's folder, the "
                             "config's journal.directory",
                             folder));
        return false;
    }
    PosixFiles files;
    JournalRange range;
    if (IoError failed = journal_range(files, folder, range)) {
        complain(command, failed.text);
        return false;
    }
    if (range.first_input > 0 || range.first_event > 0) return true;
    complain(command, folder + ": holds no journal: it has no files inputs-* or events-*");
    return false;
}

std::string whole_number(const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end) return {};
    return fmt::format("'{}' is no number of an input or event: those are 1, 2, 3 ...", text);
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
