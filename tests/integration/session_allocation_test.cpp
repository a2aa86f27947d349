// Reading messages allocates nothing once the buffers have grown. The venue runs on another thread,
// whose allocations do not count.
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/counting_new.hpp"
#include "tests/support/session_world.hpp"

using namespace margind;
using namespace margind::test;

namespace {

class CountingSink final : public feeds::FeedSink {
  public:
    bool on_ticks(core::FeedId, const feeds::TickBatch& batch, core::Timestamp) noexcept override {
        ticks += batch.size();
        return true;
    }
    void on_state(core::FeedId, core::FeedState, core::FeedReason) noexcept override {}
    std::uint64_t ticks = 0;
};

}  // namespace

TEST_CASE("reading messages allocates nothing") {
    const char* name = GENERATE("binance_spot", "coinbase_exchange");
    INFO(name);
    const std::string symbol = "BTC-USD";
    TemporaryFolder folder;
    boost::asio::io_context venue_io{1};
    daemon::SystemClock clock;
    std::vector<daemon::stand_in::ServedVenue> venues(1);
    venues[0].dialect = daemon::stand_in::make_dialect(name);
    venues[0].tape = daemon::stand_in::tape_from_histories(
        *venues[0].dialect, {{symbol, folder.write("h.csv", history_csv(8000))}}, {});
    const std::uint64_t sent = venues[0].tape.prices.size();
    const std::string path(venues[0].dialect->path());
    daemon::stand_in::StandIn stand_in(venue_io, clock, {.speed = 0}, std::move(venues), {});
    const std::string port = std::to_string(stand_in.venue(0).port());
    std::thread venue_thread([&] { venue_io.run(); });

    boost::asio::io_context io{1};
    CountingSink sink;
    feeds::FeedOptions options;
    options.name = "test";
    options.url = "ws://127.0.0.1:" + port + path;
    AdjustedVenue venue(name);
    const auto session = feeds::make_session(
        io, core::FeedId(0), options, {{symbol, core::Channel::book_top}}, sink, clock, 1, venue);
    session->start();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto run_to = [&](std::uint64_t ticks) {
        while (sink.ticks < ticks && std::chrono::steady_clock::now() < give_up) {
            io.run_one_for(std::chrono::milliseconds(50));
        }
        return sink.ticks >= ticks;
    };
    const bool warm = run_to(sent / 4);
    const std::uint64_t before = allocation_count_of_this_thread();
    const bool done = run_to(sent);
    const std::uint64_t allocations = allocation_count_of_this_thread() - before;

    session->stop();
    while (!session->stopped()) io.run_one_for(std::chrono::milliseconds(50));
    venue_io.stop();
    venue_thread.join();
    REQUIRE(warm);
    REQUIRE(done);
    CHECK(sent > 20'000);
    CHECK(allocations == 0);
}
