#include "daemon/review/event_log.hpp"

#include <fmt/format.h>

#include "core/journal/event_codec.hpp"

namespace margind::daemon {

ReadStatus EventLog::next() {
    JournalRecord record;
    for (;;) {
        const ReadStatus status = reader_.next(record);
        if (status != ReadStatus::record) return status;
        if (record.header.type != core::RecordType::event) continue;
        event_seq_ = record.header.sequence;
        recorded_ = record.header.time;
        payload_ = record.payload;
        offset_ = record.offset;
        return ReadStatus::record;
    }
}

bool EventLog::decode(core::Event& event) {
    if (core::decode_event(event_seq_, payload_, event)) return true;
    problem_ = fmt::format(
        "event {} in {} is not one that this margind can read; use the version that wrote it",
        event_seq_, place());
    return false;
}

}  // namespace margind::daemon
