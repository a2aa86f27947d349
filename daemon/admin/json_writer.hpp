// Writes one JSON document from front to back; knows where commas go, nothing else.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "core/units.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// Requires: opens and closes match, members only inside objects. An empty key means "no key": an
// element of an array, or the document itself.
class JsonWriter {
  public:
    explicit JsonWriter(TextBuffer& out) : out_(out) {}

    void open_object(std::string_view key = {}) { open(key, '{'); }
    void open_array(std::string_view key = {}) { open(key, '['); }
    void close_object() { close('}'); }
    void close_array() { close(']'); }

    void text(std::string_view key, std::string_view value) {
        begin(key);
        append_quoted(out_, value);
    }
    void flag(std::string_view key, bool value) {
        begin(key);
        append(value ? "true" : "false");
    }
    void null(std::string_view key) {
        begin(key);
        append("null");
    }
    void number(std::string_view key, std::integral auto value) {
        begin(key);
        fmt::format_to(fmt::appender(out_), "{}", value);
    }
    // Shortest text that reads back as the same double; null where JSON has no word for it.
    void number(std::string_view key, double value) {
        if (!std::isfinite(value)) return null(key);
        begin(key);
        fmt::format_to(fmt::appender(out_), "{}", value);
    }
    // raw * 10^-decimals, exactly, as a JSON number: for durations and the like.
    void scaled_number(std::string_view key, std::int64_t raw, int decimals) {
        begin(key);
        append_decimal(out_, raw, decimals);
    }
    // The same as a string, so that no reader turns it into a double: for money.
    void decimal(std::string_view key, std::int64_t raw, int decimals) {
        begin(key);
        out_.push_back('"');
        append_decimal(out_, raw, decimals);
        out_.push_back('"');
    }
    void money(std::string_view key, core::Money amount) {
        decimal(key, amount.raw(), core::kScaleDecimals);
    }
    void rate(std::string_view key, core::Rate value) {
        decimal(key, value.raw(), core::kScaleDecimals);
    }
    // Null for "none".
    void price(std::string_view key, core::Price value, int decimals) {
        if (value.raw() == 0) return null(key);
        decimal(key, value.raw(), decimals);
    }

  private:
    void append(std::string_view text) { out_.append(text.data(), text.data() + text.size()); }
    void begin(std::string_view key) {
        if (!first_) out_.push_back(',');
        first_ = false;
        if (key.empty()) return;
        append_quoted(out_, key);
        out_.push_back(':');
    }
    void open(std::string_view key, char bracket) {
        begin(key);
        out_.push_back(bracket);
        first_ = true;
    }
    void close(char bracket) {
        out_.push_back(bracket);
        first_ = false;
    }

    TextBuffer& out_;
    bool first_ = true;
};

}  // namespace margind::daemon
