// The one-shot commands as a shell sees them: what they print, where, and how they exit.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/support/explained_sums.hpp"

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

TEST_CASE("every profile checks, and evaluates accounts as it is") {
    const Scratch scratch;
    std::size_t profiles = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(MARGIND_SOURCE_DIR "/config/profiles")) {
        INFO(entry.path());
        CHECK(scratch.run("check --config " + entry.path().string()).code == 0);
        ++profiles;
    }
    CHECK(profiles == 10);
    // 2 BTC at 60,000 on 40x: half of 2.5 %. The fill was at 61,000.
    const std::string accounts = scratch.write(
        "a.ndjson",
        R"({"account":"a","balances":{"USDC":"5000"},"positions":[{"instrument":"BTC","quantity":"2","entry_price":"61000"}]})");
    const std::string prices = scratch.write("p.ndjson", R"({"instrument":"BTC","price":"60000"})");
    const Result result = scratch.run("evaluate --config " MARGIND_SOURCE_DIR
                                      "/config/profiles/hyperliquid.yaml --accounts " +
                                      accounts + " --prices " + prices);
    CHECK(result.code == 0);
    CHECK(result.out.find(R"("equity":"3000")") != std::string::npos);
    CHECK(result.out.find(R"("initial_margin":"3000")") != std::string::npos);
    CHECK(result.out.find(R"("maintenance_margin":"1500")") != std::string::npos);
    CHECK(result.out.find(R"("state":"healthy")") != std::string::npos);
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
        R"({"account":"a","sub_account":"","equity":"6000","initial_margin":"6000","maintenance_margin":"3000","health_factor":"2","state":"healthy","levels":{"initial":{"equity":"6000","margin":"6000"},"maintenance":{"equity":"6000","margin":"3000"},"close_out":{"equity":"6000","margin":"3000"}},"positions":[{"instrument":"BTC-PERP","quantity":"1","asset":"USD","notional":"60000","margin":"3000","liquidation_price":"56842.1"}]}
{"account":"b","sub_account":"s","equity":"5400","initial_margin":"12000","maintenance_margin":"6000","health_factor":"0.9","state":"liquidation","levels":{"initial":{"equity":"5400","margin":"12000"},"maintenance":{"equity":"5400","margin":"6000"},"close_out":{"equity":"5400","margin":"6000"}},"positions":[{"instrument":"BTC-PERP","quantity":"-2","asset":"USD","notional":"120000","margin":"6000","liquidation_price":"59701.5"}]}
{"account":"c","sub_account":"","equity":"0.00000001","initial_margin":"0","maintenance_margin":"0","health_factor":null,"state":"healthy","levels":{"initial":{"equity":"0.00000001","margin":"0"},"maintenance":{"equity":"0.00000001","margin":"0"},"close_out":{"equity":"0.00000001","margin":"0"}},"positions":[]}
{"account":"d","sub_account":"","equity":"-5","initial_margin":"0","maintenance_margin":"0","health_factor":null,"state":"bankrupt","levels":{"initial":{"equity":"-5","margin":"0"},"maintenance":{"equity":"-5","margin":"0"},"close_out":{"equity":"-5","margin":"0"}},"positions":[]}
)");
}

namespace {

// One account long 1 at 61000, one isolated, prices at 60000.
struct Desk : Scratch {
    std::string config = write("c.yaml", kConfig);
    std::string prices = write("p.ndjson",
                               "{\"instrument\":\"BTC-PERP\",\"price\":\"60000\"}\n"
                               "{\"asset\":\"BTC\",\"total_deposits\":\"1000\"}\n"
                               "{\"instrument\":\"BTC-PERP\",\"open_interest\":\"5000000\"}\n");

    Result evaluate(const std::string& accounts, const std::string& options = "") const {
        return run("evaluate --config " + config + " --accounts " + write("a.ndjson", accounts) +
                   " --prices " + prices + " " + options);
    }
};

const char* const kAlice =
    "{\"account\":\"alice\",\"balances\":{\"USD\":\"7000\",\"BTC\":\"0.01\"},\"positions\":[{"
    "\"instrument\":\"BTC-PERP\",\"quantity\":\"1\",\"entry_price\":\"61000\",\"accrued\":\"-2.5\","
    "\"leverage\":5}],\"orders\":[{\"instrument\":\"BTC-PERP\",\"side\":\"buy\",\"quantity\":\"0."
    "5\","
    "\"price\":\"59000\"}]}\n"
    "{\"account\":\"alice\",\"sub_account\":\"btc\",\"margin_mode\":\"isolated\",\"balances\":{"
    "\"USD\":\"3500\"},\"positions\":[{\"instrument\":\"BTC-PERP\",\"quantity\":\"-0.5\","
    "\"entry_price\":\"60000\"}]}\n";

}  // namespace

