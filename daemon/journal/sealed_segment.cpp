#include "daemon/journal/sealed_segment.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <zstd.h>

#include "core/journal/crc32c.hpp"
#include "daemon/journal/segment_reader.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {
namespace {

constexpr int kLevel = 3;

}  // namespace

// Goes over the records beside the compression: which is the first to begin in each frame?
struct SegmentSealer::Walk {
    std::unique_ptr<SegmentReader> reader;
    std::vector<SealedFrame> frames;
    std::uint64_t end = 0;  // of the last record

    IoError run() {
        JournalRecord record;
        for (;;) {
            const std::uint32_t before = reader->crc();
            const SegmentReader::Step step = reader->next(record);
            if (step == SegmentReader::Step::finished) return {};
            if (step == SegmentReader::Step::failed) return reader->error();
            if (step != SegmentReader::Step::record) {
                return {EBADMSG, fmt::format("the record at {} is damaged: {}", reader->offset(),
                                             step == SegmentReader::Step::end ? "there is none"
                                                                              : reader->reason())};
            }
            end = reader->offset();
            frames.resize((end + kFrameBytes - 1) / kFrameBytes);
            SealedFrame& frame = frames[record.offset / kFrameBytes];
            if (frame.first_record != SealedFrame::kNone) continue;
            frame.first_record = static_cast<std::uint32_t>(record.offset % kFrameBytes);
            frame.sequence = record.header.sequence;
            frame.previous_crc = before;
        }
    }
};

SegmentSealer::SegmentSealer(FileLayer& files, std::string folder, SegmentFile segment)
    : files_(files), folder_(std::move(folder)), segment_(std::move(segment)) {}
SegmentSealer::~SegmentSealer() = default;

std::string SegmentSealer::path(const std::string& suffix) const {
    return folder_ + "/" + segment_.name + suffix;
}

SegmentSealer::Step SegmentSealer::step() {
    bool done = false;
    switch (phase_) {
        case Phase::start:
            error_ = start();
            break;
        case Phase::compress:
            error_ = done_ < index_.plain_bytes ? compress_frame() : finish();
            break;
        case Phase::prove:
            done = done_ == index_.plain_bytes;
            error_ = done ? take_place() : prove_frame();
            break;
    }
    if (error_) return Step::failed;
    return done ? Step::done : Step::more;
}

IoError SegmentSealer::start() {
    walk_ = std::make_unique<Walk>();
    if (IoError error = SegmentReader::open(files_, folder_, segment_, walk_->reader)) return error;
    if (IoError error = walk_->run()) {
        return {error.code, fmt::format("cannot compress {}: {}", path(""), error.text)};
    }
    index_.plain_bytes = walk_->end;
    index_.next_sequence = walk_->reader->next_sequence();
    index_.frames = std::move(walk_->frames);
    walk_.reset();
    sum_ = std::make_unique<Sha256Sum>();
    if (IoError error = files_.open(path(""), Access::read, plain_)) return error;
    if (IoError error = files_.open(path(".zst.tmp"), Access::create, packed_)) return error;
    phase_ = Phase::compress;
    return {};
}

IoError SegmentSealer::compress_frame() {
    std::vector<std::byte> part(std::min<std::uint64_t>(kFrameBytes, index_.plain_bytes - done_));
    std::size_t got = 0;
    if (IoError error = plain_->read(done_, part, got)) return error;
    if (got != part.size()) return {EBADMSG, fmt::format("{} ends early", path(""))};
    sum_->add(part);
    std::vector<std::byte> packed(ZSTD_compressBound(part.size()));
    // With a checksum of its own in every frame, so that `zstd -t` means something too.
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                          ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    const std::size_t bytes =
        ZSTD_compress2(context.get(), packed.data(), packed.size(), part.data(), part.size());
    if (ZSTD_isError(bytes) != 0) {
        return {EIO, fmt::format("cannot compress {}: {}", path(""), ZSTD_getErrorName(bytes))};
    }
    SealedFrame& frame = index_.frames[done_ / kFrameBytes];
    frame.offset = written_;
    frame.bytes = static_cast<std::uint32_t>(bytes);
    frame.crc = core::crc32c(std::span(packed).first(bytes));
    if (IoError error = packed_->write(written_, std::span(packed).first(bytes))) return error;
    written_ += bytes;
    done_ += part.size();
    return {};
}

IoError SegmentSealer::finish() {
    index_.sum = sum_->finish();
    const std::vector<std::byte> tail = encode_index(index_);
    if (IoError error = packed_->write(written_, tail)) return error;
    written_ += tail.size();
    if (IoError error = packed_->sync()) return error;
    packed_.reset();
    SegmentFile packed = segment_;
    packed.compressed = true;
    packed.name += ".zst.tmp";
    if (IoError error = open_segment_bytes(files_, folder_, packed, proof_)) return error;
    done_ = 0;
    phase_ = Phase::prove;
    return {};
}

IoError SegmentSealer::prove_frame() {
    std::vector<std::byte> part(std::min<std::uint64_t>(kFrameBytes, index_.plain_bytes - done_));
    std::size_t got = 0;
    if (IoError error = proof_->read(done_, part, got)) return error;
    sum_->add(std::span(part).first(got));
    done_ += part.size();
    return {};
}

IoError SegmentSealer::take_place() {
    if (sum_->finish() != index_.sum) {
        return {EBADMSG,
                fmt::format("{} does not give back what was compressed", path(".zst.tmp"))};
    }
    if (IoError error = files_.rename(path(".zst.tmp"), path(".zst"))) return error;
    if (IoError error = files_.sync_folder(folder_)) return error;
    if (IoError error = files_.remove(path(""))) return error;
    return files_.sync_folder(folder_);
}

}  // namespace margind::daemon
