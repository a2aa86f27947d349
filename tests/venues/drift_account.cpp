#include "tests/venues/drift_account.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/margin/evaluate.hpp"
#include "core/margin/size_factor.hpp"
#include "core/margin/withdrawable.hpp"
#include "tests/venues/drift_rows.hpp"

namespace margind::test {
namespace {

using namespace drift;

// An account's rows. Row 0 of the balances is the quote asset. Rows point at terms, so that a book
// can be moved and not be copied.
struct Book {
    Book() = default;
    Book(Book&&) = default;
    Book(const Book&) = delete;

    std::deque<BalanceTerms> balance_terms;
    std::deque<PositionTerms> position_terms;
    std::vector<AssetRow> assets;
    std::vector<InstrumentRow> instruments;
    std::vector<core::BalanceRowOf<Extended>> balances;
    std::vector<core::PositionRowOf<Extended>> positions;
    std::vector<core::OrderRowOf<Extended>> orders;
    std::vector<core::SpotOrderRowOf<Extended>> spot_orders;
    AccountTerms terms;

    BalanceTerms& new_balance_terms() { return balance_terms.emplace_back(); }
    PositionTerms& new_position_terms() { return position_terms.emplace_back(); }

    void add_balance(const AssetRow& row, const Money& amount) {
        balances.push_back({core::AssetId(static_cast<std::uint32_t>(assets.size())), amount});
        assets.push_back(row);
    }
    AccountView view() const {
        return {.balances = balances,
                .positions = positions,
                .orders = orders,
                .spot_orders = spot_orders,
                .terms = &terms};
    }
    core::MarketViewOf<Extended> market() const {
        return {.instruments = instruments, .assets = assets};
    }
    LevelFigures evaluate(Kind kind) const {
        return core::evaluate_level(view(), market(), level_of(kind));
    }
};

void add_perp(Book& book, const InstrumentRow& row, const Field& position) {
    const auto index = static_cast<std::uint32_t>(book.positions.size());
    // What the position cost is a sum of money here, not a price.
    book.positions.push_back(
        {.instrument = core::InstrumentId(static_cast<std::uint32_t>(book.instruments.size())),
         .balance = 0,
         .quantity = position.quantity("base", "0"),
         .entry_price = Price(),
         .accrued = position.money("quote", "0")});
    book.instruments.push_back(row);
    book.orders.push_back({.position = index,
                           .size = position.quantity("open_bids", "0"),
                           .price = row.mark,
                           .count = static_cast<std::uint32_t>(position.whole("open_orders", 0))});
    book.orders.push_back({.position = index,
                           .size = position.quantity("open_asks", "0"),
                           .price = row.mark,
                           .count = 0});
}

core::SpotOrderRowOf<Extended> spot_order(std::uint32_t balance, const Field& position) {
    core::SpotOrderRowOf<Extended> order;
    order.base = balance;
    order.bids = position.money("open_bids", "0");
    order.asks = -position.money("open_asks", "0");
    order.count = static_cast<std::uint32_t>(position.whole("open_orders", 0));
    return order;
}

void add_spot(Book& book, const AssetRow& row, const Field& position) {
    book.spot_orders.push_back(
        spot_order(static_cast<std::uint32_t>(book.balances.size()), position));
    book.add_balance(row, position.money("balance", "0"));
}

struct AccountCase {
    Book cross;
    std::deque<Book> isolated;
    Kind kind = Kind::initial;
};

Book quote_book(const std::optional<Field>& market, const Money& balance, bool strict) {
    Book book;
    BalanceTerms& terms = book.new_balance_terms();
    book.add_balance(quote_row(market, strict, terms), balance);
    return book;
}

void add_perps(AccountCase& account, const Field& inputs, bool strict) {
    for (const Field& position : inputs.items_or_none("perps")) {
        Book* book = &account.cross;
        if (const auto deposit = position.find("isolated_deposit")) {
            account.isolated.push_back(quote_book(inputs.find("quote"), deposit->money(), strict));
            book = &account.isolated.back();
            book->terms = account.cross.terms;
        }
        add_perp(*book, perp_row(position["market"], account.kind, book->new_position_terms()),
                 position);
        book->positions.back().least_initial_rate = least_rate(position, account.kind);
    }
}

AccountCase account_of(const Field& inputs, Kind kind) {
    const bool strict = inputs.boolean("strict", false);
    const auto quote = inputs.find("quote");
    const Money balance = quote ? quote->money("balance", "0") : Money();
    AccountCase account{.cross = quote_book(quote, balance, strict), .isolated = {}, .kind = kind};
    account.cross.terms.least_rate =
        std::max(least_rate(inputs, kind), inputs.rate("margin_ratio_override", "0"));
    account.cross.terms.high_leverage = inputs.boolean("high_leverage", false);
    for (const Field& position : inputs.items_or_none("spot")) {
        BalanceTerms& terms = account.cross.new_balance_terms();
        add_spot(account.cross, spot_row(position["market"], kind, strict, terms), position);
    }
    add_perps(account, inputs, strict);
    return account;
}

struct Buffered {
    LevelFigures plain;
    LevelFigures with_buffer;
};

Buffered evaluate(Book& book, Kind kind, const Rate& buffer) {
    Buffered figures;
    figures.plain = book.evaluate(kind);
    book.terms.buffer = buffer;
    figures.with_buffer = book.evaluate(kind);
    return figures;
}

// One position by itself, in an account without anything else.
Book lone_position(const Case& test, Kind kind) {
    Book book = quote_book({}, Money(), false);
    book.terms.high_leverage = test.inputs.boolean("high_leverage", false);
    add_perp(book, perp_row(test.params, kind, book.new_position_terms()), test.inputs);
    return book;
}

}  // namespace

Answers drift_spot_weight(const Case& test) {
    const Kind kind = kind_of(test.inputs);
    const Quantity size = core::magnitude(test.inputs.quantity("size"));
    const SizeFactor imf = size_factor(test.params, "imf_factor");
    const UnitPrice oracle = test.inputs.unit_price("oracle", "0");
    const Rate asset =
        core::size_discount(imf, asset_weight(test.params, oracle, kind), size, kOne);
    const Rate liability = core::size_premium(imf, liability_weight(test.params, kind), size, kOne);
    const std::string side = test.inputs.text("side");
    if (side != "asset" && side != "liability") {
        test.inputs["side"].fail("is neither asset nor liability");
    }
    return {{"weight", side == "asset" ? asset : liability}};
}

// A loss counts whole.
Answers drift_pnl_weight(const Case& test) {
    PositionTerms terms;
    const Kind kind = kind_of(test.inputs);
    set_gains(terms, test.params, kind);
    const Money pnl = test.inputs.money("pnl");
    for (const char* unused : {"margin_ratio_initial", "margin_ratio_maintenance", "imf_factor"}) {
        test.params.ignore(unused);
    }
    const Rate whole = terms.gains.weight[level_of(kind)];
    const Rate discounted =
        core::size_discount(terms.gains.discount, whole, core::magnitude(pnl), kDollar);
    return {{"weight", pnl < Money() ? kRateOne : kind == Kind::maintenance ? whole : discounted}};
}

// What a position of the size needs of a notional of one.
Answers drift_margin_ratio(const Case& test) {
    const Kind kind = kind_of(test.inputs);
    PositionTerms terms;
    const InstrumentRow row = perp_row(test.params, kind, terms);
    AccountTerms account;
    account.high_leverage = test.inputs.boolean("high_leverage", false);
    const auto needed = core::requirement_of(row, terms, &account, Rate(), core::value_of(kDollar),
                                             test.inputs.quantity("size"), level_of(kind));
    return {{"ratio", core::round_up(needed)}};
}

Answers drift_perp_position(const Case& test) {
    const Kind kind = kind_of(test.inputs);
    const LevelFigures figures = lone_position(test, kind).evaluate(kind);
    return {{"margin_requirement", figures.margin}, {"weighted_pnl", figures.equity}};
}

// The liability is what the position would need at a ratio of one.
Answers drift_perp_worst_case(const Case& test) {
    Book book = lone_position(test, Kind::initial);
    book.instruments[0].tiers[0].rate = kRateOne;
    const auto figures =
        core::position_figures(book.view(), 0, book.instruments[0], MarginLevel::initial);
    return {{"base", figures.size}, {"liability", figures.notional}};
}

Answers drift_spot_worst_case(const Case& test) {
    const Kind kind = kind_of(test.inputs);
    BalanceTerms terms;
    const AssetRow row = spot_row(test.params, kind, true, terms);
    AccountTerms account;
    account.least_rate = test.inputs.rate("custom_margin_ratio", "0");
    const auto worst =
        core::spot_worst_case(test.inputs.money("balance", "0"), spot_order(0, test.inputs), row,
                              &account, level_of(kind));
    const auto weighted = worst.balance.equity - worst.balance.required;
    return {{"token_amount", worst.balance.amount},
            {"token_value", worst.balance.value},
            {"orders_value", worst.orders_value},
            {"weighted_value", core::round_down(weighted)},
            {"free_collateral",
             core::round_down(weighted + worst.orders_value * core::rate_one<Extended>())}};
}

Answers drift_account(const Case& test) {
    const Kind kind = kind_of(test.inputs);
    const Rate buffer = test.inputs.rate("margin_buffer", "0");
    AccountCase account = account_of(test.inputs, kind);
    const Buffered cross = evaluate(account.cross, kind, buffer);
    Answer::List isolated;
    for (Book& book : account.isolated) {
        const Buffered figures = evaluate(book, kind, buffer);
        isolated.push_back(Answer::List{figures.plain.margin, figures.plain.equity,
                                        figures.with_buffer.margin, figures.with_buffer.equity});
    }
    return {{"margin_requirement", cross.plain.margin},
            {"total_collateral", cross.plain.equity},
            {"margin_requirement_plus_buffer", cross.with_buffer.margin},
            {"total_collateral_plus_buffer", cross.with_buffer.equity},
            {"isolated", isolated}};
}

// Everything that is held, at the oracle's prices and whole.
Answers drift_equity(const Case& test) {
    test.inputs.ignore("kind");
    AccountCase account = account_of(test.inputs, Kind::maintenance);
    const auto whole = [](Book& book) {
        for (BalanceTerms& terms : book.balance_terms) {
            terms = {};
        }
        for (AssetRow& row : book.assets) {
            row.asset_weight = kRateOne;
            row.liability_weight = kRateOne;
        }
        for (PositionTerms& terms : book.position_terms) {
            terms.gains.weight = kRateOne;
        }
        book.orders.clear();
        book.spot_orders.clear();
        return book.evaluate(Kind::maintenance).equity;
    };
    Money equity = whole(account.cross);
    for (Book& book : account.isolated) {
        equity = equity + whole(book);
    }
    return {{"equity", equity}};
}

Answers drift_max_withdraw(const Case& test) {
    const AccountCase account = account_of(test.inputs, Kind::initial);
    const auto spot = static_cast<std::size_t>(test.inputs.whole("withdraw"));
    const Book& book = account.cross;
    if (spot + 1 >= book.balances.size()) {
        test.inputs["withdraw"].fail("is not the number of a spot balance");
    }
    const LevelFigures figures = book.evaluate(Kind::initial);
    const auto balance = core::balance_figures(
        book.balances[spot + 1].amount, book.assets[spot + 1], &book.terms, MarginLevel::initial);
    return {{"amount", core::withdrawable_amount(figures.equity, figures.margin, balance.price,
                                                 balance.weight)}};
}

}  // namespace margind::test
