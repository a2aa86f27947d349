// margind generate: synthetic accounts for demos, tests and benchmarks.
#include <memory>

#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/synthetic_accounts.hpp"
#include "daemon/commands/valuation.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {
namespace {

struct GenerateOptions {
    std::string config;
    std::string prices;
    std::uint64_t accounts = 0;
    SyntheticOptions synthetic;
};

// Config names admit nothing that JSON would have to escape.
void put_account(TextBuffer& out, const SyntheticAccount& account,
                 const core::RiskParameters& parameters) {
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{{\"account\":\"{}\"", account.key.owner.view());
    if (!account.key.sub_account.empty()) {
        fmt::format_to(to, ",\"sub_account\":\"{}\"", account.key.sub_account.view());
    }
    const char* separator = ",\"balances\":{";
    for (const core::BalanceRow& balance : account.balances) {
        fmt::format_to(to, "{}\"{}\":\"", separator, parameters.assets[balance.asset.index()].name);
        append_decimal(out, balance.amount.raw(), core::kScaleDecimals);
        fmt::format_to(to, "\"");
        separator = ",";
    }
    separator = "},\"positions\":[";
    for (const core::PositionRow& position : account.positions) {
        const core::Instrument& instrument = parameters.instruments[position.instrument.index()];
        fmt::format_to(to, "{}{{\"instrument\":\"{}\",\"quantity\":\"", separator, instrument.name);
        append_decimal(out, position.quantity.raw(), instrument.quantity_decimals);
        fmt::format_to(to, "\",\"entry_price\":\"");
        append_decimal(out, position.entry_price.raw(), instrument.price_decimals);
        fmt::format_to(to, "\"}}");
        separator = ",";
    }
    fmt::format_to(to, "]}}\n");
}

int run_generate(const GenerateOptions& options) {
    const auto settings = load_or_report(options.config);
    if (!settings) return kConfig;
    GivenMarket given = settings->reference_prices;
    if (!options.prices.empty()) {
        std::vector<std::string> problems;
        given = read_market(options.prices, settings->risk, problems);
        if (!problems.empty()) {
            report(problems, problems.size());
            return kConfig;
        }
    }
    const Valuation valuation(settings->risk, given, 1);
    const core::MarketView market = valuation.engine().market().view();
    if (SyntheticAccounts::tradable(settings->risk, market).empty()) {
        fmt::print(stderr,
                   "{}: no instrument that can be held has a price; give --prices, or "
                   "reference_price in the config\n",
                   options.config);
        return kConfig;
    }
    const SyntheticAccounts accounts(settings->risk, market, options.synthetic);
    SyntheticAccount account;
    Output output;
    for (std::uint64_t i = 0; i < options.accounts; ++i) {
        accounts.make(i, account);
        put_account(output.buffer(), account, settings->risk);
        output.pace();
    }
    return output.finish() ? kOk : kFailed;
}

}  // namespace

void add_generate(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "generate", "Make synthetic accounts (NDJSON on standard output), the same for a seed.");
    auto options = std::make_shared<GenerateOptions>();
    command->add_option("--config", options->config, "Config file (YAML)")->required();
    command->add_option("--accounts", options->accounts, "How many")
        ->required()
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
    command->add_option("--seed", options->synthetic.seed, "Seed")->capture_default_str();
    command->add_option("--prices", options->prices,
                        "Prices (NDJSON) they are made at; without it, each reference_price of the "
                        "config");
    command
        ->add_option("--near-share", options->synthetic.near_share,
                     "Share of accounts close to liquidation, 0 to 1")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command
        ->add_option("--near-distance", options->synthetic.near_distance,
                     "How close: they are liquidated by a move of all prices against them of less "
                     "than this")
        ->check(CLI::Range(0.0001, 0.1))
        ->capture_default_str();
    command->footer(
        "Example:\n"
        "  margind generate --config config/demo.yaml --accounts 100000 --seed 7 > "
        "accounts.ndjson\n"
        "Exit: 0, 3 problems in the config or prices.");
    command->callback([options, &exit_code] { exit_code = run_generate(*options); });
}

}  // namespace margind::daemon
