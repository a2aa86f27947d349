#include "daemon/review/input_text.hpp"

#include <array>

#include "daemon/admin/json_writer.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/explain/price_text.hpp"

namespace margind::daemon {
namespace {

template <class List>
bool has(const List& list, std::uint32_t id) {
    return id < list.size();
}

bool is_of_asset(core::AccountRecord record) {
    return record == core::AccountRecord::balance || record == core::AccountRecord::transfer_from ||
           record == core::AccountRecord::transfer_to;
}

bool is_of_instrument(core::AccountRecord record) {
    return record == core::AccountRecord::position || record == core::AccountRecord::order ||
           record == core::AccountRecord::accrued || record == core::AccountRecord::leverage ||
           record == core::AccountRecord::isolated;
}

bool is_a_size(core::AccountRecord record) {
    return record == core::AccountRecord::position || record == core::AccountRecord::order;
}

bool is_of_asset(core::Statistic statistic) {
    return statistic >= core::Statistic::total_deposits;
}
bool is_a_price(core::Statistic statistic) {
    return statistic == core::Statistic::auction_price || statistic == core::Statistic::slow_price;
}
bool is_of_asset(core::Parameter parameter) {
    return parameter == core::Parameter::haircut || parameter == core::Parameter::liability_weight;
}
bool is_of_ladder(core::Parameter parameter) {
    return parameter == core::Parameter::level_multiplier ||
           parameter == core::Parameter::level_hysteresis;
}

std::string instrument_name(const core::RiskParameters& parameters, std::uint32_t id) {
    return has(parameters.instruments, id) ? parameters.instruments[id].name
                                           : fmt::format("instrument #{}", id);
}
std::string asset_name(const core::RiskParameters& parameters, std::uint32_t id) {
    return has(parameters.assets, id) ? parameters.assets[id].name : fmt::format("asset #{}", id);
}
std::string feed_name(const core::RiskParameters& parameters, core::FeedId id) {
    return has(parameters.feeds, id.index()) ? parameters.feeds[id.index()]
                                             : fmt::format("feed #{}", id.index());
}

// With the decimals of the instrument, or as it is where there is none.
std::string scaled(const core::RiskParameters& parameters, std::uint32_t instrument,
                   std::int64_t raw, bool is_price) {
    int decimals = 0;
    if (has(parameters.instruments, instrument)) {
        const core::Instrument& of = parameters.instruments[instrument];
        decimals = is_price ? of.price_decimals : of.quantity_decimals;
    }
    return exact(core::Int128{raw}, decimals);
}

std::string scaled(std::int64_t raw) {
    return exact(core::Int128{raw}, core::kScaleDecimals);
}

// The decimals of a source's price are those of its instrument.
std::string price_of(const core::RiskParameters& parameters, core::SourceId source,
                     core::Price price) {
    const std::uint32_t instrument = has(parameters.sources, source.index())
                                         ? parameters.sources[source.index()].instrument.index()
                                         : core::InstrumentId::none_index();
    return scaled(parameters, instrument, price.raw(), true);
}

std::string amount_of(const core::AccountInput& account, const core::RiskParameters& parameters) {
    return is_a_size(account.record) ? scaled(parameters, account.id, account.amount, false)
                                     : scaled(account.amount);
}

std::string value_of(const core::StatisticInput& statistic,
                     const core::RiskParameters& parameters) {
    return is_a_price(statistic.statistic)
               ? scaled(parameters, statistic.target, statistic.value, true)
               : scaled(statistic.value);
}

std::string target_of(const core::ParameterInput& parameter,
                      const core::RiskParameters& parameters) {
    if (is_of_ladder(parameter.parameter)) return "ladder";
    return is_of_asset(parameter.parameter) ? asset_name(parameters, parameter.target)
                                            : instrument_name(parameters, parameter.target);
}

class InputJson {
  public:
    InputJson(TextBuffer& out, const core::RiskParameters& parameters)
        : json_(out), parameters_(parameters) {}

    void write(const core::Input& input) {
        json_.open_object();
        json_.number("input_seq", input.input_seq);
        json_.text("kind", name_of(input.kind));
        write_fields(input);
        time("engine_time", input.engine_time);
        time("receive_time", input.receive_time);
        time("exchange_time", input.exchange_time);
        json_.close_object();
    }

  private:
    void time(std::string_view key, core::Timestamp at) {
        if (!at.stated()) return json_.null(key);
        json_.number(key, at.ns());
    }

