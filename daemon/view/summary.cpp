// What happened, once it is over.
#include <algorithm>

#include <fmt/format.h>

#include "daemon/view/event_text.hpp"
#include "daemon/view/render.hpp"

namespace margind::daemon {
namespace {

constexpr std::size_t kWidth = 120;

using Lines = std::vector<std::string>;

std::string headline(std::string_view text, Colour colour) {
    return LineBuilder(kWidth, colour).add(text, Ink::bold).str();
}

// "  name            1,234" for each entry, with a word when there is none.
void add_tally(Lines& lines, const Tally& tally, std::string_view if_empty, Colour colour) {
    if (tally.empty()) lines.push_back("  " + std::string(if_empty));
    for (const auto& [name, n] : tally) {
        LineBuilder line(kWidth, colour);
        line.add("  ").cell(printable(name), 22, Align::left, ink_of(name));
        lines.push_back(line.add(fmt::format("{:>14}", grouped(n))).str());
    }
}

void add_thresholds(Lines& lines, const ViewModel& model) {
    if (model.threshold_steps().empty()) lines.push_back("  none");
    for (const auto& [name, steps] : model.threshold_steps()) {
        std::string text = fmt::format("  {:<22} {:>6} initial {:>6} maintenance", printable(name),
                                       grouped(steps.initial), grouped(steps.maintenance));
        if (steps.maintenance > 0) {
            text +=
                fmt::format("   maintenance rate {} to {}", percent(steps.maintenance_lowest, 2),
                            percent(steps.maintenance_highest, 2));
        }
        lines.push_back(std::move(text));
    }
}

std::string latency_row(std::string_view name, const LatencyView& latency) {
    if (latency.count == 0) return fmt::format("  {:<22} none measured", name);
    return fmt::format("  {:<22} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f}   of {}", name,
                       latency.p50_us, latency.p90_us, latency.p99_us, latency.p99_9_us,
                       latency.max_us, grouped(latency.count));
}

void add_feeds(Lines& lines, const ViewModel& model) {
    lines.push_back(fmt::format("  {:<12} {:<18} {:<10} {:>11} {:>11} {:>9} {:>9} {:>6}", "",
                                "venue", "state", "messages", "ticks", "rejected", "connects",
                                "drops"));
    for (const FeedView& feed : model.feeds) {
        lines.push_back(fmt::format(
            "  {:<12} {:<18} {:<10} {:>11} {:>11} {:>9} {:>9} {:>6}", printable(feed.name),
            printable(feed.venue), feed.state, grouped(feed.messages), grouped(feed.ticks),
            grouped(feed.rejected), grouped(feed.connects), grouped(feed.disconnects)));
    }
}

std::string how_it_ended(const StreamCheck& stream) {
    const std::string gaps = stream.gaps() == 0 ? "gapless: none missing, doubled or reordered"
                                                : fmt::format("{} GAPS", stream.gaps());
    return fmt::format("{} events, {}", grouped(stream.events()), gaps);
}

}  // namespace

Lines summary(const ViewModel& model, Colour colour) {
    Lines lines;
    lines.push_back(
        headline(fmt::format("SUMMARY of {} ({} to {} UTC), session {}",
                             elapsed(model.engine_time() - model.first_engine_time()),
                             time_of_day(model.first_engine_time()),
                             time_of_day(model.engine_time()), printable(model.stream().session())),
                 colour));
    lines.push_back("");
    lines.push_back(headline("Accounts by state", colour));
    add_tally(lines, model.accounts_by_state, "none known", colour);
    lines.push_back("");
    lines.push_back(headline("Events by kind", colour));
    add_tally(lines, model.events_by_kind(), "none", colour);
    lines.push_back("  " + how_it_ended(model.stream()));
    lines.push_back("");
    lines.push_back(headline("Threshold steps by instrument", colour));
    add_thresholds(lines, model);
    lines.push_back("");
    if (!model.admin_problem.empty() && model.feeds.empty()) {
        lines.push_back("Latencies and feeds are unknown: " + printable(model.admin_problem));
        return lines;
    }
    lines.push_back(headline("Latency in microseconds", colour));
    lines.push_back(fmt::format("  {:<22} {:>10} {:>10} {:>10} {:>10} {:>10}", "", "p50", "p90",
                                "p99", "p99.9", "max"));
    lines.push_back(latency_row("received to applied", model.receive_to_applied));
    lines.push_back(latency_row("received to event", model.receive_to_event));
    lines.push_back("");
    lines.push_back(headline("Feeds", colour));
    add_feeds(lines, model);
    lines.push_back("");
    lines.push_back(headline(fmt::format("Inputs: {} taken, {} evaluations of accounts, {} prices "
                                         "overtaken by newer ones, {} refused",
                                         grouped(model.inputs), grouped(model.evaluations),
                                         grouped(model.conflated), grouped(model.refused)),
                             colour));
    add_tally(lines, model.refused_by_reason, "none refused", colour);
    return lines;
}

}  // namespace margind::daemon
