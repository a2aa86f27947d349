#include "daemon/journal/journal_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/journal/event_codec.hpp"
#include "daemon/journal/sealed_segment.hpp"
#include "daemon/journal/segment_reader.hpp"
#include "daemon/journal/stream_writer.hpp"

namespace margind::daemon {
namespace {

constexpr core::JournalStream kStreams[] = {core::JournalStream::inputs,
                                            core::JournalStream::events};
// After a failure: so that a full disk is not asked a thousand times a second.
constexpr core::Duration kTryAgainAfter = core::Duration::from_seconds(10);

}  // namespace

struct JournalKeeper::Work {
    // The spare in the making, and how much of it is zeroed.
    std::unique_ptr<File> spare;
    core::JournalStream spare_stream = core::JournalStream::inputs;
    std::uint64_t spare_bytes = 0;

    std::unique_ptr<SegmentSealer> sealer;
    std::string sealing;                // its segment
    std::vector<std::string> given_up;  // segments that could not be compressed

    // Each kind of work waits alone after a failure.
    struct Turn {
        core::Timestamp not_before;
    };
    Turn retention, spares, compression;
};

JournalKeeper::JournalKeeper(FileLayer& files, JournalKeeperOptions options)
    : files_(files), options_(std::move(options)), work_(std::make_unique<Work>()) {}
JournalKeeper::~JournalKeeper() = default;

std::string JournalKeeper::path(const std::string& name) const {
    return options_.folder + "/" + name;
}

int JournalKeeper::do_work(core::Timestamp now, std::uint64_t oldest_snapshot) {
    bool worked = false;
    const auto take_turn = [&](Work::Turn& turn, const auto& work) {
        if (worked || now < turn.not_before) return;
        const IoError error = work();
        if (!error) return;
        ++report_.failures;
        report_.last_failure = error.text;
        turn.not_before = now + kTryAgainAfter;
        worked = false;
    };
    // Each whatever became of the others: on a full disk a spare finds no room, and it is the other
    // two that make some.
    take_turn(work_->retention, [&] { return retain(now, oldest_snapshot, worked); });
    take_turn(work_->spares, [&] {
        IoError error = make_spares(worked);
        if (error) drop_spare();
        return error;
    });
    take_turn(work_->compression, [&] {
        IoError error = compress(worked);
        if (error) drop_sealer();
        return error;
    });
    return worked ? 1 : 0;
}

// What is half made keeps room that others need. That there is none is no failure, nor is that it
// cannot be removed now: it is written over with the next try, or removed with the next start.
void JournalKeeper::drop_spare() {
    work_->spare.reset();
    static_cast<void>(files_.remove(path(spare_name(work_->spare_stream)) + ".tmp"));
}

void JournalKeeper::drop_sealer() {
    work_->sealer.reset();
    static_cast<void>(files_.remove(path(work_->sealing) + ".zst.tmp"));
}

IoError JournalKeeper::make_spares(bool& worked) {
    if (work_->spare != nullptr) {
        worked = true;
        return go_on_with_spare();
    }
    std::vector<std::string> names;
    if (IoError error = files_.list(options_.folder, names)) return error;
    for (const core::JournalStream stream : kStreams) {
        if (std::binary_search(names.begin(), names.end(), spare_name(stream))) continue;
        worked = true;
        work_->spare_stream = stream;
        work_->spare_bytes = 0;
        return files_.open(path(spare_name(stream)) + ".tmp", Access::create, work_->spare);
    }
    return {};
}

IoError JournalKeeper::go_on_with_spare() {
    const std::uint64_t to = std::min(work_->spare_bytes + kFrameBytes, options_.segment_bytes);
    if (IoError error = fill_with_zeros(*work_->spare, work_->spare_bytes, to)) return error;
    // Part by part: one sync of a whole segment would hold up the journal's own.
    if (IoError error = work_->spare->sync()) return error;
    work_->spare_bytes = to;
    if (to < options_.segment_bytes) return {};
    work_->spare.reset();
    const std::string name = path(spare_name(work_->spare_stream));
    if (IoError error = files_.rename(name + ".tmp", name)) return error;
    return files_.sync_folder(options_.folder);
}

IoError JournalKeeper::compress(bool& worked) {
    if (work_->sealer == nullptr) {
        for (const core::JournalStream stream : kStreams) {
            if (IoError error = begin_sealing(stream)) return error;
            if (work_->sealer != nullptr) break;
        }
        if (work_->sealer == nullptr) return {};
    }
    worked = true;
    const SegmentSealer::Step step = work_->sealer->step();
    if (step == SegmentSealer::Step::more) return {};
    if (step == SegmentSealer::Step::failed) {
        const IoError error = work_->sealer->error();
        // Damage does not go away; what can be read of the segment is of more use as it is.
        if (error.code == EBADMSG) work_->given_up.push_back(work_->sealing);
        return error;
    }
    ++report_.segments_compressed;
    report_.bytes_before += work_->sealer->bytes_before();
    report_.bytes_after += work_->sealer->bytes_after();
    work_->sealer.reset();
    return {};
}

// The oldest plain segment that is not its stream's last one.
IoError JournalKeeper::begin_sealing(core::JournalStream stream) {
    std::vector<SegmentFile> segments;
    if (IoError error = list_segments(files_, options_.folder, stream, segments)) return error;
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const std::string& name = segments[i].name;
        const auto& given_up = work_->given_up;
        if (segments[i].compressed ||
            std::find(given_up.begin(), given_up.end(), name) != given_up.end()) {
            continue;
        }
        work_->sealing = name;
        work_->sealer = std::make_unique<SegmentSealer>(files_, options_.folder, segments[i]);
        return {};
    }
    return {};
}

