#include "daemon/review/record_lines.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/journal/epoch.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/admin/json_writer.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "daemon/review/event_log.hpp"
#include "daemon/review/input_text.hpp"

namespace margind::daemon {
namespace {

// The inputs of a journal, and the configuration each of them was recorded under.
class InputRecords {
  public:
    InputRecords(FileLayer& files, const std::string& folder)
        : folder_(folder), reader_(files, folder, core::JournalStream::inputs) {
        JournalRange range;
        if (IoError error = journal_range(files, folder, range)) {
            problem_ = error.text;
        } else if (range.first_input > 0 &&
                   reader_.seek(range.first_input) == ReadStatus::problem) {
            problem_ = reader_.problem();
        }
        empty_ = range.first_input == 0;
    }

    // The next input or epoch; false at the end, or with problem().
    bool next() {
        if (empty_ || !problem_.empty()) return false;
        JournalRecord record;
        for (;;) {
            const ReadStatus status = reader_.next(record);
            if (status == ReadStatus::problem) problem_ = reader_.problem();
            if (status != ReadStatus::record) return false;
            sequence_ = record.header.sequence;
            time_ = record.header.time;
            is_epoch_ = record.header.type == core::RecordType::epoch;
            if (is_epoch_) return take_epoch(record);
            if (record.header.type == core::RecordType::input) return take_input(record);
        }
    }

    bool is_epoch() const { return is_epoch_; }
    std::uint64_t sequence() const { return sequence_; }
    core::Timestamp time() const { return time_; }
    const core::Input& input() const { return input_; }
    const core::EpochRecord& epoch() const { return epoch_; }
    const core::RiskParameters& parameters() const { return settings_.risk; }
    const std::string& problem() const { return problem_; }

  private:
    bool take_epoch(const JournalRecord& record) {
        auto epoch = core::decode_epoch(record.payload);
        if (!epoch) return unreadable(record);
        epoch_ = *std::move(epoch);
        config::Loaded loaded = config::load_text(epoch_.config_text, epoch_.config_name);
        if (!loaded.problems.empty()) {
            problem_ = "the journal's configuration has a problem for this margind: " +
                       config::to_string(loaded.problems.front());
            return false;
        }
        settings_ = std::move(loaded.settings);
        return true;
    }
    bool take_input(const JournalRecord& record) {
        return core::decode_input(record.header.sequence, record.header.time, record.payload,
                                  input_) ||
               unreadable(record);
    }
    bool unreadable(const JournalRecord& record) {
        problem_ = fmt::format(
            "{}/{}: the record at {} is not one that this margind can read; use "
            "the version that wrote it",
            folder_, reader_.segment(), record.offset);
        return false;
    }

    const std::string folder_;
    StreamReader reader_;
    bool empty_ = false;
    bool is_epoch_ = false;
    std::uint64_t sequence_ = 0;
    core::Timestamp time_;
    core::Input input_;
    core::EpochRecord epoch_;
    config::Settings settings_;
    std::string problem_;
};

void append_epoch(const InputRecords& records, TextBuffer& out) {
    const core::EpochRecord& epoch = records.epoch();
    JsonWriter json(out);
    json.open_object();
    json.text("kind", "epoch");
    json.number("number", epoch.number);
    json.number("next_input", records.sequence());
    json.text("reason", epoch.reason == core::EpochReason::first_start ? "first_start" : "restart");
    json.text("program", epoch.program);
    json.text("config_name", epoch.config_name);
    json.number("config_bytes", epoch.config_text.size());
    json.number("time", records.time().ns());
    json.close_object();
}

}  // namespace

bool write_input_records(FileLayer& files, const std::string& folder, const RecordRange& range,
                         TextBuffer& out, const std::function<void()>& pace, std::string& problem) {
    InputRecords records(files, folder);
    while (records.next() && records.sequence() <= range.to) {
        if (records.sequence() < range.from) continue;
        if (records.is_epoch()) {
            append_epoch(records, out);
        } else {
            append_input(out, records.input(), records.parameters());
        }
        out.push_back('\n');
        pace();
    }
    problem = records.problem();
    return problem.empty();
}

bool write_event_records(FileLayer& files, const std::string& folder, const RecordRange& range,
                         TextBuffer& out, const std::function<void()>& pace, std::string& problem) {
    EventLog log(files, folder);
    InputRecords inputs(files, folder);
    std::optional<EventEncoder> encoder;
    ReadStatus status = log.seek(range.from);
    core::Event event;
    while (status == ReadStatus::record && log.event_seq() < range.to) {
        status = log.next();
        if (status != ReadStatus::record || log.event_seq() > range.to) break;
        if (!log.decode(event)) {
            status = ReadStatus::problem;
            break;
        }
        while ((!encoder || inputs.sequence() < event.input_seq) && inputs.next()) {
            if (inputs.is_epoch()) encoder.emplace(inputs.parameters());
        }
        if (!encoder) {
            problem = inputs.problem().empty() ? folder + ": no epoch says how events were made"
                                               : inputs.problem();
            return false;
        }
        encoder->append_body(out, event);
        out.resize(out.size() - 1);
        fmt::format_to(std::back_inserter(out), ",\"recorded\":{}}}\n", log.recorded().ns());
        pace();
    }
    if (status == ReadStatus::problem) problem = log.problem();
    return problem.empty();
}

}  // namespace margind::daemon
