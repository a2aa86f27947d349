#include "daemon/ingress/json_values.hpp"

#include "feeds/decimal.hpp"
#include "feeds/normalise.hpp"

namespace margind::daemon {

namespace json = simdjson::ondemand;

LineProblem read_digits(json::value value, std::string_view member, std::string_view& digits) {
    json::json_type type{};
    digits = {};
    if (value.type().get(type) == simdjson::SUCCESS) {
        if (type == json::json_type::string) {
            if (value.get_string().get(digits) != simdjson::SUCCESS) digits = {};
        } else if (type == json::json_type::number) {
            digits = value.raw_json_token();  // and the blanks up to the next token
            while (!digits.empty() && static_cast<unsigned char>(digits.back()) <= ' ') {
                digits.remove_suffix(1);
            }
        }
    }
    if (!digits.empty()) return {};
    return wrong(member, "must be a decimal number, such as \"0.5\"");
}

LineProblem scale(std::string_view digits, int decimals, std::string_view member,
                  std::int64_t& out) {
    feeds::Decimal decimal;
    if (!feeds::parse_decimal(digits, decimal)) {
        return wrong(member, "must be a decimal number, such as \"0.5\"");
    }
    switch (feeds::scale_exactly(decimal, decimals, out)) {
        case feeds::NormaliseError::too_precise:
            return wrong(member, "has more than " + std::to_string(decimals) + " decimals");
        case feeds::NormaliseError::too_large:
        case feeds::NormaliseError::no_source:
            return wrong(member, "is too large");
        case feeds::NormaliseError::none:
            break;
    }
    return {};
}

LineProblem read_text(json::value value, std::string_view member, std::string_view& out) {
    if (value.get_string().get(out) == simdjson::SUCCESS) return {};
    return wrong(member, "must be text in quotes");
}

LineProblem JsonLine::open(std::string_view line, json::document& document, json::object& object) {
    if (line.size() > bytes_max_) {
        return "the line: is longer than " + std::to_string(bytes_max_) + " bytes";
    }
    buffer_.reserve(bytes_max_ + simdjson::SIMDJSON_PADDING);
    buffer_.assign(line);
    if (parser_.iterate(buffer_.data(), buffer_.size(), buffer_.capacity()).get(document) !=
            simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return "the line: is not a JSON object";
    }
    return {};
}

}  // namespace margind::daemon
