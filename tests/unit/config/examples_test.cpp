// The shipped configs load, and the example and the page know every key the loader accepts.
#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "config/settings.hpp"

using namespace margind;

namespace {

std::string read(const std::string& path) {
    std::ifstream stream(MARGIND_SOURCE_DIR "/" + path, std::ios::binary);
    INFO(path);
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

config::Settings load_well(const std::string& path) {
    const config::Loaded loaded = config::load(MARGIND_SOURCE_DIR "/" + path);
    for (const config::Problem& problem : loaded.problems) FAIL_CHECK(to_string(problem));
    REQUIRE(loaded.problems.empty());
    return loaded.settings;
}

// What follows the last dot of each pattern.
std::string last_part(const std::string& key) {
    return key.substr(key.rfind('.') + 1);
}

// Whether the text has `key` as a YAML key, used or commented out.
bool mentions_key(const std::string& text, const std::string& key) {
    for (std::size_t at = text.find(key + ":"); at != std::string::npos;
         at = text.find(key + ":", at + 1)) {
        if (at == 0 || std::string(" {\n").find(text[at - 1]) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("every shipped config loads without a problem") {
    load_well("config/margind.example.yaml");
    load_well("config/live.example.yaml");
    load_well("config/demo.yaml");
}

TEST_CASE("the loader accepts the keys we think it does") {
    const std::vector<std::string> keys = config::accepted_keys();
    const std::set<std::string> set(keys.begin(), keys.end());
    CHECK(set.size() == keys.size());
    for (const char* key :
         {"valuation_currency", "assets[].haircut", "instruments[].tiers[].initial_rate",
          "instruments[].rate.z_initial", "instruments[].sources[].stale_after", "feeds[].ca_file",
          "ladder.warning.multiplier", "guard.jump_factor", "accounts.max", "threads.layout",
          "queues.inputs", "events.subscriber_buffer_bytes", "admin.port", "log.level", "seed"}) {
        INFO(key);
        CHECK(set.contains(key));
    }
}

TEST_CASE("the example and the page name every key the loader accepts") {
    const std::string example = read("config/margind.example.yaml");
    const std::string page = read("docs/configuration.md");
    for (const std::string& key : config::accepted_keys()) {
        INFO(key);
        CHECK(mentions_key(example, last_part(key)));
        CHECK(page.find("`" + last_part(key) + "`") != std::string::npos);
    }
}

TEST_CASE("the example states the defaults as they are") {
    const config::Settings stated = load_well("config/margind.example.yaml");
    const config::Settings fresh;
    CHECK(stated.threads.layout == fresh.threads.layout);
    CHECK(stated.threads.engine_idle == fresh.threads.engine_idle);
    CHECK(stated.queues.inputs == fresh.queues.inputs);
    CHECK(stated.queues.events == fresh.queues.events);
    CHECK(stated.events.port == fresh.events.port);
    CHECK(stated.events.subscribers_max == fresh.events.subscribers_max);
    CHECK(stated.events.subscriber_buffer_bytes == fresh.events.subscriber_buffer_bytes);
    CHECK(stated.events.heartbeat == fresh.events.heartbeat);
    config::JournalSettings journal = fresh.journal;  // there is none where no directory is named
    journal.directory = stated.journal.directory;
    CHECK(stated.journal == journal);
    CHECK(stated.admin.port == fresh.admin.port);
    CHECK(stated.log.level == fresh.log.level);
    CHECK(stated.seed == fresh.seed);
    CHECK(stated.risk.max_accounts == fresh.risk.max_accounts);
    CHECK(stated.risk.threshold_step == fresh.risk.threshold_step);
    CHECK(stated.risk.guard.jump_factor == fresh.risk.guard.jump_factor);
    CHECK(stated.risk.guard.max_clock_skew == fresh.risk.guard.max_clock_skew);
    CHECK(stated.risk.ladder.warning.multiplier == fresh.risk.ladder.warning.multiplier);
    CHECK(stated.risk.ladder.liquidation_target == fresh.risk.ladder.liquidation_target);
    CHECK(stated.risk.ladder.margin_call_deadline == fresh.risk.ladder.margin_call_deadline);
    CHECK(stated.feeds[0].silence_after == feeds::FeedOptions{}.silence_after);
    CHECK(stated.feeds[0].connect_timeout == feeds::FeedOptions{}.connect_timeout);
    CHECK(stated.feeds[0].backoff_first == feeds::FeedOptions{}.backoff_first);
    CHECK(stated.feeds[0].backoff_max == feeds::FeedOptions{}.backoff_max);
    CHECK(stated.risk.instruments[0].hold_max == core::Instrument{}.hold_max);
    CHECK(stated.risk.instruments[0].volatility.half_life == core::VolatilityRule{}.half_life);
    CHECK(stated.risk.instruments[0].rate.horizon == core::RateRule{}.horizon);
    CHECK(stated.risk.sources[0].stale_after == core::Source{}.stale_after);
}

TEST_CASE("the demo has a price to start from for every instrument") {
    const config::Settings demo = load_well("config/demo.yaml");
    REQUIRE(demo.reference_prices.size() == demo.risk.instruments.size());
    for (const core::Price price : demo.reference_prices) CHECK(price.raw() > 0);
}
