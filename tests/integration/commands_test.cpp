// The one-shot commands as a shell sees them: what they print, where, and how they exit.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace {

const std::string kDemo = MARGIND_SOURCE_DIR "/config/demo.yaml";

struct Result {
    int code = -1;
    std::string out;
    std::string err;
};

std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// A folder of its own, gone at the end.
class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "margind-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
    }
    ~Scratch() { std::filesystem::remove_all(folder_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return (folder_ / name).string();
    }
    Result run(const std::string& arguments) const {
        const std::string out = (folder_ / "out").string();
        const std::string err = (folder_ / "err").string();
        const std::string line =
            std::string(MARGIND_PROGRAM) + " " + arguments + " >" + out + " 2>" + err;
        const int status = std::system(line.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
    }

  private:
    std::filesystem::path folder_;
};

const char* const kConfig = R"(
assets:
  - {name: USD}
  - {name: BTC, priced_by: BTC-PERP, haircut: 10%}
instruments:
  - name: BTC-PERP
    quote: USD
    price_decimals: 2
    quantity_decimals: 3
    price_max: 1000000
    reference_price: 60000
    tiers:
      - {initial_rate: 10%, maintenance_rate: 5%}
)";

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("check says ok, or lists problems and exits 3") {
    const Scratch scratch;
    const Result good = scratch.run("check --config " + scratch.write("c.yaml", kConfig));
    CHECK(good.code == 0);
    CHECK(good.out == "ok: 2 assets, 1 instruments, 0 sources, 0 feeds, up to 100000 accounts\n");
    CHECK(good.err.find("BTC-PERP: has no sources") != std::string::npos);

    const std::string bad = scratch.write("bad.yaml", std::string(kConfig) + "sed: 1\n");
    const Result refused = scratch.run("check --config " + bad);
    CHECK(refused.code == 3);
    CHECK(refused.out.empty());
    CHECK(refused.err == bad + ":14 sed: is not a known key; did you mean seed?\n");
    CHECK(scratch.run("check --config /nowhere").code == 3);
    CHECK(scratch.run("check").code == 2);
}

TEST_CASE("evaluate prints one line per account, worked by hand") {
    const Scratch scratch;
    const std::string config = scratch.write("c.yaml", kConfig);
    // a: long 1 from 61000 at 60000: gain -1000; equity 7000 - 1000 = 6000; IM 6000; MM 3000; HF 2.
    // b: short 2 from 60000, 10 % haircut on 0.1 BTC: 0.1 * 60000 * 0.9 = 5400; MM 6000; HF 0.9.
    // c: no positions. d: debt and nothing else.
    const std::string accounts = scratch.write(
        "a.ndjson",
        R"({"account":"a","balances":{"USD":"7000"},"positions":[{"instrument":"BTC-PERP","quantity":"1","entry_price":"61000"}]})"
        "\n\n"
        R"({"account":"b","sub_account":"s","balances":{"BTC":0.1},"positions":[{"instrument":"BTC-PERP","quantity":-2,"entry_price":60000}]})"
        "\r\n"
        R"({"account":"c","balances":{"USD":"0.00000001"}})"
        "\n"
        R"({"account":"d","balances":{"USD":"-5"}})");
    const std::string prices =
        scratch.write("p.ndjson", R"({"instrument":"BTC-PERP","price":"60000"})"
                                  "\n");
    const Result result = scratch.run("evaluate --config " + config + " --accounts " + accounts +
                                      " --prices " + prices);
    CHECK(result.err.empty());
    CHECK(result.code == 0);
    CHECK(
        result.out ==
        R"({"account":"a","sub_account":"","equity":"6000","initial_margin":"6000","maintenance_margin":"3000","health_factor":"2","state":"healthy"}
{"account":"b","sub_account":"s","equity":"5400","initial_margin":"12000","maintenance_margin":"6000","health_factor":"0.9","state":"liquidation"}
{"account":"c","sub_account":"","equity":"0.00000001","initial_margin":"0","maintenance_margin":"0","health_factor":null,"state":"healthy"}
{"account":"d","sub_account":"","equity":"-5","initial_margin":"0","maintenance_margin":"0","health_factor":null,"state":"bankrupt"}
)");
}

