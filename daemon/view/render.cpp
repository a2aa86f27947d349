#include "daemon/view/render.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/view/event_text.hpp"

namespace margind::daemon {
namespace {

constexpr std::size_t kTwoColumnsFrom = 186;  // columns of the screen that fit two whole tables
constexpr std::size_t kFeedsMax = 6;
constexpr std::size_t kEventsMin = 5;

using Lines = std::vector<std::string>;

struct Screen {
    std::size_t width;
    Colour colour;

    LineBuilder line() const { return LineBuilder(width, colour); }
};

std::string event_line(const std::string& json, std::size_t width, Colour colour) {
    simdjson::dom::parser parser;
    Json event;
    if (parser.parse(json).get(event) != simdjson::SUCCESS) return {};
    return event_text(event, width, colour);
}

std::string title(const ViewModel& model, const Screen& screen) {
    LineBuilder line = screen.line();
    line.add("margind " + model.stream().version(), Ink::bold).add("  ");
    line.add(model.state.empty() ? "connected" : model.state, ink_of(model.state));
    line.add(fmt::format("  up {}  inputs {}  events {}  refused {}", elapsed(model.uptime_ns),
                         grouped(model.inputs), grouped(model.stream().events()),
                         grouped(model.refused)));
    if (model.stream().gaps() > 0) {
        line.add(fmt::format("  GAPS {}", model.stream().gaps()), Ink::red);
    }
    line.add("  " + time_of_day(model.engine_time()) + " UTC", Ink::dim);
    return line.str();
}

std::string account_states(const ViewModel& model, const Screen& screen) {
    LineBuilder line = screen.line();
    line.add("accounts ", Ink::dim);
    std::uint64_t known = model.accounts_known;
    if (known == 0) {
        for (const auto& [state, accounts] : model.accounts_by_state) known += accounts;
    }
    line.add(grouped(known) + ":");
    for (const auto& [state, accounts] : model.accounts_by_state) {
        line.add("  " + state + " ")
            .add(grouped(accounts), accounts > 0 ? ink_of(state) : Ink::dim);
    }
    if (model.accounts_held > 0) line.add("  held " + grouped(model.accounts_held), Ink::yellow);
    if (model.accounts_unpriced > 0) line.add("  unpriced " + grouped(model.accounts_unpriced));
    return line.str();
}

std::string latency_text(const LatencyView& latency) {
    if (latency.count == 0) return "none yet";
    return fmt::format("p50 {:.1f}  p99 {:.1f}  max {:.0f} us", latency.p50_us, latency.p99_us,
                       latency.max_us);
}

std::string latencies(const ViewModel& model, const Screen& screen) {
    LineBuilder line = screen.line();
    if (!model.admin_problem.empty()) {
        return line.add("no status: " + printable(model.admin_problem), Ink::yellow).str();
    }
    line.add("received to applied ", Ink::dim).add(latency_text(model.receive_to_applied));
    line.add("   received to event ", Ink::dim).add(latency_text(model.receive_to_event));
    return line.str();
}

void instrument_header(LineBuilder& line) {
    line.cell("INSTRUMENT", 11, Align::left, Ink::bold);
    for (const char* name : {"mark", "index"}) line.cell(name, 10, Align::right, Ink::dim);
    line.cell("state", 7, Align::left, Ink::dim).cell("sigma", 7, Align::right, Ink::dim);
    line.cell("IM", 8, Align::right, Ink::dim).cell("MM", 8, Align::right, Ink::dim);
    line.cell("by", 10, Align::left, Ink::dim);
    line.cell("live", 5, Align::right, Ink::dim).cell("steps", 6, Align::right, Ink::dim);
}

void instrument_row(LineBuilder& line, const ViewModel& model, const InstrumentView& instrument) {
    const auto steps = model.threshold_steps().find(instrument.name);
    const std::uint64_t moved = steps == model.threshold_steps().end()
                                    ? 0
                                    : steps->second.initial + steps->second.maintenance;
    line.cell(printable(instrument.name), 11);
    line.cell(price_text(instrument.mark), 10, Align::right, Ink::bold);
    line.cell(price_text(instrument.index), 10, Align::right);
    line.cell(instrument.state, 7, Align::left, ink_of(instrument.state));
    line.cell(percent(instrument.sigma_annual, 0), 7, Align::right);
    line.cell(percent(instrument.initial_rate, 2), 8, Align::right);
    line.cell(percent(instrument.maintenance_rate, 2), 8, Align::right,
              instrument.binding == "floor" ? Ink::plain : Ink::yellow);
    line.cell(instrument.binding, 10);
    line.cell(fmt::format("{}/{}", instrument.sources_in_merge, instrument.sources), 5,
              Align::right);
    line.cell(grouped(moved), 6, Align::right);
}

// In one column, or in two where the screen is wide enough; what does not fit is counted.
void add_instruments(Lines& lines, const ViewModel& model, const Screen& screen,
                     std::size_t rows_max) {
    const std::size_t across = screen.width >= kTwoColumnsFrom ? 2 : 1;
    const std::size_t total = model.instruments.size();
    const std::size_t rows_wanted = (total + across - 1) / across;
    const std::size_t rows = std::min(rows_wanted, rows_max);
    const auto joined = [&](auto fill) {
        std::string text;
        for (std::size_t i = 0; i < across; ++i) {
            LineBuilder part(screen.width / across, screen.colour);
            fill(part, i);
            text += i + 1 < across ? part.pad().str() : part.str();
        }
        return text;
    };
    lines.push_back(joined([](LineBuilder& part, std::size_t) { instrument_header(part); }));
    for (std::size_t row = 0; row < rows; ++row) {
        const bool last = row + 1 == rows && rows < rows_wanted;
        lines.push_back(joined([&](LineBuilder& part, std::size_t column) {
            const std::size_t index = row + column * rows;
            if (last && column + 1 == across) {
                const std::size_t shown = rows * across - 1;
                part.add(
                    fmt::format("... and {} more; a higher terminal shows them", total - shown),
                    Ink::dim);
            } else if (index < total) {
                instrument_row(part, model, model.instruments[index]);
            }
        }));
    }
}

void add_worst(Lines& lines, const ViewModel& model, const Screen& screen, std::size_t rows) {
    LineBuilder header = screen.line();
    header.cell("WORST ACCOUNTS", 20, Align::left, Ink::bold)
        .cell("state", 11, Align::left, Ink::dim);
    header.cell("health", 8, Align::right, Ink::dim).cell("equity", 14, Align::right, Ink::dim);
    header.cell("maintenance", 14, Align::right, Ink::dim)
        .cell("short", 14, Align::right, Ink::dim);
    lines.push_back(header.str());
    for (std::size_t i = 0; i < rows; ++i) {
        const WorstAccountView& account = model.worst[i];
        LineBuilder line = screen.line();
        line.cell(printable(account.name), 20);
        line.cell(account.held ? "held" : account.state, 11, Align::left, ink_of(account.state));
        line.cell(shortened(account.health_factor, 3), 8, Align::right);
        line.cell(shortened(account.equity, 2), 14, Align::right);
        line.cell(shortened(account.maintenance_margin, 2), 14, Align::right);
        line.cell(shortened(account.shortfall, 2), 14, Align::right);
        lines.push_back(line.str());
    }
}

void add_feeds(Lines& lines, const ViewModel& model, const Screen& screen, std::size_t rows) {
    LineBuilder header = screen.line();
    header.cell("FEED", 12, Align::left, Ink::bold).cell("state", 10, Align::left, Ink::dim);
    header.cell("ticks", 11, Align::right, Ink::dim).cell("per s", 8, Align::right, Ink::dim);
    header.cell("rejected", 8, Align::right, Ink::dim).cell("drops", 5, Align::right, Ink::dim);
    header.add(" last problem", Ink::dim);
    lines.push_back(header.str());
    for (std::size_t i = 0; i < rows; ++i) {
        const FeedView& feed = model.feeds[i];
        LineBuilder line = screen.line();
        line.cell(printable(feed.name), 12);
        line.cell(feed.state, 10, Align::left, ink_of(feed.state));
        line.cell(grouped(feed.ticks), 11, Align::right);
        line.cell(fmt::format("{:.0f}", feed.ticks_per_second), 8, Align::right);
        line.cell(grouped(feed.rejected), 8, Align::right);
        line.cell(grouped(feed.disconnects), 5, Align::right);
        line.add(" " + printable(feed.last_problem), Ink::dim);
        lines.push_back(line.str());
    }
}

void add_events(Lines& lines, const ViewModel& model, const Screen& screen, std::size_t rows) {
    lines.push_back(screen.line().add("LATEST EVENTS", Ink::bold).str());
    const std::size_t shown = std::min(rows, model.latest().size());
    for (std::size_t i = 0; i < shown; ++i) {
        const std::string& json = model.latest()[model.latest().size() - 1 - i];
        lines.push_back(event_line(json, screen.width, screen.colour));
    }
}

}  // namespace

Lines render(const ViewModel& model, std::size_t width, std::size_t height, Colour colour) {
    const Screen screen{width, colour};
    Lines lines{title(model, screen), account_states(model, screen), latencies(model, screen)};
    const std::size_t feeds = std::min(model.feeds.size(), kFeedsMax);
    const std::size_t worst = std::min<std::size_t>(model.worst.size(), height < 40 ? 4 : 8);
    // Four header lines of tables; the instruments get what is left above the fewest events.
    const std::size_t taken = lines.size() + 4 + feeds + worst + kEventsMin;
    add_instruments(lines, model, screen, height > taken + 2 ? height - taken : 2);
    add_worst(lines, model, screen, worst);
    add_feeds(lines, model, screen, feeds);
    if (lines.size() < height) add_events(lines, model, screen, height - lines.size() - 1);
    lines.resize(std::min(lines.size(), height));
    return lines;
}

Lines plain_report(const ViewModel& model, std::uint64_t events_shown) {
    constexpr std::size_t kEventLines = 4;
    const Screen screen{160, Colour::no};
    Lines lines{title(model, screen), account_states(model, screen)};
    const auto moving = std::max_element(
        model.instruments.begin(), model.instruments.end(),
        [](const auto& a, const auto& b) { return a.sigma_annual < b.sigma_annual; });
    if (moving != model.instruments.end()) {
        LineBuilder line = screen.line();
        line.add(fmt::format("most volatile {}: mark {}  sigma {}  IM {}  MM {} ({})",
                             printable(moving->name), price_text(moving->mark),
                             percent(moving->sigma_annual, 0), percent(moving->initial_rate, 2),
                             percent(moving->maintenance_rate, 2), moving->binding));
        if (!model.worst.empty()) {
            line.add(fmt::format("   worst account {}: health {}", printable(model.worst[0].name),
                                 shortened(model.worst[0].health_factor, 3)));
        }
        lines.push_back(line.str());
    }
    const std::uint64_t fresh = model.latest_total() - events_shown;
    const std::size_t shown = std::min<std::size_t>({fresh, model.latest().size(), kEventLines});
    for (std::size_t i = model.latest().size() - shown; i < model.latest().size(); ++i) {
        lines.push_back("  " + event_line(model.latest()[i], 158, Colour::no));
    }
    if (fresh > shown) lines.push_back(fmt::format("  ... {} more", grouped(fresh - shown)));
    return lines;
}

}  // namespace margind::daemon
