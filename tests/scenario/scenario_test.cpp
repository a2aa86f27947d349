// Runs the stories of this folder: see README.md for their form.
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <simdjson.h>
#include <yaml-cpp/yaml.h>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/account_lines.hpp"

using namespace margind;

namespace {

// The scalar as an integer at `decimals`: "98.5" at 8 is 9850000000.
std::int64_t scaled(const YAML::Node& node, int decimals) {
    const std::string text = node.as<std::string>();
    const std::size_t point = text.find('.');
    std::string digits = text.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
    if (fraction.size() > static_cast<std::size_t>(decimals)) {
        throw std::runtime_error("too many decimals: " + text);
    }
    fraction.resize(static_cast<std::size_t>(decimals), '0');
    return std::stoll(digits + fraction);
}

core::Duration duration(const YAML::Node& node) {
    const std::string text = node.as<std::string>();
    std::size_t end = 0;
    const double number = std::stod(text, &end);
    const std::string unit = text.substr(end);
    const double seconds = unit == "ms" ? 0.001 : unit == "s" ? 1 : unit == "m" ? 60 : 0;
    if (seconds == 0) throw std::runtime_error("a duration is 250ms, 5s or 2m, not " + text);
    return core::Duration::from_ns(static_cast<std::int64_t>(number * seconds * 1e9));
}

class Story {
  public:
    Story(const YAML::Node& node, const std::string& name)
        : loaded_(config::load_text(YAML::Dump(node["venue"]), name + " venue")),
          steps_(node["steps"]) {
        for (const config::Problem& problem : loaded_.problems) FAIL(to_string(problem));
        engine_ = std::make_unique<core::Engine>(loaded_.settings.risk);
        encoder_ = std::make_unique<daemon::EventEncoder>(engine_->parameters());
        accounts_ = std::make_unique<daemon::AccountLines>(engine_->parameters());
    }

    void run() {
        for (const YAML::Node& step : steps_) {
            INFO("line " << step.Mark().line + 1);
            if (step["refused"]) {
                CHECK(daemon::name_of(apply(step["refused"])) ==
                      step["refused"]["because"].as<std::string>());
            } else if (step["expect"]) {
                expect(step["expect"]);
            } else if (step["wait"]) {
                wait(duration(step["wait"]));
            } else {
                CHECK(daemon::name_of(apply(step)) == daemon::name_of(core::Refusal::none));
            }
        }
        CHECK(events_.empty());  // a story must look at everything it causes
    }

  private:
    const core::RiskParameters& parameters() const { return engine_->parameters(); }

    std::uint32_t instrument_of(const YAML::Node& node) const {
        const std::string name = node["instrument"].as<std::string>();
        for (std::uint32_t i = 0; i < parameters().instruments.size(); ++i) {
            if (parameters().instruments[i].name == name) return i;
        }
        throw std::runtime_error("no instrument " + name);
    }

    core::Refusal apply(const YAML::Node& step) {
        if (step["price"]) return apply_price(step["price"]);
        if (step["account"]) return apply_account(step["account"].as<std::string>());
        if (step["parameter"]) return apply_parameter(step["parameter"]);
        throw std::runtime_error("unknown step");
    }

    core::Refusal apply_price(const YAML::Node& node) {
        const std::uint32_t instrument = instrument_of(node);
        auto skip = node["source"] ? node["source"].as<int>() : 0;
        for (std::uint32_t s = 0; s < parameters().sources.size(); ++s) {
            if (parameters().sources[s].instrument.index() != instrument || skip-- > 0) continue;
            core::PriceInput price;
            price.source = core::SourceId(s);
            price.channel = core::Channel::trade;
            price.price = core::Price::from_raw(
                scaled(node["value"], parameters().instruments[instrument].price_decimals));
            return apply(core::Input::of(price));
        }
        throw std::runtime_error("no such source");
    }

    core::Refusal apply_account(const std::string& line) {
        std::vector<core::Input> records;
        const std::string problem = accounts_->parse(line, records);
        if (!problem.empty()) throw std::runtime_error(problem);
        core::Refusal refusal = core::Refusal::none;
        for (const core::Input& record : records) refusal = apply(record);
        return refusal;
    }

