#include "daemon/ingress/price_lines.hpp"

#include <algorithm>
#include <array>

#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {
namespace {

// What a member of a line is: a statistic, or (count_) one of the prices.
struct Member {
    std::string_view name;
    core::Statistic statistic = core::Statistic::count_;
    bool in_ticks = false;  // of the instrument; else 1e-8
};

constexpr std::array<Member, 9> kPriceMembers = {{
    {"price", core::Statistic::count_, true},
    {"confidence", core::Statistic::count_, true},
    {"open_interest", core::Statistic::open_interest, false},
    {"expected_funding", core::Statistic::expected_funding, false},
    {"auction_price", core::Statistic::auction_price, true},
    {"slow_price", core::Statistic::slow_price, true},
    {"total_deposits", core::Statistic::total_deposits, false},
    {"total_borrows", core::Statistic::total_borrows, false},
    {"redemption_value", core::Statistic::redemption_value, false},
}};
constexpr std::size_t kPrice = 0;
constexpr std::size_t kConfidence = 1;
constexpr std::size_t kFirstOfAsset = 6;

}  // namespace

class PriceLines::Implementation {
  public:
    explicit Implementation(const core::RiskParameters& parameters)
        : parameters_(parameters),
          instruments_(parameters.instruments),
          assets_(parameters.assets),
          line_(kLineBytesMax) {}

    LineProblem parse(std::string_view line, PriceLine& out) {
        out = {};
        instrument_ = asset_ = nullptr;
        digits_ = {};
        LineProblem problem =
            line_.read(line, [&](std::string_view name, simdjson::ondemand::value value) {
                return read_member(name, value);
            });
        if (!problem.empty()) return problem;
        if ((instrument_ == nullptr) == (asset_ == nullptr)) {
            return "the line: must name an instrument or an asset, one of the two";
        }
        if (instrument_ != nullptr) out.instrument = core::InstrumentId(*instrument_);
        for (std::size_t m = 0; m < kPriceMembers.size(); ++m) {
            if (digits_[m].empty()) continue;
            if (problem = take(m, out); !problem.empty()) return problem;
        }
        if (out.price.raw() > 0 || !out.statistics.empty()) return {};
        return instrument_ != nullptr
                   ? wrong("price", "is missing")
                   : wrong("total_deposits, total_borrows or redemption_value", "is missing");
    }

  private:
    LineProblem read_member(std::string_view name, simdjson::ondemand::value value) {
        if (name == "instrument") return read_name(value, name, instruments_, instrument_);
        if (name == "asset") return read_name(value, name, assets_, asset_);
        const auto member = std::find_if(kPriceMembers.begin(), kPriceMembers.end(),
                                         [&](const Member& m) { return m.name == name; });
        if (member == kPriceMembers.end()) {
            std::string known = "instrument, asset";
            for (const Member& m : kPriceMembers) known += ", " + std::string(m.name);
            return wrong(name, "is not a known member; known: " + known);
        }
        std::string_view& digits =
            digits_[static_cast<std::size_t>(member - kPriceMembers.begin())];
        if (!digits.empty()) return wrong(name, "is given twice; keep one");
        return read_digits(value, name, digits);
    }

    static LineProblem read_name(simdjson::ondemand::value value, std::string_view member,
                                 const NameIndex& names, const std::uint32_t*& found) {
        if (found != nullptr) return wrong(member, "is given twice; keep one");
        std::string_view text;
        LineProblem problem = read_text(value, member, text);
        if (!problem.empty()) return problem;
        found = names.find(text);
        if (found != nullptr) return {};
        return wrong(member,
                     "'" + std::string(text) + "' is no " + std::string(member) + " of the config");
    }

    LineProblem take(std::size_t m, PriceLine& out) const {
        const Member& member = kPriceMembers[m];
        const bool of_asset = m >= kFirstOfAsset;
        if (of_asset != (asset_ != nullptr)) {
            return wrong(member.name,
                         of_asset ? "belongs to an asset" : "belongs to an instrument");
        }
        int decimals = core::kScaleDecimals;
        if (member.in_ticks) decimals = parameters_.instruments[*instrument_].price_decimals;
        std::int64_t raw = 0;
        LineProblem problem = scale(digits_[m], decimals, member.name, raw);
        if (!problem.empty()) return problem;
        if (raw < 0 && member.statistic != core::Statistic::expected_funding) {
            return wrong(member.name, "must not be negative");
        }
        if (member.in_ticks && raw > parameters_.instruments[*instrument_].price_max.raw()) {
            return wrong(member.name, "must be at most the instrument's price_max");
        }
        if (m == kPrice) return take_price(raw, out);
        if (member.statistic == core::Statistic::slow_price) {
            if (raw == 0) return wrong(member.name, "must be above zero");
            if (!core::keeps_slow_price(parameters_.instruments[*instrument_])) {
                return wrong(member.name,
                             "is of an instrument that keeps none; give it "
                             "slow_price.growth_per_second in the config, or delete this");
            }
        }
        if (m == kConfidence) {
            if (digits_[kPrice].empty()) return wrong(member.name, "goes with a price; give one");
            out.confidence = core::Price::from_raw(raw);
            return {};
        }
        out.statistics.push_back({.statistic = member.statistic,
                                  .target = of_asset ? *asset_ : *instrument_,
                                  .value = raw});
        return {};
    }

    static LineProblem take_price(std::int64_t raw, PriceLine& out) {
        if (raw == 0) return wrong("price", "must be above zero");
        out.price = core::Price::from_raw(raw);
        return {};
    }

    static constexpr std::size_t kLineBytesMax = 1024;

    const core::RiskParameters& parameters_;
    NameIndex instruments_;
    NameIndex assets_;
    JsonLine line_;
    // Of the line being read:
    const std::uint32_t* instrument_ = nullptr;
    const std::uint32_t* asset_ = nullptr;
    std::array<std::string_view, kPriceMembers.size()> digits_{};
};

PriceLines::PriceLines(const core::RiskParameters& parameters)
    : implementation_(std::make_unique<Implementation>(parameters)) {}
PriceLines::~PriceLines() = default;

std::string PriceLines::parse(std::string_view line, PriceLine& out) {
    return implementation_->parse(line, out);
}

}  // namespace margind::daemon
