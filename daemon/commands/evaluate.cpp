// margind evaluate: accounts at given prices, once.
#include <memory>

#include "daemon/commands/account_json.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/valuation.hpp"
#include "daemon/explain/explanation.hpp"
#include "daemon/explain/mode_switch.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/account_lines.hpp"

namespace margind::daemon {
namespace {

struct EvaluateOptions {
    std::string config;
    std::string accounts;
    std::string prices;
    std::string format = "ndjson";
    std::string explain;      // ACCOUNT[/SUB_ACCOUNT]
    std::string switch_mode;  // INSTRUMENT:isolated=MARGIN
};

// All of an accounts file, in the engine; and what was wrong with it.
class Evaluator {
  public:
    Evaluator(const core::RiskParameters& parameters, const GivenMarket& market, std::string file,
              std::uint32_t accounts_max)
        : valuation_(parameters, market, accounts_max),
          lines_(valuation_.engine().parameters()),
          file_(std::move(file)) {}

    void read(std::size_t number, std::string_view line) {
        std::string problem = lines_.parse(line, records_);
        if (problem.empty()) {
            const core::Refusal refusal = valuation_.update(records_);
            if (refusal != core::Refusal::none) problem = explain(refusal, engine());
        }
        if (!problem.empty()) return note(number, problem);
        // A line for an account seen before changes it; the last line is the one to point at.
        for (const core::Input& record : records_) {
            const std::uint32_t slot = engine().find(record.account.key)->index();
            if (slot >= line_of_.size()) line_of_.resize(slot + 1);
            line_of_[slot] = number;
        }
    }

    void check_priced() {
        for (std::uint32_t s = 0; s < line_of_.size(); ++s) {
            const core::AccountSlot slot(s);
            if (valuation_.engine().report(slot).priced) continue;
            for (const std::string& name : valuation_.unpriced(slot)) {
                note(line_of_[s], "needs a price of " + name + "; add it to the prices file");
            }
        }
    }

    void note(std::size_t line, const std::string& problem) {
        ++problem_count_;
        if (problems_.size() < kProblemsShown) problems_.push_back(at_line(file_, line, problem));
    }
    std::size_t problem_count() const { return problem_count_; }
    const std::vector<std::string>& problems() const { return problems_; }
    const core::Engine& engine() const { return valuation_.engine(); }
    const Valuation& valuation() const { return valuation_; }

  private:
    Valuation valuation_;
    AccountLines lines_;
    std::string file_;
    std::vector<core::Input> records_;
    std::vector<std::size_t> line_of_;  // of each account slot
    std::vector<std::string> problems_;
    std::size_t problem_count_ = 0;
};

// How many accounts to reserve memory for: never more than there are lines.
std::uint32_t count_lines(const std::string& file, std::string& problem) {
    std::size_t count = 0;
    for_each_line(file, problem, [&](std::size_t, std::string_view) { ++count; });
    constexpr std::size_t kMost = 100'000'000;
    return static_cast<std::uint32_t>(std::min(std::max<std::size_t>(count, 1), kMost));
}

int wrong_option(std::string_view option, std::string_view message) {
    fmt::print(stderr, "margind evaluate: --{}: {}\n", option, message);
    return kUsage;
}

// Requires: every account is priced.
int explain_one(const core::Engine& engine, const EvaluateOptions& options) {
    core::AccountKey key;
    if (!read_account_name(options.explain, key)) {
        return wrong_option("explain", "must be ACCOUNT or ACCOUNT/SUB_ACCOUNT");
    }
    const auto slot = engine.find(key);
    if (!slot) {
        return wrong_option("explain",
                            "'" + options.explain + "' is no account of the accounts file");
    }
    Output output;
    if (options.switch_mode.empty()) {
        explain(engine, *slot, output.buffer());
    } else {
        const std::string problem =
            explain_switch(engine, *slot, options.switch_mode, output.buffer());
        if (!problem.empty()) return wrong_option("switch-mode", problem);
    }
    return output.finish() ? kOk : kFailed;
}

int run_evaluate(const EvaluateOptions& options) {
    const auto settings = load_or_report(options.config);
    if (!settings) return kConfig;
    std::vector<std::string> problems;
    const GivenMarket market = read_market(options.prices, settings->risk, problems);
    std::string unreadable;
    const std::uint32_t accounts_max = count_lines(options.accounts, unreadable);
    if (!unreadable.empty()) problems.push_back(unreadable);
    if (!problems.empty()) {
        report(problems, problems.size());
        return kConfig;
    }
    Evaluator evaluator(settings->risk, market, options.accounts, accounts_max);
    for (const Valuation::Refused& refused : evaluator.valuation().refused()) {
        problems.push_back(at_line(options.prices, refused.line,
                                   fmt::format("{}: a figure is too large for the price its "
                                               "instrument admits; lower it, or price_max",
                                               name_of(refused.refusal))));
    }
    if (!problems.empty()) {
        report(problems, problems.size());
        return kConfig;
    }
    for_each_line(options.accounts, unreadable,
                  [&](std::size_t number, std::string_view line) { evaluator.read(number, line); });
    evaluator.check_priced();
    if (!unreadable.empty()) evaluator.note(0, unreadable);
    if (evaluator.problem_count() > 0) {
        report(evaluator.problems(), evaluator.problem_count());
        return kConfig;
    }
    if (!options.explain.empty()) return explain_one(evaluator.engine(), options);
    Output output;
    AccountJson json(evaluator.engine());
    for (std::uint32_t s = 0; s < evaluator.engine().account_count(); ++s) {
        json.append(core::AccountSlot(s), output.buffer());
        output.pace();
    }
    return output.finish() ? kOk : kFailed;
}

}  // namespace

void add_evaluate(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "evaluate", "Evaluate accounts at given prices, once: one line of JSON per account.");
    auto options = std::make_shared<EvaluateOptions>();
    command->add_option("--config", options->config, "Config file (YAML)")->required();
    command->add_option("--accounts", options->accounts, "Accounts (NDJSON), as the daemon loads")
        ->required();
    command
        ->add_option("--prices", options->prices,
                     "Prices and statistics (NDJSON): "
                     "{\"instrument\":\"BTC-PERP\",\"price\":\"60000\"}, "
                     "{\"asset\":\"SOL\",\"total_deposits\":\"125000\"}")
        ->required();
    command->add_option("--format", options->format, "Output format")
        ->check(CLI::IsMember({"ndjson"}))
        ->capture_default_str();
    auto* explained = command->add_option("--explain", options->explain,
                                          "ACCOUNT or ACCOUNT/SUB_ACCOUNT: print the arithmetic "
                                          "of this account instead, line by line");
    command
        ->add_option("--switch-mode", options->switch_mode,
                     "INSTRUMENT:isolated=MARGIN: what moving the explained account's position to "
                     "isolated margin would do, before and after; INSTRUMENT:cross: moving it "
                     "back. Nothing is changed")
        ->needs(explained);
    command->footer(
        "Accounts come out in the order in which the file first names them. Margin rates rest on\n"
        "each instrument's tiers and volatility.initial_annual. Any bad line: every problem on\n"
        "standard error, nothing on standard output, exit 3.");
    command->callback([options, &exit_code] { exit_code = run_evaluate(*options); });
}

}  // namespace margind::daemon
