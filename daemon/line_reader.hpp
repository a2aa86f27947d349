// Reads a text file line by line, compressed (gzip) or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace margind::daemon {

class LineReader {
  public:
    // Throws std::system_error naming the file when it cannot be opened.
    LineReader(const std::filesystem::path& file, std::size_t line_bytes_max);
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    enum class Result : std::uint8_t { line, too_long, end };
    // The next line without its end; valid until the next call. `too_long`: it was skipped, `line`
    // is a piece of it. Throws std::runtime_error naming file and line when the file is damaged.
    Result next(std::string_view& line);

    std::uint64_t line_number() const noexcept { return line_number_; }  // 1-based, of the last one
    const std::filesystem::path& file() const noexcept { return file_; }
    // How far into the file, compressed bytes counted, 0 .. 1.
    double progress() const;

  private:
    bool fill();

    const std::filesystem::path file_;
    const std::size_t line_bytes_max_;
    std::uint64_t file_bytes_ = 0;
    void* gzip_ = nullptr;  // zlib's handle, kept out of this header
    std::string buffer_;
    std::size_t begin_ = 0;  // of what is not handed out yet
    bool at_end_ = false;
    std::uint64_t line_number_ = 0;
};

}  // namespace margind::daemon
