#include "daemon/review/decision.hpp"

#include <algorithm>

#include "daemon/explain/columns.hpp"
#include "daemon/explain/explanation.hpp"
#include "daemon/explain/price_text.hpp"
#include "daemon/review/input_text.hpp"
#include "daemon/review/parameter_text.hpp"
#include "daemon/stand_in/dialect_text.hpp"

namespace margind::daemon {
namespace {

constexpr int kNanoseconds = 9;  // decimals of a second

std::string time_text(core::Timestamp time) {
    return time.stated() ? stand_in::utc_text(time, kNanoseconds) : "not stated";
}

template <class Rows, class Same>
auto find(const Rows& rows, const Same& same) -> decltype(&*rows.begin()) {
    const auto found = std::find_if(rows.begin(), rows.end(), same);
    return found == rows.end() ? nullptr : &*found;
}

class DecisionText {
  public:
    DecisionText(const Decision& decision, TextBuffer& out)
        : decision_(decision),
          event_(decision.event),
          parameters_(decision.after.parameters()),
          out_(out),
          columns_(out) {}

    void write() {
        write_header();
        write_cause();
        switch (event_.kind) {
            case core::EventKind::warning:
            case core::EventKind::margin_call:
            case core::EventKind::liquidation:
            case core::EventKind::bankruptcy:
            case core::EventKind::recovered:
                return write_account();
            case core::EventKind::threshold_changed:
                return write_threshold();
            case core::EventKind::price_state:
                return write_price_state();
            case core::EventKind::feed_state:
                return line("feed {}: {} -> {} ({})", feed(event_.feed_state.feed),
                            name_of(event_.feed_state.from), name_of(event_.feed_state.to),
                            name_of(event_.feed_state.reason));
            case core::EventKind::daemon_state:
                return write_daemon_state();
            case core::EventKind::parameters_changed:
                return explain_parameter_changes(decision_.before.parameters(), parameters_, out_);
            case core::EventKind::clock:
                return write_clock();
            case core::EventKind::audit_failed:
                return write_audit();
            case core::EventKind::count_:
                return;
        }
    }

  private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_.push_back('\n');
    }
    std::string feed(core::FeedId id) const {
        return id.index() < parameters_.feeds.size() ? parameters_.feeds[id.index()] : "unknown";
    }
    const core::Instrument& instrument(core::InstrumentId id) const {
        return parameters_.instruments[id.index()];
    }
    std::string price(core::InstrumentId id, core::Price value) const {
        if (value.raw() == 0) return "none";
        return exact(core::Int128{value.raw()}, instrument(id).price_decimals);
    }

    void write_header() {
        std::string what(name_of(event_.kind));
        if (core::is_account_event(event_.kind)) {
            what += fmt::format(" of account {}: {} -> {}", account_text(event_.account.key),
                                name_of(event_.account.from), name_of(event_.account.to));
        }
        line("event {}: {}", event_.event_seq, what);
        line("  at {} (engine time)", time_text(event_.engine_time));
        line("  by {}, parameter version {}", decision_.run, event_.parameter_version);
        if (decision_.snapshot > 0) {
            line("  made again from the snapshot after input {} and the inputs since",
                 decision_.snapshot);
        }
    }

    void write_cause() {
        const core::Input& input = decision_.input;
        columns_.heading("== the input that made it ==");
        line("\ninput {}: {}", input.input_seq, input_sentence(input, parameters_));
        line("  exchange time  {}", time_text(input.exchange_time));
        std::string received = time_text(input.receive_time);
        if (input.exchange_time.stated() && input.receive_time.stated()) {
            received += ", " + span_text(input.receive_time - input.exchange_time) + " later";
        }
        line("  received       {}", received);
        if (!core::is_account_event(event_.kind)) return;
        const core::Cause& cause = event_.account.cause;
        std::string text(name_of(cause.kind));
        if (cause.instrument.valid()) {
            text += fmt::format(" of {}, mark {}", instrument(cause.instrument).name,
                                price(cause.instrument, cause.mark));
        }
        if (cause.source.valid()) text += ", from " + source_text(parameters_, cause.source);
        line("  told as cause  {}", text);
    }

    void row(std::string_view name, std::string_view before, std::string_view after) {
        line("    {:<32}{:>28}{:>28}{}", name, before, after, before == after ? "" : "  *");
    }

    void write_account() {
        const auto slot = decision_.after.find(event_.account.key);
        if (!slot) return line("\nThe account is not there after the input: a defect.");
        columns_.heading("== before and after the input ==");
        out_.push_back('\n');
        line("    {:<32}{:>28}{:>28}", "", "before", "after");
        write_figures(decision_.after.report(*slot));
        const auto instruments = instruments_of(decision_.after, *slot);
        for (const core::InstrumentId id : instruments) write_moves(id);
        write_rows(*slot);
        columns_.heading("== the prices, and why ==");
        for (const core::InstrumentId id : instruments) {
            explain_price(decision_.after, id, event_.engine_time, columns_);
        }
        columns_.heading("== the account after the input ==");
        out_.push_back('\n');
        explain(decision_.after, *slot, out_);
        write_what_follows();
        columns_.heading("== hashes, for margind verify ==");
        line("\n    parameters {:016x}   market {:016x}   account {:016x}",
             event_.account.parameters_hash, event_.account.market_hash,
             event_.account.account_hash);
    }

