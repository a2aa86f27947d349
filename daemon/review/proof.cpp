#include "daemon/review/proof.hpp"

#include <algorithm>
#include <array>

#include "core/journal/event_codec.hpp"
#include "core/journal/record.hpp"

namespace margind::daemon {

bool Proof::check(const Playback& playback) {
    later_run_took_inputs_ |= not_recorded_ > 0 && playback.fresh_epoch();
    return std::all_of(playback.events().begin(), playback.events().end(),
                       [&](const core::Event& event) { return check(event, playback); });
}

bool Proof::check(const core::Event& event, const Playback& playback) {
    if (!begun_) {
        begun_ = true;
        if (log_.seek(event.event_seq) == ReadStatus::problem) {
            problem_ = log_.problem();
            return false;
        }
    }
    if (!exhausted_) {
        const ReadStatus status = log_.next();
        if (status == ReadStatus::problem) {
            problem_ = log_.problem();
            return false;
        }
        exhausted_ = status == ReadStatus::end;
    }
    // The daemon ended between an input and the record of its event: nobody was told of it.
    if (exhausted_) {
        if (not_recorded_++ == 0) first_not_recorded_ = event;
        return true;
    }
    std::array<std::byte, core::kEventBytesMax> bytes;
    const std::size_t size = core::encode_event(event, bytes);
    ++events_;
    const std::span<const std::byte> payload = log_.payload();
    if (log_.event_seq() == event.event_seq &&
        std::equal(payload.begin(), payload.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(size))) {
        return true;
    }
    return diverge(playback, &event);
}

bool Proof::finish(Playback& playback) {
    if (exhausted_) return true;
    if (!begun_) {
        begun_ = true;
        if (log_.seek(playback.engine().event_seq() + 1) == ReadStatus::problem) {
            problem_ = log_.problem();
            return false;
        }
    }
    switch (log_.next()) {
        case ReadStatus::end:
            return true;
        case ReadStatus::problem:
            problem_ = log_.problem();
            return false;
        case ReadStatus::record:
            break;
    }
    core::Event event;
    if (!log_.decode(event)) {
        problem_ = log_.problem();
        return false;
    }
    if (event.input_seq <= playback.input_seq()) return diverge(playback, nullptr);
    // Beside a daemon that writes the input was not there yet when the end was read; now it is.
    switch (playback.step()) {
        case Playback::Step::input:
            return true;
        case Playback::Step::problem:
            problem_ = playback.problem();
            return false;
        case Playback::Step::end:
            break;
    }
    beyond_inputs_ = event;
    return true;
}

bool Proof::diverge(const Playback& playback, const core::Event* replayed) {
    const auto line = [&](const core::Event& event) {
        TextBuffer text;
        playback.encoder().append_body(text, event);
        return fmt::to_string(text);
    };
    Divergence found;
    found.input_seq = playback.input_seq();
    if (replayed != nullptr) {
        found.event_seq = replayed->event_seq;
        found.replayed = line(*replayed);
    }
    core::Event event;
    if (log_.decode(event)) {
        found.event_seq = event.event_seq;
        found.recorded = line(event);
    } else {
        found.recorded = "(" + log_.problem() + ")";
    }
    divergence_ = std::move(found);
    return false;
}

}  // namespace margind::daemon
