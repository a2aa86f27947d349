#include "daemon/explain/explanation.hpp"

#include <algorithm>
#include <string>

#include "core/market/price_scenario.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/explain/item_text.hpp"
#include "daemon/explain/level_seen.hpp"
#include "daemon/explain/liquidation_price.hpp"
#include "daemon/explain/wording.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {
namespace {

class Explanation {
  public:
    Explanation(const core::Engine& engine, core::AccountSlot slot, fmt::memory_buffer& out)
        : subject_(engine, slot), slot_(slot), report_(engine.report(slot)), out_(out) {}

    void write() {
        Columns columns(out_);
        write_header();
        write_market(columns);
        std::string maintenance;
        for (const core::MarginLevel level : core::kAllMarginLevels) {
            const LevelSeen seen(subject_.account, subject_.view, level);
            fmt::memory_buffer text;
            write_level(seen, text);
            std::string body(text.data(), text.size());
            fmt::format_to(std::back_inserter(out_), "\n== {} level ==\n", name_of(level));
            if (level == core::MarginLevel::close_out && body == maintenance) {
                fmt::format_to(std::back_inserter(out_), "\nAs at the maintenance level.\n");
                continue;
            }
            out_.append(body);
            if (level == core::MarginLevel::maintenance) maintenance = std::move(body);
        }
        write_ladder(columns);
        write_liquidation_prices(columns);
    }

  private:
    const std::string& currency() const { return subject_.parameters.valuation_currency; }

    void write_header() {
        fmt::format_to(std::back_inserter(out_), "account {}", report_.key.owner.view());
        if (!report_.key.sub_account.empty()) {
            fmt::format_to(std::back_inserter(out_), "/{}", report_.key.sub_account.view());
        }
        const core::InstrumentId isolated = subject_.engine.isolated_in(slot_);
        if (isolated.valid()) {
            fmt::format_to(std::back_inserter(out_), ", isolated margin of {}",
                           subject_.instrument(isolated).name);
        }
        fmt::format_to(std::back_inserter(out_), ": {}{}\n", name_of(report_.state),
                       report_.held ? ", held: a price is not trusted" : "");
    }

    // Everything of the market that the account depends on.
    void write_market(Columns& columns) {
        columns.heading("market");
        for (const core::PositionRow& position : subject_.account.positions) {
            const core::InstrumentId id = position.instrument;
            const std::string& name = subject_.instrument(id).name;
            const std::string& quote = subject_.asset_name(subject_.instrument(id).quote);
            columns.figure(name, subject_.text(id, subject_.row(id).mark), quote, "mark");
            const core::InstrumentFacts facts = subject_.market.rows().facts(id);
            const auto price = [&](core::Price value, const char* what) {
                if (value.raw() != 0) columns.figure(name, subject_.text(id, value), quote, what);
            };
            const auto amount = [&](core::Money value, const char* what) {
                if (value.raw() != 0) columns.figure(name, exact(value), quote, what);
            };
            price(facts.slow_price, "slow price");
            price(facts.auction_price, "auction price");
            amount(facts.open_interest, "open interest");
            amount(facts.expected_funding, "expected funding of a long unit");
        }
        for (const core::BalanceRow& balance : subject_.account.balances) {
            const std::string& name = subject_.asset_name(balance.asset);
            const core::UnitPrice price = subject_.view.assets[balance.asset.index()].price;
            columns.figure(name, exact(price), currency(),
                           why_balance_price(subject_, balance.asset, price));
            const core::AssetFacts facts = subject_.market.rows().facts(balance.asset);
            const auto amount = [&](core::Int128 raw, const std::string& unit, const char* what) {
                if (raw != 0) columns.figure(name, exact(raw, core::kScaleDecimals), unit, what);
            };
            amount(facts.slow_price.raw(), currency(), "slow price");
            amount(facts.redemption_value.raw(), currency(), "redemption value");
            amount(facts.total_deposits.raw(), name, "deposits at the venue");
            amount(facts.total_borrows.raw(), name, "borrows at the venue");
        }
    }

