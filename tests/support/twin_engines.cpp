#include "tests/support/twin_engines.hpp"

#include <sstream>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;

namespace margind::test {
namespace {

// Every field of an event that its kind has, as text.
std::string text_of(const AccountEvent& e) {
    std::ostringstream out;
    out << e.key.owner.view() << '/' << e.key.sub_account.view() << ' ' << e.slot.index() << ' '
        << int(e.from) << int(e.to) << ' ' << e.equity.raw() << ' ' << e.initial_equity.raw() << ' '
        << e.initial_margin.raw() << ' ' << e.maintenance_margin.raw() << ' ' << e.shortfall.raw()
        << ' ' << e.health_factor.raw << ' ' << int(e.cause.kind) << ' '
        << e.cause.instrument.index() << ' ' << e.cause.source.index() << ' ' << e.cause.mark.raw()
        << ' ' << e.deadline.ns() << ' ' << int(e.plan_steps) << e.plan_complete;
    for (std::size_t s = 0; s < e.plan_steps; ++s) {
        const PlanStep& step = e.plan[s];
        out << " [" << int(step.action) << int(step.side) << ' ' << step.instrument.index() << ' '
            << step.debt.index() << ' ' << step.collateral.index() << ' ' << step.quantity.raw()
            << ' ' << step.bankruptcy_price.raw() << ' ' << step.incentive.raw() << ' '
            << step.insurance_fee.raw() << ' ' << step.repaid.raw() << ' ' << step.seized.raw()
            << ']';
    }
    return out.str();
}

std::string text_of(const Event& e) {
    std::ostringstream out;
    out << int(e.kind) << ' ' << e.parameter_version << ' ' << e.event_seq << ' ' << e.input_seq
        << ' ' << e.engine_time.ns() << ' ' << e.receive_time.ns() << ' ';
    if (is_account_event(e.kind)) {
        out << text_of(e.account);
    } else if (e.kind == EventKind::threshold_changed) {
        out << e.threshold.instrument.index() << ' ' << e.threshold.from.raw() << ' '
            << e.threshold.to.raw();
    } else if (e.kind == EventKind::price_state) {
        out << e.price_state.instrument.index() << ' ' << int(e.price_state.to);
    } else if (e.kind == EventKind::clock) {
        out << e.clock.last_input_seq;
        for (const std::uint32_t accounts : e.clock.accounts_by_state) out << ' ' << accounts;
    }
    out << '\n';
    return out.str();
}

// What a run is made of; drawn from its seed.
struct Shape {
    std::uint32_t instruments = 1;
    std::uint32_t accounts = 1;
    double bp = 1;         // a tick's usual move
    double jumps = 0;      // how often it is a few per cent
    double updates = 0.1;  // inputs that change an account
    bool tiers = false;
    bool collateral = false;  // balances of a priced asset
    bool breathing = false;   // rates follow volatility
    bool silence = false;     // prices become stale, liquidations are held
    bool second_currency = false;
    bool rules = false;         // of core/margin, beyond tiers
    bool initial_rung = false;  // warnings are measured at the initial level
};

Shape shape_of(Random& random) {
    constexpr double kMoves[] = {0.05, 0.5, 2, 10, 50};
    return {.instruments = 1 + static_cast<std::uint32_t>(random.below(12)),
            .accounts = 5 + static_cast<std::uint32_t>(random.below(150)),
            .bp = kMoves[random.below(5)],
            .jumps = random.chance(0.5) ? 0.002 : 0,
            .updates = random.chance(0.5) ? 0.02 : 0.2,
            .tiers = random.chance(0.4),
            .collateral = random.chance(0.5),
            .breathing = random.chance(0.6),
            .silence = random.chance(0.3),
            .second_currency = random.chance(0.3),
            .rules = random.chance(0.5),
            .initial_rung = random.chance(0.2)};
}

double start_of(std::uint32_t instrument) {
    constexpr double kStart[] = {60'000, 3'000, 150, 1, 0.5, 0.00002};
    return kStart[instrument % 6];
}

// Rules of what counts as collateral, and of what is owed.
void add_rules(Asset& asset, Random& random) {
    AssetRules& rules = asset.rules;
    rules.debt_is_requirement = random.chance(0.5);
    if (random.chance(0.5)) {
        asset.haircut = {};                                   // the tiers' instead
        const double last = random.chance(0.5) ? 0.3 : 0.02;  // rising, or not
        rules.haircuts = {{.value_up_to = notional(300), .rate = rate(0.05)},
                          {.value_up_to = notional(900), .rate = rate(0.1)},
                          {.value_up_to = {}, .rate = rate(last)}};
    }
    rules.plain = !looked_at(rules);
}

// One or two of the rules that an instrument may have, and what makes them valid.
void add_rules(Instrument& one, Random& random) {
    PositionTerms& terms = one.rules.terms;
    terms.unit = Quantity::from_raw(kUnit);
    switch (random.below(8)) {
        case 0:
            terms.long_rate = PerLevel<Rate>(rate(0.03), rate(0.01));
            terms.short_rate = PerLevel<Rate>(rate(0.04), rate(0.02));
            break;
        case 1:
            terms.slippage = {rate(0.002), rate(0.0001)};
            break;
        case 2:
            terms.premium = {.factor = rate(0.0005), .premium_base = rate(0.8)};
            break;
        case 3:
            terms.gains.apart = true;
            terms.gains.weight = PerLevel<Rate>(rate(0.8), rate(0.95));
            break;
        case 4:
            terms.gains.net_of_margin = true;
            terms.gains.weight = PerLevel<Rate>(rate(0.5), rate(0.7));
            break;
        case 5:
            terms.minimum = money(25);
            terms.rounding = {.notional_step = Money::from_raw(100),
                              .requirement_step = Money::from_raw(1'000'000)};
            break;
        case 6:
            terms.margin_price = MarginPrice::entry;
            break;
        default:
            terms.orders = OrderRule::worst_fill;
            terms.order_charge = money(1);
    }
    one.rules.plain = false;
}

RiskParameters venue_of(const Shape& shape, Random& random) {
    RiskParameters p;
    p.assets.push_back({.name = "USD", .haircut = {}});
    if (shape.collateral) {
        p.assets.push_back({.name = "COIN",
                            .priced_by = InstrumentId(0),
                            .haircut = rate(0.1),
                            .liability_weight = rate(1.1)});
    }
    if (shape.collateral && shape.rules) add_rules(p.assets.back(), random);
    if (shape.second_currency) {
        p.assets.push_back({.name = "USDT", .priced_by = InstrumentId(0), .haircut = {}});
    }
    p.feeds = {"feed"};
    for (std::uint32_t i = 0; i < shape.instruments; ++i) {
        const bool second = shape.second_currency && i > 0 && random.chance(0.3);
        Instrument one =
            instrument("I" + std::to_string(i),
                       AssetId(second ? static_cast<std::uint32_t>(p.assets.size() - 1) : 0));
        one.price_max = price(start_of(i) * 20);
        one.tiers = {{notional(0), rate(0.05), rate(0.02)}};
        if (shape.tiers && random.chance(0.6)) {
            one.tiers = {{notional(20'000), rate(0.05), rate(0.02)},
                         {notional(60'000), rate(0.1), rate(0.05)},
                         {notional(0), rate(0.2), rate(0.1)}};
        }
        if (shape.breathing) {
            one.rate = {.z_initial = 3,
                        .z_maintenance = 2,
                        .horizon = Duration::from_seconds(60),
                        .cap = rate(0.5)};
            one.volatility.half_life = Duration::from_seconds(10);
            one.volatility.initial_annual = 0.3;
        }
        if (shape.rules) add_rules(one, random);
        one.hold_max = Duration::from_seconds(3);
        p.instruments.push_back(one);
        add_source(p, i, one.quote);
        if (shape.silence) p.sources.back().stale_after = Duration::from_ms(1'500);
    }
    if (shape.initial_rung) p.ladder.warning.of = MarginLevel::initial;
    p.max_accounts = shape.accounts;
    return p;
}

}  // namespace

class TwinEngines::Implementation {
  public:
    Implementation(std::uint64_t seed, const BandLimits& limits)
        : random_(seed),
          shape_(shape_of(random_)),
          parameters_(venue_of(shape_, random_)),
          reference_(parameters_, Search::reference),
          bands_(parameters_, Search::bands, limits) {
        for (std::uint32_t i = 0; i < shape_.instruments; ++i) truth_.push_back(start_of(i));
    }

    // The first difference, or an account that does not stand where an evaluation from scratch puts
    // it at the end; nothing if there is none.
    std::optional<std::string> run(int inputs) {
        for (std::uint32_t i = 0; i < shape_.instruments; ++i) tick(i);
        for (std::uint32_t a = 0; a < shape_.accounts; ++a) update(a, true);
        for (int n = 0; n < inputs && !difference_; ++n) step();
        bands_.settle();
        for (std::uint32_t a = 0; a < bands_.account_count() && !difference_; ++a) {
            if (!reference_.audit(AccountSlot(a)) || !bands_.audit(AccountSlot(a))) {
                difference_ = "account " + std::to_string(a) + " fails its audit";
            }
        }
        if (!difference_ && bands_.band_statistics().uncertified > 0) {
            difference_ = "a guard was refused by its certificate";
        }
        return difference_;
    }

    BandStatistics statistics() const { return bands_.band_statistics(); }
    std::uint64_t crossings() const { return crossings_; }

  private:
    void step() {
        now_ = now_ + Duration::from_ms(static_cast<std::int64_t>(
                          random_.below(shape_.silence && random_.chance(0.01) ? 4'000 : 40)));
        const double what = random_.unit();
        if (what < shape_.updates) {
            update(static_cast<std::uint32_t>(random_.below(shape_.accounts)), false);
        } else if (what < shape_.updates + 0.02) {
            apply(Input::of(TimerInput{}));
        } else if (what < shape_.updates + 0.022) {
            change_parameters();
        } else if (shape_.rules && what < shape_.updates + 0.03) {
            tell_statistic();
        } else {
            // The first instruments tick more often.
            const auto i =
                static_cast<std::uint32_t>(random_.unit() * random_.unit() * shape_.instruments);
            const double move = random_.chance(shape_.jumps) ? 0.05 : shape_.bp * 1e-4;
            truth_[i] *= 1 + (random_.unit() - 0.5) * 2 * move;
            tick(i);
        }
    }
    void apply(Input input) {
        input.input_seq = ++input_seq_;
        input.engine_time = now_;
        input.receive_time = now_;
        const Refusal expected = reference_.apply(input);
        const Refusal refusal = bands_.apply(input);
        const std::string want = events_of(reference_);
        const std::string got = events_of(bands_);
        if (!difference_ && (refusal != expected || got != want)) {
            difference_ =
                "input " + std::to_string(input_seq_) + ", reference:\n" + want + "bands:\n" + got;
        }
    }
    std::string events_of(Engine& engine) {
        std::string text;
        Event event;
        while (engine.next_event(event)) {
            if (is_account_event(event.kind)) ++crossings_;
            text += text_of(event);
        }
        return text;
    }
    void tick(std::uint32_t instrument) {
        PriceInput input;
        input.source = SourceId(instrument);
        input.price = price(truth_[instrument]);
        apply(Input::of(input));
    }
    void record(std::uint32_t account, AccountRecord kind, std::uint32_t id, std::int64_t amount,
                std::int64_t entry, Last last) {
        AccountInput input;
        input.key = key("a" + std::to_string(account));
        input.record = kind;
        input.id = id;
        input.amount = amount;
        input.price = entry;
        input.last = last;
        apply(Input::of(input));
    }
    // Money about as large as a few margins, so that accounts stand near their lines.
    void update(std::uint32_t account, bool first) {
        if (first || random_.chance(0.5)) {
            record(account, AccountRecord::balance, 0, money((random_.unit() - 0.05) * 4'000).raw(),
                   0, Last::yes);
        }
        if (parameters_.assets.size() > 1 && random_.chance(0.3)) {
            const auto asset =
                1 + static_cast<std::uint32_t>(random_.below(parameters_.assets.size() - 1));
            record(account, AccountRecord::balance, asset,
                   money((random_.unit() - 0.2) * 2'000 / truth_[0]).raw(), 0, Last::yes);
        }
        if (shape_.rules && random_.chance(0.3)) order(account);
        const std::uint64_t positions = first ? random_.below(5) : 1;
        for (std::uint64_t n = 0; n < positions; ++n) {
            const auto i = static_cast<std::uint32_t>(random_.below(shape_.instruments));
            const double size = (random_.unit() - 0.5) * 60'000 / truth_[i];
            record(account, AccountRecord::position, i,
                   random_.chance(0.1) ? 0 : quantity(size).raw(),
                   price(truth_[i] * (1 + (random_.unit() - 0.5) * 0.02)).raw(), Last::yes);
        }
    }
    // A refused one is refused by both.
    void order(std::uint32_t account) {
        const auto i = static_cast<std::uint32_t>(random_.below(shape_.instruments));
        const double size = (random_.unit() - 0.5) * 20'000 / truth_[i];
        record(account, AccountRecord::order, i, random_.chance(0.3) ? 0 : quantity(size).raw(),
               price(truth_[i] * (1 + (random_.unit() - 0.5) * 0.02)).raw(), Last::yes);
    }
    void tell_statistic() {
        StatisticInput input;
        input.target = static_cast<std::uint32_t>(random_.below(shape_.instruments));
        input.statistic = Statistic::expected_funding;
        input.value = random_.chance(0.3)
                          ? 0
                          : money((random_.unit() - 0.5) * truth_[input.target] * 0.01).raw();
        apply(Input::of(input));
    }
    void change_parameters() {
        ParameterInput input;
        if (random_.chance(0.5)) {
            input.parameter = Parameter::tier_maintenance_rate;
            input.target = static_cast<std::uint32_t>(random_.below(shape_.instruments));
            input.value = rate(0.01 + random_.unit() * 0.01).raw();
        } else {
            input.parameter = Parameter::level_multiplier;
            input.value = rate(1.3 + random_.unit() * 0.4).raw();
        }
        apply(Input::of(input));
    }

    Random random_;
    Shape shape_;
    RiskParameters parameters_;
    Engine reference_;
    Engine bands_;
    std::vector<double> truth_;
    std::uint64_t input_seq_ = 0;
    std::uint64_t crossings_ = 0;  // of both
    std::optional<std::string> difference_;
    Timestamp now_ = Timestamp::from_ns(1'760'130'000'000'000'000);
};

TwinEngines::TwinEngines(std::uint64_t seed, const BandLimits& limits)
    : implementation_(std::make_unique<Implementation>(seed, limits)) {}
TwinEngines::~TwinEngines() = default;

std::optional<std::string> TwinEngines::run(int inputs) {
    return implementation_->run(inputs);
}
BandStatistics TwinEngines::statistics() const {
    return implementation_->statistics();
}
std::uint64_t TwinEngines::crossings() const {
    return implementation_->crossings();
}

}  // namespace margind::test
