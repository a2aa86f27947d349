#include "daemon/review/other_run.hpp"

#include "daemon/view/text.hpp"

namespace margind::daemon {

OtherRun::OtherRun(const config::Settings& settings)
    : engine_(settings.risk, config::engine_options(settings.engine)) {}

void OtherRun::recorded_under(const core::RiskParameters& recorded) {
    names_.emplace(recorded, engine_.parameters());
}

bool OtherRun::apply(const core::Input& recorded) {
    core::Input input = recorded;
    const Heard heard = names_->translate(input);
    if (heard == Heard::impossible) {
        problem_ = names_->problem();
        return false;
    }
    ++unheard_[static_cast<std::size_t>(heard)];
    engine_.apply(input);
    core::Event event;
    while (engine_.next_event(event)) outcomes_.take(event, engine_);
    return true;
}

std::vector<std::string> OtherRun::notes() const {
    std::vector<std::string> notes;
    const auto note = [&](Heard heard, const char* text) {
        const std::uint64_t count = unheard_[static_cast<std::size_t>(heard)];
        if (count > 0) notes.push_back(grouped(count) + text);
    };
    note(Heard::source_missing,
         " prices are of sources that the other configuration does not have");
    note(Heard::feed_missing, " states are of feeds that the other configuration does not have");
    note(
        Heard::parameter_left_out,
        " parameter changes were made while the daemon ran; the other configuration keeps its own");
    return notes;
}

}  // namespace margind::daemon
