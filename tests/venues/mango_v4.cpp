// Mango v4: cross accounts of tokens, resting orders and perpetuals; README of the reference data,
// section 3.3.
#include <array>
#include <vector>

#include "core/margin/position_cost.hpp"
#include "core/margin/weight_shift.hpp"
#include "core/market/slow_price.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::Rounding;
using core::Timestamp;

Timestamp at_second(std::int64_t seconds) {
    return Timestamp{} + core::Duration::from_seconds(seconds);
}

// Sizes are counted in lots; the formulas take base units.
Quantity from_lots(const Field& lots, const Quantity& lot_size) {
    return Quantity::from_raw(lots.integer() * lot_size.raw());
}

Answers position(const Case& one) {
    const Quantity lot_size = one.params.quantity("lot_size", "1");
    const auto entry = one.inputs.price("entry_price", "0");
    const auto mark = one.inputs.find("mark_price");
    auto cost = core::opened_at<Extended>(from_lots(one.inputs["base_lots"], lot_size), entry,
                                          kPlainContract);
    Money cash = cost.opening_cash;
    Money realized;
    for (const Field& trade : one.inputs.items_or_none("trades")) {
        const std::vector<Field> parts = trade.items();
        if (parts.size() != 2) {
            trade.fail("is not [lots, quote]");
        }
        const Money quote = parts[1].money();
        realized = record_trade(cost, from_lots(parts[0], lot_size), quote);
        cash = cash + quote;
    }
    Answers answers{
        {"quote_running", cost.running_cash},
        {"base_lots", Rational(cost.quantity.raw(), lot_size.raw())},
        {"entry_price", entry_price(cost, kPlainContract)},
        {"break_even_price", break_even_price(cost, kPlainContract)},
        {"realized_last", realized},
    };
    if (mark) {
        answers.emplace("unsettled_pnl",
                        marked_pnl(cash, cost.quantity, mark->price(), kPlainContract));
    }
    return answers;
}

Answers weight_shift(const Case& one) {
    const Timestamp now = at_second(one.inputs.whole("time"));
    const auto shift = [&](const char* from, const char* to) {
        return core::WeightShift<Extended>{at_second(one.params.whole("start")),
                                           at_second(one.params.whole("end")),
                                           one.params.rate(from), one.params.rate(to)};
    };
    return {{"asset", shifted_weight(shift("asset", "asset_target"), now, Rounding::down)},
            {"liab", shifted_weight(shift("liab", "liab_target"), now, Rounding::up)}};
}

Answers stable_price(const Case& one) {
    core::SlowPriceRule<Extended> rule;
    rule.slot_growth = one.params.rate("delay_growth_limit");
    rule.growth_per_second = one.params.rate("stable_growth_limit");
    core::SlowPriceOf<Extended> slow(rule, one.inputs.unit_price("start_price"), Timestamp{});
    std::int64_t time = 0;
    for (const Field& leg : one.inputs["legs"].items()) {
        const std::int64_t dt = leg.whole("dt");
        const UnitPrice price = leg.unit_price("price");
        const auto after = leg.find("after");
        const auto price_after = leg.find("price_after");
        const std::int64_t turn = after ? after->whole() : 0;
        const UnitPrice turned = price_after ? price_after->unit_price() : price;
        for (std::int64_t step = leg.whole("steps"); step > 0; --step) {
            time += dt;
            slow.update(after && time > turn ? turned : price, at_second(time));
        }
    }
    return {{"stable_price", slow.price()},
            {"delay_price_first", slow.delay_price(0)},
            {"delay_price_second", slow.delay_price(1)}};
}

constexpr std::array kModels{
    Model{"mango_position", position},
    Model{"mango_weight_shift", weight_shift},
    Model{"mango_stable_price", stable_price},
};

}  // namespace

std::span<const Model> mango_v4_models() {
    return kModels;
}

}  // namespace margind::test
