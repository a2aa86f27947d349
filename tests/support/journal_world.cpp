#include "tests/support/journal_world.hpp"

#include <memory>
#include <span>
#include <utility>

#include <zstd.h>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"

namespace margind::test {
namespace {

using core::JournalStream;
using core::RecordType;
using daemon::Append;

// All frames of it, one after the other.
std::vector<std::byte> decompressed(const std::vector<std::byte>& bytes) {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                            ZSTD_freeDStream);
    std::vector<std::byte> plain(1 << 20);
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{plain.data(), plain.size(), 0};
    while (in.pos < in.size) {
        if (ZSTD_isError(ZSTD_decompressStream(stream.get(), &out, &in)) != 0) break;
        if (out.pos == out.size) {
            plain.resize(2 * plain.size());
            out = {plain.data(), plain.size(), out.pos};
        }
    }
    plain.resize(out.pos);
    return plain;
}

// What follows the last record of a stream that is whole, told the plain way: record after record
// of its last segment, up to the first that is not one. Events beyond `last_input` do not count.
std::uint64_t next_by_plain_reading(const FaultFiles& files, JournalStream stream,
                                    std::uint64_t last_input) {
    std::string last;
    for (const std::string& path : files.paths()) {
        const bool segment = path.ends_with(".mgj") || path.ends_with(".mgj.zst");
        const std::string prefix = std::string("journal/") + std::string(daemon::to_text(stream));
        if (segment && path.starts_with(prefix)) last = path;
    }
    if (last.empty()) return 1;
    std::uint64_t next = std::stoull(last.substr(last.find('-') + 1, 20));
    std::vector<std::byte> bytes = files.bytes(last);
    if (last.ends_with(".zst")) bytes = decompressed(bytes);
    const std::span<const std::byte> all(bytes);
    core::SegmentHeader segment;
    core::read_segment_header(all.first<core::kSegmentHeaderBytes>(), segment);
    std::uint32_t crc = segment.crc;
    for (std::size_t at = core::kSegmentHeaderBytes; at + core::kBlockBytes <= all.size();) {
        core::RecordHeader header;
        const auto head = all.subspan(at).first<core::kRecordHeaderBytes>();
        if (!core::read_record_header(head, stream, header)) break;
        const std::size_t size = core::kRecordHeaderBytes + header.length;
        if (at + size > all.size()) break;
        const std::span<const std::byte> record = all.subspan(at, size);
        if (core::record_crc(record, crc) != header.crc) break;
        const bool numbered = header.type == RecordType::input || header.type == RecordType::event;
        if (header.type == RecordType::event &&
            *core::input_of_event(record.subspan(core::kRecordHeaderBytes)) > last_input) {
            break;
        }
        next += numbered ? 1 : 0;
        crc = header.crc;
        at += core::record_bytes(header.length);
    }
    return next;
}

}  // namespace

JournalWorld::JournalWorld(std::uint64_t seed, std::uint64_t segment_size)
    : files(seed * 2 + 1), random(seed), segment_bytes(segment_size) {}

void JournalWorld::end_run() {
    writer.reset();
    keeper.reset();
}

std::string JournalWorld::begin_run() {
    end_run();
    const std::uint64_t inputs_due = next_by_plain_reading(files, JournalStream::inputs, 0);
    const std::uint64_t events_due =
        next_by_plain_reading(files, JournalStream::events, inputs_due - 1);
    state = daemon::recover_journal(files, kFolder);
    if (!state.problem.empty()) return state.problem;
    if (state.inputs.next_sequence != inputs_due || state.events.next_sequence != events_due) {
        return "wrong: not the longest part that is whole";
    }
    if (std::string wrong = compare(); !wrong.empty()) return wrong;
    // What was written beyond the end never was.
    inputs.erase(inputs.lower_bound(state.inputs.next_sequence), inputs.end());
    events.erase(events.lower_bound(state.events.next_sequence), events.end());
    keeper = std::make_unique<daemon::JournalKeeper>(
        files, daemon::JournalKeeperOptions{.folder = kFolder, .segment_bytes = segment_bytes});
    writer = std::make_unique<daemon::JournalWriter>(
        files, daemon::JournalWriterOptions{.folder = kFolder, .segment_bytes = segment_bytes},
        state);
    const core::EpochRecord epoch{.number = state.last_epoch + 1,
                                  .reason = core::EpochReason::restart,
                                  .program = "margind",
                                  .config_name = "test.yaml",
                                  .config_text = std::string(random.below(900), '#')};
    return writer->append_epoch(epoch, now()) == Append::failed ? writer->failure() : "";
}

