// Account lines that their sender numbers: those of account_lines.hpp with two members more,
//
//   {"source":"ledger","source_seq":17,"account":"alice","balances":{"USD":"1000.5"}}
//
// docs/account-stream.md says what the numbers are good for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "daemon/ingress/account_lines.hpp"
#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {

// Who sent a line, and its number.
struct LineHead {
    std::string source;
    std::uint64_t source_seq = 0;  // at least 1
};

// Not thread-safe: one per reader. Once warm, a good line costs about two microseconds and
// allocates nothing but a long source's name.
class NumberedLines {
  public:
    // The most records one line can become: its number and an update.
    static constexpr std::size_t kRecordsMax = core::kMaxEntriesPerUpdate + 1;

    // Keeps references to the names in `parameters`, which must outlive it.
    explicit NumberedLines(const core::RiskParameters& parameters)
        : head_line_(AccountLines::kLineBytesMax), lines_(parameters, AccountLines::Numbered::yes) {
        records_.reserve(kRecordsMax);
    }

    // Reads who sent the line, and its number, whatever else is wrong with it. Returns why it
    // cannot be known.
    LineProblem read_head(std::string_view line, LineHead& head);

    // Replaces `records` by those that tell the engine of the line: its number, then the update.
    // For a line that is no update `problem` says why, and the records tell of its number alone.
    // Origin and receive_time are not filled. Requires: read_head() of this line.
    void read(std::string_view line, const LineHead& head, std::vector<core::Input>& records,
              std::string& problem);

  private:
    JsonLine head_line_;
    AccountLines lines_;
    std::vector<core::Input> records_;  // of the line being read
};

}  // namespace margind::daemon
