// core::validate on its own: sound parameters pass, and each member out of range is named.
#include "core/parameters.hpp"

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>

using namespace margind::core;

namespace {

Rate percent(std::int64_t value) {
    return Rate::from_raw(value * kScale / 100);
}

RiskParameters sound() {
    RiskParameters p;
    p.assets.resize(2);
    p.assets[0].name = "USD";
    p.assets[1].name = "EUR";
    p.assets[1].priced_by = InstrumentId(1);
    p.instruments.resize(2);
    p.instruments[0].name = "X-PERP";
    p.instruments[0].quote = AssetId(0);
    p.instruments[0].price_max = Price::from_raw(kScale * 1'000);
    p.instruments[0].tiers = {{Value::from_raw(Int128{kScale} * kScale), percent(10), percent(5)},
                              {Value{}, percent(20), percent(10)}};
    p.instruments[1].name = "EUR-USD";
    p.instruments[1].kind = InstrumentKind::spot;
    p.instruments[1].quote = AssetId(0);
    p.instruments[1].price_max = Price::from_raw(kScale * 10);
    p.feeds = {"feed"};
    p.sources.resize(2);
    p.sources[0].instrument = InstrumentId(0);
    p.sources[1].instrument = InstrumentId(1);
    for (Source& source : p.sources) {
        source.feed = FeedId(0);
        source.symbol = "S";
        source.quote = AssetId(0);
    }
    return p;
}

// The places of the problems after one change.
std::vector<std::string> places_after(const std::function<void(RiskParameters&)>& change) {
    RiskParameters p = sound();
    change(p);
    std::vector<std::string> places;
    for (const std::string& problem : validate(p)) {
        REQUIRE(problem.find(": ") != std::string::npos);
        places.push_back(problem.substr(0, problem.find(": ")));
    }
    return places;
}

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("sound parameters have no problems") {
    CHECK(validate(sound()).empty());
}

TEST_CASE("bounds are inclusive where they say so") {
    CHECK(places_after([](auto& p) { p.sources[0].symbol = std::string(72, 'S'); }).empty());
    CHECK(places_after([](auto& p) { p.assets[0].haircut = kRateOne; }).empty());
    CHECK(places_after([](auto& p) { p.assets[0].liability_weight = percent(130); }).empty());
    CHECK(places_after([](auto& p) { p.instruments[0].rate.cap = percent(200); }).empty());
    CHECK(places_after([](auto& p) { p.instruments[0].hold_max = Duration{}; }).empty());
    CHECK(places_after([](auto& p) {
              p.instruments[0].tiers[0].maintenance_rate = percent(10);
          }).empty());
}

TEST_CASE("each member out of range is named") {
    const auto one = [](const char* place) { return Places{place}; };
    CHECK(places_after([](auto& p) { p.assets[0].haircut = Rate::from_raw(kScale + 1); }) ==
          one("assets[0].haircut"));
    CHECK(places_after([](auto& p) { p.assets[1].priced_by = InstrumentId(9); }) ==
          one("assets[1].priced_by"));
    CHECK(places_after([](auto& p) { p.instruments[0].rate.cap = percent(201); }) ==
          one("instruments[0].rate.cap"));
    CHECK(places_after([](auto& p) { p.instruments[0].rate.z_initial = -1; }) ==
          Places{"instruments[0].rate.z_initial", "instruments[0].rate.z_maintenance"});
    CHECK(places_after([](auto& p) { p.instruments[0].volatility.initial_annual = 0.0 / 0.0; }) ==
          one("instruments[0].volatility.initial_annual"));
    CHECK(places_after([](auto& p) { p.instruments[0].scale = ContractScale::from_factor(0); }) ==
          one("instruments[0].multiplier"));
    CHECK(places_after([](auto& p) { p.instruments[0].tiers[1].initial_rate = percent(9); }) ==
          Places{"instruments[0].tiers[1].maintenance_rate", "instruments[0].tiers[1]"});
    CHECK(places_after([](auto& p) { p.instruments[0].tiers.clear(); }) ==
          one("instruments[0].tiers"));
    CHECK(places_after([](auto& p) {
              p.instruments[0].tiers.resize(33, p.instruments[0].tiers[1]);
          }).front() == "instruments[0].tiers");
    CHECK(places_after([](auto& p) { p.sources[0].feed = FeedId(1); }) == one("sources[0].feed"));
    CHECK(places_after([](auto& p) { p.sources[0].role = Role::mark; }) ==
          one("instruments[0].sources"));
    CHECK(places_after([](auto& p) { p.sources[0].weight = 0; }) == one("sources[0].weight"));
    CHECK(places_after([](auto& p) { p.sources[0].symbol = std::string(73, 'S'); }) ==
          one("sources[0].symbol"));
    CHECK(places_after([](auto& p) { p.sources[0].symbol += '\0'; }) == one("sources[0].symbol"));
    CHECK(places_after([](auto& p) { p.max_accounts = 0; }) == one("max_accounts"));
    CHECK(places_after([](auto& p) { p.guard.jump_factor = 1; }) == one("guard.jump_factor"));
    CHECK(places_after([](auto& p) { p.ladder.liquidation_target = percent(102); }) ==
          one("ladder.liquidation_target"));
    CHECK(places_after([](auto& p) { p.feeds.push_back("feed"); }) == one("feeds[1].name"));
}

TEST_CASE("at most sixteen sources an instrument, none twice") {
    const auto with = [](std::size_t count) {
        return places_after([count](auto& p) {
            for (std::size_t i = 1; i < count; ++i) {
                Source source = p.sources[0];
                source.symbol += std::to_string(i);
                p.sources.push_back(source);
            }
        });
    };
    CHECK(with(16).empty());
    CHECK(with(17) == Places{"instruments[0].sources"});
    CHECK(places_after([](auto& p) { p.sources.push_back(p.sources[0]); }) == Places{"sources[2]"});
}

TEST_CASE("a conversion takes one step and no circle") {
    // Priced in euros: fine while EUR-USD itself is in dollars.
    CHECK(places_after([](auto& p) { p.sources[0].quote = AssetId(1); }).empty());
    // EUR-USD from a source in euros would need itself.
    CHECK(places_after([](auto& p) { p.sources[1].quote = AssetId(1); }) ==
          Places{"sources[1].quote"});
}