std::string JournalWorld::compare() {
    for (const JournalStream stream : {JournalStream::inputs, JournalStream::events}) {
        const bool is_inputs = stream == JournalStream::inputs;
        const std::string name(daemon::to_text(stream));
        std::string problem;
        const Payloads there = read(stream, problem);
        if (!problem.empty()) return "wrong: " + problem;
        const std::uint64_t end = (is_inputs ? state.inputs : state.events).next_sequence - 1;
        if (there.size() != end) return "wrong: recovery and reader differ in " + name;
        if (end < (is_inputs ? reported_inputs : reported_events)) {
            return "wrong: reported, and lost: " + name + " end with " + std::to_string(end);
        }
        const Payloads& written = is_inputs ? inputs : events;
        for (const auto& [number, payload] : there) {
            const auto at = written.find(number);
            if (at == written.end() || at->second != payload) {
                return "wrong: never written so: " + name + " " + std::to_string(number);
            }
        }
        for (const auto& [number, payload] : published) {
            if (is_inputs) break;
            const auto at = there.find(number);
            if (at == there.end() || at->second != payload) {
                return "wrong: published otherwise: event " + std::to_string(number);
            }
        }
        for (const auto& [number, payload] : there) {
            if (is_inputs) break;
            if (*core::input_of_event(payload) >= state.inputs.next_sequence) {
                return "wrong: an event without its input";
            }
        }
    }
    return "";
}

JournalWorld::Payloads JournalWorld::read(JournalStream stream, std::string& problem) {
    Payloads payloads;
    daemon::StreamReader reader(files, kFolder, stream);
    daemon::JournalRecord record;
    for (;;) {
        const daemon::ReadStatus status = reader.next(record);
        if (status == daemon::ReadStatus::problem) problem = reader.problem();
        if (status != daemon::ReadStatus::record) return payloads;
        if (record.header.type == RecordType::input || record.header.type == RecordType::event) {
            payloads[record.header.sequence] = {record.payload.begin(), record.payload.end()};
        }
    }
}

bool JournalWorld::work(std::size_t steps) {
    for (std::size_t i = 0; i < steps && !writer->failed(); ++i) step();
    return !writer->failed();
}

void JournalWorld::step() {
    const std::uint64_t what = random.below(10);
    if (what == 0) {
        commit();
    } else if (what < 4) {
        keeper->do_work(now(), 0);
    } else {
        append_one();
    }
}

void JournalWorld::append_one() {
    Bytes room(core::kEventBytesMax);
    const bool event = !inputs.empty() && random.below(3) == 0;
    Payloads& written = event ? events : inputs;
    const std::uint64_t number = written.empty() ? 1 : written.rbegin()->first + 1;
    if (event) {
        core::Event made = random.event();
        // Never before the event before it, never after the last input.
        const std::uint64_t last = inputs.rbegin()->first;
        const std::uint64_t least =
            events.empty() ? 1 : *core::input_of_event(events.rbegin()->second);
        made.input_seq = least + random.below(last - least + 1);
        room.resize(core::encode_event(made, room));
    } else {
        room.resize(core::encode_input(random.input(), room));
    }
    const core::Timestamp time = now();
    // Before the call: with the power goes what was under way.
    written[number] = room;
    const Append done =
        event ? writer->append_event(number, time, room) : writer->append_input(number, time, room);
    if (done == Append::done) return;
    no_space += done == Append::no_space ? 1 : 0;
    written.erase(number);
}

bool JournalWorld::commit() {
    const bool committed = writer->commit();
    if (!committed) return false;
    if (writer->durable_input() != reported_inputs) {
        reported_inputs_before = std::exchange(reported_inputs, writer->durable_input());
    }
    if (writer->durable_event() != reported_events) {
        reported_events_before = std::exchange(reported_events, writer->durable_event());
    }
    for (const auto& [number, payload] : events) {
        if (number <= reported_events) published[number] = payload;
    }
    return true;
}

}  // namespace margind::test
