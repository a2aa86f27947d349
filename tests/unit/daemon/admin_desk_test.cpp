#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/admin/account_desk.hpp"
#include "tests/support/admin_snapshot.hpp"

namespace margind::daemon {
namespace {

class HandClock final : public feeds::Clock {
  public:
    core::Timestamp now() noexcept override { return now_; }
    void pass(core::Duration d) { now_ = now_ + d; }

  private:
    core::Timestamp now_ = tests::kAdminNow;
};

// An engine that answers when told to.
struct Bench {
    config::Settings settings = tests::admin_settings();
    HandClock clock;
    bool accepting = true;
    int asked = 0;
    AccountQuery query;
    std::function<void(const AccountQuery*)> done;
    std::vector<Page> pages;
    std::optional<AccountDesk> desk;

    Bench() {
        desk.emplace(settings.risk, clock,
                     [this](AccountQuery q, std::function<void(const AccountQuery*)> d) {
                         if (!accepting) return false;
                         ++asked;
                         query = std::move(q);
                         done = std::move(d);
                         return true;
                     });
    }
    bool request(const char* target) {
        return desk->request(parse_target(target), [this](const Page& p) { pages.push_back(p); });
    }
    void answer() { done(&query); }
};

TEST_CASE("a question reaches the engine and its answer the caller") {
    Bench bench;
    CHECK(bench.request("/accounts?limit=7"));
    CHECK(bench.query.limit == 7);
    CHECK(bench.pages.empty());
    bench.answer();
    REQUIRE(bench.pages.size() == 1);
    CHECK(bench.pages[0].status == 200);
}

TEST_CASE("identical questions are asked once, and kept for a second") {
    Bench bench;
    bench.request("/accounts");
    CHECK_FALSE(bench.request("/accounts"));
    bench.answer();
    CHECK(bench.pages.size() == 2);
    bench.clock.pass(core::Duration::from_ms(999));
    bench.request("/accounts");
    CHECK(bench.asked == 1);
    CHECK(bench.pages.size() == 3);
    bench.clock.pass(core::Duration::from_ms(1));
    bench.request("/accounts");
    CHECK(bench.asked == 2);
}

TEST_CASE("another question while one is in flight is told to come again") {
    Bench bench;
    bench.request("/accounts/alice");
    bench.request("/accounts/bob");
    REQUIRE(bench.pages.size() == 1);
    CHECK(bench.pages[0].status == 503);
    CHECK(bench.pages[0].retry_after_seconds == 1);
    CHECK(bench.asked == 1);
}

TEST_CASE("an engine that is busy or does not answer means 503 for everybody waiting") {
    Bench bench;
    SECTION("busy") {
        bench.accepting = false;
        CHECK_FALSE(bench.request("/accounts"));
    }
    SECTION("gave up") {
        bench.request("/accounts");
        bench.desk->give_up();
    }
    SECTION("told so") {
        bench.request("/accounts");
        bench.done(nullptr);
    }
    REQUIRE(bench.pages.size() == 1);
    CHECK(bench.pages[0].status == 503);
}

TEST_CASE("nobody waits for an answer that is overdue, but it is kept when it comes") {
    Bench bench;
    bench.request("/accounts");
    bench.desk->give_up();
    bench.request("/accounts");  // the engine still owes the first answer
    CHECK(bench.pages.size() == 2);
    CHECK(bench.pages[1].status == 503);
    bench.answer();
    bench.request("/accounts");
    REQUIRE(bench.pages.size() == 3);
    CHECK(bench.pages[2].status == 200);
    CHECK(bench.asked == 1);
}

TEST_CASE("no more callers wait than there is room for") {
    Bench bench;
    for (std::size_t i = 0; i < AccountDesk::kWaitingMax; ++i) bench.request("/accounts");
    CHECK(bench.pages.empty());
    bench.request("/accounts");
    REQUIRE(bench.pages.size() == 1);
    CHECK(bench.pages[0].status == 503);
    bench.answer();
    CHECK(bench.pages.size() == 1 + AccountDesk::kWaitingMax);
}

TEST_CASE("only the newest answers are kept") {
    Bench bench;
    for (std::size_t i = 0; i <= AccountDesk::kKept; ++i) {
        bench.request(("/accounts/a" + std::to_string(i)).c_str());
        bench.answer();
    }
    const int asked = bench.asked;
    bench.request(("/accounts/a" + std::to_string(AccountDesk::kKept)).c_str());
    CHECK(bench.asked == asked);
    bench.request("/accounts/a0");
    CHECK(bench.asked == asked + 1);
}

TEST_CASE("an answer that comes after the desk is gone harms nobody") {
    Bench bench;
    bench.request("/accounts");
    bench.desk.reset();
    bench.answer();
    CHECK(bench.pages.empty());
}

}  // namespace
}  // namespace margind::daemon
