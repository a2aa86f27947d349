#include "daemon/review/playback.hpp"

#include <utility>

#include <fmt/format.h>

#include "daemon/journal/recovery.hpp"

namespace margind::daemon {

bool Playback::go_to(std::uint64_t sequence) {
    if (past_.go_to(sequence) == PastStatus::problem) return fail(past_.problem());
    look();
    return true;
}

bool Playback::go_to_the_end() {
    const JournalState state = examine_journal(files_, folder_);
    if (!state.problem.empty()) return fail(state.problem);
    return go_to(state.inputs.next_sequence - 1);
}

Playback::Step Playback::step() {
    switch (past_.step()) {
        case PastStatus::problem:
            fail(past_.problem());
            return Step::problem;
        case PastStatus::end:
            return Step::end;
        case PastStatus::stepped:
            break;
    }
    look();
    return Step::input;
}

// The engine of another configuration is another engine, and has other names.
void Playback::look() {
    engine_ = &past_.engine();
    fresh_epoch_ = past_.epoch().number != epoch_;
    if (!fresh_epoch_) return;
    epoch_ = past_.epoch().number;
    encoder_.emplace(past_.settings().risk);
}

std::string Playback::run_text() const {
    const core::EpochRecord& epoch = past_.epoch();
    return fmt::format("{}, run {}, configuration {}", epoch.program, epoch.number,
                       epoch.config_name);
}

bool Playback::fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
}

}  // namespace margind::daemon
