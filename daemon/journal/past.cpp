#include "daemon/journal/past.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/journal/input_codec.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {

Past::Past(FileLayer& files, std::string folder, core::Search search)
    : files_(files), folder_(std::move(folder)), search_(search) {}

Past::~Past() = default;

PastStatus Past::fail(std::string problem) {
    problem_ = std::move(problem);
    return PastStatus::problem;
}

PastStatus Past::go_to(std::uint64_t sequence) {
    if (engine_ == nullptr || sequence < input_seq_) {
        const PastStatus status = begin_at_or_before(sequence);
        if (status != PastStatus::stepped) return status;
    }
    while (input_seq_ < sequence) {
        const PastStatus status = step(sequence);
        if (status == PastStatus::problem) return status;
        if (status == PastStatus::end) {
            return fail(fmt::format("{}: input {} is not in the journal, whose last is {}", folder_,
                                    sequence, input_seq_));
        }
    }
    return PastStatus::stepped;
}

PastStatus Past::go_to_newest_snapshot() {
    return begin_at_or_before(std::numeric_limits<std::uint64_t>::max());
}

PastStatus Past::begin_at_or_before(std::uint64_t sequence) {
    std::vector<std::uint64_t> snapshots;
    if (const IoError error = list_snapshots(files_, folder_, snapshots)) return fail(error.text);
    for (const std::uint64_t snapshot : snapshots) {
        if (snapshot > sequence) continue;
        if (begin_with_snapshot(snapshot) == PastStatus::stepped) return PastStatus::stepped;
        notices_.push_back(fmt::format("snapshot {} is passed over: {}", snapshot, problem_));
    }
    return begin();
}

PastStatus Past::begin_with_snapshot(std::uint64_t sequence) {
    engine_.reset();
    problem_.clear();
    SnapshotReader reader(files_, folder_ + "/" + snapshot_name(sequence));
    const SnapshotAbout& about = reader.about();
    if (!reader.problem().empty()) return fail(reader.problem());
    if (!use_config(about.epoch)) return PastStatus::problem;
    std::string problem;
    std::unique_ptr<core::Engine> engine =
        core::Engine::restore(settings_.risk, engine_options(), reader, problem);
    if (!reader.whole()) return fail(reader.problem());
    if (engine == nullptr) return fail(problem);
    if (engine->input_seq() != sequence || about.input_seq != sequence) {
        return fail("it is not of the input that its name says");
    }
    inputs_ = std::make_unique<StreamReader>(files_, folder_, core::JournalStream::inputs);
    if (inputs_->seek(sequence + 1) == ReadStatus::problem) return fail(inputs_->problem());
    engine_ = std::move(engine);
    epoch_ = about.epoch;
    input_seq_ = snapshot_ = sequence;
    event_seq_ = engine_->event_seq();
    engine_time_ = engine_->engine_time();
    return PastStatus::stepped;
}

// Before the first input, in the first epoch.
PastStatus Past::begin() {
    snapshot_ = 0;
    inputs_ = std::make_unique<StreamReader>(files_, folder_, core::JournalStream::inputs);
    engine_.reset();
    input_seq_ = event_seq_ = 0;
    engine_time_ = {};
    const ReadStatus found = inputs_->seek(1);
    JournalRecord record;
    const ReadStatus status = found == ReadStatus::record ? inputs_->next(record) : found;
    if (status == ReadStatus::problem) return fail(inputs_->problem());
    if (status == ReadStatus::end || record.header.type != core::RecordType::epoch) {
        return fail(folder_ + ": the journal has no first epoch; is it empty?");
    }
    return read_epoch(record);
}

PastStatus Past::step(std::uint64_t limit) {
    for (;;) {
        JournalRecord record;
        switch (inputs_->next(record, limit)) {
            case ReadStatus::end:
                return PastStatus::end;
            case ReadStatus::problem:
                return fail(inputs_->problem());
            case ReadStatus::record:
                break;
        }
        if (record.header.type == core::RecordType::input) return apply(record);
        if (record.header.type != core::RecordType::epoch) continue;
        if (const PastStatus status = read_epoch(record); status != PastStatus::stepped) {
            return status;
        }
    }
}

PastStatus Past::read_epoch(const JournalRecord& record) {
    std::optional<core::EpochRecord> epoch = core::decode_epoch(record.payload);
    if (epoch) return begin_epoch(std::move(*epoch));
    return fail(fmt::format("{}/{}: the epoch at byte {} cannot be read", folder_,
                            inputs_->segment(), record.offset));
}

PastStatus Past::begin_epoch(core::EpochRecord epoch) {
    // A snapshot may have been written after the epoch that stands before the next input.
    if (engine_ != nullptr && epoch.number < epoch_.number) return PastStatus::stepped;
    if (engine_ == nullptr || epoch.config_text != config_text_) {
        if (!use_config(epoch)) return PastStatus::problem;
        if (engine_ == nullptr) {
            engine_ = std::make_unique<core::Engine>(settings_.risk, engine_options());
        } else if (!carry_over()) {
            return PastStatus::problem;
        }
    }
    epoch_ = std::move(epoch);
    return PastStatus::stepped;
}

bool Past::use_config(const core::EpochRecord& epoch) {
    config::Loaded loaded = config::load_text(epoch.config_text, epoch.config_name);
    if (!loaded.problems.empty()) {
        fail(fmt::format("this margind cannot read the configuration of epoch {}: {}", epoch.number,
                         to_string(loaded.problems.front())));
        return false;
    }
    settings_ = std::move(loaded.settings);
    config_text_ = epoch.config_text;
    return true;
}

core::EngineOptions Past::engine_options() const {
    core::EngineOptions options = config::engine_options(settings_.engine);
    options.search = search_;
    options.config_hash = config_hash(config_text_);
    return options;
}

// Into the changed configuration, by names.
bool Past::carry_over() {
    core::MemorySink sink;
    engine_->save(sink);
    core::MemorySource source(sink.bytes);
    std::string problem;
    std::unique_ptr<core::Engine> engine =
        core::Engine::restore(settings_.risk, engine_options(), source, problem);
    if (engine == nullptr) {
        fail("the state does not fit the changed configuration: " + problem);
        return false;
    }
    engine_ = std::move(engine);
    return true;
}

PastStatus Past::apply(const JournalRecord& record) {
    const core::RecordHeader& header = record.header;
    if (!core::decode_input(header.sequence, header.time, record.payload, input_)) {
        return fail(fmt::format("{}/{}: the input at byte {} cannot be read by this margind",
                                folder_, inputs_->segment(), record.offset));
    }
    verdict_ = engine_->apply(input_);
    events_.clear();
    core::Event event;
    while (engine_->next_event(event)) events_.push_back(event);
    engine_->settle();
    input_seq_ = header.sequence;
    engine_time_ = header.time;
    if (!events_.empty()) event_seq_ = events_.back().event_seq;
    return PastStatus::stepped;
}

std::uint64_t config_hash(const std::string& config_text) {
    Sha256Sum sum;
    sum.add(std::as_bytes(std::span(config_text)));
    const Sha256 digest = sum.finish();
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < sizeof hash; ++i) {
        hash |= std::to_integer<std::uint64_t>(digest[i]) << (8 * i);
    }
    return hash;
}

}  // namespace margind::daemon
