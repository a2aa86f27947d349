// The runner itself: a number that is read wrongly, or a tolerance that is too kind, would let
// every case pass.
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/venues/case.hpp"
#include "tests/venues/family.hpp"
#include "tests/venues/json.hpp"
#include "tests/venues/tolerance.hpp"

using namespace margind::test;
using Catch::Matchers::Contains;

namespace {

// Whether an answer passes: `want` and `tolerance` as JSON.
bool passes(const std::string& want, const Answer& got, const std::string& tolerance) {
    return differences(parse_json("{\"x\": " + want + "}"), {{"x", got}}, parse_json(tolerance))
        .empty();
}

Rational decimal(const char* text) {
    return parse_decimal(text);
}

// A family file of one case that asks for a funding payment of 0.002.
std::string family(const std::string& params, const std::string& inputs,
                   const std::string& expected, const std::string& model = "funding_payment") {
    return R"({"family": "f", "schema_version": 1, "param_sets": {"set": {}}, "cases": [{"name": "one",
        "model": ")" +
           model + R"(", "params": )" + params + ", \"inputs\": " + inputs +
           ", \"expected\": " + expected + R"(, "tolerance": {"rule": "exact"}}]})";
}
const std::string kInputs = R"({"size": 10, "rate": 0.0001, "mark": 2})";
const std::string kExpected = R"({"fee": 0.002})";

FamilyReport run(const std::string& text) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("runner_test_" + std::to_string(std::hash<std::string>{}(text)) + ".json");
    std::ofstream(file) << text;
    try {
        const FamilyReport report = run_family(file);
        std::filesystem::remove(file);
        return report;
    } catch (...) {
        std::filesystem::remove(file);
        throw;
    }
}

std::string finding(const FamilyReport& report) {
    REQUIRE(report.failures.size() == 1);
    REQUIRE(report.failures[0].found.size() == 1);
    return report.failures[0].found[0];
}

}  // namespace

TEST_CASE("numbers keep what is written") {
    const Json json = parse_json(R"([1e+23, -0.0001, 18446744073709551615, 0.1, 2E-3, 1.50])");
    CHECK(decimal("1e+23") == Rational(Integer("100000000000000000000000")));
    CHECK(decimal("-0.0001") == Rational(-1, 10000));
    CHECK(decimal("2E-3") == Rational(1, 500));
    CHECK(json.items[2].text == "18446744073709551615");
    CHECK(to_text(json) == "[1e+23, -0.0001, 18446744073709551615, 0.1, 2E-3, 1.50]");
    CHECK(to_decimal(decimal("-12.3400")) == "-12.34");
    CHECK(to_decimal(Rational(1, 3), 5) == "0.33333");
    for (const char* bad : {"", "-", "1.2.3", "1e", "1e999", "0x1", "1,5", " 1"}) {
        CHECK_THROWS_AS(parse_decimal(bad), std::runtime_error);
    }
}

TEST_CASE("texts with escapes, and names in the order of the file") {
    const Json json =
        parse_json(R"({"b": "a\u00e9\n\"\ud83d\ude00", "a": [true, false, null, {}]})");
    CHECK(json.members()[0].first == "b");
    CHECK(json.members()[0].second.text == "a\xc3\xa9\n\"\xf0\x9f\x98\x80");
    CHECK(json.find("a")->items.size() == 4);
    CHECK(json.find("c") == nullptr);
}

TEST_CASE("what is no JSON is refused, and where") {
    CHECK_THROWS_WITH(parse_json("{\"a\": 1,\n\"a\": 2}"), Contains("line 2: 'a' stands twice"));
    CHECK_THROWS_WITH(parse_json("[1, 2"), Contains("','"));
    for (const char* bad : {"", "{", "[1,]", "{\"a\" 1}", "{\"a\": }", "[1] 2", "\"\\x\"", "nul",
                            "\"\\ud800\"", "[1e]", "{1: 2}", "\"a\nb\""}) {
        INFO(bad);
        CHECK_THROWS_AS(parse_json(bad), std::runtime_error);
    }
    CHECK_THROWS_WITH(parse_json(std::string(100, '[')), Contains("too deeply"));
}

