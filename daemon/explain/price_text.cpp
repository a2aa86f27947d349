#include "daemon/explain/price_text.hpp"

#include <string>

#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {
namespace {

class PriceText {
  public:
    PriceText(const core::Engine& engine, core::InstrumentId id, core::Timestamp now,
              Columns& columns)
        : parameters_(engine.parameters()),
          market_(engine.market()),
          id_(id),
          instrument_(parameters_.instruments[id.index()]),
          status_(market_.status(id)),
          now_(now),
          columns_(columns) {}

    void write() {
        columns_.heading(instrument_.name + ": " + state());
        figure("mark", status_.mark,
               has_mark_sources() ? "weighted median of the mark sources in the merge"
                                  : "the index: it has no mark sources");
        figure("index", status_.index, "weighted median of the index sources in the merge");
        for (std::uint32_t s = 0; s < parameters_.sources.size(); ++s) {
            if (parameters_.sources[s].instrument == id_) write_source(core::SourceId(s));
        }
        write_quorum();
        if (instrument_.kind == core::InstrumentKind::spot) return;
        write_rate("initial rate", status_.initial_rate, status_.binding_initial,
                   instrument_.rate.z_initial, instrument_.tiers[0].initial_rate);
        write_rate("maintenance rate", status_.maintenance_rate, status_.binding_maintenance,
                   instrument_.rate.z_maintenance, instrument_.tiers[0].maintenance_rate);
    }

  private:
    std::string text(core::Price price) const {
        return exact(core::Int128{price.raw()}, instrument_.price_decimals);
    }
    const std::string& asset(core::AssetId id) const { return parameters_.assets[id.index()].name; }

    std::string state() const {
        if (status_.state == core::PriceState::good) return "good";
        std::string text(name_of(status_.state));
        if (status_.reason != core::PriceReason::none) {
            text.append(" (").append(name_of(status_.reason)).append(")");
        }
        if (status_.distrusted_since.stated()) {
            text += " for " + span_text(now_ - status_.distrusted_since);
        }
        return text;
    }

    void figure(const char* what, core::Price price, const std::string& why) {
        if (price.raw() == 0) return columns_.figure(what, "none", "", "no trusted price yet");
        columns_.figure(what, text(price), asset(instrument_.quote), why);
    }

    bool has_mark_sources() const {
        for (const core::Source& source : parameters_.sources) {
            if (source.instrument == id_ && source.role == core::Role::mark) return true;
        }
        return false;
    }

    void write_source(core::SourceId id) {
        const core::Source& source = parameters_.sources[id.index()];
        const core::SourceStatus& status = market_.status(id);
        const std::string name = source_text(parameters_, id);
        if (status.price.raw() == 0) {
            return columns_.figure(name, "none", "", "it has sent no price yet");
        }
        std::string why = span_text(now_ - status.receive_time) + " old";
        if (source.quote != instrument_.quote) {
            why += ", " + in_quote(source, status.price);
        }
        why +=
            fmt::format(", {} weight {}: {}", source.role == core::Role::mark ? "mark" : "index",
                        source.weight, status.in_merge ? "in the merge" : why_not(source, status));
        columns_.figure(name, text(status.price), asset(source.quote), why);
    }

    // Before rounding down to the instrument's ticks: of two prices in the valuation currency.
    std::string in_quote(const core::Source& source, core::Price price) const {
        const core::UnitPrice from = market_.rows().price(source.quote);
        const core::UnitPrice to = market_.rows().price(instrument_.quote);
        if (from.raw() == 0 || to.raw() == 0) return "not to be converted";
        const core::Int128 raw =
            core::div_floor(core::Int128{price.raw()} * from.raw(), core::Int128{to.raw()});
        return exact(raw, instrument_.price_decimals) + " " + asset(instrument_.quote);
    }

    std::string why_not(const core::Source& source, const core::SourceStatus& status) const {
        if (now_ - status.receive_time > source.stale_after) {
            return "not in the merge: older than " + span_text(source.stale_after);
        }
        if (source.quote != instrument_.quote) {
            for (const core::AssetId through : {source.quote, instrument_.quote}) {
                const core::InstrumentId by = parameters_.assets[through.index()].priced_by;
                if (by.valid() && market_.status(by).state != core::PriceState::good) {
                    return "not in the merge: the price of " + asset(through) + " is not trusted";
                }
            }
        }
        if (status_.reason == core::PriceReason::restarted) {
            return "not in the merge: from before the restart";
        }
        return "not in the merge when the price was last merged";
    }

    void write_quorum() {
        columns_.figure("index sources in the merge", std::to_string(status_.live_index_sources),
                        "", fmt::format("{} wanted", instrument_.quorum_index));
        if (!has_mark_sources()) return;
        columns_.figure("mark sources in the merge", std::to_string(status_.live_mark_sources), "",
                        fmt::format("{} wanted", instrument_.quorum_mark));
    }

    void write_rate(const char* what, core::Rate rate, core::RateTerm binding, double z,
                    core::Rate own) {
        std::string why = "the tier's own " + exact(own);
        if (z > 0) {
            why = fmt::format("{}; of volatility: {} x {:.4g} % a year over {}; cap {}: ", why, z,
                              status_.sigma_annual * 100, span_text(instrument_.rate.horizon),
                              exact(instrument_.rate.cap));
            why += binding == core::RateTerm::floor        ? "the tier's own binds"
                   : binding == core::RateTerm::volatility ? "volatility binds"
                                                           : "the cap binds";
        }
        columns_.figure(what, exact(rate), "", why);
    }

    const core::RiskParameters& parameters_;
    const core::MarketStage& market_;
    core::InstrumentId id_;
    const core::Instrument& instrument_;
    const core::InstrumentStatus& status_;
    core::Timestamp now_;
    Columns& columns_;
};

}  // namespace

void explain_price(const core::Engine& engine, core::InstrumentId instrument, core::Timestamp now,
                   Columns& columns) {
    PriceText(engine, instrument, now, columns).write();
}

std::string source_text(const core::RiskParameters& parameters, core::SourceId id) {
    if (id.index() >= parameters.sources.size()) return "no source of the configuration";
    const core::Source& source = parameters.sources[id.index()];
    std::string symbol = source.symbol;
    constexpr std::size_t kLong = 24;
    if (symbol.size() > kLong)
        symbol = symbol.substr(0, 6) + ".." + symbol.substr(symbol.size() - 6);
    return fmt::format("{} {} {}",
                       source.feed.valid() ? parameters.feeds[source.feed.index()] : "-", symbol,
                       name_of(source.channel));
}

std::string span_text(core::Duration span) {
    const std::int64_t ns = span.ns();
    if (ns < 0) return "-" + span_text(core::Duration() - span);
    if (ns < 1'000) return fmt::format("{} ns", ns);
    if (ns < 1'000'000) return fmt::format("{:.4g} us", static_cast<double>(ns) / 1e3);
    if (ns < 1'000'000'000) return fmt::format("{:.4g} ms", static_cast<double>(ns) / 1e6);
    return fmt::format("{:.6g} s", span.seconds());
}

}  // namespace margind::daemon