TEST_CASE("evaluate --explain prints arithmetic that adds up to the figures of the account") {
    const Desk desk;
    const Result result = desk.evaluate(kAlice, "--explain alice");
    INFO(result.out << result.err);
    REQUIRE(result.code == 0);
    CHECK(result.out.find("account alice: ") == 0);
    CHECK(result.out.find("tier 1 of 1") != std::string::npos);
    CHECK(result.out.find("deposits at the venue") != std::string::npos);
    CHECK(result.out.find("by the leverage chosen") != std::string::npos);
    const auto sums = margind::test::printed_sums(result.out);
    CHECK(sums.size() >= 10);
    for (const auto& sum : sums) {
        INFO("= " << sum.name << " " << sum.amount);
        CHECK(sum.adds_up);
    }
    // 7000 - 1000 - 2.5 + 0.01 * 60000 * 0.9
    const std::string json = desk.evaluate(kAlice).out;
    CHECK(json.find("\"equity\":\"6537.5\"") != std::string::npos);
    CHECK(std::count_if(sums.begin(), sums.end(), [](const auto& sum) {
              return sum.name == "equity" && sum.amount == "6537.5";
          }) == 2);
    // Leverage 5: a fifth of 60000.
    CHECK(json.find("\"initial_margin\":\"12000\"") != std::string::npos);

    const Result isolated = desk.evaluate(kAlice, "--explain alice/btc");
    CHECK(isolated.out.find("account alice/btc, isolated margin of BTC-PERP: ") == 0);
    const Result unknown = desk.evaluate(kAlice, "--explain bob");
    CHECK(unknown.code == 2);
    CHECK(unknown.out.empty());
    CHECK(unknown.err == "margind evaluate: --explain: 'bob' is no account of the accounts file\n");
}

TEST_CASE("evaluate --switch-mode shows the effect before it happens") {
    const Desk desk;
    const Result there =
        desk.evaluate(kAlice, "--explain alice --switch-mode BTC-PERP:isolated=6500");
    INFO(there.out << there.err);
    CHECK(there.code == 0);
    CHECK(there.out.find("BTC-PERP of alice to isolated margin, with 6500 USD") == 0);
    CHECK(there.out.find("would be short of its initial margin by 6502.5 USD") !=
          std::string::npos);
    const Result back = desk.evaluate(kAlice, "--explain alice/btc --switch-mode BTC-PERP:cross");
    CHECK(back.code == 2);
    CHECK(back.err.find("the main account has a position in BTC-PERP too") != std::string::npos);
    CHECK(desk.evaluate(kAlice, "--switch-mode BTC-PERP:cross").code == 2);
}

TEST_CASE("transfers happen in both accounts or in neither, with the figures") {
    const Desk desk;
    const auto transfer = [](const char* amount) {
        return std::string(kAlice) +
               "{\"transfer\":{\"from\":{\"account\":\"alice\"},\"to\":{\"account\":\"alice\","
               "\"sub_account\":\"btc\"},\"asset\":\"BTC\",\"amount\":\"" +
               amount + "\"}}\n";
    };
    // Alice is below her initial margin of 12000 as it is.
    const Result refused = desk.evaluate(transfer("0.01"));
    CHECK(refused.code == 3);
    CHECK(refused.out.empty());
    CHECK(refused.err.find("a.ndjson:3: transfer_below_initial: ") != std::string::npos);
    CHECK(refused.err.find("(equity 5997.5, initial margin 12000, short by 6002.5 USD)") !=
          std::string::npos);
    CHECK(desk.evaluate(transfer("0.02")).err.find("transfer_not_owned: ") != std::string::npos);

    const std::string simple =
        "{\"account\":\"bob\",\"balances\":{\"USD\":\"10\"}}\n"
        "{\"transfer\":{\"from\":{\"account\":\"bob\"},\"to\":{\"account\":\"carol\"},"
        "\"asset\":\"USD\",\"amount\":\"4\"}}\n";
    const Result done = desk.evaluate(simple);
    CHECK(done.code == 0);
    CHECK(done.out.find("\"account\":\"bob\",\"sub_account\":\"\",\"equity\":\"6\"") !=
          std::string::npos);
    CHECK(done.out.find("\"account\":\"carol\",\"sub_account\":\"\",\"equity\":\"4\"") !=
          std::string::npos);
}

TEST_CASE("an isolated account refuses a second instrument, and prices refuse what is too large") {
    const Desk desk;
    const Result isolated = desk.evaluate(
        "{\"account\":\"a\",\"margin_mode\":\"isolated\",\"positions\":[{\"instrument\":"
        "\"BTC-PERP\",\"quantity\":1,\"entry_price\":60000}]}\n");
    CHECK(isolated.code == 3);
    CHECK(isolated.err.find("sub_account: is missing: an isolated position") != std::string::npos);
    const std::string prices = desk.write("q.ndjson",
                                          "{\"asset\":\"BTC\",\"total_deposits\":\"90000000000\"}\n"
                                          "{\"instrument\":\"BTC-PERP\",\"price\":\"60000\"}\n");
    const Result large =
        desk.run("evaluate --config " + desk.config + " --accounts " +
                 desk.write("e.ndjson", "{\"account\":\"a\"}\n") + " --prices " + prices);
    CHECK(large.code == 3);
    CHECK(large.err.find("q.ndjson:1: statistic_out_of_range: ") != std::string::npos);
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
    CHECK(evaluated.out.find(R"("state":"liquidation")") == std::string::npos);
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
