// The accounts' part of a random flow, and what happens when. The market's: random_market.cpp.
#include "tests/support/random_flow.hpp"

#include <algorithm>
#include <string>
#include <utility>

using namespace margind::core;

namespace margind::test {

RandomFlow::RandomFlow(const RandomBooks& books, Random& random, std::function<void(Input)> sink)
    : books_(books),
      random_(random),
      sink_(std::move(sink)),
      price_(books.start),
      trend_(books.start.size()),
      sources_(books.parameters.sources.size()),
      sources_of_(books.parameters.instruments.size()) {
    for (double& trend : trend_) trend = static_cast<double>(random_.below(3)) - 1;
    for (std::uint32_t s = 0; s < sources_.size(); ++s) {
        sources_of_[books.parameters.sources[s].instrument.index()].push_back(s);
        if (random_.chance(0.2)) sources_[s].sequence = 1;
    }
    std::vector<std::uint32_t> coins;
    for (std::uint32_t a = 0; a < books.parameters.assets.size(); ++a) {
        if (is_coin(a)) coins.push_back(a);
    }
    for (std::uint32_t a = 0; a < books.shape.accounts; ++a) {
        Account account;
        account.key = key("a" + std::to_string(a / 2), a % 2 == 0 ? "" : "second");
        account.holder =
            static_cast<Holder>(random_.below(static_cast<std::uint64_t>(Holder::count_)));
        account.left_alone = random_.chance(0.5);
        account.in = tradable();
        if (coins.empty()) {
            if (account.holder > Holder::one_position) account.holder = Holder::one_position;
        } else {
            account.asset = coins[random_.below(coins.size())];
        }
        accounts_.push_back(account);
    }
}

void RandomFlow::apply(Input input) {
    input.engine_time = now_;
    input.receive_time = now_;
    sink_(input);
}

void RandomFlow::open() {
    // Some prices are late, and whoever holds them waits.
    for (std::uint32_t i = 0; i < price_.size(); ++i) {
        if (random_.chance(0.95)) tick(i);
    }
    for (std::uint32_t a = 0; a < accounts_.size(); ++a) open_account(a);
}

void RandomFlow::step() {
    const BookShape& shape = books_.shape;
    const bool silent = shape.silence && random_.chance(0.01);
    now_ = now_ + Duration::from_ms(static_cast<std::int64_t>(random_.below(silent ? 4'000 : 40)));
    double what = random_.unit();
    const auto happens = [&](double share) { return (what -= share) < 0; };
    if (happens(shape.updates)) {
        const auto account = static_cast<std::uint32_t>(random_.below(accounts_.size()));
        if (!accounts_[account].left_alone) update(account);
    } else if (happens(0.02)) {
        apply(Input::of(TimerInput{}));
    } else if (happens(0.0015)) {
        change_parameters();
    } else if (happens(0.002)) {
        transfer();
    } else if (happens(0.0005)) {
        restart_feed();
    } else if (happens(0.0003)) {
        crash();
    } else if (happens(0.001)) {
        restart_daemon_or_so();
    } else if (shape.rules && happens(0.004)) {
        tell_statistic();
    } else {
        // The first instruments tick more often.
        const double which = random_.unit() * random_.unit() * static_cast<double>(price_.size());
        walk(static_cast<std::uint32_t>(which));
    }
}

std::uint32_t RandomFlow::tradable() {
    return static_cast<std::uint32_t>(random_.below(books_.shape.instruments));
}

// ---- records of an update

void RandomFlow::add(const Account& account, AccountRecord record, std::uint32_t id,
                     std::int64_t amount, std::int64_t price) {
    AccountInput input;
    input.key = account.key;
    input.record = record;
    input.id = id;
    input.amount = amount;
    input.price = price;
    records_.push_back(input);
}

void RandomFlow::send(UpdateMode mode) {
    for (std::size_t r = 0; r < records_.size(); ++r) {
        records_[r].mode = mode;
        records_[r].last = r + 1 == records_.size() ? Last::yes : Last::no;
        apply(Input::of(records_[r]));
        if (random_.chance(0.01)) walk(tradable());  // the market does not wait for the rest
    }
    records_.clear();
}

void RandomFlow::add_balance(const Account& account, AssetId asset, double dollars_worth) {
    add(account, AccountRecord::balance, asset.index(),
        money(dollars_worth / dollars(asset)).raw());
}

// Opened near where the price is.
void RandomFlow::add_position(const Account& account, std::uint32_t instrument, double notional) {
    const Instrument& one = books_.parameters.instruments[instrument];
    const double entry = price_[instrument] * (1 + (random_.unit() - 0.5) * 0.01);
    add(account, AccountRecord::position, instrument,
        quantity_of(one, notional / worth_of_one(instrument)).raw(), ticks_of(one, entry).raw());
}

// About as large as `size` together. A refused one is refused by both.
void RandomFlow::add_orders(const Account& account, std::uint32_t in, double size) {
    const Instrument& one = books_.parameters.instruments[in];
    const std::uint64_t orders = 1 + random_.below(3);
    for (std::uint64_t n = 0; n < orders; ++n) {
        const double part = (random_.unit() - 0.5) * size / worth_of_one(in);
        add(account, AccountRecord::order, in,
            random_.chance(0.1) ? 0 : quantity_of(one, part).raw(),
            ticks_of(one, price_[in] * (1 + (random_.unit() - 0.5) * 0.02)).raw());
    }
}

// For which the whole update is refused.
void RandomFlow::add_something_refused(const Account& account) {
    switch (random_.below(4)) {
        case 0:
            add(account, AccountRecord::balance, 1'000, 1);
            return;
        case 1:
            add(account, AccountRecord::position, account.in, 1, 0);
            return;
        case 2:
            add(account, AccountRecord::balance, 0, std::int64_t{1} << 62);
            return;
        default:
            add(account, AccountRecord::leverage, account.in, 1);
    }
}

// ---- accounts

// What is left above a margin: from below the first line to far above.
double RandomFlow::room(double margin) {
    const double far = random_.unit();
    return margin * (0.8 + 3 * far * far);
}

void RandomFlow::open_account(std::uint32_t account) {
    Account& one = accounts_[account];
    hold(one);
    if (one.holder == Holder::isolated) {
        add(one, AccountRecord::isolated, one.in, 0);
        one.isolated_now = true;
    }
    send(UpdateMode::replace);
}

// Dollars that a debt of `size` dollars takes until the account is about healthy.
double RandomFlow::cover_of_debt(AssetId asset, double size) const {
    const AssetRules& rules = books_.parameters.assets[asset.index()].rules;
    const double healthy = books_.shape.levels ? 1.4 : 1.5;
    const double rate = rules.borrow_rates.empty() ? 0 : 0.05;
    return size * (1.1 * (rules.debt_is_requirement ? healthy : 1) + rate * healthy);
}

// Dollars of the asset that count as one.
double RandomFlow::for_one(AssetId asset) const {
    const Rate haircut = books_.parameters.assets[asset.index()].haircut[MarginLevel::maintenance];
    return 1.04 / (1 - static_cast<double>(haircut.raw()) / kUnit);
}

// The whole of what such an account holds.
void RandomFlow::hold(const Account& account) {
    const double size = (500 + random_.unit() * 15'000) * books_.shape.size;
    const double side = random_.chance(0.5) ? 1 : -1;
    const AssetId dollar(0);
    const AssetId asset(account.asset);
    switch (account.holder) {
        case Holder::mixed:
            hold_anything(account, size);
            return;
        case Holder::one_position:
        case Holder::isolated: {
            const double margin = open_position(account, account.in, side * size);
            const AssetId settled = settlement_asset(books_.parameters.instruments[account.in]);
            const AssetId backed = random_.chance(0.7) ? settled : dollar;
            add_balance(account, backed, room(margin) * for_one(backed));
            return;
        }
        case Holder::coin_against_debt: {
            const double margin = open_something_small(account, side * size);
            add_balance(
                account, asset,
                for_one(asset) * (cover_of_debt(dollar, size) + room(margin + size * 0.03)));
            add_balance(account, dollar, -size);
            return;
        }
        case Holder::debt_against_money: {
            const double margin = open_something_small(account, side * size);
            add_balance(account, asset, -size);
            add_balance(account, dollar, cover_of_debt(asset, size) + room(margin + size * 0.03));
            return;
        }
        case Holder::coin_against_coin:
        case Holder::count_: {
            const auto assets = books_.parameters.assets.size();
            const AssetId other(static_cast<std::uint32_t>(random_.below(assets)));
            const double margin = open_something_small(account, side * size);
            add_balance(account, other, -size);
            add_balance(account, asset,
                        for_one(asset) * (cover_of_debt(other, size) + room(margin + size * 0.03)));
            return;
        }
    }
}

void RandomFlow::hold_anything(const Account& account, double size) {
    double margin = 0;
    // Seldom as many as there are instruments.
    const std::uint64_t most = random_.chance(0.1) ? 100 : 5;
    for (std::uint64_t n = random_.below(most); n > 0; --n) {
        margin += open_position(account, tradable(), (random_.unit() - 0.5) * 2 * size);
    }
    if (random_.chance(0.5)) {
        // Gains may make a debt of a small balance, or a balance of a small debt.
        const double part = random_.chance(0.5) ? 1 : 0.1;
        add_balance(account, AssetId(account.asset), (random_.unit() - 0.3) * size * part);
    }
    add_balance(account, AssetId(0), (random_.unit() - 0.05) * 3 * margin);
}

// A position, with orders where they count, and at times with a leverage of its own. Returns about
// what margin it needs to be healthy.
double RandomFlow::open_position(const Account& account, std::uint32_t in, double notional) {
    const double size = notional < 0 ? -notional : notional;
    const Instrument& one = books_.parameters.instruments[in];
    const Tier& tier = one.tiers[0];
    double rate_needed =
        static_cast<double>(
            (books_.shape.levels ? tier.initial_rate : tier.maintenance_rate).raw()) /
        kUnit * (books_.shape.levels ? 1.2 : 1.5);
    add_position(account, in, notional);
    if (one.rules.terms.orders[MarginLevel::initial] != OrderRule::ignored) {
        add_orders(account, in, size);
        rate_needed *= 1.3;
    }
    if (random_.chance(books_.shape.levels ? 0.3 : 0.05)) {
        const double leverage = 5 + random_.unit() * 15;
        add(account, AccountRecord::leverage, in, rate(leverage).raw());
        if (books_.shape.levels) rate_needed = std::max(rate_needed, 1.2 / leverage);
    }
    return size * rate_needed;
}

double RandomFlow::open_something_small(const Account& account, double size) {
    return random_.chance(0.5) ? open_position(account, account.in, size * 0.2) : 0;
}

void RandomFlow::update(std::uint32_t account) {
    Account& one = accounts_[account];
    const double what = random_.unit();
    if (what < 0.02) {
        add(one, AccountRecord::nothing, 0, 0);
        send(UpdateMode::replace);  // emptied
        one.isolated_now = false;
        return;
    }
    if (what < 0.25) {
        hold(one);
        send(UpdateMode::replace);
        one.isolated_now = false;
        return;
    }
    change_a_little(one);
    if (random_.chance(0.05)) add_something_refused(one);
    send(UpdateMode::patch);
}

void RandomFlow::change_a_little(Account& one) {
    const double size = (500 + random_.unit() * 15'000) * books_.shape.size;
    const std::uint32_t in = one.holder == Holder::mixed ? tradable() : one.in;
    switch (random_.below(8)) {
        case 0:
        case 1:
            add_position(one, in, (random_.unit() - 0.5) * 2 * size);
            break;
        case 2:
            add(one, AccountRecord::position, in, 0);
            break;
        case 3:
            add_orders(one, in, size);
            break;
        case 4:
            add(one, AccountRecord::accrued, in,
                money((random_.unit() - 0.6) * size * 0.02 /
                      dollars(settlement_asset(books_.parameters.instruments[in])))
                    .raw());
            break;
        case 5:
            add(one, AccountRecord::leverage, in,
                random_.chance(0.3) ? 0 : rate(1 + random_.unit() * 40).raw());
            break;
        case 6:
            one.isolated_now = !one.isolated_now;
            add(one, AccountRecord::isolated, one.isolated_now ? one.in : kCross, 0);
            break;
        default:
            add_balance(one, AssetId(0), (random_.unit() - 0.1) * size * 0.1);
            break;
    }
}

// Between the accounts of an owner.
void RandomFlow::transfer() {
    const auto pair = random_.below(accounts_.size());
    const Account& from = accounts_[pair];
    const Account& to = accounts_[std::min<std::size_t>(pair ^ 1, accounts_.size() - 1)];
    const AssetId asset(random_.chance(0.3) ? from.asset : 0);
    const std::int64_t amount =
        money(random_.unit() * 200 * books_.shape.size / dollars(asset)).raw();
    add(from, AccountRecord::transfer_from, asset.index(), amount);
    add(to, AccountRecord::transfer_to, asset.index(), amount);
    send(UpdateMode::patch);
}

}  // namespace margind::test
