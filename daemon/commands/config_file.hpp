// What the one-shot commands share: a config that is sound, files of lines, output that is
// complete.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "config/settings.hpp"

namespace margind::daemon {

// The settings, or every problem on standard error and nothing.
std::optional<config::Settings> load_or_report(const std::filesystem::path& file);

// A problem of an input file, as it is shown: file:line: message. Line 0: the file as a whole.
std::string at_line(const std::filesystem::path& file, std::size_t line, std::string_view message);

// Calls `use(line number, text)` for every line that is not blank. Lines end with \n or \r\n.
// Returns false, with a message in `problem`, when the file cannot be read.
bool for_each_line(const std::filesystem::path& file, std::string& problem,
                   const std::function<void(std::size_t, std::string_view)>& use);

// At most this many problems of one data file are kept and shown; the rest is a count.
inline constexpr std::size_t kProblemsShown = 100;
void report(const std::vector<std::string>& problems, std::size_t total);

// Standard output in large pieces. A reader that went away, or a full disk, is an error, not a
// shorter file.
class Output {
  public:
    fmt::memory_buffer& buffer() { return buffer_; }
    // Writes when enough has gathered.
    void pace() {
        if (buffer_.size() >= kPiece) flush();
    }
    // False, with a message on standard error, when anything could not be written.
    bool finish();

  private:
    static constexpr std::size_t kPiece = 256 * 1024;
    void flush();

    fmt::memory_buffer buffer_;
    bool failed_ = false;
};

}  // namespace margind::daemon
