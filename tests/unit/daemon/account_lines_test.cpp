#include "daemon/ingress/account_lines.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "core/limits.hpp"
#include "daemon/ingress/price_lines.hpp"

using namespace margind;

namespace {

core::RiskParameters parameters() {
    core::RiskParameters p;
    p.assets.resize(2);
    p.assets[0].name = "USD";
    p.assets[1].name = "BTC";
    p.instruments.resize(2);
    p.instruments[0].name = "BTC-PERP";
    p.instruments[0].price_decimals = 2;
    p.instruments[0].quantity_decimals = 3;
    p.instruments[0].price_max = core::Price::from_raw(100'000'000);
    p.instruments[1].name = "ETH-PERP";
    return p;
}

struct Reader {
    core::RiskParameters risk = parameters();
    daemon::AccountLines lines{risk};
    std::vector<core::Input> records;

    std::string parse(std::string_view line) { return lines.parse(line, records); }
};

const char* const kFull =
    R"({"account":"alice","sub_account":"main","mode":"patch","margin_mode":"cross",)"
    R"("balances":{"USD":"1000.5","BTC":-0.25},)"
    R"("positions":[{"entry_price":61000.5,"instrument":"BTC-PERP","quantity":"-0.5"}],)"
    R"("t":1760128200000000000})";

}  // namespace

