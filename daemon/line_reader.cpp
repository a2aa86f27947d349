#include "daemon/line_reader.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <zlib.h>

namespace margind::daemon {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

gzFile handle(void* file) {
    return static_cast<gzFile>(file);
}

}  // namespace

LineReader::LineReader(const std::filesystem::path& file, std::size_t line_bytes_max)
    : file_(file), line_bytes_max_(line_bytes_max) {
    std::error_code error;
    file_bytes_ = std::filesystem::file_size(file, error);
    if (!error) gzip_ = gzopen(file.c_str(), "rb");  // reads uncompressed files as they are
    if (gzip_ == nullptr) {
        if (!error) error.assign(errno, std::generic_category());
        throw std::system_error(error, file.string() + ": cannot be opened");
    }
    gzbuffer(handle(gzip_), kChunk);
}

LineReader::~LineReader() {
    gzclose(handle(gzip_));
}

// Reads on behind what is not handed out yet. False at the end of the file.
bool LineReader::fill() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t kept = buffer_.size();
    buffer_.resize(kept + kChunk);
    const int got = gzread(handle(gzip_), buffer_.data() + kept, kChunk);
    if (got < 0) {
        int code = 0;
        throw std::runtime_error(file_.string() + ":" + std::to_string(line_number_ + 1) +
                                 ": damaged or cut off: " + gzerror(handle(gzip_), &code));
    }
    buffer_.resize(kept + static_cast<std::size_t>(got));
    return got > 0;
}

LineReader::Result LineReader::next(std::string_view& line) {
    bool too_long = false;
    std::size_t searched = 0;
    for (;;) {
        const std::size_t end = buffer_.find('\n', begin_ + searched);
        const bool found = end != std::string::npos;
        if (found || at_end_) {
            const std::size_t stop = found ? end : buffer_.size();
            if (!found && begin_ == stop && !too_long) return Result::end;
            line = std::string_view(buffer_).substr(begin_, stop - begin_);
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            begin_ = found ? stop + 1 : stop;
            ++line_number_;
            too_long = too_long || line.size() > line_bytes_max_;
            if (too_long) line = line.substr(0, 80);
            return too_long ? Result::too_long : Result::line;
        }
        searched = buffer_.size() - begin_;
        if (searched > line_bytes_max_) {  // forget the middle of it
            too_long = true;
            begin_ = buffer_.size();
            searched = 0;
        }
        at_end_ = !fill();
    }
}

double LineReader::progress() const {
    if (file_bytes_ == 0) return 1;
    return static_cast<double>(gzoffset(handle(gzip_))) / static_cast<double>(file_bytes_);
}

}  // namespace margind::daemon
