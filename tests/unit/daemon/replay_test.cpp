#include "daemon/replay/replay.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <zlib.h>

#include "config/settings.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/replay/recorded_inputs.hpp"

namespace margind::daemon {
namespace {

namespace fs = std::filesystem;

// A folder of its own, gone with the test.
struct Folder {
    Folder() : path(fs::temp_directory_path() / ("margind-replay-" + std::to_string(getpid()))) {
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    fs::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
        return path / name;
    }
    const fs::path path;
};

std::string read_all(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

config::Settings settings(const std::string& more = "") {
    const config::Loaded loaded = config::load_text(R"(
valuation_currency: USD
assets: [{name: USD}]
feeds:
  - {name: usdm, venue: binance_usdm, url: "ws://127.0.0.1:1"}
  - {name: other, venue: pyth}
instruments:
  - name: BTC-PERP
    quote: USD
    price_max: 1000000
    tiers: [{initial_rate: 2%, maintenance_rate: 1%}]
    rate: {z_initial: 4, z_maintenance: 3, horizon: 5m, cap: 50%}
    volatility: {half_life: 2s, sample_interval: 100ms}
    hold_max: 1s
    sources:
      - {feed: usdm, symbol: BTCUSDT, channel: book_top, role: mark}
      - {feed: usdm, symbol: BTCUSDT, channel: trade, role: index}
)" + more,
                                                    "replay.yaml");
    for (const config::Problem& problem : loaded.problems) FAIL(config::to_string(problem));
    return loaded.settings;
}

std::string trade(const std::string& connection, const std::string& time, int id, int price) {
    return R"({"conn":")" + connection + R"(","dir":"in","t":)" + time +
           R"(,"raw":"{\"e\":\"trade\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"t\":)" +
           std::to_string(id) + R"(,\"p\":\")" + std::to_string(price) +
           R"(\",\"q\":\"1\",\"X\":\"MARKET\",\"m\":true}"})" + "\n";
}

std::vector<std::int64_t> prices(const RecordedInputs& recorded) {
    std::vector<std::int64_t> all;
    for (const core::Input& input : recorded.inputs) {
        if (input.kind == core::InputKind::price) {
            all.push_back(input.price.price.raw() / core::kScale);
        }
    }
    return all;
}

TEST_CASE("recordings merge by time, then connection, then line") {
    const Folder folder;
    const fs::path first =
        folder.write("binance_usdm_a.jsonl",
                     trade("x", "3000000000", 1, 101) + trade("y", "1000000000", 1, 102) +
                         trade("x", "2000000000", 2, 103) +  // its clock stepped back
                         trade("y", "3000000000", 2, 104));
    const fs::path second = folder.write(
        "binance_usdm_b.jsonl", trade("x", "3000000000", 1, 105) + trade("x", "500000000", 2, 106));
    const RecordedInputs recorded =
        read_recordings(settings(), {first, second}, MissingTime::refuse);
    REQUIRE(recorded.problems.empty());
    // 103 keeps its place behind 101; of connections with equal times the first named comes first.
    CHECK(prices(recorded) == std::vector<std::int64_t>{102, 101, 103, 104, 105, 106});
    CHECK(std::is_sorted(recorded.inputs.begin(), recorded.inputs.end(),
                         [](const core::Input& a, const core::Input& b) {
                             return a.receive_time < b.receive_time;
                         }));
    // Each of the three connections begins with its feed connecting, then live.
    CHECK(std::count_if(recorded.inputs.begin(), recorded.inputs.end(), [](const core::Input& i) {
              return i.kind == core::InputKind::feed_state;
          }) == 6);
}

TEST_CASE("a compressed recording is the same recording") {
    const Folder folder;
    const std::string text = trade("x", "1000000000", 1, 101) + trade("x", "2000000000", 2, 102);
    const fs::path plain = folder.write("binance_usdm.jsonl", text);
    const fs::path packed = folder.path / "usdm.jsonl.gz";
    gzFile out = gzopen(packed.c_str(), "wb");
    REQUIRE(gzwrite(out, text.data(), static_cast<unsigned>(text.size())) > 0);
    gzclose(out);
    CHECK(prices(read_recordings(settings(), {packed}, MissingTime::refuse)) ==
          prices(read_recordings(settings(), {plain}, MissingTime::refuse)));
}

TEST_CASE("a line without a time is a problem, or takes the time of the line before") {
    const Folder folder;
    const fs::path file = folder.write(
        "usdm.jsonl", trade("x", "null", 1, 101) + trade("x", "7000000000", 2, 102) +
                          trade("x", "null", 3, 103) + trade("y", "5000000000", 1, 104));
    const RecordedInputs refused = read_recordings(settings(), {file}, MissingTime::refuse);
    REQUIRE(refused.problems.size() == 2);
    CHECK(refused.problems[0].find("usdm.jsonl:1: no time") != std::string::npos);
    CHECK(refused.problems[1].find("usdm.jsonl:3: no time") != std::string::npos);
    const RecordedInputs assumed = read_recordings(settings(), {file}, MissingTime::assume);
    CHECK(assumed.problems.empty());
    CHECK(assumed.tally.time_assumed == 2);
    CHECK(prices(assumed) == std::vector<std::int64_t>{101, 104, 102, 103});
}

TEST_CASE("what cannot be used is named with its place") {
    const Folder folder;
    const fs::path file = folder.write(
        "unheard.jsonl", trade("x", "1000000000", 1, 101) + "{\"dir\":\"sideways\"}\nrubbish\n" +
                             R"({"account":"a","balances":{"EUR":"1"},"t":1000000000})" + "\n" +
                             R"({"dir":"meta","conn":"z","feed":"nobody"})" + "\n");
    const RecordedInputs recorded = read_recordings(settings(), {file}, MissingTime::refuse);
    CHECK(recorded.inputs.empty());
    CHECK(recorded.tally.left_out == 1);
    REQUIRE(recorded.notices.size() == 1);
    CHECK(recorded.notices[0].find("no feed of the config") != std::string::npos);
    REQUIRE(recorded.problems.size() == 4);
    CHECK(recorded.problems[0].find("unheard.jsonl:2: ") != std::string::npos);
    CHECK(recorded.problems[1].find("unheard.jsonl:3: ") != std::string::npos);
    CHECK(recorded.problems[2].find("unheard.jsonl:4: ") != std::string::npos);
    CHECK(recorded.problems[3].find("unheard.jsonl:5: ") != std::string::npos);
}

// Real recorded prices, accounts near their thresholds, and updates of accounts in between.
TEST_CASE(
    "event bodies are the same in every layout, idle strategy, queue size and number of shards") {
    const Folder folder;
    std::string accounts;
    for (int i = 0; i < 200; ++i) {
        accounts += R"({"account":"a)" + std::to_string(i) + R"(","balances":{"USD":")" +
                    std::to_string(275 + i) +
                    R"("},"positions":[{"instrument":"BTC-PERP","quantity":")" +
                    (i % 2 == 0 ? "1" : "-1") + R"(","entry_price":"28150"}]})" + "\n";
    }
    const fs::path accounts_file = folder.write("accounts.ndjson", accounts);
    // The BTC recording alone: the others are years away, and would be silence.
    std::string recording;
    std::istringstream lines(
        read_all(MARGIND_SOURCE_DIR "/tests/data/captures/binance_usdm.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        if (line.find("usdm-btc-20230404\"") != std::string::npos) recording += line + "\n";
    }
    const fs::path prices_file = folder.write("binance_usdm.jsonl", recording);
    const auto t = recording.find("\"t\":168");
    REQUIRE(t != std::string::npos);
    const std::string time = recording.substr(t + 4, recording.find(',', t) - t - 4);
    const std::string later = std::to_string(std::stoll(time) + 1'000'000'000);
    const fs::path updates_file = folder.write(
        "updates.ndjson",
        R"({"account":"a3","mode":"patch","balances":{"USD":"5"},"t":)" + later + "}\n" +
            R"({"account":"new","balances":{"USD":"1"},"positions":)" +
            R"([{"instrument":"BTC-PERP","quantity":"1","entry_price":"28000"}],"t":)" + later +
            "}\n");

    std::string expected;
    int variants = 0;
    // The last one names a core that no machine has: a replay pins nothing.
    for (const char* threads :
         {"{layout: inline}", "{layout: inline, engine_idle: spin}",
          "{layout: paired, engine_idle: spin}", "{layout: paired, engine_idle: yield}",
          "{layout: paired, engine_idle: park, io_idle: park}",
          "{layout: paired, engine_idle: yield}\nengine: {shards: 2}",
          "{layout: paired, engine_idle: park, engine_cpu: 500}\nengine: {shards: 8}"}) {
        for (const char* queues :
             {"{inputs: 1024, events: 1024, shard_inputs: 16, shard_events: 16}",
              "{inputs: 65536}"}) {
            config::Settings variant = settings(std::string("threads: ") + threads +
                                                "\nqueues: " + queues + "\naccounts: {max: 300}\n");
            variant.accounts.file = accounts_file;
            ReplayOptions options;
            options.inputs = {prices_file, updates_file};
            options.events_out = folder.path / "events.ndjson";
            REQUIRE(replay(variant, options) == kOk);
            const std::string bodies = read_all(options.events_out);
            if (expected.empty()) expected = bodies;
            CAPTURE(threads, queues);
            CHECK((bodies == expected));
            ++variants;
        }
    }
    CHECK(variants == 14);
    CHECK(std::count(expected.begin(), expected.end(), '\n') > 100);
    CHECK(expected.find("\"account\":\"new\"") != std::string::npos);
    CHECK(expected.find("liquidation") != std::string::npos);
}

}  // namespace
}  // namespace margind::daemon
