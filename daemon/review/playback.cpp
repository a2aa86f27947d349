#include "daemon/review/playback.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/snapshot_file.hpp"

namespace margind::daemon {

bool Playback::go_to(std::uint64_t sequence) {
    if (past_.go_to(sequence) == PastStatus::problem) return fail(past_.problem());
    look();
    return true;
}

bool Playback::go_to_the_end() {
    PastStatus status = past_.go_to_newest_snapshot();
    while (status == PastStatus::stepped) status = past_.step();
    if (status == PastStatus::problem) return fail(past_.problem());
    look();
    return true;
}

bool Playback::go_to_the_beginning() {
    if (go_to(0)) return true;
    JournalRange range;
    std::vector<std::uint64_t> snapshots;  // the newest first
    IoError error = journal_range(files_, folder_, range);
    if (!error) error = list_snapshots(files_, folder_, snapshots);
    if (error) return fail(error.text);
    if (range.first_input <= 1) return false;
    const std::string removed = problem_;
    for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
        // An older one is of no use: the inputs that follow it are gone.
        if (*at + 1 >= range.first_input && go_to(*at)) return true;
    }
    return fail(removed + "; nor is there a snapshot to begin with");
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