    void write_figures(const core::AccountReport& after) {
        const auto& before = decision_.before.account();
        const auto health = [](const core::AccountReport& report) {
            const core::HealthFactor factor = core::health_factor(report.evaluation);
            return factor.infinite() ? std::string("no margin to meet")
                                     : exact(core::Int128{factor.raw}, core::kScaleDecimals);
        };
        const auto figure = [&](const char* name, const auto& of) {
            row(name, before ? std::string(of(*before)) : std::string("not there"), of(after));
        };
        const auto money = [&](const char* name, core::Money core::Evaluation::* member) {
            figure(name, [&](const core::AccountReport& r) { return exact(r.evaluation.*member); });
        };
        row("state", before ? name_of(before->state) : std::string_view("not there"),
            name_of(after.state));
        money("equity", &core::Evaluation::equity);
        money("initial margin", &core::Evaluation::initial_margin);
        money("maintenance margin", &core::Evaluation::maintenance_margin);
        figure("health factor", health);
    }

    void write_moves(core::InstrumentId id) {
        const core::InstrumentStatus& before = decision_.before.status(instrument(id).name);
        const core::InstrumentStatus& after = decision_.after.market().status(id);
        const std::string& name = instrument(id).name;
        row("mark of " + name, price(id, before.mark), price(id, after.mark));
        row("index of " + name, price(id, before.index), price(id, after.index));
        if (instrument(id).kind != core::InstrumentKind::spot) {
            row("initial rate of " + name, exact(before.initial_rate), exact(after.initial_rate));
            row("maintenance rate of " + name, exact(before.maintenance_rate),
                exact(after.maintenance_rate));
        }
        row("price state of " + name, name_of(before.state), name_of(after.state));
    }

    // Rows of the account that the input changed.
    void write_rows(core::AccountSlot slot) {
        const core::AccountView account = decision_.after.view(slot);
        const auto amount = [](const core::BalanceRow* row) {
            return row == nullptr ? std::string("none") : exact(row->amount);
        };
        for (std::uint32_t a = 0; a < parameters_.assets.size(); ++a) {
            const std::string& name = parameters_.assets[a].name;
            const std::string before = amount(decision_.before.balance(name));
            const std::string after =
                amount(find(account.balances, [&](const auto& r) { return r.asset.index() == a; }));
            if (before != after) row("balance " + name, before, after);
        }
        for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
            const std::string& name = parameters_.instruments[i].name;
            const std::string before = held(i, decision_.before.position(name));
            const std::string after = held(i, find(account.positions, [&](const auto& r) {
                                               return r.instrument.index() == i;
                                           }));
            if (before != after) row("position " + name, before, after);
        }
    }

    std::string held(std::uint32_t i, const core::PositionRow* row) const {
        if (row == nullptr || row->quantity.raw() == 0) return "none";
        const core::InstrumentId id(i);
        return exact(core::Int128{row->quantity.raw()}, instrument(id).quantity_decimals) + " at " +
               price(id, row->entry_price);
    }

    void write_what_follows() {
        const core::AccountEvent& account = event_.account;
        const std::string& currency = parameters_.valuation_currency;
        if (event_.kind == core::EventKind::margin_call) {
            columns_.heading("== what is called for ==");
            line("\n    {} {} by {}: initial margin {} less equity {}", exact(account.shortfall),
                 currency, time_text(account.deadline), exact(account.initial_margin),
                 exact(account.initial_equity));
        }
        if (event_.kind != core::EventKind::liquidation &&
            event_.kind != core::EventKind::bankruptcy) {
            return;
        }
        columns_.heading("== the plan ==");
        line("\n    to equity of {} x the {} margin; {}",
             exact(parameters_.ladder.liquidation_target), name_of(parameters_.ladder.target_of),
             account.plan_complete ? "these steps reach it, or close everything"
                                   : "more is needed than these steps");
        if (account.plan_steps == 0) line("    cancelling all resting orders is enough");
        for (std::size_t s = 0; s < account.plan_steps; ++s) write_step(s, account.plan[s]);
    }

    void write_step(std::size_t number, const core::PlanStep& step) {
        if (step.action == core::PlanAction::repay_debt) {
            return line("    {}. repay {} {} for {} {}; the bot keeps {} {}", number + 1,
                        exact(step.repaid), parameters_.assets[step.debt.index()].name,
                        exact(step.seized), parameters_.assets[step.collateral.index()].name,
                        exact(step.incentive), parameters_.valuation_currency);
        }
        line(
            "    {}. {} {} {}, not beyond {}; bankrupt at {}; the bot's {}, the insurance fund's "
            "{}",
            number + 1, name_of(step.side),
            exact(core::Int128{step.quantity.raw()}, instrument(step.instrument).quantity_decimals),
            instrument(step.instrument).name, price(step.instrument, step.limit_price),
            price(step.instrument, step.bankruptcy_price), exact(step.incentive),
            exact(step.insurance_fee));
    }

