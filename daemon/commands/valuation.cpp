#include "daemon/commands/valuation.hpp"

#include <algorithm>

#include "daemon/commands/config_file.hpp"
#include "daemon/ingress/price_lines.hpp"

namespace margind::daemon {
namespace {

constexpr core::Timestamp kNow = core::Timestamp::from_ns(1);

// The parameters with their live sources replaced by one source an instrument: the given price.
core::RiskParameters with_given_prices(core::RiskParameters parameters,
                                       std::uint32_t accounts_max) {
    parameters.max_accounts = accounts_max;
    parameters.feeds = {"given"};
    parameters.sources.clear();
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
        core::Instrument& instrument = parameters.instruments[i];
        instrument.quorum_index = 1;
        instrument.quorum_mark = 1;
        core::Source source;
        source.instrument = core::InstrumentId(i);
        source.feed = core::FeedId(0);
        source.symbol = instrument.name;
        source.channel = core::Channel::oracle;
        source.quote = instrument.quote;
        parameters.sources.push_back(std::move(source));
    }
    return parameters;
}

std::string add_line(const PriceLine& line, std::size_t number, GivenMarket& market) {
    if (line.price.raw() > 0) {
        core::Price& price = market.prices[line.instrument.index()];
        if (price.raw() > 0) return "instrument: has a price in an earlier line; keep one";
        price = line.price;
        market.confidences[line.instrument.index()] = line.confidence;
    }
    for (const core::StatisticInput& statistic : line.statistics) {
        const auto twice = [&](const GivenMarket::Statistic& other) {
            return other.input.statistic == statistic.statistic &&
                   other.input.target == statistic.target;
        };
        if (std::any_of(market.statistics.begin(), market.statistics.end(), twice)) {
            return "a statistic is given in an earlier line too; keep one";
        }
        market.statistics.push_back({statistic, number});
    }
    return {};
}

}  // namespace

GivenMarket read_market(const std::filesystem::path& file, const core::RiskParameters& parameters,
                        std::vector<std::string>& problems) {
    GivenMarket market(std::vector<core::Price>(parameters.instruments.size()));
    PriceLines lines(parameters);
    PriceLine line;
    std::string unreadable;
    for_each_line(file, unreadable, [&](std::size_t number, std::string_view text) {
        std::string problem = lines.parse(text, line);
        if (problem.empty()) problem = add_line(line, number, market);
        if (!problem.empty() && problems.size() < kProblemsShown) {
            problems.push_back(at_line(file, number, problem));
        }
    });
    if (!unreadable.empty()) problems.push_back(unreadable);
    return market;
}

Valuation::Valuation(core::RiskParameters parameters, const GivenMarket& market,
                     std::uint32_t accounts_max)
    : engine_(with_given_prices(std::move(parameters), accounts_max)) {
    for (const GivenMarket::Statistic& statistic : market.statistics) {
        const core::Refusal refusal = apply(core::Input::of(statistic.input));
        if (refusal != core::Refusal::none) refused_.push_back({statistic.line, refusal});
    }
    for (std::uint32_t i = 0; i < market.prices.size(); ++i) {
        if (market.prices[i].raw() == 0) continue;
        core::PriceInput price;
        price.source = core::SourceId(i);
        price.channel = core::Channel::oracle;
        price.price = market.prices[i];
        price.confidence = market.confidences[i];
        apply(core::Input::of(price));
    }
}

core::Refusal Valuation::update(const std::vector<core::Input>& records) {
    core::Refusal refusal = core::Refusal::none;
    for (const core::Input& record : records) refusal = apply(record);
    return refusal;
}

core::Refusal Valuation::apply(core::Input input) {
    input.input_seq = ++input_seq_;
    input.engine_time = kNow;
    input.receive_time = kNow;
    input.exchange_time = {};
    const core::Refusal refusal = engine_.apply(input);
    core::Event event;  // nobody listens
    while (engine_.next_event(event)) {
    }
    return refusal;
}

std::vector<std::string> Valuation::unpriced(core::AccountSlot slot) const {
    std::vector<std::string> names;
    const core::RiskParameters& parameters = engine_.parameters();
    const core::MarketView market = engine_.market().view();
    const core::AccountView account = engine_.view(slot);
    for (const core::PositionRow& position : account.positions) {
        const std::uint32_t index = position.instrument.index();
        if (market.instruments[index].mark.raw() == 0) {
            names.push_back(parameters.instruments[index].name);
        }
    }
    for (const core::BalanceRow& balance : account.balances) {
        const core::Asset& asset = parameters.assets[balance.asset.index()];
        if (market.assets[balance.asset.index()].price.raw() > 0) continue;
        names.push_back(parameters.instruments[asset.priced_by.index()].name);
    }
    return names;
}

}  // namespace margind::daemon