TEST_CASE("a line becomes the records of one update, exactly") {
    Reader reader;
    REQUIRE(reader.parse(kFull) == "");
    REQUIRE(reader.records.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        const core::Input& input = reader.records[i];
        CHECK(input.kind == core::InputKind::account);
        CHECK(input.account.key.owner.view() == "alice");
        CHECK(input.account.key.sub_account.view() == "main");
        CHECK(input.account.mode == core::UpdateMode::patch);
        CHECK(input.exchange_time.ns() == 1'760'128'200'000'000'000);
        CHECK((input.account.last == core::Last::yes) == (i == 3));
    }
    CHECK(reader.records[0].account.amount == 100'050'000'000);
    CHECK(reader.records[1].account.id == 1);
    CHECK(reader.records[1].account.amount == -25'000'000);
    CHECK(reader.records[2].account.record == core::AccountRecord::position);
    CHECK(reader.records[2].account.amount == -500);
    CHECK(reader.records[2].account.price == 6'100'050);
    CHECK(reader.records[3].account.record == core::AccountRecord::isolated);
    CHECK(reader.records[3].account.id == core::kCross);
}

TEST_CASE("a line replaces the account unless it says patch") {
    Reader reader;
    REQUIRE(reader.parse(R"({"account":"a"})") == "");
    REQUIRE(reader.records.size() == 1);
    CHECK(reader.records[0].account.record == core::AccountRecord::nothing);
    CHECK(reader.records[0].account.mode == core::UpdateMode::replace);
    CHECK(reader.records[0].account.last == core::Last::yes);
    CHECK_FALSE(reader.records[0].exchange_time.stated());
}

TEST_CASE("closing a position needs no entry price") {
    Reader reader;
    CHECK(reader.parse(R"({"account":"a","positions":[{"instrument":"BTC-PERP","quantity":0}]})") ==
          "");
    CHECK(reader.parse(R"({"account":"a","positions":[{"instrument":"BTC-PERP","quantity":1}]})") ==
          "positions[0].entry_price: is missing");
}

TEST_CASE("a bad line is refused whole, naming the member") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "the line: is not a JSON object"},
        {"[]", "the line: is not a JSON object"},
        {"{}", "account: is missing or empty"},
        {R"({"account":""})", "account: is missing or empty"},
        {R"({"account":7})", "account: must be text in quotes"},
        {R"({"account":"a b"})", "account: must be at most 48 printable"},
        {R"({"account":"a","account":"b"})", "account: is given twice; keep one"},
        {R"({"account":"a","sub_account":"12345678901234567"})", "sub_account: must be at most 16"},
        {R"({"account":"a","mode":"add"})", "mode: must be replace or patch"},
        {R"({"account":"a","margin_mode":"portfolio"})", "margin_mode: must be cross or isolated"},
        {R"({"account":"a","margin_mode":"isolated"})", "sub_account: is missing: an isolated"},
        {R"({"account":"a","sub_account":"s","margin_mode":"isolated"})",
         "margin_mode: isolated in what?"},
        {R"({"account":"a","sub_account":"s","margin_mode":"isolated","positions":[)"
         R"({"instrument":"BTC-PERP","quantity":0},{"instrument":"ETH-PERP","quantity":0}]})",
         "margin_mode: isolated holds one instrument"},
        {R"({"account":"a","sub_account":"s","margin_mode":"isolated","positions":[)"
         R"({"instrument":"BTC-PERP","quantity":0}],)"
         R"("orders":[{"instrument":"ETH-PERP","quantity":1,"price":1}]})",
         "margin_mode: isolated holds one instrument"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","price":1}]})",
         "orders[0].quantity: is missing"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":1}]})",
         "orders[0].price: is missing"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":1,"price":0}]})",
         "orders[0].price: must be above zero"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":1,"price":1,"side":"bid"}]})",
         "orders[0].side: must be buy or sell"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":-1,"price":1,"side":"buy"}]})",
         "orders[0].quantity: must not be negative beside a side"},
        {R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":1,"entry_price":1}]})",
         "orders[0].entry_price: is not a known member"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","accrued":1},)"
         R"({"instrument":"BTC-PERP","accrued":2}]})",
         "positions[1]: is given twice"},
        {R"({"account":"a","transfer":{}})", "transfer.from: is missing"},
        {R"({"transfer":7})", "transfer: must be an object"},
        {R"({"transfer":{"from":{"sub_account":"s"}}})",
         "transfer.from.account: is missing or empty"},
        {R"({"transfer":{"from":{"account":"a"},"to":{"account":"a"},"asset":"USD","amount":1}})",
         "transfer.to: must be another account"},
        {R"({"transfer":{"from":{"account":"a"},"to":{"account":"b"},"asset":"EUR","amount":1}})",
         "transfer.asset: 'EUR' is no asset"},
        {R"({"transfer":{"from":{"account":"a"},"to":{"account":"b"},"asset":"USD"}})",
         "transfer.amount: is missing"},
        {R"({"transfer":{"from":{"account":"a"},"to":{"account":"b"},"asset":"USD","amount":-1}})",
         "transfer.amount: must be above zero"},
        {R"({"account":"c",)"
         R"("transfer":{"from":{"account":"a"},"to":{"account":"b"},"asset":"USD","amount":1}})",
         "account: does not go with a transfer"},
        {R"({"account":"a","balance":{}})", "balance: is not a known member"},
        {R"({"account":"a","balances":[]})", "balances: must be an object"},
        {R"({"account":"a","balances":{"EUR":1}})", "balances.EUR: no such asset"},
        {R"({"account":"a","balances":{"USD":"1","USD":"2"}})", "balances.USD: is given twice"},
        {R"({"account":"a","balances":{"USD":"x"}})", "balances.USD: must be a decimal number"},
        {R"({"account":"a","balances":{"USD":null}})", "balances.USD: must be a decimal number"},
        {R"({"account":"a","balances":{"USD":1.123456789}})", "balances.USD: has more than 8"},
        {R"({"account":"a","balances":{"USD":99999999999999}})", "balances.USD: is too large"},
        {R"({"account":"a","positions":{}})", "positions: must be a list"},
        {R"({"account":"a","positions":[7]})", "positions[0]: must be an object"},
        {R"({"account":"a","positions":[{"quantity":1,"entry_price":1}]})",
         "positions[0].instrument: is missing"},
        {R"({"account":"a","positions":[{"instrument":"X"}]})",
         "positions[0].instrument: 'X' is no instrument"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","entry_price":1}]})",
         "positions[0].quantity: is missing"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","quantity":0.0001,"entry_price":1}]})",
         "positions[0].quantity: has more than 3"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","quantity":1,"entry_price":0}]})",
         "positions[0].entry_price: must be above zero"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","quantity":1,"entry_price":-1}]})",
         "positions[0].entry_price: must be above zero"},
        {R"({"account":"a","positions":[{"instrument":"BTC-PERP","size":1}]})",
         "positions[0].size: is not a known member"},
        {R"({"account":"a","t":"now"})", "t: must be nanoseconds"},
        {R"({"account":"a","t":0})", "t: must be nanoseconds"},
        {R"({"account":"a"} x)", "the line: is not"},
        {R"({"account":"a"}{"account":"b"})", "the line: is not valid JSON"},
    };
    Reader reader;
    for (const auto& [line, expected] : cases) {
        INFO(line);
        const std::string problem = reader.parse(line);
        CHECK(problem.substr(0, expected.size()) == expected);
        CHECK(reader.records.empty());
    }
    CHECK(reader.parse(kFull) == "");  // and the reader is as good as new
}

