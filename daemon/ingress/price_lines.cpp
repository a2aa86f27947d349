#include "daemon/ingress/price_lines.hpp"

#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {

class PriceLines::Implementation {
  public:
    explicit Implementation(const core::RiskParameters& parameters)
        : parameters_(parameters), instruments_(parameters.instruments), line_(kLineBytesMax) {}

    LineProblem parse(std::string_view line, core::InstrumentId& id, core::Price& price) {
        std::string_view name;
        std::string_view digits;
        LineProblem problem =
            line_.read(line, [&](std::string_view member, simdjson::ondemand::value value) {
                if (member == "instrument") return read_text(value, member, name);
                if (member == "price") return read_digits(value, member, digits);
                return wrong(member, "is not a known member; known: instrument, price");
            });
        if (!problem.empty()) return problem;
        if (name.empty()) return wrong("instrument", "is missing or empty");
        if (digits.empty()) return wrong("price", "is missing");
        const std::uint32_t* index = instruments_.find(name);
        if (index == nullptr) {
            return wrong("instrument",
                         "'" + std::string(name) + "' is no instrument of the config");
        }
        const core::Instrument& instrument = parameters_.instruments[*index];
        std::int64_t raw = 0;
        problem = scale(digits, instrument.price_decimals, "price", raw);
        if (!problem.empty()) return problem;
        if (raw <= 0 || raw > instrument.price_max.raw()) {
            return wrong("price", "must be above zero, at most the instrument's price_max");
        }
        id = core::InstrumentId(*index);
        price = core::Price::from_raw(raw);
        return {};
    }

  private:
    static constexpr std::size_t kLineBytesMax = 1024;

    const core::RiskParameters& parameters_;
    NameIndex instruments_;
    JsonLine line_;
};

PriceLines::PriceLines(const core::RiskParameters& parameters)
    : implementation_(std::make_unique<Implementation>(parameters)) {}
PriceLines::~PriceLines() = default;

std::string PriceLines::parse(std::string_view line, core::InstrumentId& instrument,
                              core::Price& price) {
    return implementation_->parse(line, instrument, price);
}

}  // namespace margind::daemon
