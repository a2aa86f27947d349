// Numbers, times and colours as a person reads them in a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace margind::daemon {

enum class Colour : std::uint8_t { no, yes };
enum class Ink : std::uint8_t { plain, dim, bold, green, yellow, orange, red, cyan };
enum class Align : std::uint8_t { left, right };

// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t value);
// A decimal as the stream writes it, cut (not rounded) to `places`, thousands grouped:
// ("-1234.5678", 2) -> "-1,234.56". Empty text stays "-".
std::string shortened(std::string_view decimal, int places);
// A price with about six significant digits: enough to see it move, narrow enough for a column.
std::string price_text(std::string_view decimal);
// A fraction as a percentage: ("0.02527431", 2) -> "2.52 %".
std::string percent(std::string_view fraction, int places);
std::string percent(double fraction, int places);
// Nanoseconds since 1970 as 21:15:03.120 or 21:15:03, UTC.
std::string time_of_day_ms(std::int64_t ns);
std::string time_of_day(std::int64_t ns);
// Nanoseconds as 1:02:03 or 0:42.
std::string elapsed(std::int64_t ns);
// Control characters replaced: names are free text and must not steer the terminal.
std::string printable(std::string_view text);

// Columns a UTF-8 text takes, one a character.
std::size_t columns(std::string_view text);

// One line of at most `width` columns; what does not fit is cut off.
class LineBuilder {
  public:
    LineBuilder(std::size_t width, Colour colour) : left_(width), colour_(colour) {}

    LineBuilder& add(std::string_view text, Ink ink = Ink::plain);
    // A column of exactly `width`, cut or padded, and a blank after it.
    LineBuilder& cell(std::string_view text, std::size_t width, Align align = Align::left,
                      Ink ink = Ink::plain);
    // Blanks up to the full width.
    LineBuilder& pad() { return add(std::string(left_, ' ')); }
    std::string str() const { return text_; }

  private:
    std::size_t left_;
    Colour colour_;
    std::string text_;
};

}  // namespace margind::daemon
