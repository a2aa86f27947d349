#include "daemon/journal/mend.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/journal/sha256.hpp"

namespace margind::daemon {
namespace {

std::string_view one_of(core::JournalStream stream) {
    return stream == core::JournalStream::inputs ? "input" : "event";
}

class Mender {
  public:
    Mender(FileLayer& files, const std::string& folder, const StreamScan& scan, Mending mending,
           std::vector<std::string>& notes)
        : files_(files), folder_(folder), scan_(scan), mending_(mending), notes_(notes) {}

    IoError run(StreamEnd& end) {
        if (scan_.segments.empty()) return {};
        if (scan_.cut) return cut(*scan_.cut, end);
        return tidy_last(end);
    }

  private:
    std::string path(const std::string& name) const { return folder_ + "/" + name; }

    // The last segment is finished. Its end record is written once more, for the sync behind it may
    // have failed (everything before it is known to be on disk); and the zeros that were to be its
    // room are cut off.
    IoError tidy_last(StreamEnd& end) {
        const SegmentFile& last = scan_.segments.back();
        end.previous = scan_.sums.back();
        if (scan_.next_sequence == last.first_sequence) return remove_empty(last, end);
        if (last.compressed) return {};
        std::unique_ptr<File> file;
        if (IoError error = files_.open(path(last.name), Access::write, file)) return error;
        std::array<std::byte, core::kEndBytes> record{};
        const std::uint64_t at = scan_.end_offset - record.size();
        std::size_t got = 0;
        if (IoError error = file->read(at, record, got)) return error;
        if (IoError error = file->write(at, record)) return error;
        if (IoError error = file->resize(scan_.end_offset)) return error;
        return file->sync();
    }

    // A run that took no input, or made no event: its segment's name is the next one's.
    IoError remove_empty(const SegmentFile& segment, StreamEnd& end) {
        const std::size_t before = static_cast<std::size_t>(&segment - scan_.segments.data());
        end.previous = before == 0 ? scan_.first_previous : scan_.sums[before - 1];
        if (IoError error = files_.remove(path(segment.name))) return error;
        notes_.push_back(fmt::format("{}: no {} stands in it; removed", path(segment.name),
                                     one_of(scan_.stream)));
        return files_.sync_folder(folder_);
    }

    IoError cut(const Cut& cut, StreamEnd& end) {
        const SegmentFile& segment = scan_.segments[cut.segment];
        end.next_sequence = cut.next_sequence;
        std::unique_ptr<SegmentBytes> bytes;
        if (cut.offset > 0 || mending_ == Mending::torn_tails) {
            if (IoError error = open_segment_bytes(files_, folder_, segment, bytes)) return error;
        }
        if (mending_ == Mending::damage) {
            if (IoError error = keep_lost(cut, bytes.get())) return error;
            if (cut.offset == 0) return {};  // the whole stream was set aside
        }
        if (IoError error = note_cut(segment, cut, *bytes)) return error;
        if (cut.next_sequence == segment.first_sequence) return remove_empty(segment, end);
        return write_anew(segment, cut, *bytes, end);
    }

    IoError note_cut(const SegmentFile& segment, const Cut& cut, SegmentBytes& bytes) {
        std::uint64_t behind = 0;
        if (IoError error = end_of_data(bytes, cut.offset, behind)) return error;
        behind -= cut.offset;
        notes_.push_back(fmt::format(
            "{}: ends after {} {}; {}", path(segment.name), one_of(scan_.stream),
            cut.next_sequence - 1,
            behind == 0 ? std::string("nothing was cut off")
                        : fmt::format("{} bytes cut off at offset {}", behind, cut.offset)));
        return {};
    }

    // Where the last byte that is not zero ends; `from` if there is none behind it. (A compressed
    // segment has no zeros to spare.)
    static IoError end_of_data(SegmentBytes& bytes, std::uint64_t from, std::uint64_t& end) {
        end = from;
        if (bytes.index() != nullptr) {
            end = std::max(from, bytes.index()->plain_bytes);
            return {};
        }
        std::vector<std::byte> part(kFrameBytes);
        for (std::size_t got = part.size(); got == part.size(); from += got) {
            if (IoError error = bytes.read(from, part, got)) return error;
            for (std::size_t i = got; i-- > 0;) {
                if (part[i] == std::byte{0}) continue;
                end = from + i + 1;
                break;
            }
        }
        return {};
    }

    // What is about to be cut off, in files of its own. Damaged and later segments keep their
    // bytes.
    IoError keep_lost(const Cut& cut, SegmentBytes* bytes) {
        const std::size_t whole = cut.segment + (cut.offset == 0 ? 0 : 1);
        for (std::size_t i = scan_.segments.size(); i-- > whole;) {
            if (IoError error = set_aside(scan_.segments[i].name)) return error;
        }
        // Of a compressed one the whole file is kept: parts of it may not be readable.
        const bool part = cut.offset > 0 && !scan_.segments[cut.segment].compressed;
        return part ? keep_lost_part(cut, *bytes) : IoError{};
    }

