#include "daemon/journal/recovery.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/assert.hpp"
#include "daemon/journal/mend.hpp"
#include "daemon/journal/stream_scan.hpp"

namespace margind::daemon {
namespace {

std::uint64_t end_of(const StreamScan& scan) {
    return scan.cut ? scan.cut->next_sequence : scan.next_sequence;
}

bool ends_with_loss(const StreamScan& scan) {
    return scan.end && scan.end->type == core::RecordType::seal &&
           (scan.end->flags & core::kSealLossAccepted) != 0;
}

std::string refusal(const std::string& folder, const std::string& damage, const StreamScan& inputs,
                    const StreamScan& events) {
    return fmt::format(
        "{}. margind does not go on from a damaged journal. `margind journal repair {} "
        "--accept-loss` lets it end with input {} and event {}, and keeps what is cut off in "
        "{}/lost-*",
        damage, folder, end_of(inputs) - 1, end_of(events) - 1, folder);
}

struct Scans {
    StreamScan inputs;
    StreamScan events;
};

Scans scan(FileLayer& files, const std::string& folder, ScanDepth depth, JournalState& state) {
    Scans scans;
    auto& [inputs, events] = scans;
    // Beside a daemon that writes: the input of an event that is seen is there to be seen after it.
    events = scan_stream(files, folder, core::JournalStream::events, depth);
    inputs = scan_stream(files, folder, core::JournalStream::inputs, depth);
    if (inputs.failure.empty() && events.failure.empty()) {
        cut_orphans(files, folder, inputs, events);
    }
    for (const StreamScan* stream : {&inputs, &events}) {
        if (!stream->failure.empty()) {
            state.problem =
                stream->failure + ". Nothing was changed: see to the disk, then try again";
        } else if (!stream->damage.empty() && state.problem.empty()) {
            state.problem = refusal(folder, stream->damage, inputs, events);
            state.damaged = true;
        }
        StreamEnd& end =
            stream->stream == core::JournalStream::inputs ? state.inputs : state.events;
        end.next_sequence = end_of(*stream);
        if (!stream->cut && !stream->sums.empty()) end.previous = stream->sums.back();
        state.last_epoch = std::max(state.last_epoch, stream->epoch);
        state.loss_accepted |= ends_with_loss(*stream);
    }
    state.session = inputs.segments.empty() ? events.session : inputs.session;
    state.closed = inputs.end && inputs.end->type == core::RecordType::close;
    return scans;
}

bool has_failure(const Scans& scans) {
    return !scans.inputs.failure.empty() || !scans.events.failure.empty();
}

JournalState mend(FileLayer& files, const std::string& folder, JournalState state,
                  const Scans& scans, Mending mending) {
    for (const StreamScan* stream : {&scans.inputs, &scans.events}) {
        StreamEnd& end =
            stream->stream == core::JournalStream::inputs ? state.inputs : state.events;
        if (IoError error = mend_stream(files, folder, *stream, mending, end, state.notes)) {
            state.problem = error.text + ". See to the disk, then try again: nothing is lost";
            return state;
        }
    }
    return state;
}

}  // namespace

JournalState examine_journal(FileLayer& files, const std::string& folder) {
    JournalState state;
    scan(files, folder, ScanDepth::whole, state);
    return state;
}

JournalState recover_journal(FileLayer& files, const std::string& folder) {
    JournalState state;
    const Scans scans = scan(files, folder, ScanDepth::quick, state);
    if (!state.problem.empty()) return state;
    if (IoError error = remove_leftovers(files, folder)) {
        state.problem = error.text;
        return state;
    }
    return mend(files, folder, std::move(state), scans, Mending::torn_tails);
}

JournalState repair_journal(FileLayer& files, const std::string& folder) {
    JournalState state;
    const Scans scans = scan(files, folder, ScanDepth::whole, state);
    if (has_failure(scans)) return state;
    if (IoError error = remove_leftovers(files, folder)) {
        state.problem = error.text;
        return state;
    }
    const bool damaged = !state.problem.empty();
    state.problem.clear();
    state.damaged = false;
    state.loss_accepted |= damaged;
    return mend(files, folder, std::move(state), scans,
                damaged ? Mending::damage : Mending::torn_tails);
}

}  // namespace margind::daemon
