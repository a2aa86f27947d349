// What the engine knows: as a hash.
#include <algorithm>
#include <tuple>

#include "core/engine/engine_implementation.hpp"
#include "core/engine/state_hash.hpp"

namespace margind::core {
namespace {

std::tuple<Parameter, std::uint32_t, std::uint8_t> what_changes(const ParameterInput& change) {
    return {change.parameter, change.target, change.tier};
}

}  // namespace

// Of each parameter the last change counts, in an order that does not depend on when.
void Engine::Implementation::note_changes(std::span<const ParameterInput> changes) {
    for (const ParameterInput& change : changes) {
        ParameterInput noted = change;
        noted.last = Last::yes;
        const auto at = std::lower_bound(
            parameter_changes_.begin(), parameter_changes_.end(), noted,
            [](const auto& a, const auto& b) { return what_changes(a) < what_changes(b); });
        if (at != parameter_changes_.end() && what_changes(*at) == what_changes(noted)) {
            *at = noted;
        } else {
            parameter_changes_.insert(at, noted);
        }
    }
    parameters_hash_ = parameters_hash(config_hash_, parameter_changes_);
}

std::uint64_t Engine::Implementation::part_of_hash(const Standing& standing) noexcept {
    Mixer mixer;
    mixer.add(standing.account_hash);
    mixer.add(standing.number | static_cast<std::uint64_t>(standing.state) << 32);
    mixer.add(static_cast<std::uint64_t>(standing.in_liquidation_since.ns()));
    return mixer.value();
}

std::uint64_t Engine::Implementation::state_hash() const noexcept {
    Mixer mixer;
    mixer.add(market_.hash());
    mixer.add(parameters_hash_);
    mixer.add(parameter_version_);
    for (const FeedState state : feed_states_) mixer.add(static_cast<std::uint64_t>(state));
    mixer.add(static_cast<std::uint64_t>(daemon_state_));
    mixer.add(static_cast<std::uint64_t>(next_clock_.ns()));
    return accounts_hash_ + mixer.value();
}

}  // namespace margind::core
