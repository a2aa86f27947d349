#include <random>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "config/yaml_reader.hpp"

using namespace margind;

namespace {

const char* const kSmall = R"(
assets:
  - {name: USD}
  - {name: USDT, priced_by: USDT-USD, haircut: 2%}
feeds:
  - {name: spot, venue: binance_spot, url: "ws://127.0.0.1:9103"}
instrument_defaults:
  quote: USD
  price_decimals: 2
  quantity_decimals: 3
  rate: {z_initial: 4, z_maintenance: 2, cap: 50%}
  tiers:
    - {notional_up_to: 1000, initial_rate: 10%, maintenance_rate: 5%}
    - {initial_rate: 20%, maintenance_rate: 10%}
instruments:
  - name: BTC-PERP
    multiplier: 0.01
    price_max: 1000000
    lot: 0.005
    reference_price: 60000.5
    rate: {cap: 40%}
    sources:
      - {feed: spot, symbol: BTCUSDT, channel: book_top, quote: USDT, weight: 3, stale_after: 2s}
  - name: USDT-USD
    kind: spot
    price_decimals: 6
    price_max: 10
)";

config::Loaded load(const std::string& text) {
    return config::load_text(text, "x/test.yaml");
}

}  // namespace

TEST_CASE("a config becomes typed settings, exactly") {
    const config::Loaded loaded = load(kSmall);
    for (const auto& problem : loaded.problems) FAIL_CHECK(to_string(problem));
    const core::RiskParameters& risk = loaded.settings.risk;
    REQUIRE(risk.instruments.size() == 2);
    const core::Instrument& btc = risk.instruments[0];
    CHECK(btc.kind == core::InstrumentKind::linear_perpetual);
    CHECK(btc.quote == core::AssetId(0));
    // 0.01 * 10^(16 - 2 - 3)
    CHECK(btc.scale.factor() == 1'000'000'000);
    CHECK(btc.price_max.raw() == 100'000'000);
    CHECK(btc.lot.raw() == 5);
    CHECK(loaded.settings.reference_prices[0].raw() == 6'000'050);
    CHECK(loaded.settings.reference_prices[1].raw() == 0);
    REQUIRE(btc.tiers.size() == 2);
    CHECK(btc.tiers[0].notional_up_to.raw() == core::Int128{1'000} * 100'000'000 * 100'000'000);
    CHECK(btc.tiers[1].maintenance_rate.raw() == 10'000'000);
    REQUIRE(risk.sources.size() == 1);
    CHECK(risk.sources[0].quote == core::AssetId(1));
    CHECK(risk.sources[0].weight == 3);
    CHECK(risk.sources[0].stale_after == core::Duration::from_seconds(2));
    CHECK(risk.assets[1].priced_by == core::InstrumentId(1));
    CHECK(risk.assets[1].haircut[core::MarginLevel::maintenance].raw() == 2'000'000);
}

TEST_CASE("defaults lie under an instrument key by key, lists as a whole") {
    const config::Loaded loaded = load(kSmall);
    const core::Instrument& btc = loaded.settings.risk.instruments[0];
    CHECK(btc.rate.cap.raw() == 40'000'000);  // its own
    CHECK(btc.rate.z_initial == 4);           // from the defaults
    CHECK(btc.price_decimals == 2);
    const core::Instrument& usdt = loaded.settings.risk.instruments[1];
    CHECK(usdt.price_decimals == 6);
    CHECK(usdt.tiers.empty());  // a spot instrument takes no tiers from the defaults
}

TEST_CASE("a feed without a url gets its venue's") {
    std::string text = kSmall;
    const std::string url = ", url: \"ws://127.0.0.1:9103\"";
    text.erase(text.find(url), url.size());
    const config::Loaded loaded = load(text);
    REQUIRE(loaded.problems.empty());
    CHECK(loaded.settings.feeds[0].url == "wss://stream.binance.com:9443/stream");
}

TEST_CASE("relative paths are relative to the config's folder") {
    const config::Loaded loaded =
        load(std::string(kSmall) + "accounts: {file: a.ndjson}\nlog: {file: /var/log/m.log}\n");
    REQUIRE(loaded.problems.empty());
    CHECK(loaded.settings.accounts.file == "x/a.ndjson");
    CHECK(loaded.settings.log.file == "/var/log/m.log");
}

TEST_CASE("a file that is not there, or is no file, is one problem") {
    CHECK(config::load("/nowhere/x.yaml").problems.size() == 1);
    CHECK(config::load("/").problems.size() == 1);
}

TEST_CASE("what is not a config never throws, and is never taken for one") {
    for (const char* text :
         {"", "[]", "42", "a: [", "a: b: c", "\t", "---\na: 1\n---\nb: 2\n", "{", "&a [*a]",
          "? [x]\n: y", "assets: 1\ninstruments: {}\nfeeds: x\nladder: []\n",
          "assets: [1, [2], ~]\n", "!!binary x", "\xff\xfe"}) {
        INFO(text);
        CHECK_FALSE(load(text).problems.empty());
    }
}

TEST_CASE("a damaged config is refused or still sound, never a crash") {
    std::mt19937 random(20'251'010);  // fixed seed
    INFO("seed 20251010");
    std::size_t refused = 0;
    for (int round = 0; round < 2'000; ++round) {
        std::string text = kSmall;
        for (int i = 0; i < 3; ++i) {
            text[random() % text.size()] = static_cast<char>(' ' + random() % 95);
        }
        const config::Loaded loaded = load(text);
        if (loaded.problems.empty()) {
            CHECK(core::validate(loaded.settings.risk).empty());
        } else {
            ++refused;
        }
    }
    CHECK(refused > 1'000);
}

TEST_CASE("edit distance counts single changes") {
    CHECK(config::edit_distance("", "abc") == 3);
    CHECK(config::edit_distance("haircut", "haircut") == 0);
    CHECK(config::edit_distance("harcut", "haircut") == 1);
    CHECK(config::edit_distance("weight", "height") == 1);
    CHECK(config::edit_distance("ab", "ba") == 2);
}