    void write_threshold() {
        const core::ThresholdEvent& threshold = event_.threshold;
        const core::InstrumentId id = threshold.instrument;
        line(
            "\nThe {} rate of {} was told as {} and is {}: {}; told again after each change of "
            "{} of it.",
            name_of(threshold.level), instrument(id).name, exact(threshold.from),
            exact(threshold.to), name_of(threshold.binding), exact(parameters_.threshold_step));
        write_instrument(id);
    }

    void write_price_state() {
        const core::PriceStateEvent& state = event_.price_state;
        line("\nThe price of {} went {} -> {} ({}): {} of {} sources were in the merge.",
             instrument(state.instrument).name, name_of(state.from), name_of(state.to),
             name_of(state.reason), state.live_sources, state.quorum);
        if (state.to == core::PriceState::frozen) {
            if (state.reason == core::PriceReason::restarted) {
                line(
                    "Liquidations of accounts that depend on it are held until a quorum has been "
                    "fresh for {}.",
                    span_text(parameters_.guard.restart_grace));
            } else {
                line("Liquidations of accounts that depend on it are held, for at most {}.",
                     span_text(instrument(state.instrument).hold_max));
            }
        }
        write_instrument(state.instrument);
    }

    void write_instrument(core::InstrumentId id) {
        columns_.heading("== before and after the input ==");
        out_.push_back('\n');
        line("    {:<32}{:>28}{:>28}", "", "before", "after");
        write_moves(id);
        columns_.heading("== the price, and why ==");
        explain_price(decision_.after, id, event_.engine_time, columns_);
    }

    void write_daemon_state() {
        line("\nThe daemon went {} -> {} ({}).", name_of(event_.daemon_state.from),
             name_of(event_.daemon_state.to), name_of(event_.daemon_state.reason));
        for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
            const core::InstrumentStatus& status =
                decision_.after.market().status(core::InstrumentId(i));
            line("    {:<32}{}", parameters_.instruments[i].name,
                 status.mark.raw() == 0 ? std::string_view("no price yet") : name_of(status.state));
        }
    }

    void write_clock() {
        line("\nEverything up to input {} was judged and told; the engine's state was {:016x}.",
             event_.clock.last_input_seq, event_.clock.state_hash);
        for (std::size_t s = 0; s < core::kMarginStates; ++s) {
            line("    {:<16}{:>12}", name_of(static_cast<core::MarginState>(s)),
                 event_.clock.accounts_by_state[s]);
        }
    }

    void write_audit() {
        const core::AuditEvent& audit = event_.audit;
        line(
            "\nA defect of margind: account {} stood as {}, and evaluated from scratch after input "
            "{} it was {} ({} failed). Report it, with the journal.",
            account_text(audit.key), name_of(audit.state), audit.last_input_seq, name_of(audit.due),
            name_of(audit.check));
    }

    const Decision& decision_;
    const core::Event& event_;
    const core::RiskParameters& parameters_;
    TextBuffer& out_;
    Columns columns_;
};

}  // namespace

Before::Before(const core::Engine& engine, const core::Event& event)
    : parameters_(engine.parameters()) {
    for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
        instruments_.push_back(engine.market().status(core::InstrumentId(i)));
    }
    if (!core::is_account_event(event.kind)) return;
    const auto slot = engine.find(event.account.key);
    if (!slot) return;
    const core::AccountView view = engine.view(*slot);
    balances_.assign(view.balances.begin(), view.balances.end());
    positions_.assign(view.positions.begin(), view.positions.end());
    const core::AccountReport report = engine.report(*slot);
    if (report.priced) account_ = report;
}

const core::InstrumentStatus& Before::status(std::string_view instrument) const {
    static const core::InstrumentStatus kNone;
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        if (parameters_.instruments[i].name == instrument) return instruments_[i];
    }
    return kNone;
}

const core::BalanceRow* Before::balance(std::string_view asset) const {
    return find(balances_, [&](const core::BalanceRow& row) {
        return parameters_.assets[row.asset.index()].name == asset;
    });
}

const core::PositionRow* Before::position(std::string_view instrument) const {
    return find(positions_, [&](const core::PositionRow& row) {
        return parameters_.instruments[row.instrument.index()].name == instrument;
    });
}

void explain_decision(const Decision& decision, TextBuffer& out) {
    DecisionText(decision, out).write();
}

std::vector<core::InstrumentId> instruments_of(const core::Engine& engine, core::AccountSlot slot) {
    std::vector<core::InstrumentId> found;
    const auto add = [&](core::InstrumentId id) {
        if (id.valid() && std::find(found.begin(), found.end(), id) == found.end()) {
            found.push_back(id);
        }
    };
    const core::RiskParameters& parameters = engine.parameters();
    const core::AccountView account = engine.view(slot);
    for (const core::PositionRow& position : account.positions) add(position.instrument);
    for (const core::BalanceRow& balance : account.balances) {
        add(parameters.assets[balance.asset.index()].priced_by);
    }
    return found;
}

}  // namespace margind::daemon