TEST_CASE("a line has at most as many entries as an update may have") {
    core::RiskParameters risk = parameters();
    for (std::size_t i = 0; i < core::kMaxEntriesPerUpdate; ++i) {
        risk.assets.emplace_back();
        risk.assets.back().name = "A" + std::to_string(i);
    }
    const auto line_of = [](std::size_t count) {
        std::string line = R"({"account":"a","balances":{)";
        for (std::size_t i = 0; i < count; ++i) {
            line += (i > 0 ? ",\"A" : "\"A") + std::to_string(i) + "\":1";
        }
        return line + "}}";
    };
    daemon::AccountLines lines(risk);
    std::vector<core::Input> records;
    CHECK(lines.parse(line_of(core::kMaxEntriesPerUpdate), records) == "");
    CHECK(records.size() == core::kMaxEntriesPerUpdate);
    risk.assets.emplace_back();
    risk.assets.back().name = "A" + std::to_string(core::kMaxEntriesPerUpdate);
    daemon::AccountLines more(risk);
    const std::string problem = more.parse(line_of(core::kMaxEntriesPerUpdate + 1), records);
    CHECK(problem.find("at most") != std::string::npos);
    CHECK(problem.find(std::to_string(core::kMaxEntriesPerUpdate)) != std::string::npos);
}

TEST_CASE("a line that is too long is refused before it is read") {
    Reader reader;
    std::string line(daemon::AccountLines::kLineBytesMax + 1, ' ');
    CHECK(reader.parse(line).find("is longer than") != std::string::npos);
}

TEST_CASE("every cut of a line is refused") {
    Reader reader;
    const std::string full = kFull;
    for (std::size_t n = 0; n < full.size(); ++n) {
        INFO(full.substr(0, n));
        CHECK(reader.parse(full.substr(0, n)) != "");
        CHECK(reader.records.empty());
    }
}

TEST_CASE("a garbled line never crashes and never half applies") {
    Reader reader;
    std::mt19937 random(7);  // fixed seed
    INFO("seed 7");
    std::size_t refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string line = kFull;
        for (int i = 0; i < 2; ++i) line[random() % line.size()] = static_cast<char>(random());
        const bool good = reader.parse(line).empty();
        refused += good ? 0 : 1;
        CHECK(good == !reader.records.empty());
    }
    CHECK(refused > 10'000);
}

