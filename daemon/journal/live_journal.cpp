#include "daemon/journal/live_journal.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/journal/event_codec.hpp"
#include "daemon/application.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {
namespace {

constexpr core::Duration kCommitUnwaited = core::Duration::from_ms(50);
constexpr const char* kProgram = "margind " MARGIND_VERSION;

std::string hex_of(const SessionId& session) {
    std::string text;
    for (const std::byte byte : session) {
        text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    }
    return text;
}

std::string ring_name(const SessionId& session) {
    return "margind-" + hex_of(session) + ".ring";
}

// Unlike any other: of when, by which process and where it began.
SessionId new_session(core::Timestamp now, const std::string& folder) {
    const std::string what = fmt::format("{} {} {}", now.ns(), getpid(), folder);
    Sha256Sum sum;
    sum.add(std::as_bytes(std::span(what)));
    const Sha256 digest = sum.finish();
    SessionId session;
    std::copy_n(digest.begin(), session.size(), session.begin());
    return session;
}

// A thread that ends by an exception: the daemon cannot keep what it promises without it.
void end_with(const std::exception_ptr& failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        spdlog::critical("a thread of the journal failed: {}; the daemon ends", error.what());
    }
    spdlog::shutdown();
    std::_Exit(kFailed);
}

std::string made_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error) return folder.string();
    throw StartupRefused(kUnavailable,
                         fmt::format("journal.directory: {} cannot be made: {}; name a folder that "
                                     "this user may write",
                                     folder.string(), error.message()));
}

}  // namespace

LiveJournal::LiveJournal(const config::Settings& settings, feeds::Clock& clock, Doorbell* to_io)
    : settings_(settings),
      folder_(made_folder(settings.journal.directory)),
      clock_(clock),
      to_io_(to_io),
      durability_(settings.journal.durability) {
    if (const IoError error = lock_.take(folder_)) {
        throw StartupRefused(kUnavailable, "journal: " + error.text);
    }
    forget_unfinished_load();
    state_ = recover_journal(files_, folder_);
    if (!state_.problem.empty()) refuse(state_.problem);
    for (const std::string& note : state_.notes) spdlog::warn("journal: {}", note);
    set_aside_snapshots();
    if (state_.inputs.next_sequence > 1) recover();
    const bool keeps_session = state_.last_epoch > 0 && !state_.loss_accepted && !ring_lost_;
    session_ = keeps_session ? state_.session : new_session(clock_.now(), folder_);
}

LiveJournal::~LiveJournal() {
    close();
}

void LiveJournal::refuse(const std::string& problem) const {
    // Damage is a problem of what the config names: no restart mends it.
    throw StartupRefused(state_.damaged ? kConfig : kFailed, "journal: " + problem);
}

void LiveJournal::begin_loading() {
    std::unique_ptr<File> file;
    IoError error = files_.open(loading_file(), Access::create, file);
    if (!error) error = file->sync();
    if (!error) error = files_.sync_folder(folder_);
    if (error) refuse(error.text);
}

void LiveJournal::open_to_others(std::uint64_t last_input_seq) {
    while (durability_.inputs() < last_input_seq && !durability_.failed()) sched_yield();
    if (durability_.failed()) refuse(writer_->failure());
    const bool has_ring = settings_.journal.durability == config::Durability::memory;
    if (has_ring) ring_->keep_for(session_);
    // Only now can the next start do without it.
    if (old_ring_.empty() || (has_ring && old_ring_ == ring_file())) return;
    std::error_code ignored;  // it says nothing that the journal does not
    std::filesystem::remove(old_ring_, ignored);
}

void LiveJournal::finish_loading() {
    IoError error = files_.remove(loading_file());
    if (!error) error = files_.sync_folder(folder_);
    if (error) refuse(error.text);
}

