#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <zstd.h>

#include "core/journal/crc32c.hpp"
#include "daemon/journal/sealed_segment.hpp"

namespace margind::daemon {
namespace {

class PlainBytes final : public SegmentBytes {
  public:
    explicit PlainBytes(std::unique_ptr<File> file) : file_(std::move(file)) {}
    IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) override {
        return file_->read(offset, bytes, got);
    }
    IoError size(std::uint64_t& bytes) override { return file_->size(bytes); }

  private:
    std::unique_ptr<File> file_;
};

class CompressedBytes final : public SegmentBytes {
  public:
    CompressedBytes(std::unique_ptr<File> file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    IoError start() {
        std::uint64_t size = 0;
        if (IoError error = file_->size(size)) return error;
        std::array<std::byte, 8> end{};
        if (size < end.size()) return bad("it is too short");
        if (IoError error = read_all(size - end.size(), end)) return error;
        const std::uint64_t bytes = index_bytes(end);
        if (bytes == 0 || bytes > size) return bad("it has no index at its end");
        std::vector<std::byte> tail(bytes);
        if (IoError error = read_all(size - bytes, tail)) return error;
        if (!decode_index(tail, index_)) return bad("its index is damaged");
        std::uint64_t at = 0;
        for (const SealedFrame& frame : index_.frames) {
            if (frame.offset != at) return bad("its frames do not follow each other");
            at += frame.bytes;
        }
        return at == size - bytes ? IoError{} : bad("its frames do not reach up to its index");
    }

    IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) override {
        got = 0;
        while (got < bytes.size() && offset + got < index_.plain_bytes) {
            const std::uint64_t at = offset + got;
            if (IoError error = hold_frame(static_cast<std::size_t>(at / kFrameBytes))) {
                return error;
            }
            const std::size_t in_frame = at % kFrameBytes;
            const std::size_t part = std::min(bytes.size() - got, frame_.size() - in_frame);
            std::copy_n(frame_.begin() + static_cast<std::ptrdiff_t>(in_frame), part,
                        bytes.begin() + static_cast<std::ptrdiff_t>(got));
            got += part;
        }
        return {};
    }

    IoError size(std::uint64_t& bytes) override {
        bytes = index_.plain_bytes;
        return {};
    }
    const SealedIndex* index() const noexcept override { return &index_; }

  private:
    IoError bad(std::string what) const {
        return {EBADMSG, fmt::format("{} is damaged: {}", path_, what)};
    }

    IoError read_all(std::uint64_t offset, std::span<std::byte> bytes) {
        std::size_t got = 0;
        if (IoError error = file_->read(offset, bytes, got)) return error;
        return got == bytes.size() ? IoError{} : bad("it ends early");
    }

    IoError hold_frame(std::size_t number) {
        if (number == held_) return {};
        held_ = kNone;
        const SealedFrame& frame = index_.frames[number];
        if (frame.bytes > ZSTD_compressBound(kFrameBytes)) return bad("a frame is too large");
        packed_.resize(frame.bytes);
        if (IoError error = read_all(frame.offset, packed_)) return error;
        if (core::crc32c(packed_) != frame.crc) {
            return bad(
                fmt::format("the checksum of frame {} at {} is wrong", number, frame.offset));
        }
        const std::uint64_t left = index_.plain_bytes - number * kFrameBytes;
        frame_.resize(std::min<std::uint64_t>(left, kFrameBytes));
        const std::size_t plain =
            ZSTD_decompress(frame_.data(), frame_.size(), packed_.data(), packed_.size());
        if (ZSTD_isError(plain) != 0 || plain != frame_.size()) {
            return bad(fmt::format("frame {} at {} does not decompress", number, frame.offset));
        }
        held_ = number;
        return {};
    }

    static constexpr std::size_t kNone = ~std::size_t{0};

    std::unique_ptr<File> file_;
    const std::string path_;
    SealedIndex index_;
    std::size_t held_ = kNone;  // which frame frame_ has
    std::vector<std::byte> frame_;
    std::vector<std::byte> packed_;
};

}  // namespace

IoError open_segment_bytes(FileLayer& files, const std::string& folder, const SegmentFile& segment,
                           std::unique_ptr<SegmentBytes>& bytes) {
    SegmentFile there = segment;
    std::unique_ptr<File> file;
    if (IoError error = open_segment_file(files, folder, there, file)) return error;
    if (!there.compressed) {
        bytes = std::make_unique<PlainBytes>(std::move(file));
        return {};
    }
    auto compressed = std::make_unique<CompressedBytes>(std::move(file), folder + "/" + there.name);
    if (IoError error = compressed->start()) return error;
    bytes = std::move(compressed);
    return {};
}

}  // namespace margind::daemon