    IoError keep_lost_part(const Cut& cut, SegmentBytes& bytes) {
        std::uint64_t end = 0;
        if (IoError error = end_of_data(bytes, cut.offset, end)) return error;
        if (end == cut.offset) return {};
        const std::string& name = scan_.segments[cut.segment].name;
        std::string lost;
        if (IoError error = lost_name(fmt::format("{}-from-{}", name, cut.offset), lost)) {
            return error;
        }
        std::unique_ptr<File> file;
        if (IoError error = files_.open(path(lost), Access::create, file)) return error;
        if (IoError error = copy(bytes, cut.offset, end, *file, nullptr)) return error;
        if (IoError error = file->sync()) return error;
        notes_.push_back(fmt::format("{}: what was cut off is kept in {}", path(name), lost));
        return files_.sync_folder(folder_);
    }

    // Never one that is there already: an earlier repair may have left it.
    IoError lost_name(const std::string& of, std::string& name) {
        std::vector<std::string> names;
        if (IoError error = files_.list(folder_, names)) return error;
        name = "lost-" + of;
        for (int n = 2; std::binary_search(names.begin(), names.end(), name); ++n) {
            name = fmt::format("lost-{}-{}", of, n);
        }
        return {};
    }

    static IoError copy(SegmentBytes& from, std::uint64_t begin, std::uint64_t end, File& to,
                        Sha256Sum* sum) {
        std::vector<std::byte> part(kFrameBytes);
        for (std::uint64_t at = begin; at < end;) {
            const auto room = std::span(part).first(std::min<std::uint64_t>(part.size(), end - at));
            std::size_t got = 0;
            if (IoError error = from.read(at, room, got)) return error;
            if (got != room.size()) return {EBADMSG, "a segment ends early"};
            if (IoError error = to.write(at - begin, room)) return error;
            if (sum != nullptr) sum->add(room);
            at += got;
        }
        return {};
    }

    // The records before the cut, and a seal, in a file that takes the old one's place at once.
    IoError write_anew(const SegmentFile& segment, const Cut& cut, SegmentBytes& bytes,
                       StreamEnd& end) {
        const std::string name = segment_name(scan_.stream, segment.first_sequence);
        const std::string making = path(name) + ".tmp";
        std::unique_ptr<File> file;
        if (IoError error = files_.open(making, Access::create, file)) return error;
        Sha256Sum sum;
        if (IoError error = copy(bytes, 0, cut.offset, *file, &sum)) return error;
        // What stands before the seal must be on disk before it says so.
        if (IoError error = file->sync()) return error;
        const std::vector<std::byte> seal = seal_record(cut);
        sum.add(seal);
        if (IoError error = file->write(cut.offset, seal)) return error;
        if (IoError error = file->sync()) return error;
        if (IoError error = files_.rename(making, path(name))) return error;
        if (IoError error = files_.sync_folder(folder_)) return error;
        end.previous = sum.finish();
        return segment.compressed ? set_aside(segment.name) : IoError{};
    }

    IoError set_aside(const std::string& name) {
        std::string lost;
        if (IoError error = lost_name(name, lost)) return error;
        if (IoError error = files_.rename(path(name), path(lost))) return error;
        notes_.push_back(fmt::format("{}: set aside as {}", path(name), lost));
        return files_.sync_folder(folder_);
    }

    std::vector<std::byte> seal_record(const Cut& cut) const {
        const auto payload = core::encode_end({.records = cut.records});
        std::vector<std::byte> bytes(core::record_bytes(payload.size()));
        const core::RecordHeader header{
            .type = core::RecordType::seal,
            .flags = mending_ == Mending::damage ? core::kSealLossAccepted : core::kSealRecovered,
            .synced = static_cast<std::uint32_t>(cut.offset / core::kBlockBytes),
            .sequence = cut.next_sequence,
            .time = cut.time};
        core::write_record(header, payload, cut.crc, bytes);
        return bytes;
    }

    FileLayer& files_;
    const std::string& folder_;
    const StreamScan& scan_;
    const Mending mending_;
    std::vector<std::string>& notes_;
};

bool in_the_making(std::string_view name) {
    const bool ours = name.starts_with(to_text(core::JournalStream::inputs)) ||
                      name.starts_with(to_text(core::JournalStream::events));
    return ours && (name.ends_with(".tmp") || name.ends_with(".next") || name.ends_with(".now"));
}

}  // namespace

IoError mend_stream(FileLayer& files, const std::string& folder, const StreamScan& scan,
                    Mending mending, StreamEnd& end, std::vector<std::string>& notes) {
    return Mender(files, folder, scan, mending, notes).run(end);
}

IoError remove_leftovers(FileLayer& files, const std::string& folder) {
    std::vector<std::string> names;
    if (IoError error = files.list(folder, names)) return error;
    for (const std::string& name : names) {
        const bool twin =
            name.ends_with(".zst") &&
            std::binary_search(names.begin(), names.end(),
                               name.substr(0, name.size() - std::string_view(".zst").size()));
        if (!twin && !in_the_making(name)) continue;
        if (IoError error = files.remove(folder + "/" + name)) return error;
    }
    return files.sync_folder(folder);
}

}  // namespace margind::daemon
