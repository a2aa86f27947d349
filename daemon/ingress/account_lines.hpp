// Account updates as lines of JSON: one line is one atomic update.
//
//   {"account":"alice","sub_account":"main","mode":"replace","margin_mode":"cross",
//    "balances":{"USD":"1000.5"},
//    "positions":[{"instrument":"BTC-PERP","quantity":"-0.5","entry_price":"61000",
//                  "accrued":"-1.2","leverage":"10"}],
//    "orders":[{"instrument":"BTC-PERP","side":"buy","quantity":"0.1","price":"60000"}],
//    "t":1760128200000000000}
//
// Only "account" is required. Numbers are JSON numbers or decimal strings, read exactly. `mode` is
// replace (the default: the line is the whole account) or patch (what is not mentioned stays).
// Money moves between two accounts, in both or in neither, by a line of its own:
//
//   {"transfer":{"from":{"account":"alice"},"to":{"account":"alice","sub_account":"btc"},
//                "asset":"USD","amount":"100"}}
//
// docs/configuration.md has the table of members.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::daemon {

// Not thread-safe: one per reader. Once warm, a good line costs about a microsecond and allocates
// nothing.
class AccountLines {
  public:
    static constexpr std::size_t kLineBytesMax = 64 * 1024;

    // Whether a line may have the members "source" and "source_seq"; they are passed over here:
    // daemon/ingress/numbered_lines.hpp reads them.
    enum class Numbered : std::uint8_t { no, yes };

    // Keeps references to the names in `parameters`, which must outlive it.
    explicit AccountLines(const core::RiskParameters& parameters, Numbered numbered = Numbered::no);
    ~AccountLines();
    AccountLines(AccountLines&&) noexcept;

    // Replaces `records` by the records of the update, the last of them marked so. Their
    // exchange_time is "t", where the line has one; origin and the sequencer's fields are not
    // filled. Returns what is wrong and what to do, naming the member; then `records` is empty.
    std::string parse(std::string_view line, std::vector<core::Input>& records);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// Why the engine refused a whole update and what to do about it, for people.
std::string explain(core::Refusal refusal);
// With the figures, where the engine that refused it has any.
std::string explain(core::Refusal refusal, const core::Engine& engine);

}  // namespace margind::daemon
