// The items of an account line's lists - balances, positions, orders - and transfers, as records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {

// Reads one item at a time and appends its records, of which only kind, id, amount and price are
// filled (and, of a transfer, the key). `member` is the item's place in the line, for messages.
class AccountItems {
  public:
    using Records = std::vector<core::Input>;

    // Borrows the names in `parameters`.
    explicit AccountItems(const core::RiskParameters& parameters);

    LineProblem balance(std::string_view asset, simdjson::ondemand::value amount,
                        Records& records) const;
    // A position, and its accrued gain and leverage where they are given.
    LineProblem position(simdjson::ondemand::object& object, const std::string& member,
                         Records& records) const;
    LineProblem order(simdjson::ondemand::object& object, const std::string& member,
                      Records& records) const;
    // Both halves of a transfer.
    LineProblem transfer(simdjson::ondemand::object& object, Records& records) const;

  private:
    // Everything a position or an order may say, as written: its scale depends on its instrument,
    // which may come last.
    struct Fields;
    LineProblem read_fields(simdjson::ondemand::object& object, const std::string& member,
                            std::string_view known, Fields& fields) const;
    LineProblem read_instrument(simdjson::ondemand::value value, const std::string& place,
                                Fields& fields) const;
    LineProblem read_asset(simdjson::ondemand::value value, const std::string& place,
                           std::uint32_t& id) const;
    LineProblem push_position(const Fields& fields, const std::string& member,
                              Records& records) const;

    const core::RiskParameters& parameters_;
    NameIndex assets_;
    NameIndex instruments_;
};

// The owner's or the sub-account's name.
template <std::size_t N>
LineProblem read_key(simdjson::ondemand::value value, std::string_view member,
                     core::FixedText<N>& out) {
    std::string_view text;
    if (LineProblem problem = read_text(value, member, text); !problem.empty()) return problem;
    if (!core::FixedText<N>::fits(text)) {
        return wrong(member, "must be at most " + std::to_string(N) +
                                 " printable ASCII characters without blanks, quotes, commas, "
                                 "slashes");
    }
    out = core::FixedText<N>(text);
    return {};
}

}  // namespace margind::daemon
