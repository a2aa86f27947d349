#include "daemon/journal/journal_writer.hpp"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/assert.hpp"

namespace margind::daemon {

JournalWriter::JournalWriter(FileLayer& files, JournalWriterOptions options,
                             const JournalState& from)
    : files_(files),
      options_(std::move(options)),
      inputs_(files, options_.folder, core::JournalStream::inputs, options_.segment_bytes,
              options_.session, from.inputs),
      events_(files, options_.folder, core::JournalStream::events, options_.segment_bytes,
              options_.session, from.events) {
    MARGIND_ASSERT(from.problem.empty());
}

Append JournalWriter::append_epoch(const core::EpochRecord& epoch, core::Timestamp now) {
    const std::vector<std::byte> payload = core::encode_epoch(epoch);
    if (payload.empty()) {
        failure_ = fmt::format(
            "the configuration {} has {} bytes: a journal keeps at most {}. Make it smaller",
            epoch.config_name, epoch.config_text.size(), core::kEpochBytesMax);
        return Append::failed;
    }
    MARGIND_ASSERT(epoch_ == 0 && epoch.number > 0);
    epoch_ = epoch.number;
    const Append done =
        appended(inputs_, core::RecordType::epoch, inputs_.next_sequence(), now, payload);
    if (done != Append::done) epoch_ = 0;
    return done;
}

Append JournalWriter::append_input(std::uint64_t input_seq, core::Timestamp engine_time,
                                   std::span<const std::byte> payload) {
    return appended(inputs_, core::RecordType::input, input_seq, engine_time, payload);
}

Append JournalWriter::append_event(std::uint64_t event_seq, core::Timestamp time,
                                   std::span<const std::byte> payload) {
    return appended(events_, core::RecordType::event, event_seq, time, payload);
}

Append JournalWriter::appended(StreamWriter& stream, core::RecordType type, std::uint64_t sequence,
                               core::Timestamp time, std::span<const std::byte> payload) {
    MARGIND_ASSERT(epoch_ != 0);
    if (failed()) return Append::failed;
    if (stream.must_roll(payload.size())) {
        // What a segment holds is on disk before its end says that it is complete.
        if (!commit()) return Append::failed;
        IoError error;
        const Append rolled = stream.roll(epoch_, time, payload.size(), error);
        space_problem_ = rolled == Append::no_space ? error.text : "";
        if (rolled == Append::failed) fail(error);
        if (rolled != Append::done) return rolled;
    }
    stream.add(type, sequence, time, payload);
    return Append::done;
}

bool JournalWriter::commit() {
    if (failed()) return false;
    IoError error = inputs_.write();
    if (!error) error = events_.write();
    // An event that is on disk has its input there too.
    if (!error) error = inputs_.sync();
    if (!error) error = events_.sync();
    return error ? fail(error) : true;
}

bool JournalWriter::close(core::Timestamp now) {
    if (!commit()) return false;
    IoError error = events_.close(now);
    // Last: with it the run has ended as it should.
    if (!error) error = inputs_.close(now);
    return error ? fail(error) : true;
}

std::size_t JournalWriter::waiting_bytes() const noexcept {
    return inputs_.waiting_bytes() + events_.waiting_bytes();
}

bool JournalWriter::fail(const IoError& error) {
    failure_ = fmt::format(
        "{}. What is on disk since the last commit is unknown, so nothing more is written or "
        "published: see to the disk, then start margind again; it goes on from what is there",
        error.text);
    return false;
}

std::uint64_t JournalWriter::free_bytes() const {
    std::uint64_t bytes = 0;
    const IoError error = files_.free_bytes(options_.folder, bytes);
    return error ? std::numeric_limits<std::uint64_t>::max() : bytes;
}

}  // namespace margind::daemon