    void write_fields(const core::Input& input) {
        switch (input.kind) {
            case core::InputKind::price:
                return write(input.price);
            case core::InputKind::account:
                json_.number("origin", unsigned{input.origin});
                return write(input.account);
            case core::InputKind::parameter:
                return write(input.parameter);
            case core::InputKind::feed_state:
                json_.text("feed", feed_name(parameters_, input.feed_state.feed));
                json_.text("state", name_of(input.feed_state.state));
                return json_.text("reason", name_of(input.feed_state.reason));
            case core::InputKind::statistic:
                json_.text("statistic", name_of(input.statistic.statistic));
                json_.text("of", is_of_asset(input.statistic.statistic)
                                     ? asset_name(parameters_, input.statistic.target)
                                     : instrument_name(parameters_, input.statistic.target));
                return json_.text("value", value_of(input.statistic, parameters_));
            case core::InputKind::daemon:
                json_.text("notice", name_of(input.daemon.notice));
                return json_.text("reason", name_of(input.daemon.reason));
            case core::InputKind::timer:
            case core::InputKind::count_:
                return;
        }
    }

    void write(const core::PriceInput& price) {
        if (has(parameters_.sources, price.source.index())) {
            const core::Source& source = parameters_.sources[price.source.index()];
            json_.text("instrument", parameters_.instruments[source.instrument.index()].name);
            if (source.feed.valid()) json_.text("feed", feed_name(parameters_, source.feed));
            json_.text("symbol", source.symbol);
        } else {
            json_.number("source", price.source.index());
        }
        json_.text("channel", name_of(price.channel));
        json_.text("price", price_of(parameters_, price.source, price.price));
        if (price.channel == core::Channel::book_top) {
            json_.text("bid", price_of(parameters_, price.source, price.bid));
            json_.text("ask", price_of(parameters_, price.source, price.ask));
        }
        if (price.channel == core::Channel::oracle) {
            json_.text("confidence", price_of(parameters_, price.source, price.confidence));
        }
        if (price.sequence != 0) json_.number("sequence", price.sequence);
    }

    void write(const core::AccountInput& account) {
        json_.text("account", account.key.owner.view());
        json_.text("sub_account", account.key.sub_account.view());
        json_.text("record", name_of(account.record));
        json_.text("mode", account.mode == core::UpdateMode::patch ? "patch" : "replace");
        json_.flag("last", account.last == core::Last::yes);
        if (is_of_asset(account.record)) {
            json_.text("asset", asset_name(parameters_, account.id));
        } else if (is_of_instrument(account.record)) {
            if (account.record == core::AccountRecord::isolated && account.id == core::kCross) {
                return json_.null("instrument");
            }
            json_.text("instrument", instrument_name(parameters_, account.id));
        }
        if (account.record == core::AccountRecord::source_number) {
            return json_.number("number", account.amount);
        }
        if (account.record == core::AccountRecord::isolated ||
            (!is_of_asset(account.record) && !is_of_instrument(account.record))) {
            return;
        }
        json_.text("amount", amount_of(account, parameters_));
        if (is_a_size(account.record)) {
            json_.text("price", scaled(parameters_, account.id, account.price, true));
        }
    }

    void write(const core::ParameterInput& parameter) {
        json_.text("parameter", name_of(parameter.parameter));
        json_.text("of", target_of(parameter, parameters_));
        json_.number("tier", unsigned{parameter.tier});
        json_.flag("last", parameter.last == core::Last::yes);
        if (parameter.parameter == core::Parameter::horizon) {
            return json_.number("value", parameter.value);
        }
        json_.text("value", scaled(parameter.value));
    }

