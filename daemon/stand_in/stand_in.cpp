#include "daemon/stand_in/stand_in.hpp"

#include <algorithm>
#include <utility>

namespace margind::daemon::stand_in {

StandIn::StandIn(boost::asio::io_context& io, feeds::Clock& clock, const StandInOptions& options,
                 std::vector<ServedVenue> venues, std::function<void()> ended)
    : clock_(clock),
      options_(options),
      playback_(options.speed, options.clock),
      ended_(std::move(ended)) {
    for (ServedVenue& each : venues) {
        servers_.push_back(make_venue_server(io, clock, playback_, std::move(each.dialect),
                                             std::move(each.tape), each.options,
                                             [this] { on_changed(); }));
    }
}

void StandIn::play() {
    if (playing() || stopping_) return;
    auto origin = core::Timestamp::from_ns(INT64_MAX);
    for (const auto& server : servers_) {
        if (server->tape().size() > 0) origin = std::min(origin, server->tape().time(0));
    }
    playback_.start(origin, clock_.now());
    for (const auto& server : servers_) server->play();
}

bool StandIn::finished() const {
    return std::all_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return server->finished(); });
}

std::string StandIn::command(std::string_view line) {
    const ParsedFault parsed = parse_fault(line);
    if (!parsed.problem.empty()) return parsed.problem;
    bool served = false;
    for (const auto& server : servers_) {
        if (!parsed.fault.venue.empty() && parsed.fault.venue != server->venue()) continue;
        server->apply(parsed.fault);
        served = true;
    }
    return served ? std::string() : parsed.fault.venue + " is not served here";
}

void StandIn::stop() {
    if (std::exchange(stopping_, true)) return;
    for (const auto& server : servers_) server->close("the stand-in ends");
    on_changed();
}

void StandIn::on_changed() {
    if (!stopping_ && !playing()) {
        std::size_t subscribers = 0;
        for (const auto& server : servers_) subscribers += server->statistics().subscribers;
        if (subscribers > 0 && subscribers >= options_.start_when) play();
    }
    if (!stopping_ && options_.once && playing() && finished()) return stop();
    const bool idle = std::all_of(servers_.begin(), servers_.end(),
                                  [](const auto& server) { return server->idle(); });
    if (stopping_ && idle && ended_) std::exchange(ended_, nullptr)();
}

}  // namespace margind::daemon::stand_in