    // At which price of an asset what is required in it is owed.
    core::UnitPrice owed_at(core::AssetId asset, core::MarginLevel level) const {
        return core::margin_detail::balance_price(subject_.view.assets[asset.index()], false,
                                                  level);
    }

    // An amount of any size, rounded up to 1e-8: cheap coins come in more than 64 bits.
    static core::Value owed_amount(const core::WeightedValue& exactly) {
        constexpr core::Int128 kOne = core::Int128{core::kScale} * core::kScale;
        return core::Value::from_raw(core::div_ceil<core::Int128>(exactly.raw(), kOne) *
                                     core::kScale);
    }

    void write_level(const LevelSeen& seen, fmt::memory_buffer& out) const {
        Columns columns(out);
        for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
            explain_position(subject_, seen, p, columns);
        }
        for (std::uint32_t b = 0; b < seen.balances.size(); ++b) {
            explain_balance(subject_, seen, b, columns);
        }
        write_equity(seen, columns);
        write_margins_in_assets(seen, columns);
        write_margin(seen, columns);
    }

    void write_equity(const LevelSeen& seen, Columns& columns) const {
        columns.heading("equity");
        core::WeightedValue sum;
        const auto add = [&](const std::string& name, const core::WeightedValue& value) {
            if (value.raw() != 0) columns.term(name, exact(value), currency());
            sum += value;
        };
        for (std::uint32_t b = 0; b < seen.balances.size(); ++b) {
            add("balance " + subject_.asset_name(subject_.account.balances[b].asset),
                seen.balances[b].figures.equity);
        }
        for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
            if (!seen.positions[p].apart) continue;
            add("gain of " + subject_.instrument(subject_.account.positions[p].instrument).name,
                *seen.positions[p].apart);
        }
        add("close-out buffer on losses", seen.buffers.equity);
        finish(columns, "equity", core::value_of(seen.figures.equity), sum, "down");
    }

    // What positions require in assets that are not at par has to be turned into the currency.
    void write_margins_in_assets(const LevelSeen& seen, Columns& columns) const {
        for (std::uint32_t b = 0; b < seen.balances.size(); ++b) {
            const core::WeightedValue there = seen.balances[b].required_there;
            const core::AssetId asset = subject_.account.balances[b].asset;
            const core::UnitPrice price = owed_at(asset, seen.level);
            if (there.raw() == 0 || price == core::kUnitPriceOne) continue;
            const std::string& unit = subject_.asset_name(asset);
            columns.heading("margin in " + unit);
            core::WeightedValue sum;
            for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
                const core::PositionRow& row = subject_.account.positions[p];
                if (row.balance != b) continue;
                const auto add = [&](const char* what, const core::WeightedValue& value) {
                    const std::string& name = subject_.instrument(row.instrument).name;
                    if (value.raw() != 0) columns.term(what + name, exact(value), unit);
                    sum += value;
                };
                add("position ", seen.positions[p].figures.requirement);
                add("buffer of ", seen.positions[p].buffer);
            }
            finish(columns, "margin in " + unit, owed_amount(there), sum, "up", unit);
        }
    }

    void write_margin(const LevelSeen& seen, Columns& columns) const {
        columns.heading("margin");
        core::WeightedValue sum;
        const auto add = [&](const std::string& name, const core::WeightedValue& value,
                             const std::string& why = {}) {
            if (value.raw() != 0) columns.term(name, exact(value), currency(), why);
            sum += value;
        };
        for (std::uint32_t b = 0; b < seen.balances.size(); ++b) {
            const BalanceSeen& balance = seen.balances[b];
            const core::AssetId asset = subject_.account.balances[b].asset;
            const core::UnitPrice price = owed_at(asset, seen.level);
            if (price == core::kUnitPriceOne) {
                add_positions(seen, b, add);
            } else {
                add("margin in " + subject_.asset_name(asset), balance.required,
                    exact(owed_amount(balance.required_there)) + " x " + exact(price));
            }
            add("debt in " + subject_.asset_name(asset), balance.figures.required);
        }
        for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
            add("orders in " + subject_.instrument(subject_.account.positions[p].instrument).name,
                seen.positions[p].figures.order_charges);
        }
        add("close-out buffer on debts", seen.buffers.requirement);
        add("keeper reward", core::weighted_value_of(seen.keeper),
            "set aside for who liquidates the account");
        finish(columns, "margin", core::value_of(seen.figures.margin), sum, "up");
    }

    template <class Add>
    void add_positions(const LevelSeen& seen, std::uint32_t b, const Add& add) const {
        for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
            const core::PositionRow& row = subject_.account.positions[p];
            if (row.balance != b) continue;
            const std::string& name = subject_.instrument(row.instrument).name;
            add("position " + name, seen.positions[p].figures.requirement);
            add("buffer of " + name, seen.positions[p].buffer);
        }
    }

    // The rounding as a term of its own, and the rounded sum.
    void finish(Columns& columns, const std::string& name, core::Value rounded,
                const core::WeightedValue& sum, const char* direction) const {
        finish(columns, name, rounded, sum, direction, currency());
    }
    static void finish(Columns& columns, const std::string& name, core::Value rounded,
                       const core::WeightedValue& sum, const char* direction,
                       const std::string& unit) {
        const core::WeightedValue rounding = rounded * core::kRateOne - sum;
        if (rounding.raw() != 0) columns.term("rounding", exact(rounding), unit, direction);
        columns.sum(name, exact(rounded), unit);
    }

    void write_ladder(Columns& columns) const {
        fmt::format_to(std::back_inserter(out_), "\n== ladder ==\n\n");
        const core::Ladder& ladder = subject_.parameters.ladder;
        const auto rung = [&](core::MarginState state, const core::Level& level) {
            const core::LevelFigures figures = report_.evaluation.at(level.of);
            const core::Value line =
                core::Value::from_raw(level.multiplier.wide() * figures.margin.wide());
            const bool reached = core::value_of(figures.equity) < line;
            columns.figure(fmt::format("{} below", name_of(state)), exact(line), currency(),
                           fmt::format("{} x {} margin {}; equity {}: {}", exact(level.multiplier),
                                       name_of(level.of), exact(figures.margin),
                                       exact(figures.equity), reached ? "reached" : "not reached"));
        };
        rung(core::MarginState::warning, ladder.warning);
        rung(core::MarginState::margin_call, ladder.margin_call);
        rung(core::MarginState::liquidation, ladder.liquidation);
        const core::Money equity = report_.evaluation.equity;
        const bool nothing_left =
            equity.raw() == 0 && report_.evaluation.maintenance_margin.raw() > 0;
        columns.figure("bankrupt below", "0", currency(),
                       fmt::format("or at it, with a margin to meet; equity {}: {}", exact(equity),
                                   equity.raw() < 0 || nothing_left ? "reached" : "not reached"));
        fmt::format_to(std::back_inserter(out_), "\nstate: {}\n", name_of(report_.state));
    }

    void write_liquidation_prices(Columns& columns) const {
        if (subject_.account.positions.empty()) return;
        columns.heading("liquidation prices, other prices held");
        core::PriceScenario scenario(subject_.market.rows());
        for (std::size_t p = 0; p < subject_.account.positions.size(); ++p) {
            const auto price = liquidation_price(subject_.engine, subject_.account, p, scenario);
            const core::InstrumentId id = subject_.account.positions[p].instrument;
            const std::string& quote = subject_.asset_name(subject_.instrument(id).quote);
            const std::string mark = "mark " + subject_.text(id, subject_.row(id).mark);
            if (price) {
                columns.figure(subject_.instrument(id).name, subject_.text(id, *price), quote,
                               mark);
            } else {
                columns.figure(subject_.instrument(id).name, "none", "", mark);
            }
        }
    }

    Subject subject_;
    core::AccountSlot slot_;
    core::AccountReport report_;
    fmt::memory_buffer& out_;
};

}  // namespace

void explain(const core::Engine& engine, core::AccountSlot slot, fmt::memory_buffer& out) {
    Explanation(engine, slot, out).write();
}

}  // namespace margind::daemon
