#include <catch2/catch.hpp>

#include "daemon/explain/columns.hpp"
#include "daemon/explain/explanation.hpp"
#include "daemon/explain/level_seen.hpp"
#include "daemon/explain/mode_switch.hpp"
#include "tests/support/book.hpp"
#include "tests/support/explained_sums.hpp"

using namespace margind;
using namespace margind::core;
using namespace margind::test;

namespace {

// Six instruments that between them use every rule of positions, and collateral with every rule of
// balances.
RiskParameters rich_venue() {
    RiskParameters p = small_venue();
    const AssetId usd(0);
    const auto add = [&](const std::string& name) -> Instrument& {
        p.instruments.push_back(instrument(name, usd));
        p.instruments.back().rules.plain = false;
        p.instruments.back().rules.terms.unit = quantity(1);
        add_source(p, static_cast<std::uint32_t>(p.instruments.size() - 1), usd);
        return p.instruments.back();
    };
    p.instruments[0].tiers = {{notional(1'000), rate(0.10), rate(0.05)},
                              {notional(3'000), rate(0.15), rate(0.08), rate(0.09)},
                              {notional(0), rate(0.2), rate(0.15)}};
    p.instruments[0].rate = {.z_initial = 3, .z_maintenance = 2, .cap = rate(0.25)};
    p.instruments[0].volatility.initial_annual = 25;

    Instrument& worst = add("WORST");
    worst.rules.terms.orders = OrderRule::worst_fill;
    worst.rules.terms.slippage = {rate(0.003), rate(0.0007)};
    worst.rules.terms.slope = {rate(0.01), quantity(7)};
    worst.rules.terms.slope_share = rate(0.9);
    worst.rules.terms.minimum = money(3);
    worst.rules.terms.order_charge = money(0.01);
    worst.rules.terms.flag_reward = rate(0.03);
    worst.rules.open_interest = {money(1'000), money(100'000), {}};
    worst.rules.slow_price = true;
    worst.slow_price.growth_per_second = rate(0.0001);
    worst.slow_price.slot_growth = rate(0.06);
    worst.rules.confidence.multiplier = rate(1);

    Instrument& sides = add("SIDES");
    sides.rules.terms.orders = OrderRule::by_side;
    sides.rules.terms.long_rate = rate(0.02);
    sides.rules.terms.short_rate = rate(0.04);
    sides.rules.terms.charge_per_unit = money(0.3);

    Instrument& beyond = add("BEYOND");
    beyond.rules.terms.orders = OrderRule::beyond_position;
    beyond.rules.terms.maintenance_of_initial = {rate(0.1), rate(0.6)};
    beyond.rules.terms.rounding = {money(0.000001), money(0.000001)};

    Instrument& apart = add("APART");
    apart.rules.terms.gains.apart = true;
    apart.rules.terms.gains.weight = PerLevel<Rate>(rate(0.8), rate(1));
    apart.rules.terms.premium.factor = rate(0.05);

    Instrument& netted = add("NETTED");
    netted.rules.terms.gains.net_of_margin = true;
    netted.rules.terms.gains.weight = rate(0.7);

    Instrument& inverse = add("INVERSE");
    inverse.kind = InstrumentKind::inverse_perpetual;
    inverse.settle = AssetId(1);
    inverse.scale = ContractScale::from_factor(100'000'000);
    inverse.rules.terms.unit = Quantity::from_raw(1);

    Asset& btc = p.assets[1];
    btc.haircut = PerLevel<Rate>(rate(0.1), rate(0.05));
    btc.liability_weight = PerLevel<Rate>(rate(1.2), rate(1.1));
    btc.rules.plain = false;
    btc.rules.slow_price = true;
    btc.rules.redemption = true;
    btc.rules.confidence.multiplier = rate(2);
    btc.rules.depeg = {UnitPrice::from_raw(200 * kUnit), rate(0.001)};
    btc.rules.concentration = {money(500), money(500)};
    p.instruments[0].slow_price.growth_per_second = rate(0.0001);
    p.instruments[0].slow_price.slot_growth = rate(0.06);
    p.ladder.close_out_buffer = rate(0.02);
    p.ladder.target_of = MarginLevel::close_out;
    p.keeper_reward = KeeperRule<Ledger>{money(0.1), money(0.2), {money(1), rate(0.5)}};
    return p;
}

void give_market(Driver& d, Random& random) {
    const auto send = [&](std::uint32_t source, double value, double confidence) {
        PriceInput input;
        input.source = SourceId(source);
        input.channel = Channel::oracle;
        input.price = price(value);
        input.confidence = price(confidence);
        return d.apply(Input::of(input));
    };
    for (std::uint32_t s = 0; s < d.engine.parameters().sources.size(); ++s) {
        REQUIRE(send(s, 90 + 20 * random.unit(), random.unit()) == Refusal::none);
    }
    d.set_statistic(Statistic::open_interest, 2, money(30'000).raw());
    d.set_statistic(Statistic::expected_funding, 3, money(-0.1).raw());
    d.set_statistic(Statistic::total_deposits, 1, money(20 * random.unit()).raw());
    d.set_statistic(Statistic::total_borrows, 1, money(20 * random.unit()).raw());
    if (random.chance(0.5)) d.set_statistic(Statistic::redemption_value, 1, price(93).raw());
    // Prices move on, slow prices stay behind.
    for (std::uint32_t s = 0; s < d.engine.parameters().sources.size(); ++s) {
        d.now = d.now + Duration::from_ms(10);
        REQUIRE(send(s, 90 + 20 * random.unit(), random.unit()) == Refusal::none);
    }
}

void give_account(Driver& d, Random& random) {
    const AccountKey a = key("a");
    const auto around = [&](double x) { return (random.unit() * 2 - 1) * x; };
    for (std::uint32_t i = 0; i < d.engine.parameters().instruments.size(); ++i) {
        const bool inverse = d.engine.parameters().instruments[i].name == "INVERSE";
        AccountInput record;
        record.key = a;
        record.last = Last::no;
        record.id = i;
        if (random.chance(0.8)) {
            const Quantity size = inverse
                                      ? Quantity::from_raw(static_cast<std::int64_t>(around(900)))
                                      : quantity(around(40));
            d.set_position(a, i, size, price(90 + 20 * random.unit()), Last::no);
            if (size.raw() != 0 && random.chance(0.5)) {
                record.record = AccountRecord::accrued;
                record.amount = money(around(1)).raw();
                d.apply(Input::of(record));
                record.record = AccountRecord::leverage;
                record.amount = rate(1 + 20 * random.unit()).raw();
                d.apply(Input::of(record));
            }
        }
        for (int o = 0; o < 3 && random.chance(0.5); ++o) {
            record.record = AccountRecord::order;
            record.amount = inverse ? 5 : quantity(around(30)).raw();
            record.price = price(100).raw();
            d.apply(Input::of(record));
        }
    }
    d.set_balance(a, 1, money(around(10)), Last::no);
    REQUIRE(d.set_balance(a, 0, money(around(5'000))) == Refusal::none);
}

std::string explained(const Driver& d, const AccountKey& account) {
    fmt::memory_buffer out;
    daemon::explain(d.engine, *d.engine.find(account), out);
    return {out.data(), out.size()};
}

// The figures of a line of a table, one blank between them.
std::string row_of(const std::string& table, const std::string& name) {
    const std::size_t at = table.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    std::istringstream rest(table.substr(at + 1 + name.size()));
    std::string line;
    std::getline(rest, line);
    std::istringstream figures(line);
    std::string out;
    for (std::string figure; figures >> figure;) out += (out.empty() ? "" : " ") + figure;
    return out;
}

}  // namespace

TEST_CASE("exact decimals: every digit that is not zero, and no other") {
    CHECK(daemon::exact(Int128{0}, 8) == "0");
    CHECK(daemon::exact(Int128{-1}, 8) == "-0.00000001");
    CHECK(daemon::exact(Int128{1'234'500'000}, 8) == "12.345");
    CHECK(daemon::exact(Int128{700}, 0) == "700");
    CHECK(daemon::exact(Value::from_raw(Int128{3} * kScale * kScale + 1)) == "3.0000000000000001");
}

TEST_CASE("the venue of these tests is one that can be used") {
    CHECK(validate(rich_venue()) == std::vector<std::string>{});
}

TEST_CASE("what is printed adds up to what is printed, and to what the engine says") {
    constexpr std::uint64_t kSeed = 20251010;
    INFO("seed " << kSeed);
    Random random(kSeed);
    for (int round = 0; round < 200; ++round) {
        INFO("round " << round);
        Driver d(rich_venue());
        give_market(d, random);
        give_account(d, random);
        const std::string text = explained(d, key("a"));
        INFO(text);
        std::vector<std::string> equities;
        std::vector<std::string> margins;
        for (const PrintedSum& sum : printed_sums(text)) {
            INFO("= " << sum.name << " " << sum.amount);
            CHECK(sum.adds_up);
            if (sum.name == "equity") equities.push_back(sum.amount);
            if (sum.name == "margin") margins.push_back(sum.amount);
        }
        const Evaluation e = d.figures(key("a"));
        REQUIRE(equities.size() == 3);
        REQUIRE(margins.size() == 3);
        std::size_t n = 0;
        for (const MarginLevel level : kAllMarginLevels) {
            CHECK(equities[n] == daemon::exact(e.at(level).equity));
            CHECK(margins[n] == daemon::exact(e.at(level).margin));
            ++n;
        }
    }
}

TEST_CASE("the terms that are seen add up to each position's requirement") {
    Random random(7);
    INFO("seed 7");
    std::array<bool, static_cast<std::size_t>(RequirementTerm::rounding) + 1> seen_kinds{};
    for (int round = 0; round < 200; ++round) {
        Driver d(rich_venue());
        give_market(d, random);
        give_account(d, random);
        const AccountView account = d.engine.view(AccountSlot(0));
        for (const MarginLevel level : kAllMarginLevels) {
            const daemon::LevelSeen seen(account, d.engine.market().view(), level);
            CHECK(seen.figures.equity == d.figures(key("a")).at(level).equity);
            CHECK(seen.figures.margin == d.figures(key("a")).at(level).margin);
            for (std::size_t p = 0; p < account.positions.size(); ++p) {
                WeightedValue sum;
                for (const daemon::TermSeen& term : seen.positions[p].terms) {
                    sum += term.amount;
                    seen_kinds[static_cast<std::size_t>(term.kind)] = true;
                }
                const auto* terms = d.engine.market()
                                        .view()
                                        .instruments[account.positions[p].instrument.index()]
                                        .terms;
                if (terms != nullptr && terms->gains.net_of_margin) continue;
                CHECK(sum == seen.positions[p].figures.requirement);
            }
        }
    }
    for (const RequirementTerm kind :
         {RequirementTerm::tier, RequirementTerm::side_rate, RequirementTerm::slippage,
          RequirementTerm::slippage_by_size, RequirementTerm::slope,
          RequirementTerm::maintenance_of_initial, RequirementTerm::size_premium,
          RequirementTerm::least_rate, RequirementTerm::resting_orders, RequirementTerm::minimum,
          RequirementTerm::provision, RequirementTerm::rounding}) {
        INFO(static_cast<int>(kind));
        CHECK(seen_kinds[static_cast<std::size_t>(kind)]);
    }
}

TEST_CASE("an explanation says which price, which rate and why") {
    RiskParameters p = small_venue();
    p.instruments[0].tiers = {{notional(500), rate(0.10), rate(0.05)},
                              {notional(0), rate(0.20), rate(0.10)}};
    Driver d(p);
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(key("a"), 0, money(90), Last::no);
    d.set_balance(key("a"), 1, money(0.5), Last::no);
    d.set_position(key("a"), 0, quantity(10), price(105));
    const std::string text = explained(d, key("a"));
    INFO(text);
    const auto has = [&](const std::string& words) {
        return text.find(words) != std::string::npos;
    };
    CHECK(has("account a: margin_call"));
    CHECK(has("position BTC-PERP: long 10"));
    CHECK(has("10 from 105 to 100"));
    CHECK(has("tier 1 of 2"));
    CHECK(has("500 x 0.05, the tier's own rate"));
    CHECK(has("500 x 0.2, the tier's own rate"));
    CHECK(has("1 - haircut 0.1"));
    CHECK(has("index of BTC-PERP"));
    CHECK(has("As at the maintenance level."));
    CHECK(has("1 x maintenance margin 75; equity 85: not reached"));
    CHECK(has("1.5 x maintenance margin 75; equity 85: reached"));
    CHECK(has("liquidation prices, other prices held"));
    CHECK_FALSE(has("keeper reward"));
}

TEST_CASE("an explanation says what is set aside for who liquidates") {
    RiskParameters p = small_venue();
    p.keeper_reward = KeeperRule<Ledger>{money(1), money(2), {money(4), rate(0)}};
    Driver d(p);
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(key("a"), 0, money(90), Last::no);
    d.set_position(key("a"), 0, quantity(10), price(100));
    const std::string text = explained(d, key("a"));
    INFO(text);
    const std::size_t line = text.find("+ keeper reward ");
    REQUIRE(line != std::string::npos);
    CHECK(printed_amount(text.substr(line - 2)) == "7");
    CHECK(text.find("set aside for who liquidates", line) < text.find('\n', line));
}

TEST_CASE("switching mode shows both accounts, and changes neither") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(key("a"), 0, money(300), Last::no);
    d.set_position(key("a"), 1, quantity(20), price(10), Last::no);
    d.set_position(key("a"), 0, quantity(10), price(100));
    const Evaluation before = d.figures(key("a"));
    const AccountSlot slot = *d.engine.find(key("a"));
    fmt::memory_buffer out;
    CHECK(daemon::explain_switch(d.engine, slot, "BTC-PERP:isolated=120", out) == "");
    const std::string text(out.data(), out.size());
    INFO(text);
    const auto has = [&](const std::string& words) {
        return text.find(words) != std::string::npos;
    };
    CHECK(has("BTC-PERP of a to isolated margin, with 120 USD; nothing is changed"));
    CHECK(has("the initial margin would be met"));
    // Now: equity 300, maintenance 50 + 10; then 180 with 10, and 120 with 50.
    CHECK(row_of(text, "maintenance equity") == "300 180 120");
    CHECK(row_of(text, "maintenance margin") == "60 10 50");
    CHECK(row_of(text, "state") == "healthy healthy healthy");
    // Isolated: 120 + 10 (P - 100) < 0.05 * 10 P below 880 / 9.5 = 92.6315...
    CHECK(has("92.6315789"));
    CHECK(d.figures(key("a")).equity == before.equity);

    out.clear();
    CHECK(daemon::explain_switch(d.engine, slot, "BTC-PERP:isolated=60", out) == "");
    CHECK(std::string(out.data(), out.size())
              .find("isolated BTC-PERP would be short of its initial margin by 40 USD") !=
          std::string::npos);

    out.clear();
    for (const auto& [request, problem] : std::vector<std::pair<std::string, std::string>>{
             {"BTC-PERP", "must be INSTRUMENT:isolated=MARGIN"},
             {"X:isolated=1", "'X' is no instrument"},
             {"BTC-PERP:isolated=1000", "the account has 300 USD, less than 1000"},
             {"BTC-PERP:isolated=-1", "MARGIN: must not be negative"},
             {"BTC-PERP:isolated=x", "MARGIN: must be a decimal number"},
             {"BTC-PERP:both", "'both' is no mode"},
             {"BTC-PERP:cross", "the account is not the isolated margin of BTC-PERP"}}) {
        INFO(request);
        CHECK(daemon::explain_switch(d.engine, slot, request, out).find(problem) == 0);
        CHECK(out.size() == 0);
    }
}

TEST_CASE("an isolated position can be looked at as it would be in the main account") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(key("a"), 0, money(100));
    AccountInput isolated;
    isolated.key = key("a", "btc");
    isolated.record = AccountRecord::isolated;
    isolated.last = Last::no;
    d.apply(Input::of(isolated));
    d.set_balance(key("a", "btc"), 0, money(60), Last::no);
    d.set_position(key("a", "btc"), 0, quantity(-10), price(100));
    fmt::memory_buffer out;
    CHECK(daemon::explain_switch(d.engine, *d.engine.find(key("a", "btc")), "BTC-PERP:cross",
                                 out) == "");
    const std::string text(out.data(), out.size());
    INFO(text);
    CHECK(text.find("a now") != std::string::npos);
    CHECK(text.find("a/btc now") != std::string::npos);
    CHECK(text.find("a then") != std::string::npos);
    CHECK(row_of(text, "initial equity") == "100 60 160");
}

TEST_CASE("account names are owner or owner/sub") {
    AccountKey k;
    CHECK(daemon::read_account_name("alice", k));
    CHECK(k == key("alice"));
    CHECK(daemon::read_account_name("alice/main", k));
    CHECK(k == key("alice", "main"));
    CHECK_FALSE(daemon::read_account_name("", k));
    CHECK_FALSE(daemon::read_account_name("/x", k));
    CHECK_FALSE(daemon::read_account_name("a/b/c", k));
}
