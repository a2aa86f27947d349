#include "daemon/journal/journal_cycle.hpp"

#include <spdlog/spdlog.h>

namespace margind::daemon {

JournalCycle::JournalCycle(RecordRing& ring, JournalWriter& writer, Durability& durability,
                           feeds::Clock& clock, Doorbell* to_io, const Options& options)
    : ring_(ring),
      writer_(writer),
      durability_(durability),
      clock_(clock),
      to_io_(to_io),
      options_(options) {}

int JournalCycle::do_work() {
    // Read before looking for work: whatever was recorded before closing is then seen below.
    const bool closed = closed_.load(std::memory_order_acquire);
    const core::Timestamp now = clock_.now();
    const int records = take_batch(now);
    if (writer_.waiting_bytes() > 0 && !durability_.failed()) commit();
    if (!durability_.failed()) ring_.release();
    tell_progress();
    look_at_disk(now);
    if (closed && records == 0 && (!full_ || durability_.failed())) {
        if (!durability_.failed() && !writer_.close(now)) fail();
        finished_ = true;
    }
    if (finished_ || now >= next_report_) publish_report(now);
    return records;
}

int JournalCycle::take_batch(core::Timestamp now) {
    // What a failure left in the ring stays there: in a file, the next process finds it.
    if (durability_.failed() || (full_ && now < next_try_)) return 0;
    int records = 0;
    RingRecord record;
    while (writer_.waiting_bytes() < kBatchBytes && ring_.front(record)) {
        const Append appended = append(record);
        if (appended == Append::no_space) {
            note_full(now);
            return records;
        }
        if (appended == Append::failed) {
            fail();
            return records;
        }
        ++report_.records;
        report_.bytes += record.payload.size();
        ring_.pop();
        ++records;
    }
    if (full_ && records > 0) {
        spdlog::info("journal: there is room on the disk again");
        full_ = false;
    }
    return records;
}

void JournalCycle::note_full(core::Timestamp now) {
    if (!full_) {
        ++report_.full_total;
        spdlog::error("journal: {}; inputs wait until there is room", writer_.space_problem());
    }
    full_ = true;
    next_try_ = now + kLookAgain;
    durability_.set_disk_low(true);
    if (!draining_.load(std::memory_order_relaxed)) return;
    if (!full_while_draining_since_.stated()) full_while_draining_since_ = now;
    if (now - full_while_draining_since_ < kEndsWithin) return;
    durability_.fail();
    if (to_io_ != nullptr) to_io_->ring();
    spdlog::error(
        "journal: its disk is full and the daemon is to end: nothing more is told to anybody");
}

Append JournalCycle::append(const RingRecord& record) {
    if (record.type == core::RecordType::input) {
        return writer_.append_input(record.sequence, record.time, record.payload);
    }
    return writer_.append_event(record.sequence, record.time, record.payload);
}

void JournalCycle::commit() {
    const core::Timestamp begin = clock_.now();
    if (!writer_.commit()) return fail();
    ++report_.commits;
    report_.commit.record(clock_.now() - begin);
}

// Also of what was synced for want of room, before the next segment.
void JournalCycle::tell_progress() {
    // After a failure nothing new may be told, or somebody would get it behind what was dropped.
    if (durability_.failed() || (writer_.durable_input() == durability_.inputs() &&
                                 writer_.durable_event() == durability_.events())) {
        return;
    }
    durability_.reached(writer_.durable_input(), writer_.durable_event());
    if (to_io_ != nullptr) to_io_->ring();
}

void JournalCycle::fail() {
    if (durability_.failed()) return;
    durability_.fail();
    if (to_io_ != nullptr) to_io_->ring();
    spdlog::critical("journal: {}", writer_.failure());
}

void JournalCycle::look_at_disk(core::Timestamp now) {
    if (now < next_look_) return;
    next_look_ = now + kLookAtDisk;
    report_.free_bytes = writer_.free_bytes();
    const bool low = full_ || report_.free_bytes < options_.free_low_bytes;
    if (low != durability_.disk_low()) {
        spdlog::log(low ? spdlog::level::warn : spdlog::level::info,
                    "journal: {} bytes are free on its disk, journal.free_low_bytes is {}",
                    report_.free_bytes, options_.free_low_bytes);
    }
    durability_.set_disk_low(low);
}

void JournalCycle::publish_report(core::Timestamp now) {
    next_report_ = now + kLookAgain;
    report_.ring_bytes = ring_.depth();
    report_.durable_input = durability_.inputs();
    report_.durable_event = durability_.events();
    report_.disk_low = durability_.disk_low();
    report_.failed = durability_.failed();
    reports_.writable() = report_;
    reports_.publish();
}

void JournalCycle::park() {
    bell_.declare_asleep();
    if (!closed_.load(std::memory_order_acquire)) bell_.wait(options_.commit_every);
    bell_.declare_awake();
}

}  // namespace margind::daemon
