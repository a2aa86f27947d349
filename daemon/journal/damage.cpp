// Torn tail or damage: what stands behind the place where records stop being valid decides.
#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/journal/archive.hpp"
#include "daemon/journal/segment_reader.hpp"

namespace margind::daemon {
namespace {

// Looks at every block from a place on as if a record began there. Which of them are records is not
// known, since a length before them may be wrong; but one whose sum follows from the block that
// ends where it begins is one, but for a chance of 2^-32.
class Search {
  public:
    Search(SegmentBytes& bytes, core::JournalStream stream, std::uint64_t offset)
        : bytes_(bytes), stream_(stream), offset_(offset) {}

    // The invalid record itself: its own sum may be right, or the sum that stands there, or its
    // place is right and its length wrong. Whatever follows it may go on from any of these.
    IoError begin(std::uint32_t previous_crc) {
        if (IoError error = read(offset_, core::kRecordHeaderBytes)) return error;
        core::RecordHeader header;
        if (held_.size() < core::kRecordHeaderBytes) return {};
        anywhere_[0] = core::load_little<std::uint32_t>(&held_[4]);
        if (!head(header)) return {};
        const std::size_t bytes = core::kRecordHeaderBytes + header.length;
        if (IoError error = read(offset_, bytes)) return error;
        if (held_.size() == bytes) anywhere_[1] = core::record_crc(held_, previous_crc);
        return {};
    }

    // True: `proof_` is set.
    IoError look_at(std::uint64_t block, std::uint64_t& proof) {
        core::RecordHeader header;
        if (IoError error = read(block, core::kRecordHeaderBytes)) return error;
        if (held_.size() < core::kRecordHeaderBytes || !head(header)) {
            ends_.erase(block);
            return {};
        }
        ends_.emplace(block + core::record_bytes(header.length), header.crc);
        // Only a record that says so can prove anything: others need not be summed.
        const bool says_so = std::uint64_t{header.synced} * core::kBlockBytes > offset_ &&
                             std::uint64_t{header.synced} * core::kBlockBytes <= block;
        if (says_so) {
            const std::size_t bytes = core::kRecordHeaderBytes + header.length;
            if (IoError error = read(block, bytes)) return error;
            if (held_.size() == bytes && summed_from_one_before(block, header.crc)) proof = block;
        }
        ends_.erase(block);
        return {};
    }

  private:
    IoError read(std::uint64_t offset, std::size_t count) {
        held_.resize(count);
        std::size_t got = 0;
        if (IoError error = bytes_.read(offset, held_, got)) return error;
        held_.resize(got);
        return {};
    }
    bool head(core::RecordHeader& header) const {
        return core::read_record_header(
            std::span<const std::byte>(held_).first<core::kRecordHeaderBytes>(), stream_, header);
    }
    bool summed_from_one_before(std::uint64_t block, std::uint32_t crc) const {
        const auto follows = [&](std::uint32_t before) {
            return core::record_crc(held_, before) == crc;
        };
        const auto [first, last] = ends_.equal_range(block);
        return std::any_of(first, last, [&](const auto& end) { return follows(end.second); }) ||
               std::any_of(anywhere_.begin(), anywhere_.end(), follows);
    }

    SegmentBytes& bytes_;
    const core::JournalStream stream_;
    const std::uint64_t offset_;
    std::vector<std::byte> held_;
    std::array<std::uint32_t, 2> anywhere_{};
    std::multimap<std::uint64_t, std::uint32_t> ends_;  // where a record would end, and its sum
};

// Where records stop being valid, at `offset` (the record before it has `previous_crc`): the offset
// of a later record that proves that this place was on disk once. Zero: there is none.
IoError find_proof(SegmentBytes& bytes, core::JournalStream stream, std::uint64_t offset,
                   std::uint32_t previous_crc, std::uint64_t& proof) {
    proof = 0;
    Search search(bytes, stream, offset);
    if (IoError error = search.begin(previous_crc)) return error;
    std::vector<std::byte> part(256 * core::kBlockBytes);
    for (std::uint64_t at = offset; proof == 0;) {
        std::size_t got = 0;
        if (IoError error = bytes.read(at, part, got)) return error;
        if (got == 0) break;
        for (std::size_t in = 0; in < got && proof == 0; in += core::kBlockBytes) {
            const auto block = std::span(part).subspan(in, std::min(core::kBlockBytes, got - in));
            const bool empty = std::all_of(block.begin(), block.end(),
                                           [](std::byte b) { return b == std::byte{0}; });
            if (empty) continue;
            if (IoError error = search.look_at(at + in, proof)) return error;
        }
        at += got;
    }
    return {};
}

}  // namespace

IoError judge_tail(SegmentReader& reader, const std::string& path, bool last,
                   SegmentReader::Step& step, JournalRecord& record, Tail& tail) {
    tail = {};
    std::uint64_t proof = 0;
    if (last) {
        if (IoError error = find_proof(reader.bytes(), reader.header().stream, reader.offset(),
                                       reader.crc(), proof)) {
            return error;
        }
        if (proof == 0 && step == SegmentReader::Step::end) return {};
    }
    // What was just found may have been written, in order, since the reader looked.
    step = reader.next(record);
    if (step == SegmentReader::Step::failed) return reader.error();
    if (step == SegmentReader::Step::record || step == SegmentReader::Step::finished) return {};
    const std::string what =
        step == SegmentReader::Step::end ? "there is no record" : reader.reason();
    tail.damaged = !last || proof != 0;
    tail.torn = !tail.damaged && step == SegmentReader::Step::invalid;
    if (!last) {
        tail.problem = fmt::format("{} is damaged at offset {}: {}, and it is not the last segment",
                                   path, reader.offset(), what);
    } else if (proof != 0) {
        tail.problem = fmt::format(
            "{} is damaged at offset {}: {}, and the record at {} says that it was on "
            "disk",
            path, reader.offset(), what, proof);
    } else if (tail.torn) {
        tail.problem = fmt::format(
            "{}: at offset {} stands no record: {}; a torn tail, which the daemon's next start "
            "cuts off, or damage to the last record",
            path, reader.offset(), what);
    }
    return {};
}

}  // namespace margind::daemon