// Of inputs or events that were cut off: what comes under their numbers now is something else.
void LiveJournal::set_aside_snapshots() {
    std::vector<std::uint64_t> snapshots;
    if (const IoError error = list_snapshots(files_, folder_, snapshots)) refuse(error.text);
    bool any = false;
    for (const std::uint64_t snapshot : snapshots) {
        const std::string path = folder_ + "/" + snapshot_name(snapshot);
        const SnapshotReader reader(files_, path);
        const bool beyond =
            snapshot >= state_.inputs.next_sequence ||
            (reader.problem().empty() && reader.about().event_seq >= state_.events.next_sequence);
        if (!beyond) continue;
        spdlog::warn("journal: {} is of inputs or events that were cut off; it is set aside", path);
        if (const IoError error = files_.rename(path, folder_ + "/lost-" + snapshot_name(snapshot)))
            refuse(error.text);
        any = true;
    }
    if (!any) return;
    if (const IoError error = files_.sync_folder(folder_)) refuse(error.text);
}

// The file that says so goes last: killed in the middle of this, the next start does it again.
void LiveJournal::forget_unfinished_load() {
    std::vector<std::string> names;
    if (const IoError error = files_.list(folder_, names)) refuse(error.text);
    const std::string mark = std::filesystem::path(loading_file()).filename();
    if (std::find(names.begin(), names.end(), mark) == names.end()) return;
    spdlog::warn(
        "journal: {}: the first start ended before its accounts were loaded; nobody was told "
        "anything of it, so it begins anew",
        folder_);
    for (const std::string& name : names) {
        const bool ours = name.starts_with("inputs") || name.starts_with("events") ||
                          name.starts_with("snapshot-");
        if (!ours) continue;
        if (const IoError error = files_.remove(folder_ + "/" + name)) refuse(error.text);
    }
    IoError error = files_.sync_folder(folder_);
    if (!error) error = files_.remove(loading_file());
    if (!error) error = files_.sync_folder(folder_);
    if (error) refuse(error.text);
}

void LiveJournal::recover() {
    const core::Timestamp begin = clock_.now();
    Past past(files_, folder_, settings_.engine.search);
    const PastStatus found = past.go_to_newest_snapshot();
    for (const std::string& notice : past.notices()) spdlog::warn("journal: {}", notice);
    if (found == PastStatus::problem) {
        refuse(past.notices().empty()
                   ? past.problem()
                   : fmt::format("{}; and {}. Put back a copy of a snapshot or of the segments "
                                 "that are gone, or begin a journal in another folder",
                                 past.problem(), past.notices().front()));
    }
    const std::uint64_t snapshot = past.snapshot();
    come_to_the_end(past);
    add_leftover(past);
    if (past.input_seq() + 1 != state_.inputs.next_sequence) {
        refuse(fmt::format("{}: its replay ends at input {}, its files at {}: report this", folder_,
                           past.input_seq(), state_.inputs.next_sequence - 1));
    }
    if (past.event_seq() + 1 < state_.events.next_sequence) {
        refuse(fmt::format(
            "{}: its inputs lead to event {}, but event {} was recorded, and perhaps told: this is "
            "not the margind, or not the snapshot, that wrote it. `margind replay {} --verify` "
            "shows "
            "where they part",
            folder_, past.event_seq(), state_.events.next_sequence - 1, folder_));
    }
    check_sources(past.settings().accounts.listen.sources);
    core::EpochRecord epoch = next_epoch();
    if (past.begin_epoch(std::move(epoch)) == PastStatus::problem) refuse(past.problem());
    last_input_seq_ = past.input_seq();
    engine_time_ = past.engine_time();
    spdlog::info(
        "journal: {} goes on after input {} and event {}, {} accounts, {} inputs replayed since "
        "{}, in "
        "{:.1f} s",
        folder_, last_input_seq_, past.event_seq(), past.engine().account_count(),
        last_input_seq_ - snapshot,
        snapshot > 0 ? fmt::format("the snapshot after input {}", snapshot) : "the first one",
        (clock_.now() - begin).seconds());
    engine_ = past.release_engine();
}

// Their order tells them apart in the journal: with another one, updates would count as taken that
// never were.
void LiveJournal::check_sources(const std::vector<std::string>& before) const {
    const std::vector<std::string>& now = settings_.accounts.listen.sources;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (i < now.size() && now[i] == before[i]) continue;
        throw StartupRefused(
            kConfig,
            fmt::format("{}: accounts.listen.sources[{}]: was {} in the run before, and is {} now; "
                        "the journal tells sources apart by their place: keep them as they were "
                        "and append new ones at the end",
                        settings_.path, i, before[i], i < now.size() ? now[i] : "missing"));
    }
}

