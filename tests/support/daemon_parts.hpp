// Pieces that tests of the daemon's threads put together: a clock to turn by hand, an event sink
// that can be full, a venue's worth of feeds, ticks.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.hpp"
#include "core/parameters.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "feeds/session.hpp"
#include "feeds/tick.hpp"
#include "tests/support/book.hpp"

namespace margind::tests {

inline constexpr core::Timestamp kStart = core::Timestamp::from_ns(1'760'128'200'000'000'000);

class HandClock final : public feeds::Clock {
  public:
    core::Timestamp now() noexcept override { return time; }
    void advance(core::Duration duration) { time = time + duration; }
    core::Timestamp time = kStart;
};

// Takes at most `room` events until somebody takes them out.
class BoundedSink final : public daemon::EventSink {
  public:
    explicit BoundedSink(std::size_t room = 1'000'000) : room_(room) {}
    bool try_publish(const core::Event& event) noexcept override {
        if (waiting.size() == room_) return false;
        waiting.push_back(event);
        return true;
    }
    std::size_t depth() const noexcept override { return waiting.size(); }
    std::uint64_t wakeups() const noexcept override { return 0; }
    std::deque<core::Event> waiting;

  private:
    const std::size_t room_;
};

// test::small_venue() (BTC and ETH perpetuals) heard over one feed: symbol BTC as book top and as
// trades, ETH as book top only. Sources 0 BTC book, 1 BTC trades, 2 ETH book.
inline core::RiskParameters heard_venue() {
    core::RiskParameters p = test::small_venue();
    p.sources.clear();
    const core::AssetId usd(0);
    for (const std::uint32_t instrument : {0u, 0u, 1u}) test::add_source(p, instrument, usd);
    p.sources[0].symbol = p.sources[1].symbol = "BTC";
    p.sources[2].symbol = "ETH";
    p.sources[0].channel = p.sources[2].channel = core::Channel::book_top;
    for (core::Source& source : p.sources) source.stale_after = core::Duration::from_seconds(3600);
    return p;
}

inline feeds::Tick book_tick(std::string_view symbol, std::int64_t bid, std::uint64_t sequence) {
    feeds::Tick tick;
    tick.channel = core::Channel::book_top;
    tick.symbol = symbol;
    tick.bid = {bid, 0};
    tick.ask = {bid + 2, 0};
    tick.sequence = sequence;
    return tick;
}

inline feeds::Tick trade_tick(std::string_view symbol, std::int64_t price, std::uint64_t sequence) {
    feeds::Tick tick;
    tick.channel = core::Channel::trade;
    tick.symbol = symbol;
    tick.price = {price, 0};
    tick.sequence = sequence;
    return tick;
}

inline core::Input balance(const std::string& owner, double amount,
                           core::Last last = core::Last::yes) {
    core::AccountInput a;
    a.key = test::key(owner);
    a.record = core::AccountRecord::balance;
    a.amount = test::money(amount).raw();
    a.last = last;
    return core::Input::of(a);
}

inline core::Input position(const std::string& owner, std::uint32_t instrument, double quantity,
                            double entry) {
    core::AccountInput a;
    a.key = test::key(owner);
    a.record = core::AccountRecord::position;
    a.id = instrument;
    a.amount = test::quantity(quantity).raw();
    a.price = test::price(entry).raw();
    return core::Input::of(a);
}

}  // namespace margind::tests
