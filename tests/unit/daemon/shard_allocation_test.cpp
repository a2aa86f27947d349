// Ticks through the front, the shards and the merge allocate nothing.
#include <cstdint>

#include <catch2/catch.hpp>

#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/shard_front.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/support/daemon_parts.hpp"

namespace margind::daemon {
namespace {

using namespace tests;

class Path {
  public:
    explicit Path(core::Search search)
        : parameters_(heard_venue()),
          queued_(parameters_, 4'096, nullptr),
          events_(4'096, nullptr),
          front_(parameters_, {.shards = 4, .engine = {.search = search}}, &clock_, &queued_,
                 events_, &reports_, desks_, nullptr) {
        for (int i = 0; i < 60; ++i) {
            const std::string owner = "a" + std::to_string(i);
            core::Input money = balance(owner, 5'000 + 60 * i, core::Last::no);
            core::Input btc = position(owner, 0, i % 2 == 0 ? 1 : -1, 50'000);
            front_.accept(money);
            front_.accept(btc);
        }
    }

    // A walk around the entry price, over some accounts' lines and back.
    void ticks(int count) {
        for (int i = 0; i < count; ++i) {
            clock_.advance(core::Duration::from_ms(1));
            core::PriceInput price;
            price.source = core::SourceId(1);
            price.price = test::price(50'000 + 25 * ((i % 160 < 80) ? i % 80 : 80 - i % 80));
            core::Input input = core::Input::of(price);
            input.receive_time = clock_.now();
            taken = queued_.try_whole(input) && taken;
            while (!front_.idle()) {
                front_.do_work();
                for (std::uint32_t s = 0; s < front_.shards(); ++s) front_.lane(s).do_work();
                front_.do_work();
                for (core::Event event; events_.try_take(event);) {
                    account_events += core::is_account_event(event.kind) ? 1U : 0U;
                }
            }
        }
    }
    bool taken = true;
    std::uint64_t account_events = 0;

  private:
    HandClock clock_;
    const core::RiskParameters parameters_;
    QueuedDelivery queued_;
    EventQueue events_;
    Published<EngineReport> reports_;
    QueryDesks desks_{4};
    ShardFront front_;
};

}  // namespace

TEST_CASE("ticks through four shards allocate nothing") {
    for (const core::Search search : {core::Search::reference, core::Search::bands}) {
        Path path(search);
        path.ticks(3'000);
        path.account_events = 0;
        const auto before = test::allocation_count();
        path.ticks(20'000);
        const auto allocations = test::allocation_count() - before;
        CHECK(path.taken);
        CHECK(path.account_events > 1'000);
        CHECK(allocations == 0);
    }
}

}  // namespace margind::daemon