TEST_CASE("absolute and relative tolerance add up, to the last digit") {
    CHECK(passes("100", decimal("100.15"), R"({"abs": 0.05, "rel": 0.001})"));
    CHECK_FALSE(
        passes("100", decimal("100.150000000000000000001"), R"({"abs": 0.05, "rel": 0.001})"));
    CHECK(passes("-100", decimal("-100.1"), R"({"rel": 0.001})"));
    CHECK_FALSE(passes("-100", decimal("-99.8"), R"({"rel": 0.001})"));
    CHECK(passes("0.1", 0.1, R"({"abs": 1e-16})"));
    CHECK_FALSE(passes("0.1", 0.0 / 0.0, R"({"abs": 1e9})"));
}

TEST_CASE("exact means equal; a double answers with its nearest decimal") {
    CHECK(passes("0.1", decimal("0.1"), R"({"rule": "exact"})"));
    CHECK_FALSE(passes("0.1", decimal("0.10000000000000000000000001"), R"({"rule": "exact"})"));
    CHECK(passes("0.1", 0.1, R"({"rule": "exact"})"));
    CHECK_FALSE(passes("0.1", 0.1 + 1e-16, R"({"rule": "exact"})"));
}

TEST_CASE("a cut answer may be off by the slack before it is cut, toward zero") {
    const std::string rule = R"({"rule": "truncate", "decimals": 2, "slack": 0.001})";
    CHECK(passes("1.23", decimal("1.2399"), rule));
    CHECK(passes("1.23", decimal("1.2295"), rule));
    CHECK(passes("1.23", decimal("1.2405"), rule));
    CHECK_FALSE(passes("1.23", decimal("1.242"), rule));
    CHECK_FALSE(passes("1.23", decimal("1.2280"), rule));
    CHECK(passes("-1.23", decimal("-1.2399"), rule));
    CHECK(passes("1", decimal("1.99"), R"({"rule": "truncate"})"));
}

TEST_CASE("flags, texts and null are compared exactly, lists and records part by part") {
    CHECK(passes("true", true, R"({"abs": 1})"));
    CHECK_FALSE(passes("true", decimal("1"), R"({"abs": 1})"));
    CHECK(passes("null", nullptr, R"({"abs": 1})"));
    CHECK_FALSE(passes("null", decimal("0"), R"({"abs": 1})"));
    CHECK_FALSE(passes("0", nullptr, R"({"abs": 1})"));
    CHECK(passes("\"dust\"", "dust", R"({"abs": 1})"));
    const Answer list = Answer::List{decimal("1"), Answer::List{decimal("2"), nullptr}};
    CHECK(passes("[1, [2, null]]", list, R"({"abs": 0})"));
    CHECK_FALSE(passes("[1, [3, null]]", list, R"({"abs": 0})"));
    CHECK_FALSE(passes("[1]", list, R"({"abs": 0})"));
    CHECK(passes(R"({"a": 1})", Answers{{"a", decimal("1")}, {"b", true}}, R"({"abs": 0})"));
    CHECK_FALSE(passes(R"({"c": 1})", Answers{{"a", decimal("1")}}, R"({"abs": 0})"));
}

TEST_CASE("a field's own tolerance goes before the general one") {
    const Json tolerance = parse_json(R"({"abs": 0, "keys": {"y": {"abs": 1}}})");
    const Answers answers{{"x", decimal("1")}, {"y", decimal("1")}};
    CHECK(differences(parse_json(R"({"x": 1, "y": 2})"), answers, tolerance).empty());
    CHECK(differences(parse_json(R"({"x": 2, "y": 1})"), answers, tolerance).size() == 1);
    CHECK(differences(parse_json(R"({"z": 2})"), answers, tolerance).size() == 1);
    CHECK_THROWS_AS(passes("1", decimal("1"), R"({"absolute": 1})"), std::runtime_error);
    CHECK_THROWS_AS(passes("1", decimal("1"), R"({"rule": "roughly"})"), std::runtime_error);
    CHECK_THROWS_AS(passes("1", decimal("1"), "{}"), std::runtime_error);
}

