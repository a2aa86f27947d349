#include "tests/venues/json.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace margind::test {
namespace {

constexpr int kDepthMax = 64;

// Reads one document, strictly: RFC 8259, except that a name may not stand twice in an object.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Json document() {
        Json value = this->value(0);
        skip_blanks();
        if (at_ != text_.size()) {
            refuse("something stands behind the document");
        }
        return value;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
        throw std::runtime_error("line " + std::to_string(line) + ": " + what);
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    bool take(std::string_view word) {
        const bool found = text_.substr(at_).starts_with(word);
        at_ += found ? word.size() : 0;
        return found;
    }
    void demand(char c) {
        skip_blanks();
        if (!take({&c, 1})) {
            refuse(std::string("'") + c + "' is missing");
        }
    }

    Json value(int depth) {
        skip_blanks();
        Json json;
        if (depth > kDepthMax) {
            refuse("nested too deeply");
        } else if (take("{")) {
            json.kind = Json::Kind::object;
            members(json, depth);
        } else if (take("[")) {
            json.kind = Json::Kind::list;
            items(json, depth);
        } else if (peek() == '"') {
            json.kind = Json::Kind::text;
            json.text = text();
        } else if (take("true") || take("false")) {
            json.kind = Json::Kind::boolean;
            json.flag = text_[at_ - 2] == 'u';
        } else if (!take("null")) {
            json.kind = Json::Kind::number;
            json.text = number();
        }
        return json;
    }

    // Calls `one` for each element up to `close`, with commas between.
    template <class One>
    void elements(char close, One one) {
        skip_blanks();
        while (!take({&close, 1})) {
            one();
            skip_blanks();
            if (peek() != close) {
                demand(',');
                skip_blanks();
                if (peek() == close) {
                    refuse("a comma with nothing behind it");
                }
            }
        }
    }
    void items(Json& json, int depth) {
        elements(']', [&] { json.items.push_back(value(depth + 1)); });
    }
    void members(Json& json, int depth) {
        elements('}', [&] {
            std::string name = text();
            if (json.find(name) != nullptr) {
                refuse("'" + name + "' stands twice in one object");
            }
            demand(':');
            json.names.push_back(std::move(name));
            json.values.push_back(value(depth + 1));
        });
    }

    std::string number() {
        const std::size_t end =
            std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
        std::string found(text_.substr(at_, end - at_));
        if (found.empty()) {
            refuse("a value is missing");
        }
        try {
            parse_decimal(found);
        } catch (const std::runtime_error& error) {
            refuse(error.what());
        }
        at_ = end;
        return found;
    }

    std::string text() {
        demand('"');
        std::string out;
        while (!take("\"")) {
            const char c = peek();
            if (static_cast<unsigned char>(c) < 0x20) {
                refuse("a text does not end on its line");
            }
            ++at_;
            if (c == '\\') {
                escape(out);
            } else {
                out += c;
            }
        }
        return out;
    }
    void escape(std::string& out) {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
        const char c = peek();
        ++at_;
        if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
            out += kMeant[known];
        } else if (c == 'u') {
            append_utf8(code_point(), out);
        } else {
            refuse("an unknown escape");
        }
    }
    std::uint32_t hex4() {
        std::uint32_t unit = 0;
        const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
        if (digits.size() != 4 || error != std::errc{} || stop != digits.data() + 4) {
            refuse("\\u without four hexadecimal digits");
        }
        at_ += 4;
        return unit;
    }
    std::uint32_t code_point() {
        const std::uint32_t unit = hex4();
        if (unit < 0xD800 || unit > 0xDFFF) {
            return unit;
        }
        const std::uint32_t low = unit < 0xDC00 && take("\\u") ? hex4() : 0;
        if (low < 0xDC00 || low > 0xDFFF) {
            refuse("half a surrogate pair");
        }
        return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    static void append_utf8(std::uint32_t code, std::string& out) {
        if (code < 0x80) {
            out += static_cast<char>(code);
            return;
        }
        const int tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(kLead[tails] | (code >> (6 * tails)));
        for (int i = tails - 1; i >= 0; --i) {
            out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

template <class Items, class Print>
std::string joined(const Items& items, char open, char close, Print print) {
    std::string out(1, open);
    for (const auto& item : items) {
        out += (out.size() > 1 ? ", " : "") + print(item);
    }
    return out + close;
}

Integer power_of_ten(int exponent) {
    return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

}  // namespace

std::vector<std::pair<const std::string&, const Json&>> Json::members() const {
    std::vector<std::pair<const std::string&, const Json&>> all;
    for (std::size_t i = 0; i < names.size(); ++i) all.emplace_back(names[i], values[i]);
    return all;
}

const Json* Json::find(std::string_view name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? nullptr
                                : &values[static_cast<std::size_t>(found - names.begin())];
}

Json parse_json(std::string_view text) {
    return Parser(text).document();
}

std::string to_text(const Json& value) {
    switch (value.kind) {
        case Json::Kind::null:
            return "null";
        case Json::Kind::boolean:
            return value.flag ? "true" : "false";
        case Json::Kind::number:
            return value.text;
        case Json::Kind::text:
            return in_quotes(value.text);
        case Json::Kind::list:
            return joined(value.items, '[', ']', to_text);
        case Json::Kind::object:
            return joined(value.members(), '{', '}', [](const auto& member) {
                return in_quotes(member.first) + ": " + to_text(member.second);
            });
    }
    return {};
}

Rational parse_decimal(std::string_view text) {
    const auto refuse = [&](const char* why) -> std::runtime_error {
        return std::runtime_error("'" + std::string(text) + "' is not a number: " + why);
    };
    const std::size_t e = text.find_first_of("eE");
    std::string_view digits = text.substr(0, e);
    const bool negative = digits.starts_with('-');
    digits.remove_prefix(negative ? 1 : 0);

    int exponent = 0;
    if (e != std::string_view::npos) {
        std::string_view tail = text.substr(e + 1);
        tail.remove_prefix(tail.starts_with('+') ? 1 : 0);
        const auto end = tail.data() + tail.size();
        const auto [stop, error] = std::from_chars(tail.data(), end, exponent);
        if (error != std::errc{} || stop != end || exponent < -400 || exponent > 400) {
            throw refuse("its exponent is not within -400 and 400");
        }
    }
    Integer number = 0;
    bool point = false;
    std::size_t count = 0;
    for (const char c : digits) {
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            number = number * 10 + (c - '0');
            exponent -= point ? 1 : 0;
            ++count;
        } else {
            throw refuse("only digits and one point may stand in it");
        }
    }
    if (count == 0) {
        throw refuse("it has no digits");
    }
    number = negative ? Integer(-number) : number;
    return exponent >= 0 ? Rational(number * power_of_ten(exponent))
                         : Rational(number, power_of_ten(-exponent));
}

std::string to_decimal(const Rational& value, int decimals) {
    const Integer unit = power_of_ten(decimals);
    const Integer scaled = abs(numerator(value)) * unit / denominator(value);
    std::string whole = Integer(scaled / unit).str();
    std::string fraction = Integer(scaled % unit).str();
    fraction.insert(0, static_cast<std::size_t>(decimals) - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return (value < 0 ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace margind::test