IoError JournalKeeper::retain(core::Timestamp now, std::uint64_t oldest_snapshot, bool& worked) {
    for (const core::JournalStream stream : kStreams) {
        std::vector<SegmentFile> segments;
        if (IoError error = list_segments(files_, options_.folder, stream, segments)) return error;
        if (segments.size() < 2) continue;
        bool goes = false;
        if (IoError error = may_go(segments, now, oldest_snapshot, goes)) return error;
        if (!goes) continue;
        worked = true;
        // Else it would come back, compressed.
        if (work_->sealer != nullptr && work_->sealing == segments[0].name) drop_sealer();
        if (IoError error = files_.remove(path(segments[0].name))) return error;
        ++report_.segments_removed;
        return files_.sync_folder(options_.folder);
    }
    return {};
}

// Whether the oldest of a stream's segments is more, or older, than is kept, and no restart needs
// it.
IoError JournalKeeper::may_go(const std::vector<SegmentFile>& segments, core::Timestamp now,
                              std::uint64_t oldest_snapshot, bool& goes) {
    std::unique_ptr<SegmentReader> next;
    if (IoError error = SegmentReader::open(files_, options_.folder, segments[1], next))
        return error;
    bool wanted = now - next->header().created <= options_.retain_for;
    if (wanted && options_.retain_bytes > 0) {
        std::uint64_t bytes = 0;
        if (IoError error = finished_bytes(bytes)) return error;
        wanted = bytes <= options_.retain_bytes;
    }
    if (wanted) return {};
    if (segments[0].stream == core::JournalStream::inputs) {
        goes = segments[1].first_sequence <= oldest_snapshot + 1;
        return {};
    }
    // Events: as long as the inputs that a restart replays would make them again.
    JournalRecord record;
    if (next->next(record) != SegmentReader::Step::record) return {};
    const auto input = core::input_of_event(record.payload);
    goes = record.header.type == core::RecordType::event && input && *input <= oldest_snapshot;
    return {};
}

IoError JournalKeeper::finished_bytes(std::uint64_t& bytes) {
    bytes = 0;
    for (const core::JournalStream stream : kStreams) {
        std::vector<SegmentFile> segments;
        if (IoError error = list_segments(files_, options_.folder, stream, segments)) return error;
        for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
            std::unique_ptr<File> file;
            std::uint64_t size = 0;
            if (IoError error = files_.open(path(segments[i].name), Access::read, file))
                return error;
            if (IoError error = file->size(size)) return error;
            bytes += size;
        }
    }
    return {};
}

}  // namespace margind::daemon
