#include "daemon/commands/valuation.hpp"

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
        source.channel = core::Channel::trade;
        source.quote = instrument.quote;
        parameters.sources.push_back(std::move(source));
    }
    return parameters;
}

}  // namespace

std::vector<core::Price> read_prices(const std::filesystem::path& file,
                                     const core::RiskParameters& parameters,
                                     std::vector<std::string>& problems) {
    std::vector<core::Price> prices(parameters.instruments.size());
    PriceLines lines(parameters);
    std::string unreadable;
    for_each_line(file, unreadable, [&](std::size_t number, std::string_view line) {
        core::InstrumentId instrument;
        core::Price price;
        std::string problem = lines.parse(line, instrument, price);
        if (problem.empty() && prices[instrument.index()].raw() > 0) {
            problem = "instrument: has a price in an earlier line; keep one";
        }
        if (problem.empty()) {
            prices[instrument.index()] = price;
        } else if (problems.size() < kProblemsShown) {
            problems.push_back(at_line(file, number, problem));
        }
    });
    if (!unreadable.empty()) problems.push_back(unreadable);
    return prices;
}

Valuation::Valuation(core::RiskParameters parameters, const std::vector<core::Price>& prices,
                     std::uint32_t accounts_max)
    : engine_(with_given_prices(std::move(parameters), accounts_max)) {
    for (std::uint32_t i = 0; i < prices.size(); ++i) {
        if (prices[i].raw() == 0) continue;
        core::PriceInput price;
        price.source = core::SourceId(i);
        price.price = prices[i];
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