TEST_CASE("decimals are read exactly, with thirty decimals, and names say what is wrong") {
    const Json json = parse_json(
        R"({"a": "0.1", "b": 1e-30, "c": 16e-31, "d": 1.5, "e": [1, {"f": "x"}], "n": null})");
    Field::Marks read{&json};
    const Field field(json, "inputs", read);
    CHECK(field.money("a").raw() * 10 == Extended::scale());
    CHECK(field.money("b").raw() == 1);
    CHECK(field.money("c").raw() == 2);  // to the nearest
    CHECK(field.rate("missing", "0.5").raw() * 2 == Extended::scale());
    CHECK_FALSE(field.has("n"));
    CHECK_THROWS_WITH(field.integer("d"), "inputs.d: is not a whole number");
    CHECK_THROWS_WITH(field.price("z"), "inputs: has no 'z'");
    CHECK_THROWS_WITH(field["e"].items()[1].money("f"), Contains("inputs.e[1].f: 'x'"));
    CHECK(unread(json, "inputs", read) == std::vector<std::string>{"inputs.e[0]"});
}

TEST_CASE("a case passes, or fails by name") {
    CHECK(run(family("{}", kInputs, kExpected)).passed == 1);
    CHECK(run(family("\"set\"", kInputs, kExpected)).passed == 1);
    CHECK_THAT(finding(run(family("{}", kInputs, R"({"fee": 0.003})"))),
               Contains("fee: got 0.002, want 0.003"));
    CHECK_THAT(finding(run(family("{}", kInputs, R"({"fees": 0.002})"))),
               Contains("fees: the model does not answer"));
    CHECK_THAT(finding(run(family(R"({"cap": 1})", kInputs, kExpected))),
               Contains("params.cap: the model does not know"));
    CHECK_THAT(finding(run(family("{}", R"({"size": 10, "rate": 0})", kExpected))),
               Contains("inputs: has no 'mark'"));
    CHECK_THAT(finding(run(family("{}", kInputs, kExpected, "unheard_of"))),
               Contains("model 'unheard_of' is unknown"));
    const FamilyReport later = run(family("{}", "{}", "{}", "derive_pmrm_v2"));
    CHECK(later.total == 0);
    CHECK(later.not_yet.size() == 1);
}

TEST_CASE("an account is also run through its venue's profile, and that must agree by itself") {
    const auto vega = [](const std::string& slippage, const std::string& maintenance,
                         const std::string& factor = "0.1") {
        return run(family(R"({"risk_model": {"type": "simple", "short": "0.1", "long": ")" +
                              factor + R"("}, "linear_slippage_factor": ")" + slippage + "\"}",
                          R"({"position": 1, "mark_price": 100})",
                          "{\"maintenance\": " + maintenance + "}", "vega_margin"));
    };
    const FamilyReport both = vega("0.25", "35");
    CHECK(both.passed == 1);
    CHECK(both.through_engine == 1);
    const FamilyReport wrong = vega("0.25", "36");
    REQUIRE(wrong.failures.size() == 1);
    CHECK(wrong.failures[0].found ==
          std::vector<std::string>{"maintenance: got 35, want 36",
                                   "through profile and engine: maintenance: got 35, want 36"});
    CHECK_THAT(wrong.failures[0].produced, Contains("maintenance: 35"));
    // The config refuses what the formula takes.
    CHECK_THAT(finding(vega("0.25", "1125", "11")),
               Contains("through profile and engine: the config is refused") &&
                   Contains("risk_factors.long: must be from 0 to 10"));
    // Nine decimals: the case counts, in wide numbers.
    const FamilyReport wide = vega("0.250000001", "36");
    CHECK(wide.passed == 1);
    CHECK(wide.through_engine == 0);
    REQUIRE(wide.wide_only.size() == 1);
    CHECK_THAT(wide.wide_only.begin()->first, Contains("more than 8 decimals"));
    // A model that is no account.
    CHECK_THAT(run(family("{}", kInputs, kExpected)).wide_only.begin()->first,
               Contains("funding_payment is a formula by itself"));
}

TEST_CASE("a file that is no family is refused: which, which case, what") {
    CHECK_THROWS_WITH(run("{"), Contains("runner_test_") && Contains("line 1"));
    CHECK_THROWS_WITH(run(family("\"nobody\"", kInputs, kExpected)),
                      Contains("case 1 'one': param_sets has no 'nobody'"));
    CHECK_THROWS_WITH(run(family("{}", "[]", kExpected)),
                      Contains("case 1 'one': 'inputs' is missing or not an object"));
    CHECK_THROWS_WITH(run(R"({"family": "f", "schema_version": 2, "cases": []})"),
                      Contains("schema_version 2"));
    CHECK_THROWS_WITH(run_family("/nowhere/at_all.json"), Contains("at_all.json: cannot be read"));
}
