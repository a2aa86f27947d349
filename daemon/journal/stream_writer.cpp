#include "daemon/journal/stream_writer.hpp"

#include <algorithm>
#include <utility>

#include "core/assert.hpp"
#include "core/journal/archive.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;

// A segment that holds this record, the largest other one and its end.
std::uint64_t bytes_for(std::uint64_t segment_bytes, std::size_t payload) {
    const std::uint64_t least = core::kSegmentHeaderBytes + core::record_bytes(payload) +
                                core::record_bytes(core::kEventBytesMax) + core::kEndBytes;
    return segment_bytes >= least ? segment_bytes : (least + kMiB - 1) / kMiB * kMiB;
}

}  // namespace

IoError fill_with_zeros(File& file, std::uint64_t from, std::uint64_t to) {
    static const std::vector<std::byte> kZeros(kMiB);
    while (from < to) {
        const std::uint64_t part = std::min(kMiB, to - from);
        if (IoError error = file.write(from, std::span(kZeros).first(part))) return error;
        from += part;
    }
    return {};
}

StreamWriter::StreamWriter(FileLayer& files, std::string folder, core::JournalStream stream,
                           std::uint64_t segment_bytes, SessionId session, const StreamEnd& from)
    : files_(files),
      folder_(std::move(folder)),
      stream_(stream),
      segment_bytes_(segment_bytes),
      session_(session),
      previous_(from.previous),
      next_sequence_(from.next_sequence),
      written_sequence_(from.next_sequence - 1),
      durable_(from.next_sequence - 1) {}

bool StreamWriter::must_roll(std::size_t payload) const noexcept {
    return file_ == nullptr ||
           written_end_ + batch_.size() + core::record_bytes(payload) + core::kEndBytes > capacity_;
}

void StreamWriter::add(core::RecordType type, std::uint64_t sequence, core::Timestamp time,
                       std::span<const std::byte> payload) {
    MARGIND_ASSERT(sequence == next_sequence_ && !must_roll(payload.size()));
    MARGIND_ASSERT(payload.size() <= core::payload_bytes_max(type, stream_));
    append_record({.type = type, .sequence = sequence, .time = time}, payload);
    if (type == core::RecordType::input || type == core::RecordType::event) ++next_sequence_;
}

void StreamWriter::append_record(core::RecordHeader header, std::span<const std::byte> payload) {
    header.synced = static_cast<std::uint32_t>(synced_end_ / core::kBlockBytes);
    const std::size_t begin = batch_.size();
    batch_.resize(begin + core::record_bytes(payload.size()));
    const std::span<std::byte> room = std::span(batch_).subspan(begin);
    crc_ = core::write_record(header, payload, crc_, room);
    sum_.add(room);
    ++records_;
}

IoError StreamWriter::write() {
    if (batch_.empty()) return {};
    if (IoError error = file_->write(written_end_, batch_)) return error;
    written_end_ += batch_.size();
    batch_.clear();
    written_sequence_ = next_sequence_ - 1;
    return {};
}

IoError StreamWriter::sync() {
    if (!unsynced()) return {};
    if (IoError error = file_->sync()) return error;
    synced_end_ = written_end_;
    durable_ = written_sequence_;
    return {};
}

IoError StreamWriter::close(core::Timestamp now) {
    return file_ == nullptr ? IoError{} : finish(core::RecordType::close, now);
}

// Everything before it is on disk already, so that an end record is never there without it.
IoError StreamWriter::finish(core::RecordType type, core::Timestamp now) {
    MARGIND_ASSERT(batch_.empty() && !unsynced());
    const auto payload = core::encode_end({.records = records_});
    append_record({.type = type, .sequence = next_sequence_, .time = now}, payload);
    if (IoError error = write()) return error;
    if (IoError error = sync()) return error;
    if (IoError error = file_->resize(written_end_)) return error;
    if (IoError error = file_->sync()) return error;
    previous_ = sum_.finish();
    file_.reset();
    return {};
}

// A file of kZeros on disk, of `bytes` at least: the one made ready beforehand, or else one made
// now.
IoError StreamWriter::take_spare(std::uint64_t bytes, Spare& spare) {
    spare.path = folder_ + "/" + spare_name(stream_);
    if (IoError error = files_.open(spare.path, Access::write, spare.file)) {
        if (!not_there(error)) return error;
    } else {
        if (IoError failed = spare.file->size(spare.bytes)) return failed;
        if (spare.bytes >= bytes) return {};
    }
    spare.path += ".now";
    spare.bytes = bytes;
    if (IoError error = files_.open(spare.path, Access::create, spare.file)) return error;
    IoError error = fill_with_zeros(*spare.file, 0, bytes);
    if (!error) error = spare.file->sync();
    if (error) {
        spare.file.reset();
        // Gives back what there was of the room; if that fails too, recovery does it.
        if (IoError left_behind = files_.remove(spare.path)) error.text += "; " + left_behind.text;
    }
    return error;
}

Append StreamWriter::roll(std::uint32_t epoch, core::Timestamp now, std::size_t payload,
                          IoError& error) {
    Spare spare;
    error = take_spare(bytes_for(segment_bytes_, payload), spare);
    if (error) return no_space(error) ? Append::no_space : Append::failed;
    if (file_ != nullptr) error = finish(core::RecordType::seal, now);
    if (!error) error = begin_segment(epoch, now, spare);
    return error ? Append::failed : Append::done;
}

IoError StreamWriter::begin_segment(std::uint32_t epoch, core::Timestamp now, Spare& spare) {
    std::array<std::byte, core::kSegmentHeaderBytes> bytes{};
    core::write_segment_header({.stream = stream_,
                                .epoch = epoch,
                                .session = session_,
                                .first_sequence = next_sequence_,
                                .created = now,
                                .previous = previous_},
                               bytes);
    if (IoError error = spare.file->write(0, bytes)) return error;
    if (IoError error = spare.file->sync()) return error;
    const std::string path = folder_ + "/" + segment_name(stream_, next_sequence_);
    if (IoError error = files_.rename(spare.path, path)) return error;
    if (IoError error = files_.sync_folder(folder_)) return error;
    file_ = std::move(spare.file);
    capacity_ = spare.bytes;
    written_end_ = synced_end_ = core::kSegmentHeaderBytes;
    records_ = 0;
    crc_ = core::load_little<std::uint32_t>(&bytes[core::kSegmentHeaderBytes - sizeof(crc_)]);
    sum_.add(bytes);
    return {};
}

}  // namespace margind::daemon