    JsonWriter json_;
    const core::RiskParameters& parameters_;
};

std::string sentence(const core::PriceInput& price, const core::RiskParameters& parameters) {
    std::string text = "a price of " + source_text(parameters, price.source);
    if (has(parameters.sources, price.source.index())) {
        const core::Source& source = parameters.sources[price.source.index()];
        text += " for " + instrument_name(parameters, source.instrument.index());
    }
    text += ": " + price_of(parameters, price.source, price.price);
    if (price.channel == core::Channel::book_top) {
        text += fmt::format(", bid {}, ask {}", price_of(parameters, price.source, price.bid),
                            price_of(parameters, price.source, price.ask));
    }
    if (price.confidence.raw() != 0) {
        text += ", +- " + price_of(parameters, price.source, price.confidence);
    }
    return text;
}

std::string sentence(const core::AccountInput& account, const core::RiskParameters& parameters) {
    std::string text = fmt::format(
        "an update of account {} ({}), its last record: {}", account_text(account.key),
        account.mode == core::UpdateMode::patch ? "patch" : "replace", name_of(account.record));
    if (is_of_asset(account.record)) {
        text += " " + asset_name(parameters, account.id);
    } else if (is_of_instrument(account.record)) {
        if (account.id != core::kCross) text += " " + instrument_name(parameters, account.id);
    } else {
        return text;
    }
    if (account.record == core::AccountRecord::isolated) return text;
    text += " " + amount_of(account, parameters);
    if (is_a_size(account.record)) {
        text += " at " + scaled(parameters, account.id, account.price, true);
    }
    return text;
}

}  // namespace

void append_input(TextBuffer& out, const core::Input& input,
                  const core::RiskParameters& parameters) {
    InputJson(out, parameters).write(input);
}

std::string input_sentence(const core::Input& input, const core::RiskParameters& parameters) {
    switch (input.kind) {
        case core::InputKind::price:
            return sentence(input.price, parameters);
        case core::InputKind::account:
            return sentence(input.account, parameters);
        case core::InputKind::parameter:
            return fmt::format("a change of parameters, its last: {} of {}{} to {}",
                               name_of(input.parameter.parameter),
                               target_of(input.parameter, parameters),
                               is_of_asset(input.parameter.parameter)
                                   ? std::string()
                                   : fmt::format(", tier {}", input.parameter.tier + 1),
                               value_text(input.parameter));
        case core::InputKind::feed_state:
            return fmt::format("feed {} is {} ({})", feed_name(parameters, input.feed_state.feed),
                               name_of(input.feed_state.state), name_of(input.feed_state.reason));
        case core::InputKind::statistic:
            return fmt::format("the venue's {} of {}: {}", name_of(input.statistic.statistic),
                               is_of_asset(input.statistic.statistic)
                                   ? asset_name(parameters, input.statistic.target)
                                   : instrument_name(parameters, input.statistic.target),
                               value_of(input.statistic, parameters));
        case core::InputKind::daemon:
            return fmt::format("the daemon: {} ({})", name_of(input.daemon.notice),
                               name_of(input.daemon.reason));
        case core::InputKind::timer:
            return "a timer: time passed, and nothing was heard";
        case core::InputKind::count_:
            break;
    }
    return "unknown";
}

std::string value_text(const core::ParameterInput& parameter) {
    return parameter.parameter == core::Parameter::horizon
               ? span_text(core::Duration::from_ns(parameter.value))
               : exact(core::Int128{parameter.value}, core::kScaleDecimals);
}

std::string_view name_of(core::InputKind kind) {
    static constexpr std::array<std::string_view, 8> kNames = {
        "price", "account", "parameter", "feed_state", "timer", "statistic", "daemon", "unknown"};
    static_assert(kNames.size() == static_cast<std::size_t>(core::InputKind::count_) + 1);
    return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name_of(core::AccountRecord record) {
    static constexpr std::array<std::string_view, 12> kNames = {
        "balance",       "position",    "order",   "accrued",       "leverage", "isolated",
        "transfer_from", "transfer_to", "nothing", "source_number", "refused",  "unknown"};
    static_assert(kNames.size() == static_cast<std::size_t>(core::AccountRecord::count_) + 1);
    return kNames[static_cast<std::size_t>(record)];
}

std::string_view name_of(core::Parameter parameter) {
    static constexpr std::array<std::string_view, 12> kNames = {"tier_initial_rate",
                                                                "tier_maintenance_rate",
                                                                "rate_cap",
                                                                "volatility_multiplier_initial",
                                                                "volatility_multiplier_maintenance",
                                                                "horizon",
                                                                "liquidation_fee",
                                                                "haircut",
                                                                "liability_weight",
                                                                "level_multiplier",
                                                                "level_hysteresis",
                                                                "unknown"};
    static_assert(kNames.size() == static_cast<std::size_t>(core::Parameter::count_) + 1);
    return kNames[static_cast<std::size_t>(parameter)];
}

std::string_view name_of(core::Statistic statistic) {
    static constexpr std::array<std::string_view, 8> kNames = {
        "open_interest",  "expected_funding", "auction_price",    "slow_price",
        "total_deposits", "total_borrows",    "redemption_value", "unknown"};
    static_assert(kNames.size() == static_cast<std::size_t>(core::Statistic::count_) + 1);
    return kNames[static_cast<std::size_t>(statistic)];
}

std::string_view name_of(core::DaemonNotice notice) {
    static constexpr std::array<std::string_view, 4> kNames = {"restarted", "degraded", "restored",
                                                               "unknown"};
    static_assert(kNames.size() == static_cast<std::size_t>(core::DaemonNotice::count_) + 1);
    return kNames[static_cast<std::size_t>(notice)];
}

std::string account_text(const core::AccountKey& key) {
    std::string text(key.owner.view());
    if (!key.sub_account.empty()) text.append("/").append(key.sub_account.view());
    return text;
}

}  // namespace margind::daemon
