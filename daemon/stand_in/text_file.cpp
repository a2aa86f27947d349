#include "daemon/stand_in/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <zlib.h>

namespace margind::daemon::stand_in {

void TextFile::Close::operator()(gzFile_s* file) const {
    gzclose(file);
}

TextFile::TextFile(const std::filesystem::path& file) : name_(file.string()) {
    errno = 0;
    file_.reset(gzopen(name_.c_str(), "rb"));
    if (!file_) {
        const char* why = errno != 0 ? std::strerror(errno) : "out of memory";
        throw std::runtime_error("cannot open " + name_ + ": " + why);
    }
}

bool TextFile::fill() {
    std::array<char, 64 * 1024> chunk;
    const int n = gzread(file_.get(), chunk.data(), static_cast<unsigned>(chunk.size()));
    int error = Z_OK;
    const char* what = gzerror(file_.get(), &error);
    // A cut-off gzip file reads as a short one; only the error tells.
    if (n < 0 || (error != Z_OK && error != Z_STREAM_END)) {
        throw std::runtime_error(at_line(std::string("cannot read on: ") + what));
    }
    buffer_.erase(0, used_);
    used_ = 0;
    buffer_.append(chunk.data(), static_cast<std::size_t>(n));
    if (buffer_.size() > kLineBytesMax) throw std::runtime_error(at_line("a line above 64 MB"));
    return n > 0;
}

bool TextFile::next(std::string_view& line) {
    std::size_t searched = used_;
    std::size_t end = buffer_.find('\n', searched);
    while (end == std::string::npos) {
        searched = buffer_.size() - used_;
        if (!fill()) {
            if (used_ == buffer_.size()) return false;
            end = buffer_.size();  // the last line has no end
            break;
        }
        end = buffer_.find('\n', searched);
    }
    line = std::string_view(buffer_).substr(used_, end - used_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    used_ = std::min(end + 1, buffer_.size());
    ++line_number_;
    return true;
}

std::string TextFile::at_line(std::string_view what) const {
    return name_ + ":" + std::to_string(line_number_) + ": " + std::string(what);
}

}  // namespace margind::daemon::stand_in
