// Every worked number of docs/margin-models.md, through loader and engine. An example is a yaml
// block whose first line says what is held and what comes of it:
//
//   # instrument; SIZE at PRICE [entry PRICE] [with INPUT VALUE [at PRICE]]: initial X, maintenance
//   Y # net; the same # asset; AMOUNT at PRICE [with INPUT VALUE]: initial X, maintenance Y
//
// For an instrument X and Y are its margin, net of its gain if so said; for an asset equity less
// margin. What follows a line "# venue" is the venue's, beside its assets and instruments.
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "feeds/decimal.hpp"
#include "feeds/normalise.hpp"
#include "tests/support/book.hpp"

using namespace margind;

namespace {

std::int64_t decimal(const std::string& text) {
    feeds::Decimal value;
    std::int64_t raw = 0;
    INFO(text);
    REQUIRE(feeds::parse_decimal(text, value));
    REQUIRE(feeds::scale_exactly(value, core::kScaleDecimals, raw) == feeds::NormaliseError::none);
    return raw;
}

struct Example {
    std::string head;
    std::string yaml;
    std::string venue;
};

std::vector<Example> examples() {
    std::ifstream page(MARGIND_SOURCE_DIR "/docs/margin-models.md");
    REQUIRE(page);
    std::vector<Example> found;
    bool inside = false;
    bool of_venue = false;
    for (std::string line; std::getline(page, line);) {
        if (line == "```yaml") {
            found.emplace_back();
            inside = true;
            of_venue = false;
        } else if (line == "```") {
            inside = false;
        } else if (inside && found.back().head.empty()) {
            found.back().head = line;
        } else if (line == "# venue") {
            of_venue = true;
        } else if (inside && of_venue) {
            found.back().venue += line + "\n";
        } else if (inside) {
            found.back().yaml += "    " + line + "\n";
        }
    }
    return found;
}

// The words of an example's first line, each followed by its number: "at" 100, "initial" 20.
struct Held {
    std::string what;
    std::int64_t amount = 0;
    std::map<std::string, std::int64_t> numbers;
    std::string input;
    std::int64_t input_price = 0;
};

Held read_head(const std::string& head) {
    std::istringstream words(head);
    Held held;
    std::string word;
    std::string number;
    words >> word >> held.what >> number;
    REQUIRE(word == "#");
    held.what.pop_back();  // the semicolon
    held.amount = decimal(number);
    while (words >> word) {
        if (word == "with") {
            words >> held.input >> number;
            if (number.back() == ':') number.pop_back();
            held.numbers["input"] = decimal(number);
            continue;
        }
        words >> number;
        while (number.back() == ',' || number.back() == ':') number.pop_back();
        std::int64_t& place =
            word == "at" && held.numbers.contains("at") ? held.input_price : held.numbers[word];
        place = decimal(number);
    }
    return held;
}

core::RiskParameters load(const Held& held, const Example& example) {
    const bool of_asset = held.what == "asset";
    const std::string price_max = std::to_string(held.numbers.at("at") / core::kScale * 2 + 2);
    const std::string text =
        "assets:\n  - {name: USD}\n  - name: A\n    priced_by: A-USD\n" +
        (of_asset ? example.yaml : std::string()) +
        "instrument_defaults: {quote: USD, quantity_decimals: 6, price_decimals: 6, price_max: " +
        price_max + "}\ninstruments:\n  - {name: A-USD, kind: spot}\n" +
        (of_asset ? std::string() : "  - name: X\n" + example.yaml) + example.venue;
    const config::Loaded loaded = config::load_text(text, "example.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(to_string(problem));
    REQUIRE(loaded.problems.empty());
    core::RiskParameters risk = loaded.settings.risk;
    risk.max_accounts = 4;
    risk.feeds = {"given"};
    for (std::uint32_t i = 0; i < risk.instruments.size(); ++i) {
        test::add_source(risk, i, core::AssetId(0));
    }
    return risk;
}

const std::map<std::string, core::Statistic> kInputs = {
    {"open_interest", core::Statistic::open_interest},
    {"expected_funding", core::Statistic::expected_funding},
    {"slow_price", core::Statistic::slow_price},
    {"total_deposits", core::Statistic::total_deposits},
    {"redemption", core::Statistic::redemption_value}};

void hold(test::Driver& driver, const Held& held) {
    constexpr std::int64_t kTicks = 100;  // 1e-8 to 1e-6
    const core::AccountKey key = test::key("example");
    const auto at = core::Price::from_raw(held.numbers.at("at") / kTicks);
    const bool of_asset = held.what == "asset";
    const std::uint32_t instrument = of_asset ? 0 : 1;
    REQUIRE(driver.set_price(instrument, at) == core::Refusal::none);
    if (of_asset) {
        REQUIRE(driver.set_balance(key, 1, core::Money::from_raw(held.amount)) ==
                core::Refusal::none);
    } else {
        const auto entry = held.numbers.contains("entry")
                               ? core::Price::from_raw(held.numbers.at("entry") / kTicks)
                               : at;
        REQUIRE(driver.set_position(key, 1, core::Quantity::from_raw(held.amount / kTicks),
                                    entry) == core::Refusal::none);
    }
    if (kInputs.contains(held.input)) {
        const core::Statistic statistic = kInputs.at(held.input);
        const std::int64_t raw = held.numbers.at("input");
        REQUIRE(driver.set_statistic(
                    statistic, 1, statistic == core::Statistic::slow_price ? raw / kTicks : raw) ==
                core::Refusal::none);
    } else if (held.input == "order") {
        core::AccountInput order;
        order.key = key;
        order.record = core::AccountRecord::order;
        order.id = 1;
        order.amount = held.numbers.at("input") / kTicks;
        order.price = held.input_price / kTicks;
        REQUIRE(driver.apply(core::Input::of(order)) == core::Refusal::none);
    }
}

}  // namespace

TEST_CASE("every worked number of the margin models' page is what the engine computes") {
    const std::vector<Example> all = examples();
    REQUIRE(all.size() >= 20);
    for (const Example& example : all) {
        INFO(example.head << "\n" << example.yaml);
        const Held held = read_head(example.head);
        test::Driver driver(load(held, example));
        hold(driver, held);
        const core::Evaluation figures = driver.figures(test::key("example"));
        const auto shown = [&](core::MarginLevel level) {
            const core::LevelFigures at = figures.at(level);
            return held.what == "instrument" ? at.margin.raw()
                   : held.what == "net"      ? (at.margin - at.equity).raw()
                                             : (at.equity - at.margin).raw();
        };
        CHECK(shown(core::MarginLevel::initial) == held.numbers.at("initial"));
        CHECK(shown(core::MarginLevel::maintenance) == held.numbers.at("maintenance"));
    }
}