void LiveJournal::come_to_the_end(Past& past) {
    StreamReader told(files_, folder_, core::JournalStream::events);
    if (told.seek(past.event_seq() + 1) == ReadStatus::problem) refuse(told.problem());
    for (;;) {
        const PastStatus status = past.step();
        if (status == PastStatus::problem) refuse(past.problem());
        if (status == PastStatus::end) return;
        for (const core::Event& event : past.events()) {
            if (event.event_seq >= state_.events.next_sequence) {
                missing_events_.push_back(event);
            } else {
                compare(event, told);
            }
        }
    }
}

// What the inputs give must be what was recorded, and perhaps told.
void LiveJournal::compare(const core::Event& event, StreamReader& told) const {
    JournalRecord record;
    do {
        if (told.next(record) != ReadStatus::record) {
            refuse(fmt::format("{}: event {} cannot be read: {}", folder_, event.event_seq,
                               told.problem()));
        }
    } while (record.header.type != core::RecordType::event);
    std::array<std::byte, core::kEventBytesMax> room;
    const auto made = std::span(room).first(core::encode_event(event, room));
    if (record.header.sequence == event.event_seq && std::ranges::equal(made, record.payload)) {
        return;
    }
    refuse(
        fmt::format("{}: event {} was recorded, and perhaps told, otherwise than its inputs "
                    "give it now: this is not the margind that wrote it. `margind replay {} "
                    "--verify` shows where they part",
                    folder_, record.header.sequence, folder_));
}

// Durability memory: what a killed process had told and not yet written.
void LiveJournal::add_leftover(Past& past) {
    const config::JournalSettings& before = past.settings().journal;
    // Where that run had it; a relative folder may have been relative to another one then.
    std::filesystem::path file = before.memory_directory / ring_name(state_.session);
    if (!std::filesystem::exists(file)) {
        file = settings_.journal.memory_directory / ring_name(state_.session);
    }
    RecordRing leftover = RecordRing::leftover_of(file, state_.session);
    if (!leftover.valid()) {
        ring_lost_ = before.durability == config::Durability::memory && !state_.closed &&
                     !std::filesystem::exists(file);
        if (ring_lost_) {
            spdlog::warn(
                "journal: {} is gone, with what the process before had told and not yet written; "
                "the numbers of lost events come again under a new session",
                file.string());
        }
        return;
    }
    JournalWriter writer(files_, {folder_, settings_.journal.segment_bytes, state_.session},
                         state_);
    core::EpochRecord epoch = past.epoch();
    epoch.number = state_.last_epoch + 1;
    epoch.reason = core::EpochReason::restart;
    Append appended = writer.append_epoch(epoch, clock_.now());
    std::uint64_t next_input = state_.inputs.next_sequence;
    std::uint64_t next_event = state_.events.next_sequence;
    RingRecord record;
    for (; appended == Append::done && leftover.front(record); leftover.pop()) {
        if (record.type == core::RecordType::input && record.sequence == next_input) {
            appended = writer.append_input(record.sequence, record.time, record.payload);
            ++next_input;
        } else if (record.type == core::RecordType::event && record.sequence == next_event) {
            appended = writer.append_event(record.sequence, record.time, record.payload);
            ++next_event;
        }
    }
    if (appended != Append::done || !writer.close(clock_.now())) {
        refuse(writer.failed() ? writer.failure() : writer.space_problem());
    }
    spdlog::info("journal: {} inputs and {} events of the process before were still in memory",
                 next_input - state_.inputs.next_sequence,
                 next_event - state_.events.next_sequence);
    const bool loss_accepted = state_.loss_accepted;
    state_ = recover_journal(files_, folder_);
    if (!state_.problem.empty()) refuse(state_.problem);
    state_.loss_accepted = state_.loss_accepted || loss_accepted;
    compare_leftover();
    std::erase_if(missing_events_, [&](const core::Event& event) {
        return event.event_seq < state_.events.next_sequence;
    });
    come_to_the_end(past);
    old_ring_ = file;
}