TEST_CASE("evaluate prints nothing when a line is bad, and every bad line") {
    const Scratch scratch;
    const std::string config = scratch.write("c.yaml", kConfig);
    const std::string prices = scratch.write("p.ndjson", R"({"instrument":"BTC-PERP","price":6})");
    const std::string accounts = scratch.write(
        "a.ndjson",
        "{\"account\":\"a\"}\n"
        "{\"account\":\"b\",\"balances\":{\"EUR\":1}}\n"
        "nonsense\n"
        "{\"account\":\"c\",\"positions\":[{\"instrument\":\"BTC-PERP\",\"quantity\":1,"
        "\"entry_price\":1000001}]}\n");
    const auto run = [&](const std::string& a, const std::string& p) {
        return scratch.run("evaluate --config " + config + " --accounts " + a + " --prices " + p);
    };
    const Result result = run(accounts, prices);
    CHECK(result.code == 3);
    CHECK(result.out.empty());
    CHECK(result.err.find(accounts + ":2: balances.EUR: no such asset") != std::string::npos);
    CHECK(result.err.find(accounts + ":3: the line: is not a JSON object") != std::string::npos);
    CHECK(result.err.find(accounts + ":4: price_beyond_maximum: ") != std::string::npos);
    CHECK(lines_in(result.err) == 3);

    const std::string twice = scratch.write(
        "t.ndjson",
        "{\"instrument\":\"BTC-PERP\",\"price\":6}\n{\"instrument\":\"BTC-PERP\",\"price\":7}\n");
    CHECK(run(accounts, twice).err.find(":2: instrument: has a price in an earlier line") !=
          std::string::npos);
    CHECK(run(accounts, "/nowhere").code == 3);

    const std::string empty = scratch.write("e.ndjson", "");
    const std::string holder = scratch.write(
        "h.ndjson",
        "{\"account\":\"a\",\"positions\":[{\"instrument\":\"BTC-PERP\",\"quantity\":1,"
        "\"entry_price\":1}]}\n");
    const Result unpriced = run(holder, empty);
    CHECK(unpriced.code == 3);
    CHECK(unpriced.err == holder + ":1: needs a price of BTC-PERP; add it to the prices file\n");
}

TEST_CASE("generate repeats itself for a seed, and evaluate takes what it makes") {
    const Scratch scratch;
    const std::string some = "generate --config " + kDemo + " --accounts 2000 --near-share 0.1";
    const Result first = scratch.run(some + " --seed 7");
    CHECK(first.code == 0);
    CHECK(lines_in(first.out) == 2000);
    CHECK(scratch.run(some + " --seed 7").out == first.out);
    CHECK(scratch.run(some + " --seed 8").out != first.out);
    // The first accounts of a longer run are the same.
    const Result shorter =
        scratch.run("generate --config " + kDemo + " --accounts 10 --near-share 0.1 --seed 7");
    CHECK(first.out.substr(0, shorter.out.size()) == shorter.out);

    const std::string config = scratch.write("c.yaml", kConfig);
    const std::string prices =
        scratch.write("p.ndjson", "{\"instrument\":\"BTC-PERP\",\"price\":30000}\n");
    const std::string accounts = scratch.write(
        "a.ndjson", scratch
                        .run("generate --config " + config + " --accounts 500 --seed 3 " +
                             "--near-share 0 --prices " + prices)
                        .out);
    const Result evaluated = scratch.run("evaluate --config " + config + " --accounts " + accounts +
                                         " --prices " + prices);
    CHECK(evaluated.code == 0);
    CHECK(lines_in(evaluated.out) == 500);
    CHECK(evaluated.out.find("liquidation") == std::string::npos);
    CHECK(evaluated.out.find("bankrupt") == std::string::npos);
}

TEST_CASE("generate without a price to start from says what to give") {
    const Scratch scratch;
    std::string text = kConfig;
    const std::string reference = "    reference_price: 60000\n";
    text.erase(text.find(reference), reference.size());
    const Result result =
        scratch.run("generate --accounts 1 --config " + scratch.write("c.yaml", text));
    CHECK(result.code == 3);
    CHECK(result.out.empty());
    CHECK(result.err.find("give --prices, or reference_price") != std::string::npos);
}

TEST_CASE("output that cannot be written is a failure") {
    const Scratch scratch;
    const Result result =
        scratch.run("generate --config " + kDemo + " --accounts 10 > /dev/full #");
    CHECK(result.code == 1);
}
