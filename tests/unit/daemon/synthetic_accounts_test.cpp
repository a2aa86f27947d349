// What generated accounts promise, checked through the engine: prices moved by the stated distance
// liquidate those near, and nobody else is below initial margin.
#include "daemon/commands/synthetic_accounts.hpp"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "daemon/commands/check.hpp"
#include "daemon/commands/valuation.hpp"

using namespace margind;

namespace {

config::Settings demo() {
    config::Loaded loaded = config::load(MARGIND_SOURCE_DIR "/config/demo.yaml");
    REQUIRE(loaded.problems.empty());
    return loaded.settings;
}

std::vector<core::Input> update_of(const daemon::SyntheticAccount& account) {
    std::vector<core::Input> records;
    const auto add = [&](core::AccountRecord kind, std::uint32_t id, std::int64_t amount,
                         std::int64_t entry) {
        core::AccountInput record;
        record.key = account.key;
        record.record = kind;
        record.mode = core::UpdateMode::replace;
        record.last = core::Last::no;
        record.id = id;
        record.amount = amount;
        record.price = entry;
        records.push_back(core::Input::of(record));
    };
    for (const auto& b : account.balances) {
        add(core::AccountRecord::balance, b.asset.index(), b.amount.raw(), 0);
    }
    for (const auto& p : account.positions) {
        add(core::AccountRecord::position, p.instrument.index(), p.quantity.raw(),
            p.entry_price.raw());
    }
    records.back().account.last = core::Last::yes;
    return records;
}

// Every price times 1 + parts / 10000.
std::vector<core::Price> moved(const std::vector<core::Price>& prices, std::int64_t parts) {
    std::vector<core::Price> result;
    for (const core::Price price : prices) {
        result.push_back(core::Price::from_raw(price.raw() + price.raw() * parts / 10'000));
    }
    return result;
}

core::AccountReport report_of(daemon::Valuation& valuation,
                              const daemon::SyntheticAccount& account) {
    REQUIRE(valuation.update(update_of(account)) == core::Refusal::none);
    const auto slot = valuation.engine().find(account.key);
    REQUIRE(slot.has_value());
    const core::AccountReport report = valuation.engine().report(*slot);
    REQUIRE(report.priced);
    return report;
}

}  // namespace

TEST_CASE("generated accounts are as promised, judged by the engine") {
    const config::Settings settings = demo();
    constexpr std::uint32_t kAccounts = 20'000;
    for (const std::uint64_t seed : {1U, 7U, 2025U}) {
        INFO("seed " << seed);
        daemon::Valuation now(settings.risk, settings.reference_prices, kAccounts);
        daemon::Valuation fallen(settings.risk, moved(settings.reference_prices, -50), kAccounts);
        daemon::Valuation risen(settings.risk, moved(settings.reference_prices, 50), kAccounts);
        daemon::SyntheticOptions options;
        options.seed = seed;
        options.near_share = 0.05;
        const daemon::SyntheticAccounts accounts(settings.risk, now.engine().market().view(),
                                                 options);
        daemon::SyntheticAccount account;
        std::uint32_t near = 0;
        std::uint32_t positions = 0;
        for (std::uint32_t i = 0; i < kAccounts; ++i) {
            accounts.make(i, account);
            INFO("account " << account.key.owner.view() << " number " << i);
            positions += static_cast<std::uint32_t>(account.positions.size());
            for (const auto& balance : account.balances) CHECK(balance.amount.raw() > 0);
            const core::AccountReport report = report_of(now, account);
            CHECK(report.state < core::MarginState::liquidation);
            if (account.near) {
                ++near;
                const bool is_long = account.positions[0].quantity.raw() > 0;
                CHECK(report_of(is_long ? fallen : risen, account).state >=
                      core::MarginState::liquidation);
            } else {
                CHECK(report.evaluation.equity >= report.evaluation.initial_margin);
            }
        }
        CHECK(near == kAccounts / 20);
        CHECK(positions > kAccounts * 33 / 10);
        CHECK(positions < kAccounts * 39 / 10);
        CHECK(now.engine().account_count() == kAccounts);  // every key is its own
    }
}

TEST_CASE("size and leverage have heavy tails, popularity is Zipf") {
    const config::Settings settings = demo();
    const daemon::Valuation now(settings.risk, settings.reference_prices, 1);
    const core::MarketView market = now.engine().market().view();
    const daemon::SyntheticAccounts accounts(settings.risk, market, {});
    daemon::SyntheticAccount account;
    std::map<std::uint32_t, int> holders;
    int above_20x = 0;
    int below_4x = 0;
    int longs = 0;
    int positions = 0;
    int collateral = 0;
    constexpr int kAccounts = 20'000;
    for (std::uint64_t i = 0; i < kAccounts; ++i) {
        accounts.make(i, account);
        double notional = 0;
        for (const auto& p : account.positions) {
            ++holders[p.instrument.index()];
            ++positions;
            longs += p.quantity.raw() > 0 ? 1 : 0;
            const auto& row = market.instruments[p.instrument.index()];
            notional +=
                static_cast<double>(magnitude(row.scale.value(row.mark, p.quantity)).raw()) * 1e-8;
        }
        collateral += account.balances.size() > 1 ? 1 : 0;
        const auto equity = static_cast<double>(
            core::evaluate({account.balances, account.positions}, market).equity.raw());
        above_20x += notional > 20 * equity ? 1 : 0;
        below_4x += notional < 4 * equity ? 1 : 0;
    }
    CHECK(above_20x > kAccounts / 100);
    CHECK(above_20x < kAccounts / 10);
    CHECK(below_4x > kAccounts / 3);
    CHECK(longs > positions / 2);
    CHECK(longs < positions * 7 / 10);
    CHECK(collateral > kAccounts / 5);
    CHECK(holders[0] > holders[4]);
    CHECK(holders[4] > holders[20]);
    CHECK(holders[20] > 0);
}

TEST_CASE("account k of a seed is the same whenever it is made") {
    const config::Settings settings = demo();
    const daemon::Valuation now(settings.risk, settings.reference_prices, 1);
    const daemon::SyntheticAccounts accounts(settings.risk, now.engine().market().view(), {});
    daemon::SyntheticOptions other_seed;
    other_seed.seed = 2;
    const daemon::SyntheticAccounts others(settings.risk, now.engine().market().view(), other_seed);
    daemon::SyntheticAccount first;
    daemon::SyntheticAccount again;
    accounts.make(5, first);
    accounts.make(17, again);
    accounts.make(5, again);
    CHECK(first.key == again.key);
    REQUIRE(first.positions.size() == again.positions.size());
    CHECK(first.positions[0].quantity == again.positions[0].quantity);
    CHECK(first.balances[0].amount == again.balances[0].amount);
    others.make(5, again);
    CHECK(first.balances[0].amount != again.balances[0].amount);
}

TEST_CASE("warnings name what is sound but probably not meant") {
    config::Settings settings = demo();
    core::RiskParameters& risk = settings.risk;
    const auto has = [&](const std::string& text) {
        for (const std::string& warning : daemon::warnings_of(settings)) {
            if (warning.find(text) != std::string::npos) return true;
        }
        return false;
    };
    CHECK_FALSE(has("has no sources"));
    CHECK_FALSE(has("quorum"));
    CHECK_FALSE(has("no source uses it"));
    risk.instruments[1].quorum_index = 9;
    CHECK(has("instrument ETH-PERP: quorum_index 9 is more than its"));
    risk.feeds.push_back("idle");
    CHECK(has("feed idle: no source uses it"));
    risk.sources.erase(
        std::remove_if(risk.sources.begin(), risk.sources.end(),
                       [](const auto& s) { return s.instrument == core::InstrumentId(0); }),
        risk.sources.end());
    CHECK(has("instrument BTC-PERP: has no sources"));
}
