#include "daemon/review/comparison_text.hpp"

#include <algorithm>

#include "daemon/admin/json_writer.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/review/input_text.hpp"
#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {
namespace {

struct KindWords {
    const char* many;
    const char* one;
    const char* amount;  // what its shortfall is called
};

KindWords words_of(core::EventKind kind) {
    if (kind == core::EventKind::margin_call) return {"margin calls", "margin call", "amount due"};
    if (kind == core::EventKind::liquidation) {
        return {"liquidations", "liquidation", "below initial margin"};
    }
    return {"bankruptcies", "bankruptcy", "below initial margin"};
}

std::string short_money(core::Int128 raw) {
    return shortened(exact(raw, core::kScaleDecimals), 2);
}

std::string signed_text(const std::string& text, bool positive) {
    return positive ? "+" + text : text;
}

class Table {
  public:
    Table(const ComparisonHead& head, TextBuffer& out) : head_(head), out_(out) {}

    void write_head() {
        line("Inputs {} to {}, {} to {}", grouped(head_.first_input), grouped(head_.last_input),
             stand_in::utc_text(head_.from, 3), stand_in::utc_text(head_.to, 3));
        line("  as recorded   {}", head_.recorded);
        line("  other         {}", head_.other);
        for (const std::string& note : head_.notes) line("  note: {}", note);
        line("");
        line("{:<36}{:>22}{:>22}{:>22}", "", "as recorded", "other", "difference");
    }

    void write_kind(core::EventKind kind, const KindComparison& totals) {
        const KindWords words = words_of(kind);
        count(fmt::format("accounts with a {}", words.one), totals.recorded.accounts,
              totals.other.accounts);
        if (totals.recorded.accounts + totals.other.accounts == 0) return;
        count(fmt::format("  {}, repeats included", words.many), totals.recorded.events,
              totals.other.events);
        money(words.amount, totals.recorded.shortfall, totals.other.shortfall);
        if (kind != core::EventKind::margin_call) {
            money("to be closed", totals.recorded.to_close, totals.other.to_close);
        }
        if (kind == core::EventKind::bankruptcy) {
            money("equity below zero", totals.recorded.below_zero, totals.other.below_zero);
        }
        one_sided("  only as recorded", totals.only_recorded, 22);
        one_sided("  only with the other", totals.only_other, 44);
        if (totals.same_time > 0) one_sided("  in both, at the same input", totals.same_time, 22);
        if (totals.moved > 0) {
            line("{:<36}{:>22}   {}", "  in both, at another time", grouped(totals.moved),
                 span(totals));
        }
    }

    void write_differences(const std::vector<OutcomePair>& differences, std::size_t rows) {
        line("");
        if (differences.empty()) return line("No account differs.");
        line("{:<13}{:<22}{:<16}{:<16}{:>14}{:>20}{:>20}{:>10}{:>10}  {}", "what", "account",
             "as recorded", "other", "other is", "equity", "other equity", "health", "other",
             "why");
        for (std::size_t i = 0; i < std::min(rows, differences.size()); ++i) {
            write_pair(differences[i]);
        }
        if (differences.size() > rows) {
            line("... and {} more; --all lists them", grouped(differences.size() - rows));
        }
    }

  private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        std::string text = fmt::format(format, std::forward<Args>(args)...);
        text.erase(text.find_last_not_of(' ') + 1);
        out_.append(text);
        out_.push_back('\n');
    }

    void count(const std::string& what, std::uint64_t recorded, std::uint64_t other) {
        const std::string more =
            other >= recorded ? grouped(other - recorded) : "-" + grouped(recorded - other);
        line("{:<36}{:>22}{:>22}{:>22}", what, grouped(recorded), grouped(other),
             signed_text(more, other > recorded));
    }

    void money(const char* what, core::Int128 recorded, core::Int128 other) {
        line("{:<36}{:>22}{:>22}{:>22}", fmt::format("  {}, {}", what, head_.currency),
             short_money(recorded), short_money(other),
             signed_text(short_money(other - recorded), other > recorded));
    }

    void one_sided(const char* what, std::uint64_t count, int column) {
        if (count > 0) line("{:<36}{:>{}}", what, grouped(count), column);
    }

    static std::string span(const KindComparison& totals) {
        std::string text = "the other is";
        if (totals.earliest.ns() < 0) {
            text += " up to " + duration_text(core::Duration() - totals.earliest) + " sooner";
            if (totals.latest.ns() > 0) text += ",";
        }
        if (totals.latest.ns() > 0) text += " up to " + duration_text(totals.latest) + " later";
        return totals.earliest == totals.latest ? "by inputs of the same time" : text;
    }

    void write_pair(const OutcomePair& pair) {
        const auto time = [](const std::optional<Outcome>& outcome) {
            return outcome ? time_of_day_ms(outcome->time.ns()) : std::string("-");
        };
        const auto equity = [](const std::optional<Outcome>& outcome) {
            return outcome ? short_money(outcome->equity.raw()) : std::string("-");
        };
        line("{:<13}{:<22}{:<16}{:<16}{:>14}{:>20}{:>20}{:>10}{:>10}  {}", words_of(pair.kind).one,
             account_text(pair.key), time(pair.recorded), time(pair.other), shift(pair),
             equity(pair.recorded), equity(pair.other), health(pair.recorded), health(pair.other),
             why(pair));
    }

    static std::string shift(const OutcomePair& pair) {
        if (!pair.recorded) return "new";
        if (!pair.other) return "spared";
        const core::Duration shift = pair.shift();
        if (shift.ns() < 0) return duration_text(core::Duration() - shift) + " sooner";
        return duration_text(shift) + " later";
    }

