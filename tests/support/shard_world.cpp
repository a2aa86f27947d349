#include "tests/support/shard_world.hpp"

#include <iterator>
#include <sstream>

using namespace margind::core;

namespace margind::test {
namespace {

std::string text_of(const AccountEvent& e) {
    std::ostringstream out;
    out << e.key.owner.view() << '/' << e.key.sub_account.view() << ' ' << e.slot.index() << ' '
        << int(e.from) << int(e.to) << ' ' << e.equity.raw() << ' ' << e.initial_equity.raw() << ' '
        << e.initial_margin.raw() << ' ' << e.maintenance_margin.raw() << ' ' << e.shortfall.raw()
        << ' ' << e.health_factor.raw << ' ' << int(e.cause.kind) << ' '
        << e.cause.instrument.index() << ' ' << e.cause.source.index() << ' ' << e.cause.mark.raw()
        << ' ' << e.deadline.ns() << ' ' << int(e.plan_steps) << e.plan_complete << ' '
        << e.parameters_hash << ' ' << e.market_hash << ' ' << e.account_hash;
    for (std::size_t s = 0; s < e.plan_steps; ++s) {
        const PlanStep& step = e.plan[s];
        out << " [" << int(step.action) << int(step.side) << ' ' << step.instrument.index() << ' '
            << step.debt.index() << ' ' << step.collateral.index() << ' ' << step.quantity.raw()
            << ' ' << step.limit_price.raw() << ' ' << step.bankruptcy_price.raw() << ' '
            << step.incentive.raw() << ' ' << step.insurance_fee.raw() << ' ' << step.repaid.raw()
            << ' ' << step.seized.raw() << ']';
    }
    return out.str();
}

void append_market_event(const Event& e, std::ostringstream& out) {
    if (e.kind == EventKind::threshold_changed) {
        const ThresholdEvent& t = e.threshold;
        out << t.instrument.index() << ' ' << int(t.level) << ' ' << int(t.binding) << ' '
            << t.from.raw() << ' ' << t.to.raw() << ' ' << std::hexfloat << t.sigma_annual;
    } else if (e.kind == EventKind::price_state) {
        const PriceStateEvent& p = e.price_state;
        out << p.instrument.index() << ' ' << int(p.from) << ' ' << int(p.to) << ' '
            << int(p.reason) << ' ' << p.live_sources << ' ' << p.quorum << ' ' << p.mark.raw()
            << ' ' << p.index.raw();
    } else if (e.kind == EventKind::feed_state) {
        out << e.feed_state.feed.index() << ' ' << int(e.feed_state.from) << int(e.feed_state.to)
            << int(e.feed_state.reason);
    } else if (e.kind == EventKind::daemon_state) {
        out << int(e.daemon_state.from) << int(e.daemon_state.to) << int(e.daemon_state.reason);
    } else if (e.kind == EventKind::parameters_changed) {
        out << e.parameters.version << ' ' << e.parameters.changes;
    } else if (e.kind == EventKind::clock) {
        out << e.clock.last_input_seq << ' ' << e.clock.state_hash;
        for (const std::uint32_t accounts : e.clock.accounts_by_state) out << ' ' << accounts;
    }
}

RiskParameters venue_of(Random& random, std::uint32_t instruments, std::uint32_t owners) {
    RiskParameters p;
    p.assets.push_back({.name = "USD", .haircut = {}});
    p.assets.push_back({.name = "COIN",
                        .priced_by = InstrumentId(0),
                        .haircut = rate(0.1),
                        .liability_weight = rate(1.1)});
    p.feeds = {"feed"};
    const bool breathing = random.chance(0.5);
    for (std::uint32_t i = 0; i < instruments; ++i) {
        Instrument one = instrument("I" + std::to_string(i), AssetId(0));
        one.tiers = {{notional(20'000), rate(0.05), rate(0.02)},
                     {notional(0), rate(0.1), rate(0.05)}};
        if (breathing) {
            one.rate = {.z_initial = 3,
                        .z_maintenance = 2,
                        .horizon = Duration::from_seconds(60),
                        .cap = rate(0.5)};
            one.volatility.half_life = Duration::from_seconds(10);
            one.volatility.initial_annual = 0.3;
        }
        one.hold_max = Duration::from_seconds(3);
        p.instruments.push_back(one);
        add_source(p, i, one.quote);
        p.sources.back().stale_after = Duration::from_ms(1'500);
    }
    // Room for most owners' first accounts, not for all that will be named.
    p.max_accounts = owners + static_cast<std::uint32_t>(random.below(2 * owners));
    return p;
}

}  // namespace

std::string text_of_event(const Event& e) {
    std::ostringstream out;
    out << int(e.kind) << ' ' << e.parameter_version << ' ' << e.event_seq << ' ' << e.input_seq
        << ' ' << e.engine_time.ns() << ' ' << e.receive_time.ns() << ' ' << e.exchange_time.ns()
        << ' ';
    if (is_account_event(e.kind)) {
        out << text_of(e.account);
    } else {
        append_market_event(e, out);
    }
    return out.str();
}

ShardWorld::ShardWorld(std::uint64_t seed)
    : random_(seed), owners_(3 + static_cast<std::uint32_t>(random_.below(40))) {
    const auto instruments = 1 + static_cast<std::uint32_t>(random_.below(5));
    parameters = venue_of(random_, instruments, owners_);
    for (std::uint32_t i = 0; i < instruments; ++i) truth_.push_back(100.0 * (i + 1));
}

std::vector<Input> ShardWorld::inputs(int count) {
    inputs_.clear();
    for (std::uint32_t i = 0; i < truth_.size(); ++i) tick(i);
    while (static_cast<int>(inputs_.size()) < count) step();
    return inputs_;
}

void ShardWorld::step() {
    now_ = now_ + Duration::from_ms(
                      static_cast<std::int64_t>(random_.below(random_.chance(0.01) ? 4'000 : 40)));
    const double what = random_.unit();
    if (what < 0.15) {
        fill(any_account());
    } else if (what < 0.2) {
        many_records(any_account());
    } else if (what < 0.3) {
        transfer();
    } else if (what < 0.33) {
        odd_update(any_account());
    } else if (what < 0.38) {
        market_matter();
    } else {
        const auto i = static_cast<std::uint32_t>(random_.below(truth_.size()));
        truth_[i] *= 1 + (random_.unit() - 0.5) * (random_.chance(0.01) ? 0.1 : 0.004);
        tick(i);
    }
}

void ShardWorld::push(Input input) {
    input.input_seq = inputs_.size() + 1;
    input.engine_time = now_;
    input.receive_time = now_;
    inputs_.push_back(input);
}

void ShardWorld::tick(std::uint32_t instrument) {
    PriceInput input;
    input.source = SourceId(instrument);
    input.price = price(truth_[instrument]);
    push(Input::of(input));
}

AccountKey ShardWorld::any_account() {
    // Some owners are seen much more often than others.
    const auto owner = static_cast<std::uint32_t>(random_.unit() * random_.unit() * owners_);
    const std::uint64_t sub = random_.chance(0.6) ? 0 : random_.below(4);
    return key("owner" + std::to_string(owner), sub == 0 ? "" : "sub" + std::to_string(sub));
}

AccountInput ShardWorld::record(AccountKey account, AccountRecord kind, std::uint32_t id,
                                double amount, double entry) {
    AccountInput input;
    input.key = account;
    input.record = kind;
    input.id = id;
    input.amount = money(amount).raw();
    input.price = price(entry).raw();
    return input;
}

// Money about as large as a few margins, so that accounts stand near their lines.
void ShardWorld::fill(AccountKey account) {
    if (random_.chance(0.4)) {
        push(Input::of(record(account, AccountRecord::balance, random_.chance(0.2) ? 1 : 0,
                              (random_.unit() - 0.05) * 2'000, 0)));
    } else {
        const auto i = static_cast<std::uint32_t>(random_.below(truth_.size()));
        push(Input::of(record(account, AccountRecord::position, i,
                              (random_.unit() - 0.5) * 60'000 / truth_[i], truth_[i])));
    }
}

// One update, ticks and another sender's update between its records.
void ShardWorld::many_records(AccountKey account) {
    const std::uint64_t records = 2 + random_.below(4);
    const UpdateMode mode = random_.chance(0.3) ? UpdateMode::replace : UpdateMode::patch;
    for (std::uint64_t r = 0; r < records; ++r) {
        const auto i = static_cast<std::uint32_t>(random_.below(truth_.size()));
        AccountInput one =
            r == 0 ? record(account, AccountRecord::balance, 0, random_.unit() * 3'000, 0)
                   : record(account, AccountRecord::position, i,
                            (random_.unit() - 0.5) * 60'000 / truth_[i], truth_[i]);
        one.mode = mode;
        one.last = r + 1 == records ? Last::yes : Last::no;
        Input input = Input::of(one);
        input.origin = 1;
        push(input);
        if (random_.chance(0.3)) tick(i);
        if (random_.chance(0.2)) fill(any_account());
        if (random_.chance(0.005)) notice();
    }
}

void ShardWorld::transfer() {
    const AccountKey from = any_account();
    const AccountKey to = any_account();
    const double amount = (random_.unit() - 0.02) * (random_.chance(0.5) ? 100 : 2'000);
    const std::uint32_t asset =
        random_.chance(0.9) ? 0 : static_cast<std::uint32_t>(random_.below(3));
    AccountInput half = record(from, AccountRecord::transfer_from, asset, amount, 0);
    half.last = Last::no;
    push(Input::of(half));
    if (random_.chance(0.1)) tick(0);
    if (random_.chance(0.01)) notice();
    if (random_.chance(0.03)) half = record(to, AccountRecord::balance, asset, amount, 0);
    if (random_.chance(0.03)) push(Input::of(half));
    half.key = to;
    half.record = random_.chance(0.97) ? AccountRecord::transfer_to : AccountRecord::balance;
    half.last = Last::yes;
    push(Input::of(half));
}

// What an engine refuses, or takes oddly.
void ShardWorld::odd_update(AccountKey account) {
    AccountInput one = record(account, AccountRecord::balance, 0, 10, 0);
    Input input = Input::of(one);
    switch (random_.below(6)) {
        case 0:
            input.origin = kMaxAccountSources;
            break;
        case 1:
            input.account.id = 77;
            break;
        case 2:
            input.account.record = AccountRecord::transfer_to;
            break;
        case 3:  // two accounts in one update
            input.account.last = Last::no;
            push(input);
            input.account.key = any_account();
            input.account.last = Last::yes;
            break;
        case 4:
            input.account.record = AccountRecord::nothing;
            break;
        default:
            input.account.record = AccountRecord::leverage;
            input.account.amount = 5 * kScale;
    }
    push(input);
}

// Restarted less often than the rest: prices are not trusted for a while then.
void ShardWorld::notice() {
    constexpr DaemonInput kNotices[] = {{DaemonNotice::restarted, DaemonReason::restarted},
                                        {DaemonNotice::degraded, DaemonReason::event_queue_full},
                                        {DaemonNotice::degraded, DaemonReason::disk_low},
                                        {DaemonNotice::restored, DaemonReason::none},
                                        {DaemonNotice::restored, DaemonReason::none},
                                        {DaemonNotice::count_, DaemonReason::none}};
    push(Input::of(kNotices[random_.below(std::size(kNotices))]));
}

void ShardWorld::market_matter() {
    switch (random_.below(6)) {
        case 0: {
            ParameterInput input;
            input.parameter = Parameter::tier_maintenance_rate;
            input.value = rate(0.01 + random_.unit() * 0.02).raw();
            input.target = static_cast<std::uint32_t>(random_.below(truth_.size() + 1));
            push(Input::of(input));
            break;
        }
        case 1:
            push(Input::of(FeedStateInput{FeedId(static_cast<std::uint32_t>(random_.below(2))),
                                          random_.chance(0.5) ? FeedState::live : FeedState::down,
                                          FeedReason::silence}));
            break;
        case 2: {
            PriceInput input;
            input.source = SourceId(static_cast<std::uint32_t>(random_.below(truth_.size() + 1)));
            push(Input::of(input));  // no price
            break;
        }
        case 3:
            notice();
            break;
        default:
            push(Input::of(TimerInput{}));
    }
}

}  // namespace margind::test
