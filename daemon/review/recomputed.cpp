#include "daemon/review/recomputed.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/journal/event_codec.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/recovery.hpp"

namespace margind::daemon {

Recomputed::Recomputed(FileLayer& files, std::string folder)
    : files_(files), folder_(std::move(folder)), log_(files, folder_), playback_(files, folder_) {}

bool Recomputed::make(std::uint64_t event_seq) {
    if (!find(event_seq)) return false;
    const std::uint64_t input = recorded_.input_seq;
    if (input == 0) return fail(fmt::format("event {} names no input", event_seq));
    // Several events of one input: the first of them has gone there.
    if (!before_ || playback_.input_seq() != input) {
        if (!playback_.go_to(input - 1)) return fail(playback_.problem());
        before_.emplace(playback_.engine(), recorded_);
        switch (playback_.step()) {
            case Playback::Step::problem:
                return fail(playback_.problem());
            case Playback::Step::end:
                return fail(
                    fmt::format("{}: event {} is of input {}, which the journal does not "
                                "have",
                                folder_, event_seq, input));
            case Playback::Step::input:
                break;
        }
    }
    const auto events = playback_.events();
    const auto made = std::find_if(events.begin(), events.end(), [&](const core::Event& event) {
        return event.event_seq == event_seq;
    });
    replayed_.reset();
    identical_ = false;
    if (made == events.end()) return true;
    replayed_ = *made;
    std::array<std::byte, core::kEventBytesMax> bytes;
    const std::size_t size = core::encode_event(*made, bytes);
    identical_ = std::equal(payload_.begin(), payload_.end(), bytes.begin(),
                            bytes.begin() + static_cast<std::ptrdiff_t>(size));
    return true;
}

bool Recomputed::find(std::uint64_t event_seq) {
    if (found_ && recorded_.event_seq == event_seq) return true;
    ReadStatus status = ReadStatus::record;
    // A seek reads its segment from the beginning.
    const bool ahead = found_ && recorded_.event_seq < event_seq;
    if (!ahead) status = log_.seek(event_seq);
    found_ = false;
    if (status == ReadStatus::record) status = log_.next();
    while (status == ReadStatus::record && log_.event_seq() < event_seq) status = log_.next();
    if (status == ReadStatus::problem) return fail(log_.problem());
    if (status == ReadStatus::end || log_.event_seq() != event_seq) {
        const std::uint64_t next = examine_journal(files_, folder_).events.next_sequence;
        return fail(next <= 1 ? folder_ + ": holds no events"
                              : fmt::format("{}: has no event {}; its last is {}", folder_,
                                            event_seq, next - 1));
    }
    if (!log_.decode(recorded_)) return fail(log_.problem());
    payload_.assign(log_.payload().begin(), log_.payload().end());
    bytes_ = payload_.size();
    recorded_at_ = log_.recorded();
    segment_ = log_.segment();
    place_ = log_.place();
    found_ = true;
    return true;
}

bool Recomputed::fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
}

}  // namespace margind::daemon
