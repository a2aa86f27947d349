#include "daemon/journal/shadow_cycle.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/spdlog.h>

#include "core/journal/event_codec.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

ShadowCycle::ShadowCycle(FileLayer& files, const Durability& durability, feeds::Clock& clock,
                         Options options)
    : files_(files),
      durability_(durability),
      clock_(clock),
      options_(std::move(options)),
      keeper_(files, options_.keeper),
      past_(files, options_.folder, options_.search) {}

ShadowCycle::~ShadowCycle() = default;

int ShadowCycle::do_work() {
    if (!lowered_) {  // whatever it costs, everybody else comes first
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
        lowered_ = true;
    }
    const core::Timestamp now = clock_.now();
    int work = keeper_.do_work(now, oldest_snapshot_);
    if (!stopped_ && (begun_ || begin())) {
        work += follow();
        work += compare();
        snapshot_if_due(now);
    }
    if (now >= next_report_) publish_report();
    return work;
}

// From the newest snapshot, or from the first epoch.
bool ShadowCycle::begin() {
    if (durability_.inputs() == 0) return false;
    find_oldest_snapshot();
    if (past_.go_to_newest_snapshot() == PastStatus::problem) {
        stop(past_.problem());
        return false;
    }
    told_.emplace(files_, options_.folder, core::JournalStream::events);
    if (told_->seek(past_.event_seq() + 1) == ReadStatus::problem) {
        stop(told_->problem());
        return false;
    }
    next_snapshot_ = clock_.now() + options_.snapshot_every;
    begun_ = true;
    return true;
}

int ShadowCycle::follow() {
    int inputs = 0;
    while (inputs < kInputsPerCall) {
        const PastStatus status = past_.step(durability_.inputs());
        if (status == PastStatus::problem) stop(past_.problem());
        if (status != PastStatus::stepped) break;
        ++inputs;
        for (const core::Event& event : past_.events()) {
            std::array<std::byte, core::kEventBytesMax> room;
            const std::size_t bytes = core::encode_event(event, room);
            made_.push_back({event.event_seq, {room.begin(), room.begin() + bytes}});
        }
    }
    report_.input_seq = past_.input_seq();
    return inputs;
}

int ShadowCycle::compare() {
    int events = 0;
    JournalRecord record;
    while (compared_ < made_.size() && !stopped_) {
        const ReadStatus status = told_->next(record, durability_.events());
        if (status == ReadStatus::problem) stop(told_->problem());
        if (status != ReadStatus::record) break;
        if (record.header.type != core::RecordType::event) continue;
        const Made& made = made_[compared_++];
        ++events;
        if (record.header.sequence != made.event_seq ||
            !std::equal(made.payload.begin(), made.payload.end(), record.payload.begin(),
                        record.payload.end())) {
            differ(made, record.payload);
            break;
        }
        ++report_.events_compared;
    }
    if (compared_ == made_.size()) {
        made_.clear();
        compared_ = 0;
    }
    return events;
}

// Only of a state all of whose events were compared.
void ShadowCycle::snapshot_if_due(core::Timestamp now) {
    if (stopped_ || now < next_snapshot_ || !made_.empty()) return;
    if (past_.input_seq() == report_.snapshot_input || !past_.engine().can_save()) return;
    const SnapshotAbout about{.session = options_.session,
                              .input_seq = past_.input_seq(),
                              .event_seq = past_.event_seq(),
                              .engine_time = past_.engine_time(),
                              .created = now,
                              .epoch = past_.epoch()};
    std::uint64_t bytes = 0;
    IoError error = write_snapshot(files_, options_.folder, about, past_.engine(), bytes);
    if (!error) error = keep_snapshots(files_, options_.folder, kSnapshotsKept);
    const core::Timestamp done = clock_.now();
    next_snapshot_ = done + options_.snapshot_every;
    if (error) {
        ++report_.failures;
        spdlog::error("shadow: the snapshot after input {} failed: {}; the next one is due in {} s",
                      about.input_seq, error.text, options_.snapshot_every.seconds());
        return;
    }
    ++report_.snapshots;
    report_.snapshot_input = about.input_seq;
    report_.snapshot.record(done - now);
    find_oldest_snapshot();
    spdlog::info("snapshot after input {}: {} accounts, {} bytes, {:.2f} s", about.input_seq,
                 past_.engine().account_count(), bytes, (done - now).seconds());
}

void ShadowCycle::find_oldest_snapshot() {
    std::vector<std::uint64_t> snapshots;
    if (list_snapshots(files_, options_.folder, snapshots) || snapshots.empty()) return;
    oldest_snapshot_ = snapshots.back();
    report_.snapshot_input = snapshots.front();
}

void ShadowCycle::stop(const std::string& why) {
    stopped_ = true;
    ++report_.failures;
    spdlog::error("shadow: {}; no snapshot is written any more, so that a restart takes longer",
                  why);
}

void ShadowCycle::differ(const Made& made, std::span<const std::byte> told) {
    report_.diverged = true;
    stopped_ = true;
    const EventEncoder encoder(past_.settings().risk);
    const auto text = [&](std::span<const std::byte> payload) -> std::string {
        core::Event event;
        if (!core::decode_event(made.event_seq, payload, event)) return "(not readable)";
        TextBuffer out;
        encoder.append_body(out, event);
        return fmt::to_string(out);
    };
    spdlog::critical(
        "shadow: event {} was told as {} but a replay of the journal makes {}; keep the journal "
        "and "
        "report it. No snapshot is written any more",
        made.event_seq, text(told), text(made.payload));
}

void ShadowCycle::publish_report() {
    next_report_ = clock_.now() + kLookAgain;
    ShadowReport& out = reports_.writable();
    out = report_;
    out.failures += keeper_.report().failures;
    reports_.publish();
}

void ShadowCycle::park() {
    bell_.declare_asleep();
    if (!closed_.load(std::memory_order_acquire)) bell_.wait(kLookAgain);
    bell_.declare_awake();
}

}  // namespace margind::daemon
