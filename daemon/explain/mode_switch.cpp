#include "daemon/explain/mode_switch.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/engine/ladder.hpp"
#include "core/market/price_scenario.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/explain/liquidation_price.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {
namespace {

// An account that is only thought of: rows that can be moved about.
class Holdings {
  public:
    Holdings() = default;
    explicit Holdings(const core::AccountView& account)
        : balances_(account.balances.begin(), account.balances.end()),
          positions_(account.positions.begin(), account.positions.end()),
          orders_(account.orders.begin(), account.orders.end()),
          terms_(account.terms) {}

    core::AccountView view() const {
        return {.balances = balances_,
                .positions = positions_,
                .orders = orders_,
                .spot_orders = {},
                .terms = terms_};
    }

    core::Money amount(core::AssetId asset) const {
        for (const core::BalanceRow& row : balances_) {
            if (row.asset == asset) return row.amount;
        }
        return {};
    }
    void add(core::AssetId asset, core::Money amount) {
        core::BalanceRow& row = balances_[balance_of(asset)];
        row.amount = row.amount + amount;
    }

    // Moves the position row p, with its orders, to `to`.
    void move_position(std::uint32_t p, core::AssetId settles_in, Holdings& to) {
        core::PositionRow row = positions_[p];
        row.balance = to.balance_of(settles_in);
        const auto at = static_cast<std::uint32_t>(to.positions_.size());
        to.positions_.push_back(row);
        to.terms_ = terms_;
        for (core::OrderRow order : orders_) {
            if (order.position != p) continue;
            order.position = at;
            to.orders_.push_back(order);
        }
        std::erase_if(orders_, [&](const core::OrderRow& order) { return order.position == p; });
        for (core::OrderRow& order : orders_) {
            if (order.position > p) --order.position;
        }
        positions_.erase(positions_.begin() + p);
    }

    std::optional<std::uint32_t> find(core::InstrumentId instrument) const {
        for (std::uint32_t p = 0; p < positions_.size(); ++p) {
            if (positions_[p].instrument == instrument) return p;
        }
        return std::nullopt;
    }

  private:
    std::uint32_t balance_of(core::AssetId asset) {
        for (std::uint32_t b = 0; b < balances_.size(); ++b) {
            if (balances_[b].asset == asset) return b;
        }
        balances_.push_back({asset, {}});
        return static_cast<std::uint32_t>(balances_.size() - 1);
    }

    std::vector<core::BalanceRow> balances_;
    std::vector<core::PositionRow> positions_;
    std::vector<core::OrderRow> orders_;
    const core::AccountTerms* terms_ = nullptr;
};

std::string name_of_account(const core::AccountKey& key) {
    std::string name(key.owner.view());
    if (!key.sub_account.empty()) name += "/" + std::string(key.sub_account.view());
    return name;
}

// What is asked for: INSTRUMENT:isolated=MARGIN or INSTRUMENT:cross.
struct Request {
    core::InstrumentId instrument;
    std::optional<core::Money> margin;  // none: back to cross
};

std::string parse(std::string_view text, const core::RiskParameters& parameters, Request& out) {
    constexpr std::string_view kIsolated = "isolated=";
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return "must be INSTRUMENT:isolated=MARGIN or INSTRUMENT:cross";
    }
    const std::string_view name = text.substr(0, colon);
    const std::string_view mode = text.substr(colon + 1);
    const NameIndex instruments(parameters.instruments);
    const std::uint32_t* id = instruments.find(name);
    if (id == nullptr) return "'" + std::string(name) + "' is no instrument of the config";
    out.instrument = core::InstrumentId(*id);
    if (mode == "cross") return {};
    if (mode.substr(0, kIsolated.size()) != kIsolated) {
        return "'" + std::string(mode) + "' is no mode: give isolated=MARGIN or cross";
    }
    std::int64_t raw = 0;
    std::string problem = scale(mode.substr(kIsolated.size()), core::kScaleDecimals, "MARGIN", raw);
    if (problem.empty() && raw < 0) problem = "MARGIN: must not be negative";
    out.margin = core::Money::from_raw(raw);
    return problem;
}

class ModeSwitch {
  public:
    ModeSwitch(const core::Engine& engine, core::AccountSlot slot, const Request& request)
        : engine_(engine),
          slot_(slot),
          key_(engine.report(slot).key),
          request_(request),
          settles_in_(core::settlement_asset(instrument())),
          scenario_(engine.market().rows()) {}

    std::string explain(fmt::memory_buffer& out) {
        return request_.margin ? to_isolated(out) : to_cross(out);
    }

  private:
    struct Account {
        std::string name;
        std::optional<Holdings> before;
        std::optional<Holdings> after;
    };

    const core::Instrument& instrument() const {
        return engine_.parameters().instruments[request_.instrument.index()];
    }
    const std::string& asset_name() const {
        return engine_.parameters().assets[settles_in_.index()].name;
    }

    std::string to_isolated(fmt::memory_buffer& out) {
        Holdings rest(engine_.view(slot_));
        const auto p = rest.find(request_.instrument);
        if (!p) return "the account has no position in " + instrument().name;
        if (rest.amount(settles_in_) < *request_.margin) {
            return fmt::format("the account has {} {}, less than {}",
                               exact(rest.amount(settles_in_)), asset_name(),
                               exact(*request_.margin));
        }
        Holdings isolated;
        rest.move_position(*p, settles_in_, isolated);
        rest.add(settles_in_, -*request_.margin);
        isolated.add(settles_in_, *request_.margin);
        fmt::format_to(std::back_inserter(out),
                       "{} of {} to isolated margin, with {} {}; nothing is changed\n",
                       instrument().name, name_of_account(key_), exact(*request_.margin),
                       asset_name());
        write({{name_of_account(key_), Holdings(engine_.view(slot_)), rest},
               {"isolated " + instrument().name, std::nullopt, isolated}},
              out);
        return {};
    }