TEST_CASE("orders, accrued gains and leverage become records of their own") {
    Reader reader;
    REQUIRE(
        reader.parse(
            R"({"account":"a","orders":[{"instrument":"BTC-PERP","quantity":"0.5","side":"sell",)"
            R"("price":"62000"},{"instrument":"BTC-PERP","quantity":2,"price":61000.5}],)"
            R"("positions":[{"leverage":"12.5","instrument":"BTC-PERP","accrued":"-1.25",)"
            R"("quantity":1,"entry_price":60000}]})") == "");
    REQUIRE(reader.records.size() == 5);
    const auto& r = reader.records;
    CHECK(r[0].account.record == core::AccountRecord::order);
    CHECK(r[0].account.amount == -500);
    CHECK(r[0].account.price == 6'200'000);
    CHECK(r[1].account.amount == 2'000);
    CHECK(r[1].account.price == 6'100'050);
    CHECK(r[2].account.record == core::AccountRecord::position);
    CHECK(r[3].account.record == core::AccountRecord::accrued);
    CHECK(r[3].account.amount == -125'000'000);
    CHECK(r[4].account.record == core::AccountRecord::leverage);
    CHECK(r[4].account.amount == 1'250'000'000);
    CHECK(r[4].account.last == core::Last::yes);
    // What is accrued may be told without the position.
    REQUIRE(reader.parse(R"({"account":"a","mode":"patch",)"
                         R"("positions":[{"instrument":"BTC-PERP","accrued":2}]})") == "");
    REQUIRE(reader.records.size() == 1);
    CHECK(reader.records[0].account.record == core::AccountRecord::accrued);
}

TEST_CASE("an isolated position is a sub-account bound to its instrument") {
    Reader reader;
    REQUIRE(reader.parse(R"({"account":"a","sub_account":"btc","margin_mode":"isolated",)"
                         R"("balances":{"USD":100},"positions":[{"instrument":"BTC-PERP",)"
                         R"("quantity":1,"entry_price":60000}]})") == "");
    REQUIRE(reader.records.size() == 3);
    CHECK(reader.records[2].account.record == core::AccountRecord::isolated);
    CHECK(reader.records[2].account.id == 0);
    CHECK(reader.records[2].account.last == core::Last::yes);
    // A patch ends it, where it says so.
    REQUIRE(reader.parse(R"({"account":"a","mode":"patch","margin_mode":"cross"})") == "");
    REQUIRE(reader.records.size() == 1);
    CHECK(reader.records[0].account.id == core::kCross);
}

TEST_CASE("a transfer is one update with two halves") {
    Reader reader;
    REQUIRE(reader.parse(R"({"transfer":{"from":{"account":"a","sub_account":"s"},)"
                         R"("to":{"account":"b"},"asset":"BTC","amount":"0.5"},"t":7})") == "");
    REQUIRE(reader.records.size() == 2);
    const core::AccountInput& from = reader.records[0].account;
    const core::AccountInput& to = reader.records[1].account;
    CHECK(from.record == core::AccountRecord::transfer_from);
    CHECK(from.key.sub_account.view() == "s");
    CHECK(from.last == core::Last::no);
    CHECK(to.record == core::AccountRecord::transfer_to);
    CHECK(to.key.owner.view() == "b");
    CHECK(to.last == core::Last::yes);
    CHECK(from.id == 1);
    CHECK(to.id == 1);
    CHECK(from.amount == 50'000'000);
    CHECK(to.amount == 50'000'000);
    CHECK(reader.records[1].exchange_time.ns() == 7);
}

TEST_CASE("a price line is an instrument with a price, or statistics, within their ranges") {
    const core::RiskParameters risk = parameters();
    daemon::PriceLines lines(risk);
    daemon::PriceLine out;
    CHECK(lines.parse(R"({"instrument":"BTC-PERP","price":"60000.25","confidence":15})", out) ==
          "");
    CHECK(out.instrument == core::InstrumentId(0));
    CHECK(out.price.raw() == 6'000'025);
    CHECK(out.confidence.raw() == 1'500);
    CHECK(out.statistics.empty());
    CHECK(lines.parse(R"({"open_interest":"2.5","expected_funding":-1,"auction_price":59000,)"
                      R"("instrument":"BTC-PERP"})",
                      out) == "");
    CHECK(out.price.raw() == 0);
    REQUIRE(out.statistics.size() == 3);
    CHECK(out.statistics[0].statistic == core::Statistic::open_interest);
    CHECK(out.statistics[0].value == 250'000'000);
    CHECK(out.statistics[1].value == -100'000'000);
    CHECK(out.statistics[2].value == 5'900'000);
    CHECK(lines.parse(
              R"({"asset":"BTC","total_deposits":9,"total_borrows":"4","redemption_value":1.02})",
              out) == "");
    CHECK_FALSE(out.instrument.valid());
    REQUIRE(out.statistics.size() == 3);
    CHECK(out.statistics[0].target == 1);
    CHECK(out.statistics[2].statistic == core::Statistic::redemption_value);
    CHECK(out.statistics[2].value == 102'000'000);
    for (const char* line :
         {R"({"instrument":"BTC-PERP"})", R"({"price":1})", R"({"instrument":"X","price":1})",
          R"({"instrument":"BTC-PERP","price":0})", R"({"instrument":"BTC-PERP","price":-1})",
          R"({"instrument":"BTC-PERP","price":1000000.01})",
          R"({"instrument":"BTC-PERP","price":1.001})",
          R"({"instrument":"BTC-PERP","price":"NaN"})",
          R"({"instrument":"BTC-PERP","price":1,"mark":2})",
          R"({"instrument":"BTC-PERP","price":1,"price":2})",
          R"({"instrument":"BTC-PERP","confidence":1})",
          R"({"instrument":"BTC-PERP","total_deposits":1})",
          R"({"instrument":"BTC-PERP","slow_price":59000})",
          R"({"instrument":"BTC-PERP","asset":"USD","price":1})",
          R"({"instrument":"BTC-PERP","open_interest":-1})", R"({"asset":"USD"})",
          R"({"asset":"EUR","total_deposits":1})", R"({"asset":"USD","price":1})"}) {
        INFO(line);
        CHECK(lines.parse(line, out) != "");
    }
}

TEST_CASE("a price line may say where the slow price of an instrument that keeps one stands") {
    core::RiskParameters risk = parameters();
    risk.instruments[0].slow_price.growth_per_second = core::Rate::from_raw(1);
    daemon::PriceLines lines(risk);
    daemon::PriceLine out;
    CHECK(lines.parse(R"({"instrument":"BTC-PERP","slow_price":"59000.5"})", out) == "");
    REQUIRE(out.statistics.size() == 1);
    CHECK(out.statistics[0].statistic == core::Statistic::slow_price);
    CHECK(out.statistics[0].value == 5'900'050);
    CHECK(lines.parse(R"({"instrument":"BTC-PERP","slow_price":0})", out).find("slow_price") !=
          std::string::npos);
}

TEST_CASE("every refusal is explained") {
    for (int i = 0; i < static_cast<int>(core::Refusal::count_); ++i) {
        CHECK(daemon::explain(static_cast<core::Refusal>(i)).size() > 10);
        CHECK(daemon::explain(static_cast<core::Refusal>(i)).find("unknown:") != 0);
    }
}
