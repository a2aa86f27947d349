#include <algorithm>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/latest_slots.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "tests/support/daemon_parts.hpp"

namespace margind::daemon {
namespace {

using namespace tests;

core::Input price_of(std::uint32_t source, core::Channel channel, std::uint64_t sequence) {
    core::PriceInput price;
    price.source = core::SourceId(source);
    price.channel = channel;
    price.price = core::Price::from_raw(static_cast<std::int64_t>(sequence) + 1);
    price.sequence = sequence;
    return core::Input::of(price);
}

TEST_CASE("a slot asks to be announced once, keeps the newest, counts what it overtook") {
    LatestSlots slots(2);
    const core::SourceId source(1);
    CHECK_FALSE(slots.waiting(source));
    CHECK(slots.put(source, price_of(1, core::Channel::mark, 1)));
    CHECK_FALSE(slots.put(source, price_of(1, core::Channel::mark, 2)));
    CHECK_FALSE(slots.put(source, price_of(1, core::Channel::mark, 3)));
    CHECK(slots.waiting(source));
    CHECK_FALSE(slots.waiting(core::SourceId(0)));
    CHECK(slots.take(source).price.sequence == 3);
    CHECK(slots.conflated() == 2);
    CHECK(slots.put(source, price_of(1, core::Channel::mark, 4)));
}

TEST_CASE("a burst of book tops takes one place, trades take one each, in order") {
    QueuedDelivery queued(heard_venue(), 4'096, nullptr);
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        queued.price(price_of(0, core::Channel::book_top, i));
        if (i % 250 == 0) queued.price(price_of(1, core::Channel::trade, i));
    }
    CHECK(queued.depth() == 5);
    CHECK(queued.conflated() == 999);
    core::Input input;
    REQUIRE(queued.try_take(input));
    CHECK(input.price.sequence == 1'000);  // the newest, in the first one's place
    for (const std::uint64_t trade : {250u, 500u, 750u, 1'000u}) {
        REQUIRE(queued.try_take(input));
        CHECK(input.price.channel == core::Channel::trade);
        CHECK(input.price.sequence == trade);
    }
    CHECK_FALSE(queued.try_take(input));
}

TEST_CASE(
    "a message is refused whole when its trades do not fit; prices that conflate still pass") {
    HandClock clock;
    const core::RiskParameters parameters = heard_venue();
    QueuedDelivery queued(parameters, 4'096, nullptr);
    FeedInputs inputs(parameters, clock, queued);
    const core::FeedId feed(0);
    const auto batch = std::make_unique<feeds::TickBatch>();
    const auto offer = [&](std::initializer_list<feeds::Tick> ticks) {
        batch->clear();
        for (const feeds::Tick& tick : ticks) batch->push(tick);
        return inputs.on_ticks(feed, *batch, clock.now());
    };
    REQUIRE(offer({book_tick("BTC", 50'000, 1)}));
    std::uint64_t trades = 0;
    while (offer({trade_tick("BTC", 50'000, trades + 1)})) ++trades;
    CHECK(trades >= 4'000);
    CHECK(inputs.any_paused());
    CHECK(inputs.refused_total() == 1);
    const std::size_t full = queued.depth();

    CHECK(offer({book_tick("BTC", 50'001, 2)}));       // replaces the one that waits
    CHECK_FALSE(offer({book_tick("ETH", 3'000, 1)}));  // needs a place of its own
    CHECK_FALSE(offer({book_tick("BTC", 50'002, 3), trade_tick("BTC", 50'002, 9'999)}));
    CHECK(queued.depth() == full);

    // A feed's state is never refused, and comes after what was queued before it.
    inputs.on_state(feed, core::FeedState::down, core::FeedReason::network_error);
    CHECK(queued.depth() == full + 1);

    core::Input input;
    REQUIRE(queued.try_take(input));
    CHECK(input.price.bid == test::price(50'001));  // not 50'002: that message was refused whole
    for (std::uint64_t i = 1; i <= trades; ++i) {
        REQUIRE(queued.try_take(input));
        REQUIRE(input.price.sequence == i);
    }
    REQUIRE(queued.try_take(input));
    CHECK(input.kind == core::InputKind::feed_state);
    CHECK(queued.half_empty());

    int resumed = 0;
    inputs.resume_paused([&](core::FeedId) { ++resumed; });
    CHECK(resumed == 1);
    CHECK_FALSE(inputs.any_paused());
    CHECK(offer({trade_tick("BTC", 50'000, trades + 1)}));
}

TEST_CASE("feed states that find no place wait in order, and everything waits behind them") {
    QueuedDelivery queued(heard_venue(), 1'024, nullptr);
    const auto state = [](core::FeedState value) {
        return core::Input::of(
            core::FeedStateInput{core::FeedId(0), value, core::FeedReason::network_error});
    };
    std::uint64_t sent = 0;
    while (queued.backlog_empty()) {
        queued.feed_state(state(core::FeedState::live));
        ++sent;
    }
    // Far beyond what the backlog holds: the newest state survives.
    for (int i = 0; i < 10'000; ++i) queued.feed_state(state(core::FeedState::live));
    queued.feed_state(state(core::FeedState::down));
    CHECK_FALSE(queued.has_room(1));
    core::Input input;
    core::FeedState last = core::FeedState::connecting;
    std::uint64_t taken = 0;
    while (queued.depth() > 0 || !queued.backlog_empty()) {
        while (queued.try_take(input)) {
            last = input.feed_state.state;
            ++taken;
        }
        queued.flush_backlog();
    }
    CHECK(taken >= sent + 4'000);
    CHECK(last == core::FeedState::down);
    CHECK(queued.has_room(1));
}

TEST_CASE("a state does not overtake those that wait, though the queue has room again") {
    QueuedDelivery queued(heard_venue(), 1'024, nullptr);
    const auto send = [&](core::FeedReason reason) {
        queued.feed_state(
            core::Input::of(core::FeedStateInput{core::FeedId(0), core::FeedState::down, reason}));
    };
    while (queued.backlog_empty()) send(core::FeedReason::network_error);
    core::Input input;
    REQUIRE(queued.try_take(input));
    send(core::FeedReason::silence);
    std::vector<core::FeedReason> tail;
    for (bool more = true; more; more = queued.flush_backlog() > 0) {
        while (queued.try_take(input)) tail.push_back(input.feed_state.reason);
    }
    CHECK(tail.back() == core::FeedReason::silence);
    CHECK(std::count(tail.begin(), tail.end(), core::FeedReason::silence) == 1);
}

TEST_CASE("between two threads every slot moves forward and ends at its newest value") {
    constexpr std::uint64_t kRounds = 50'000;
    QueuedDelivery queued(heard_venue(), 4'096, nullptr);
    std::atomic<bool> done{false};
    std::thread io([&]() {
        for (std::uint64_t i = 1; i <= kRounds; ++i) {
            while (!queued.has_room(3)) std::this_thread::yield();
            queued.price(price_of(0, core::Channel::book_top, i));
            queued.price(price_of(2, core::Channel::book_top, i));
            queued.price(price_of(1, core::Channel::trade, i));
        }
        done.store(true, std::memory_order_release);
    });
    std::map<std::uint32_t, std::uint64_t> last;
    std::uint64_t taken = 0;
    bool forward = true;
    bool trades_whole = true;
    for (;;) {
        const bool no_more = done.load(std::memory_order_acquire);
        core::Input input;
        bool any = false;
        while (queued.try_take(input)) {
            any = true;
            ++taken;
            std::uint64_t& before = last[input.price.source.index()];
            forward = forward && input.price.sequence > before;
            if (input.price.channel == core::Channel::trade) {
                trades_whole = trades_whole && input.price.sequence == before + 1;
            }
            before = input.price.sequence;
        }
        if (!any && no_more) break;
        if (!any) std::this_thread::yield();
    }
    io.join();
    CHECK(forward);
    CHECK(trades_whole);
    CHECK(last[0] == kRounds);
    CHECK(last[1] == kRounds);
    CHECK(last[2] == kRounds);
    CHECK(taken + queued.conflated() == 3 * kRounds);
}

}  // namespace
}  // namespace margind::daemon