    core::Refusal apply_parameter(const YAML::Node& node) {
        static const std::vector<std::pair<std::string, core::Parameter>> kNames{
            {"tier_initial_rate", core::Parameter::tier_initial_rate},
            {"tier_maintenance_rate", core::Parameter::tier_maintenance_rate},
            {"rate_cap", core::Parameter::rate_cap},
            {"haircut", core::Parameter::haircut},
            {"level_multiplier", core::Parameter::level_multiplier}};
        core::ParameterInput change;
        const std::string name = node["name"].as<std::string>();
        for (const auto& [text, parameter] : kNames) {
            if (text == name) change.parameter = parameter;
        }
        if (node["instrument"]) change.target = instrument_of(node);
        if (node["asset"]) change.target = node["asset"].as<std::uint32_t>();
        if (node["tier"]) change.tier = static_cast<std::uint8_t>(node["tier"].as<int>());
        if (node["last"] && !node["last"].as<bool>()) change.last = core::Last::no;
        change.value = scaled(node["value"], core::kScaleDecimals);
        return apply(core::Input::of(change));
    }

    void wait(core::Duration duration) {
        const core::Timestamp end = now_ + duration;
        while (now_ < end) {
            now_ = std::min(end, now_ + core::Duration::from_ms(100));
            (void)apply(core::Input::of(core::TimerInput{}));
        }
    }

    core::Refusal apply(core::Input input) {
        input.input_seq = ++input_seq_;
        input.engine_time = input.receive_time = now_;
        const core::Refusal refusal = engine_->apply(input);
        core::Event event;
        while (engine_->next_event(event)) {
            daemon::TextBuffer text;
            encoder_->append_body(text, event);
            events_.push_back({std::string(daemon::name_of(event.kind)), fmt::to_string(text)});
        }
        return refusal;
    }

    struct Seen {
        std::string type;
        std::string json;
    };

    void expect(const YAML::Node& expected) {
        const auto wanted = [&](const std::string& type) {
            if (type != "clock" && type != "threshold_changed") return true;
            return std::any_of(expected.begin(), expected.end(), [&](const YAML::Node& e) {
                return e["type"].as<std::string>() == type;
            });
        };
        std::erase_if(events_, [&](const Seen& seen) { return !wanted(seen.type); });
        std::string all;
        for (const Seen& seen : events_) all += seen.json + "\n";
        INFO("seen:\n" << all);
        CHECK(events_.size() == expected.size());
        for (std::size_t i = 0; i < std::min(events_.size(), expected.size()); ++i) {
            compare(events_[i].json, expected[i]);
        }
        events_.clear();
    }

    static void compare(const std::string& json, const YAML::Node& expected) {
        simdjson::dom::parser parser;
        const simdjson::dom::element event = parser.parse(json);
        for (const auto& member : expected) {
            std::string path = "/" + member.first.as<std::string>();
            std::replace(path.begin(), path.end(), '.', '/');
            simdjson::dom::element value;
            INFO("member " << path);
            REQUIRE(event.at_pointer(path).get(value) == simdjson::SUCCESS);
            std::string_view text;
            const std::string seen = value.get_string().get(text) == simdjson::SUCCESS
                                         ? std::string(text)
                                         : simdjson::to_string(value);
            CHECK(seen == member.second.as<std::string>());
        }
    }

    config::Loaded loaded_;
    YAML::Node steps_;
    std::unique_ptr<core::Engine> engine_;
    std::unique_ptr<daemon::EventEncoder> encoder_;
    std::unique_ptr<daemon::AccountLines> accounts_;
    std::uint64_t input_seq_ = 0;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'000'000'000'000);
    std::vector<Seen> events_;
};

}  // namespace

TEST_CASE("every story of the scenario folder ends as told") {
    const std::filesystem::path folder =
        std::filesystem::path(MARGIND_SOURCE_DIR) / "tests/scenario";
    std::size_t stories = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".yaml") continue;
        const YAML::Node node = YAML::LoadFile(entry.path().string());
        const std::string name = entry.path().filename().string();
        DYNAMIC_SECTION(name + ": " + node["title"].as<std::string>()) {
            INFO(name);
            Story(node, name).run();
        }
        ++stories;
    }
    CHECK(stories >= 6);
}
