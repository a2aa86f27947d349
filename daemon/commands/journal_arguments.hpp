// What the commands over a journal's folder share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/commands/command.hpp"
#include "daemon/journal/posix_files.hpp"

namespace margind::daemon {

// A message of a command on standard error; returns `code`.
int complain(std::string_view command, std::string_view message, int code = kFailed);

// Whether the folder is there to be read, and holds a journal; else the message is on standard
// error.
bool folder_readable(std::string_view command, const std::string& folder);

// For add_option()->check(): empty if `text` is a whole number, in digits.
std::string whole_number(const std::string& text);

// A whole number above zero, with or without thousands separators.
std::optional<std::uint64_t> sequence_of(std::string_view text);

}  // namespace margind::daemon