    std::string to_cross(fmt::memory_buffer& out) {
        if (key_.sub_account.empty() || engine_.isolated_in(slot_) != request_.instrument) {
            return "the account is not the isolated margin of " + instrument().name;
        }
        core::AccountKey main_key = key_;
        main_key.sub_account = {};
        const auto main_slot = engine_.find(main_key);
        const Holdings before = main_slot ? Holdings(engine_.view(*main_slot)) : Holdings();
        Holdings isolated(engine_.view(slot_));
        if (before.find(request_.instrument)) {
            return "the main account has a position in " + instrument().name +
                   " too; close one of them first";
        }
        Holdings main = before;
        if (const auto p = isolated.find(request_.instrument)) {
            isolated.move_position(*p, settles_in_, main);
        }
        for (const core::BalanceRow& row : isolated.view().balances) {
            main.add(row.asset, row.amount);
        }
        fmt::format_to(std::back_inserter(out), "{} of {} to cross margin; nothing is changed\n",
                       instrument().name, name_of_account(key_));
        write({{name_of_account(main_key), before, main},
               {name_of_account(key_), Holdings(engine_.view(slot_)), std::nullopt}},
              out);
        return {};
    }

    // One column for each account before, and after.
    void write(const std::vector<Account>& accounts, fmt::memory_buffer& out) {
        std::vector<std::pair<std::string, const Holdings*>> columns;
        for (const Account& account : accounts) {
            if (account.before) columns.emplace_back(account.name + " now", &*account.before);
        }
        for (const Account& account : accounts) {
            if (account.after) columns.emplace_back(account.name + " then", &*account.after);
        }
        const auto line = [&](std::string_view name, const auto& figure) {
            fmt::format_to(std::back_inserter(out), "{:<28}", name);
            for (const auto& [title, holdings] : columns) {
                fmt::format_to(std::back_inserter(out), "  {:>28}", figure(title, *holdings));
            }
            out.push_back('\n');
        };
        const auto figures = [&](const Holdings& holdings) {
            return core::evaluate(holdings.view(), engine_.market().view());
        };
        out.push_back('\n');
        line("", [](const std::string& title, const Holdings&) { return title; });
        for (const core::MarginLevel level : core::kAllMarginLevels) {
            line(fmt::format("{} equity", name_of(level)),
                 [&](auto&, const Holdings& h) { return exact(figures(h).at(level).equity); });
            line(fmt::format("{} margin", name_of(level)),
                 [&](auto&, const Holdings& h) { return exact(figures(h).at(level).margin); });
        }
        line("health factor", [&](auto&, const Holdings& h) {
            const core::HealthFactor health = core::health_factor(figures(h));
            return health.infinite() ? "none" : exact(core::Money::from_raw(health.raw));
        });
        line("state", [&](auto&, const Holdings& h) {
            return name_of(core::breached_state(figures(h), engine_.parameters().ladder));
        });
        line("liquidation price", [&](auto&, const Holdings& h) { return liquidation(h); });
        write_verdict(accounts, out);
    }

    std::string liquidation(const Holdings& holdings) {
        const auto p = holdings.find(request_.instrument);
        if (!p) return "-";
        const auto price = liquidation_price(engine_, holdings.view(), *p, scenario_);
        return price ? exact(core::Int128{price->raw()}, instrument().price_decimals) : "none";
    }

    void write_verdict(const std::vector<Account>& accounts, fmt::memory_buffer& out) const {
        out.push_back('\n');
        bool met = true;
        for (const Account& account : accounts) {
            if (!account.after) continue;
            const core::LevelFigures figures = core::evaluate_level(
                account.after->view(), engine_.market().view(), core::MarginLevel::initial);
            if (figures.equity >= figures.margin) continue;
            met = false;
            fmt::format_to(std::back_inserter(out),
                           "{} would be short of its initial margin by {} {}\n", account.name,
                           exact(figures.margin - figures.equity),
                           engine_.parameters().valuation_currency);
        }
        if (met) {
            fmt::format_to(std::back_inserter(out), "the initial margin would be met\n");
        }
    }

    const core::Engine& engine_;
    core::AccountSlot slot_;
    core::AccountKey key_;
    Request request_;
    core::AssetId settles_in_;
    core::PriceScenario scenario_;
};

}  // namespace

bool read_account_name(std::string_view text, core::AccountKey& key) {
    const std::size_t slash = text.find('/');
    const std::string_view owner = text.substr(0, slash);
    const std::string_view sub =
        slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
    if (owner.empty() || !core::FixedText<48>::fits(owner) || !core::FixedText<16>::fits(sub)) {
        return false;
    }
    key = {core::FixedText<48>(owner), core::FixedText<16>(sub)};
    return true;
}

std::string explain_switch(const core::Engine& engine, core::AccountSlot slot,
                           std::string_view text, fmt::memory_buffer& out) {
    Request request;
    std::string problem = parse(text, engine.parameters(), request);
    if (!problem.empty()) return problem;
    return ModeSwitch(engine, slot, request).explain(out);
}

}  // namespace margind::daemon
