#include "tests/support/random_books.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/random_rules.hpp"

using namespace margind::core;

namespace margind::test {
namespace {

// Where prices start, by instrument; the last is a currency's rate.
constexpr double kStart[] = {60'000, 3'000, 150, 1, 0.5, 0.00002};
constexpr double kRateOfCurrency = 1.1;

double power_of_ten(int exponent) {
    double power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

BookShape shape_of(Random& random) {
    constexpr double kMoves[] = {0.05, 0.5, 2, 10, 50};
    constexpr double kSizes[] = {1, 1, 1, 1, 1, 1, 1, 1e4, 1e-3, 1e-6};
    const bool travel = random.chance(0.15);
    const bool crowd = random.chance(0.01);
    const bool wide = random.chance(0.05);
    return {.instruments = 1 + static_cast<std::uint32_t>(random.below(crowd  ? 2
                                                                       : wide ? 90
                                                                              : 12)),
            .accounts = crowd ? 5'000 : 5 + static_cast<std::uint32_t>(random.below(150)),
            .crowd = crowd,
            .size = kSizes[random.below(10)],
            .bp = travel ? 50 : kMoves[random.below(5)],
            .trend = travel               ? 1
                     : random.chance(0.5) ? 0.3
                                          : 0,
            .jumps = crowd                ? 0.02
                     : random.chance(0.5) ? 0.002
                                          : 0,
            .updates = random.chance(0.6) ? 0.02 : 0.2,
            .travel = travel,
            .tiers = random.chance(0.4),
            .coins = random.chance(0.7),
            .thin = random.chance(0.15),
            .breathing = random.chance(0.5),
            .silence = random.chance(0.25),
            .foreign = random.chance(0.3),
            .rules = random.chance(0.7),
            .levels = random.chance(0.35)};
}

class VenueMaker {
  public:
    VenueMaker(const BookShape& shape, Random& random) : random_(random) { out_.shape = shape; }

    RandomBooks make() {
        RiskParameters& p = out_.parameters;
        p.feeds = {"feed", "other"};
        p.guard.jump_factor = 4;
        add_assets();
        for (std::uint32_t i = 0; i < out_.shape.instruments; ++i) add_instrument(i);
        if (out_.shape.foreign) add_currency_rate();
        for (std::uint32_t i = 0; i < p.instruments.size(); ++i) add_sources(i);
        set_ladder();
        if (out_.shape.rules) add_venue_rules(p, out_.shape.size, random_);
        p.max_accounts = out_.shape.accounts;
        const std::vector<std::string> problems = validate(p);
        if (!problems.empty()) throw std::logic_error("random venue: " + problems.front());
        return std::move(out_);
    }

  private:
    void add_assets() {
        RiskParameters& p = out_.parameters;
        p.assets.push_back({.name = "USD", .haircut = {}});
        const std::uint32_t coins =
            out_.shape.coins ? std::min<std::uint32_t>(2, out_.shape.instruments) : 0;
        for (std::uint32_t c = 0; c < coins; ++c) {
            Asset one{.name = "COIN" + std::to_string(c),
                      .priced_by = InstrumentId(c),
                      .haircut = PerLevel<Rate>(rate(0.15), rate(0.1)),
                      .liability_weight = PerLevel<Rate>(rate(1.2), rate(1.1))};
            if (out_.shape.thin) one.haircut = PerLevel<Rate>(rate(0.98), rate(0.96));
            p.assets.push_back(one);
        }
        if (out_.shape.foreign) {
            p.assets.push_back(
                {.name = "EUR", .priced_by = InstrumentId(out_.shape.instruments), .haircut = {}});
        }
    }

    // Dollars for one of the asset, at the start.
    double worth(AssetId asset) const {
        const InstrumentId by = out_.parameters.assets[asset.index()].priced_by;
        if (!by.valid()) return 1;
        return by.index() < out_.shape.instruments ? kStart[by.index() % 6] : kRateOfCurrency;
    }
    AssetId foreign() const {
        return AssetId(static_cast<std::uint32_t>(out_.parameters.assets.size() - 1));
    }
    AssetId coin(std::uint32_t instrument) const { return AssetId(1 + instrument); }

    void add_instrument(std::uint32_t i) {
        const BookShape& shape = out_.shape;
        const bool abroad = shape.foreign && i > 1 && random_.chance(0.3);
        Instrument one = instrument("I" + std::to_string(i), abroad ? foreign() : AssetId(0));
        const double start = kStart[i % 6];
        one.price_max = ticks_of(one, start * (shape.travel ? 200 : 20));
        if (shape.coins && i < 2 && random_.chance(0.35)) {
            one.kind = InstrumentKind::inverse_perpetual;
            one.settle = coin(i);
            one.price_decimals = 2;
            one.quantity_decimals = 0;
            one.scale = ContractScale::from_factor(1'000'000'000'000'000'000);
            one.price_max = ticks_of(one, start * (shape.travel ? 200 : 20));
        } else if (shape.coins && i > 1 && random_.chance(shape.thin ? 0.7 : 0.15)) {
            one.settle = coin(static_cast<std::uint32_t>(random_.below(2)));
        } else if (shape.rules && i % 6 > 2 && random_.chance(0.4)) {
            one.kind = InstrumentKind::capped;
            one.rules.terms.payoff_cap = ticks_of(one, start * 2);
        }
        const double unit = worth(settlement_asset(one));
        set_tiers(one, unit / shape.size);
        // More margin than gains in such a coin count.
        if (shape.thin && one.settle.valid()) one.tiers = {{{}, rate(0.3), rate(0.2)}};
        if (shape.breathing && random_.chance(0.8)) {
            one.rate = {.z_initial = 3,
                        .z_maintenance = 2,
                        .horizon = Duration::from_seconds(60),
                        .cap = rate(0.5)};
            one.volatility.half_life = Duration::from_seconds(10);
            one.volatility.initial_annual = 0.3;
        }
        if (shape.rules) add_instrument_rules(one, unit / shape.size, random_);
        one.rules.plain = !looked_at(one.rules, one.kind);
        one.hold_max = Duration::from_seconds(3);
        out_.parameters.instruments.push_back(one);
        out_.start.push_back(start);
    }

    // Ends of tiers at what accounts hold; `unit`: dollars for one of the settlement asset.
    void set_tiers(Instrument& one, double unit) {
        const auto end = [&](double dollars) {
            return Value::from_raw(Int128{money(dollars / unit).raw()} * kScale);
        };
        one.tiers = {{{}, rate(0.05), rate(0.02)}};
        if (out_.shape.tiers && random_.chance(0.6)) {
            one.tiers = {{end(8'000), rate(0.05), rate(0.02)},
                         {end(24'000), rate(0.1), rate(0.05)},
                         {{}, rate(0.2), rate(0.1)}};
        }
        if (!out_.shape.levels) return;
        for (Tier& tier : one.tiers) {
            tier.close_out_rate =
                tier.maintenance_rate +
                Rate::from_raw((tier.initial_rate - tier.maintenance_rate).raw() / 3);
        }
    }

    void add_currency_rate() {
        Instrument one = instrument("EURUSD", AssetId(0));
        one.kind = InstrumentKind::spot;
        one.tiers.clear();
        one.price_max = ticks_of(one, kRateOfCurrency * 200);
        one.hold_max = Duration::from_seconds(3);
        out_.parameters.instruments.push_back(one);
        out_.start.push_back(kRateOfCurrency);
    }

    // One index source; sometimes more, in another currency, or marks of their own.
    void add_sources(std::uint32_t i) {
        RiskParameters& p = out_.parameters;
        const AssetId quote = p.instruments[i].quote;
        const Duration patience = out_.shape.silence    ? Duration::from_ms(1'500)
                                  : random_.chance(0.5) ? Duration::from_seconds(10)
                                                        : Duration::from_seconds(3'600);
        const auto add = [&](AssetId in, Role role) {
            add_source(p, i, in, role);
            p.sources.back().stale_after = patience;
            p.sources.back().feed = FeedId(static_cast<std::uint32_t>(random_.below(2)));
        };
        add(quote, Role::index);
        // What converts other prices is in its own quote only, so the coins' instruments are, too.
        const bool may_convert = out_.shape.foreign && i > 1 && i < out_.shape.instruments;
        if (may_convert && quote != foreign() && random_.chance(0.3)) add(foreign(), Role::index);
        if (random_.chance(0.1)) add(quote, Role::index);
        if (random_.chance(0.15)) add(quote, Role::mark);
    }

    void set_ladder() {
        Ladder& ladder = out_.parameters.ladder;
        constexpr double kHysteresis[] = {0, 0.02, 0.02, 0.3};
        for (Level* level : {&ladder.warning, &ladder.margin_call, &ladder.liquidation}) {
            level->hysteresis = rate(kHysteresis[random_.below(4)]);
        }
        if (out_.shape.levels) set_levels(ladder);
        ladder.liquidation_target =
            product(ladder.liquidation.multiplier, kRateOne + ladder.liquidation.hysteresis,
                    Rounding::up) +
            rate(0.1);
    }

    void set_levels(Ladder& ladder) {
        ladder.warning.of = MarginLevel::initial;
        ladder.warning.multiplier = rate(1.25);
        if (random_.chance(0.5)) ladder.margin_call.of = MarginLevel::initial;
        if (random_.chance(0.3)) ladder.warning.of = MarginLevel::close_out;
        if (random_.chance(0.4)) {
            ladder.margin_call.of = MarginLevel::close_out;
            ladder.liquidation.of = MarginLevel::close_out;
        }
        if (random_.chance(0.5) || ladder.liquidation.of == MarginLevel::close_out) {
            ladder.target_of = MarginLevel::close_out;
            if (random_.chance(0.5)) ladder.close_out_buffer = rate(0.01);
        }
    }

    Random& random_;
    RandomBooks out_;
};

}  // namespace

RandomBooks random_books(Random& random) {
    const BookShape shape = shape_of(random);
    return VenueMaker(shape, random).make();
}

Price ticks_of(const Instrument& instrument, double price) {
    const double ticks = price * power_of_ten(instrument.price_decimals);
    return Price::from_raw(std::max<std::int64_t>(1, static_cast<std::int64_t>(ticks + 0.5)));
}

Quantity quantity_of(const Instrument& instrument, double quantity) {
    constexpr double kMost = 4e18;  // refused, as too large
    const double raw =
        std::clamp(quantity * power_of_ten(instrument.quantity_decimals), -kMost, kMost);
    return Quantity::from_raw(static_cast<std::int64_t>(raw + (raw < 0 ? -0.5 : 0.5)));
}

}  // namespace margind::test