    static std::string health(const std::optional<Outcome>& outcome) {
        if (!outcome) return "-";
        if (outcome->health.infinite()) return "none due";
        return shortened(exact(core::Int128{outcome->health.raw}, core::kScaleDecimals), 4);
    }

    static std::string why(const OutcomePair& pair) {
        if (!pair.other) return why(*pair.recorded);
        if (!pair.recorded) return why(*pair.other);
        const std::string recorded = why(*pair.recorded);
        const std::string other = why(*pair.other);
        return recorded == other ? recorded : recorded + "; other: " + other;
    }

    static std::string why(const Outcome& outcome) {
        std::string text(daemon::name_of(outcome.cause));
        if (outcome.instrument.empty()) return text;
        const char* bound = outcome.binding == core::RateTerm::floor        ? "its tier's own"
                            : outcome.binding == core::RateTerm::volatility ? "of volatility"
                                                                            : "at its cap";
        return text + fmt::format(" of {}, rate {} {}", outcome.instrument,
                                  percent(exact(outcome.rate), 2), bound);
    }

    const ComparisonHead& head_;
    TextBuffer& out_;
};

class Document {
  public:
    explicit Document(TextBuffer& out) : json_(out) {}

    void write(const ComparisonHead& head, const Comparison& comparison, std::size_t rows) {
        json_.open_object();
        write_head(head);
        json_.open_object("kinds");
        for (std::size_t k = 0; k < kOutcomeKinds.size(); ++k) {
            write_kind(kOutcomeKinds[k], comparison.kinds[k]);
        }
        json_.close_object();
        json_.number("differences_total", comparison.differences.size());
        json_.open_array("differences");
        for (std::size_t i = 0; i < std::min(rows, comparison.differences.size()); ++i) {
            write_pair(comparison.differences[i]);
        }
        json_.close_array();
        json_.close_object();
    }

  private:
    void write_head(const ComparisonHead& head) {
        json_.text("recorded", head.recorded);
        json_.text("other", head.other);
        json_.text("currency", head.currency);
        json_.number("first_input", head.first_input);
        json_.number("last_input", head.last_input);
        json_.number("from", head.from.ns());
        json_.number("to", head.to.ns());
        json_.open_array("notes");
        for (const std::string& note : head.notes) json_.text({}, note);
        json_.close_array();
    }

    void write_side(std::string_view side, const SideTotals& totals) {
        json_.open_object(side);
        json_.number("events", totals.events);
        json_.number("accounts", totals.accounts);
        json_.text("shortfall", exact(totals.shortfall, core::kScaleDecimals));
        json_.text("to_close", exact(totals.to_close, core::kScaleDecimals));
        json_.text("below_zero", exact(totals.below_zero, core::kScaleDecimals));
        json_.close_object();
    }

    void write_kind(core::EventKind kind, const KindComparison& totals) {
        json_.open_object(daemon::name_of(kind));
        write_side("recorded", totals.recorded);
        write_side("other", totals.other);
        json_.number("same_time", totals.same_time);
        json_.number("moved", totals.moved);
        json_.number("only_recorded", totals.only_recorded);
        json_.number("only_other", totals.only_other);
        json_.number("earliest_shift", totals.earliest.ns());
        json_.number("latest_shift", totals.latest.ns());
        json_.close_object();
    }

    void write_outcome(std::string_view side, const std::optional<Outcome>& outcome) {
        if (!outcome) return json_.null(side);
        json_.open_object(side);
        json_.number("event_seq", outcome->event_seq);
        json_.number("input_seq", outcome->input_seq);
        json_.number("engine_time", outcome->time.ns());
        json_.money("equity", outcome->equity);
        json_.money("maintenance_margin", outcome->maintenance_margin);
        if (outcome->health.infinite()) {
            json_.null("health_factor");
        } else {
            json_.decimal("health_factor", outcome->health.raw, core::kScaleDecimals);
        }
        json_.money("shortfall", outcome->shortfall);
        json_.money("to_close", outcome->to_close);
        json_.text("cause", daemon::name_of(outcome->cause));
        if (!outcome->instrument.empty()) {
            json_.text("instrument", outcome->instrument);
            json_.rate("maintenance_rate", outcome->rate);
            json_.text("binding", daemon::name_of(outcome->binding));
        }
        json_.close_object();
    }

    void write_pair(const OutcomePair& pair) {
        json_.open_object();
        json_.text("kind", daemon::name_of(pair.kind));
        json_.text("account", pair.key.owner.view());
        json_.text("sub_account", pair.key.sub_account.view());
        write_outcome("recorded", pair.recorded);
        write_outcome("other", pair.other);
        if (pair.recorded && pair.other) {
            json_.number("shift", pair.shift().ns());
        } else {
            json_.null("shift");
        }
        json_.close_object();
    }

    JsonWriter json_;
};

}  // namespace

std::string duration_text(core::Duration duration) {
    const std::int64_t tenths = duration.ns() / 100'000'000;
    if (duration.ns() < 1'000'000'000) return fmt::format("{} ms", duration.ns() / 1'000'000);
    if (tenths < 600) return fmt::format("{}.{} s", tenths / 10, tenths % 10);
    const std::int64_t seconds = tenths / 10;
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

void write_table(const ComparisonHead& head, const Comparison& comparison, std::size_t rows,
                 TextBuffer& out) {
    Table table(head, out);
    table.write_head();
    for (std::size_t k = 0; k < kOutcomeKinds.size(); ++k) {
        table.write_kind(kOutcomeKinds[k], comparison.kinds[k]);
    }
    table.write_differences(comparison.differences, rows);
}

void write_json(const ComparisonHead& head, const Comparison& comparison, std::size_t rows,
                TextBuffer& out) {
    Document(out).write(head, comparison, rows);
    out.push_back('\n');
}

}  // namespace margind::daemon
