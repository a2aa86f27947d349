// The running daemon's journal: mends what the run before left, comes to where it stood, and from
// then on writes down what the engine's thread records.
//
// Threads: the main thread's, except tap() (the engine's), durability() (any) and report() (the
// cold thread's).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "core/time.hpp"
#include "daemon/gateway/event_history.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/journal/journal_cycle.hpp"
#include "daemon/journal/journal_tap.hpp"
#include "daemon/journal/past.hpp"
#include "daemon/journal/posix_files.hpp"
#include "daemon/journal/record_ring.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/shadow_cycle.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class LiveJournal {
  public:
    // Takes the folder's lock, cuts off a torn tail, adds what a killed process left in memory, and
    // replays. Nothing is written yet that a second start would not do again. `to_io` is rung when
    // more may be told; null when nobody sleeps. Throws StartupRefused: damage, a folder in use, a
    // configuration that the state does not fit; each names place and remedy.
    LiveJournal(const config::Settings& settings, feeds::Clock& clock, Doorbell* to_io);
    ~LiveJournal();
    LiveJournal(const LiveJournal&) = delete;
    LiveJournal& operator=(const LiveJournal&) = delete;

    // What is gone on from; null: the journal was empty. It fits the settings of today.
    std::unique_ptr<core::Engine> take_engine() noexcept { return std::move(engine_); }
    std::uint64_t last_input_seq() const noexcept { return last_input_seq_; }
    core::Timestamp engine_time() const noexcept { return engine_time_; }

    // Begins this run's epoch; from now on records are written as they come.
    void start();
    // The accounts an empty journal begins with are being loaded, which may fail or be killed half
    // way: until finish_loading() says that all are on disk a start begins from nothing again.
    // Nobody may be told anything in between.
    void begin_loading();
    void finish_loading();
    JournalTap& tap() noexcept { return *tap_; }
    const Durability& durability() const noexcept { return durability_; }
    // What the run began with, up to this input, is on disk; from here on others may be told, and
    // what they are told survives the process. Throws StartupRefused when the journal has failed.
    void open_to_others(std::uint64_t last_input_seq);
    // Sixteen bytes in hexadecimal: the same for as long as the journal is whole.
    std::string session() const;
    // Returns when the event may be told; false: the journal has failed.
    bool wait_for_event(std::uint64_t event_seq) const;

    const JournalReport& report() noexcept { return cycle_->report(); }
    const ShadowReport& shadow_report() noexcept { return shadow_->report(); }

    // Reads events back for subscribers; `io` runs what it calls, and outlives the journal. Once.
    EventHistory& open_history(boost::asio::io_context& io, const EventEncoder& encoder) {
        return history_.emplace(io, files_, folder_, durability_, clock_,
                                EventHistory::Run{encoder, state_.inputs.next_sequence});
    }

    // Any thread: the daemon wants to end, whatever the disk is like.
    void drain() noexcept { cycle_->drain(); }
    // Nothing is recorded any more: writes what waits, says that this was the end. Idempotent.
    void close();

  private:
    void forget_unfinished_load();
    void set_aside_snapshots();
    std::string loading_file() const { return folder_ + "/first-load-unfinished"; }
    void recover();
    void add_leftover(Past& past);
    void come_to_the_end(Past& past);
    void compare(const core::Event& event, StreamReader& told) const;
    void compare_leftover();
    void check_sources(const std::vector<std::string>& before) const;
    core::EpochRecord next_epoch() const;
    std::filesystem::path ring_file() const;
    [[noreturn]] void refuse(const std::string& problem) const;

    const config::Settings& settings_;
    const std::string folder_;
    feeds::Clock& clock_;
    Doorbell* const to_io_;
    PosixFiles files_;
    FolderLock lock_;
    JournalState state_;
    SessionId session_{};
    std::unique_ptr<core::Engine> engine_;
    std::uint64_t last_input_seq_ = 0;
    core::Timestamp engine_time_;
    bool ring_lost_ = false;          // with what was told of the run before
    std::filesystem::path old_ring_;  // whose records are in the journal; empty: there is none
    std::vector<core::Event> missing_events_;  // made again: their input is there, they are not
    Durability durability_;
    std::optional<RecordRing> ring_;
    std::optional<JournalTap> tap_;
    std::optional<JournalWriter> writer_;
    std::optional<JournalCycle> cycle_;
    std::optional<ShadowCycle> shadow_;
    std::optional<DutyThread> thread_;
    std::optional<DutyThread> shadow_thread_;
    std::optional<EventHistory> history_;
};

}  // namespace margind::daemon
