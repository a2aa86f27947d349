// The Prometheus text format 0.0.4: families and their samples.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

struct MetricLabel {
    std::string_view name;
    std::string_view value;
};

// Families and samples in the format's terms. All samples of a family must follow its head.
class MetricsWriter {
  public:
    explicit MetricsWriter(TextBuffer& out) : out_(out) {}

    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(fmt::appender(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    void sample(std::initializer_list<MetricLabel> labels, std::integral auto value) {
        head({}, labels);
        fmt::format_to(fmt::appender(out_), " {}\n", value);
    }
    void sample(std::initializer_list<MetricLabel> labels, double value) {
        head({}, labels);
        append_double(value);
    }
    void sample_scaled(std::initializer_list<MetricLabel> labels, std::int64_t raw, int decimals,
                       std::string_view suffix = {}) {
        head(suffix, labels);
        out_.push_back(' ');
        append_decimal(out_, raw, decimals);
        out_.push_back('\n');
    }
    void suffixed(std::string_view suffix, std::initializer_list<MetricLabel> labels,
                  double value) {
        head(suffix, labels);
        append_double(value);
    }
    // A family of one sample without labels.
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        family(name, "counter", help);
        sample({}, value);
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        family(name, "gauge", help);
        sample({}, value);
    }

  private:
    void append(std::string_view text) { out_.append(text.data(), text.data() + text.size()); }
    void append_double(double value) {
        if (std::isnan(value)) return append(" NaN\n");
        if (std::isinf(value)) return append(value > 0 ? " +Inf\n" : " -Inf\n");
        fmt::format_to(fmt::appender(out_), " {}\n", value);
    }
    void head(std::string_view suffix, std::initializer_list<MetricLabel> labels) {
        append(name_);
        append(suffix);
        if (labels.size() == 0) return;
        char separator = '{';
        for (const MetricLabel& label : labels) {
            out_.push_back(separator);
            append(label.name);
            append("=\"");
            append_escaped(label.value);
            out_.push_back('"');
            separator = ',';
        }
        out_.push_back('}');
    }
    void append_escaped(std::string_view text) {
        for (const char c : text) {
            if (c == '\\' || c == '"') out_.push_back('\\');
            if (c == '\n') {
                append("\\n");
            } else {
                out_.push_back(c);
            }
        }
    }

    TextBuffer& out_;
    std::string_view name_;
};

}  // namespace margind::daemon
