// Lines of a text file, gzipped or not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct gzFile_s;  // NOLINT(readability-identifier-naming): zlib's own name

namespace margind::daemon::stand_in {

class TextFile {
  public:
    static constexpr std::size_t kLineBytesMax =
        64 * 1024 * 1024;  // an order book snapshot is 5 MB

    // Throws std::runtime_error when the file cannot be opened.
    explicit TextFile(const std::filesystem::path& file);

    // The next line without its end, valid until the next call; false at the end. Throws
    // std::runtime_error on a damaged file or an oversized line.
    bool next(std::string_view& line);
    std::uint64_t line_number() const { return line_number_; }  // of the line next() gave; from 1

    // "file:line: what", for messages.
    std::string at_line(std::string_view what) const;

  private:
    struct Close {
        void operator()(gzFile_s* file) const;
    };
    bool fill();

    std::string name_;
    std::unique_ptr<gzFile_s, Close> file_;
    std::string buffer_;
    std::size_t used_ = 0;  // of buffer_, by lines already given
    std::uint64_t line_number_ = 0;
};

}  // namespace margind::daemon::stand_in