// The events that were found in memory with those that were made again before.
void LiveJournal::compare_leftover() {
    if (missing_events_.empty()) return;
    StreamReader told(files_, folder_, core::JournalStream::events);
    if (told.seek(missing_events_.front().event_seq) == ReadStatus::problem) {
        refuse(told.problem());
    }
    for (const core::Event& event : missing_events_) {
        if (event.event_seq < state_.events.next_sequence) compare(event, told);
    }
}

core::EpochRecord LiveJournal::next_epoch() const {
    return {.number = state_.last_epoch + 1,
            .reason = state_.last_epoch == 0 ? core::EpochReason::first_start
                                             : core::EpochReason::restart,
            .program = kProgram,
            .config_name = settings_.path,
            .config_text = settings_.text};
}

std::filesystem::path LiveJournal::ring_file() const {
    return settings_.journal.memory_directory / ring_name(session_);
}

void LiveJournal::start() {
    // Before the run is: where it is found and its ring is not, what it told is lost.
    if (settings_.journal.durability == config::Durability::memory) {
        ring_.emplace(settings_.journal.ring_bytes, ring_file());
    } else {
        ring_.emplace(settings_.journal.ring_bytes);
    }
    writer_.emplace(
        files_, JournalWriterOptions{folder_, settings_.journal.segment_bytes, session_}, state_);
    Append appended = writer_->append_epoch(next_epoch(), clock_.now());
    for (const core::Event& event : missing_events_) {
        if (appended != Append::done) break;
        std::array<std::byte, core::kEventBytesMax> room;
        const std::size_t bytes = core::encode_event(event, room);
        appended =
            writer_->append_event(event.event_seq, event.engine_time, std::span(room).first(bytes));
    }
    if (appended != Append::done || !writer_->commit()) {
        refuse(writer_->failed() ? writer_->failure() : writer_->space_problem());
    }
    if (!missing_events_.empty()) {
        spdlog::info("journal: {} events that were not on disk were made again",
                     missing_events_.size());
    }
    missing_events_ = {};
    durability_.reached(writer_->durable_input(), writer_->durable_event());
    tap_.emplace(*ring_, durability_);
    // With durability memory nobody waits for the disk, and syncs cost the cores they run on.
    const bool waited_for = settings_.journal.durability == config::Durability::group;
    const core::Duration commit_every =
        waited_for ? settings_.journal.commit_every
                   : std::max(settings_.journal.commit_every, kCommitUnwaited);
    cycle_.emplace(*ring_, *writer_, durability_, clock_, to_io_,
                   JournalCycle::Options{commit_every, settings_.journal.free_low_bytes});
    shadow_.emplace(files_, durability_, clock_,
                    ShadowCycle::Options{
                        .folder = folder_,
                        .session = session_,
                        .search = settings_.engine.search,
                        .snapshot_every = settings_.journal.snapshot_every,
                        .keeper = {folder_, settings_.journal.segment_bytes,
                                   settings_.journal.retain_bytes, settings_.journal.retain_for}});
    thread_.emplace(ThreadOptions{"mg-journal", -1, config::Idle::park}, *cycle_, end_with);
    // Settings without a text, as benchmarks make them, cannot be replayed.
    if (settings_.text.empty()) return;
    shadow_thread_.emplace(ThreadOptions{"mg-shadow", -1, config::Idle::park}, *shadow_, end_with);
}

std::string LiveJournal::session() const {
    return hex_of(session_);
}

bool LiveJournal::wait_for_event(std::uint64_t event_seq) const {
    while (!durability_.event_may_leave(event_seq)) {
        if (durability_.failed()) return false;
        sched_yield();
    }
    return true;
}

void LiveJournal::close() {
    if (!thread_) return;
    shadow_->close();
    shadow_thread_.reset();
    cycle_->close();
    thread_.reset();
    if (!durability_.failed() && settings_.journal.durability == config::Durability::memory) {
        std::error_code ignored;  // what is in it has been written
        std::filesystem::remove(ring_file(), ignored);
    }
}

}  // namespace margind::daemon
