// A comparison of two runs as a risk officer reads it, and as JSON.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/gateway/event_json.hpp"
#include "daemon/review/outcomes.hpp"

namespace margind::daemon {

// What was compared, in words.
struct ComparisonHead {
    std::string recorded;  // the configuration the journal was written with
    std::string other;
    std::string currency;  // of all money
    std::uint64_t first_input = 0;
    std::uint64_t last_input = 0;
    core::Timestamp from;  // engine times of these two
    core::Timestamp to;
    std::vector<std::string> notes;  // what of the inputs the other configuration did not hear
};

// Totals by kind, then at most `rows` accounts. Amounts are cut, not rounded.
void write_table(const ComparisonHead& head, const Comparison& comparison, std::size_t rows,
                 TextBuffer& out);
// The same as one document; amounts exact.
void write_json(const ComparisonHead& head, const Comparison& comparison, std::size_t rows,
                TextBuffer& out);

// 1.2 s, 3 min 20 s: a shift as people say it, with one decimal below a minute.
std::string duration_text(core::Duration duration);

}  // namespace margind::daemon
