// Numbered account lines: what is answered to each, when, and what the engine is told.
#include <array>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/ingress/update_desk.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/shard_front.hpp"
#include "daemon/threads/straight_through.hpp"
#include "tests/support/daemon_parts.hpp"

namespace margind::daemon {
namespace {

using namespace tests;
using Taken = UpdateDesk::Taken;

// The answers each connection would have been sent.
class Hearers final : public AnswerOutlet {
  public:
    TextBuffer* answers_of(ConnectionNumber connection) override {
        return gone.contains(connection) ? nullptr : &buffers[connection];
    }
    void answered(ConnectionNumber connection) override { ++answers[connection]; }
    void taken_over(ConnectionNumber connection) override { told.push_back(connection); }

    std::string take(ConnectionNumber connection) {
        std::string text = fmt::to_string(buffers[connection]);
        buffers[connection].clear();
        return text;
    }
    std::map<ConnectionNumber, TextBuffer> buffers;
    std::map<ConnectionNumber, int> answers;
    std::map<ConnectionNumber, bool> gone;
    std::vector<ConnectionNumber> told;
};

config::AccountListenerSettings settings(std::uint32_t unanswered_max = 8) {
    config::AccountListenerSettings s;
    s.sources = {"ledger", "desk"};
    s.unanswered_max = unanswered_max;
    return s;
}

// A desk straight in front of one engine.
struct World {
    explicit World(config::Durability mode = config::Durability::none) : durability(mode) {
        cycle.answer_to(verdicts);
    }
    Taken take(std::string_view line, ConnectionNumber connection = 1) {
        return desk.take(connection, line, kStart);
    }
    std::string answers(ConnectionNumber connection = 1) {
        desk.work();
        return hearers.take(connection);
    }
    std::uint32_t accounts() const { return engine.account_count(); }
    core::Money balance_of(const char* owner) const {
        const auto slot = engine.find(test::key(owner));
        return slot ? engine.view(*slot).balances[0].amount : core::Money();
    }

    core::RiskParameters parameters = heard_venue();
    core::Engine engine{parameters};
    HandClock clock;
    BoundedSink sink;
    EngineCycle cycle{engine, &clock, nullptr, sink, nullptr, nullptr};
    StraightDelivery delivery{cycle};
    UpdateVerdicts verdicts{1, verdicts_max(settings()), nullptr};
    Durability durability;
    Hearers hearers;
    UpdateDesk desk{settings(), {parameters, delivery, verdicts, durability}, hearers};
};

std::string line(std::uint64_t number, const std::string& rest, const char* source = "ledger") {
    return std::string(R"({"source":")") + source + R"(","source_seq":)" + std::to_string(number) +
           "," + rest + "}";
}

const char* const kAlice = R"("account":"alice","balances":{"USD":"10"})";

TEST_CASE("the number that is due is applied and acknowledged with its input") {
    World world;
    REQUIRE(world.take(line(1, kAlice)) == Taken::yes);
    CHECK(world.answers() == R"({"type":"ack","source":"ledger","source_seq":1,"input_seq":2})"
                             "\n");
    CHECK(world.balance_of("alice") == test::money(10));
    REQUIRE(world.take(line(2, R"("account":"bob","balances":{"USD":"5"})")) == Taken::yes);
    CHECK(world.answers() == R"({"type":"ack","source":"ledger","source_seq":2,"input_seq":4})"
                             "\n");
    CHECK(world.hearers.answers[1] == 2);
}

TEST_CASE("a number taken before is acknowledged again and changes nothing") {
    World world;
    world.take(line(1, kAlice));
    world.answers();
    REQUIRE(world.take(line(1, R"("account":"alice","balances":{"USD":"99"})")) == Taken::yes);
    CHECK(world.answers() == R"({"type":"ack","source":"ledger","source_seq":1,"input_seq":null})"
                             "\n");
    CHECK(world.balance_of("alice") == test::money(10));
    CHECK(world.desk.statistics()[0].duplicates_total == 1);
}

TEST_CASE("a gap is told with the number that is due, and nothing is applied") {
    World world;
    REQUIRE(world.take(line(3, kAlice)) == Taken::yes);
    CHECK(world.answers() ==
          R"({"type":"gap","source":"ledger","source_seq":3,"next_source_seq":1})"
          "\n");
    CHECK(world.accounts() == 0);
    CHECK(world.desk.statistics()[0].next_source_seq == 1);
}

TEST_CASE("a line that cannot be read is refused by its member, and its number is used up") {
    World world;
    REQUIRE(world.take(line(1, R"("account":"alice","balances":{"EUR":"1"})")) == Taken::yes);
    CHECK(world.answers() == R"({"type":"refused","source":"ledger","source_seq":1,"input_seq":2,)"
                             R"("member":"balances.EUR","reason":"bad_line",)"
                             R"("message":"balances.EUR: no such asset in the config"})"
                             "\n");
    CHECK(world.desk.statistics()[0].next_source_seq == 2);
    // The engine, and so its journal, knows the number.
    CHECK(world.engine.statistics().refused[std::size_t(core::Refusal::refused_before)] == 1);
    // What is not even JSON after the number was read is no update either.
    REQUIRE(world.take(R"({"source":"ledger","source_seq":2,"account":nonsense})") == Taken::yes);
    CHECK(world.answers().find(R"("source_seq":2,"input_seq":4,)") != std::string::npos);
}

TEST_CASE("what the engine refuses is told with its reason") {
    World world;
    const std::string transfer = R"("transfer":{"from":{"account":"nobody"},)"
                                 R"("to":{"account":"alice"},"asset":"USD","amount":"1"})";
    REQUIRE(world.take(line(1, transfer)) == Taken::yes);
    const std::string answer = world.answers();
    CHECK(answer.find(R"({"type":"refused","source":"ledger","source_seq":1,"input_seq":3,)"
                      R"("member":null,"reason":"unknown_account","message":"unknown_account: )") ==
          0);
    CHECK(world.desk.statistics()[0].refused_total == 1);
}

TEST_CASE("a line without a readable source and number uses up none") {
    World world;
    for (const char* bad :
         {"nonsense", R"({"account":"alice"})", R"({"source":"ledger","account":"alice"})",
          R"({"source_seq":1,"account":"alice"})", R"({"source":"ledger","source_seq":0})",
          R"({"source":"ledger","source_seq":-1})", R"({"source":"ledger","source_seq":"1"})",
          R"({"source":"ledger","source_seq":9223372036854775808})",
          R"({"source":7,"source_seq":1})", R"({"source":"thief","source_seq":1})"}) {
        INFO(bad);
        CHECK(world.take(bad) == Taken::answered);
        CHECK(world.answers().find(R"({"type":"error","message":")") == 0);
    }
    CHECK(world.desk.unnumbered_total() == 10);
    CHECK(world.desk.statistics()[0].next_source_seq == 1);
    CHECK(world.accounts() == 0);
}

TEST_CASE("sources number their lines each on its own") {
    World world;
    world.take(line(1, kAlice));
    world.take(line(1, R"("account":"bob")", "desk"));
    const std::string answers = world.answers();
    CHECK(answers.find(R"("source":"ledger","source_seq":1,"input_seq":2})") != std::string::npos);
    CHECK(answers.find(R"("source":"desk","source_seq":1,"input_seq":4})") != std::string::npos);
}

TEST_CASE("with durability group nothing is answered before its input is on disk") {
    World world(config::Durability::group);
    world.take(line(1, kAlice));                       // input 2
    world.take(line(2, R"("balances":{"USD":"1"})"));  // refused, input 4
    world.take(line(2, kAlice));                       // a duplicate of the one before
    world.take(line(9, kAlice));                       // a gap
    CHECK(world.answers() == "");
    CHECK_FALSE(world.desk.has_work());
    world.durability.reached(1, 0);
    CHECK(world.answers() == "");
    world.durability.reached(2, 0);
    CHECK(world.desk.has_work());
    CHECK(world.answers() == R"({"type":"ack","source":"ledger","source_seq":1,"input_seq":2})"
                             "\n");
    CHECK(world.desk.unanswered() == 3);
    world.durability.reached(4, 0);
    const std::string rest = world.answers();
    CHECK(std::count(rest.begin(), rest.end(), '\n') == 3);
    CHECK(rest.find(R"({"type":"refused","source":"ledger","source_seq":2)") == 0);
}

TEST_CASE("a greeting names the oldest number without an answer, which may be lost yet") {
    World world(config::Durability::group);
    const auto next_of_ledger = [&] {
        TextBuffer hello;
        world.desk.append_hello(hello, "session");
        const std::string text = fmt::to_string(hello);
        const std::string member = R"("source":"ledger","next_source_seq":)";
        REQUIRE(text.find(member) != std::string::npos);
        return std::stoull(text.substr(text.find(member) + member.size()));
    };
    CHECK(next_of_ledger() == 1);
    world.take(line(1, kAlice));  // input 2
    world.take(line(2, kAlice));  // input 4
    world.take(line(1, kAlice));  // a duplicate
    CHECK(next_of_ledger() == 1);
    world.durability.reached(2, 0);
    world.answers();
    CHECK(next_of_ledger() == 2);
    world.durability.reached(4, 0);
    world.answers();
    CHECK(next_of_ledger() == 3);
}

TEST_CASE("nothing is answered once the journal has failed") {
    World world(config::Durability::memory);
    world.take(line(1, kAlice));
    world.durability.fail();
    world.take(line(1, kAlice));
    CHECK(world.answers() == "");
    CHECK(world.desk.unanswered() == 2);
}

TEST_CASE("a source with too many unanswered lines waits, and loses none") {
    World world(config::Durability::group);
    for (std::uint64_t n = 1; n <= 8; ++n) REQUIRE(world.take(line(n, kAlice)) == Taken::yes);
    CHECK(world.take(line(9, kAlice)) == Taken::wait);
    CHECK(world.take(line(1, kAlice, "desk")) == Taken::yes);  // another source does not
    world.durability.reached(2, 0);
    world.answers();
    CHECK(world.take(line(9, kAlice)) == Taken::yes);
    world.durability.reached(100, 0);
    CHECK(world.answers().find(R"("source_seq":9,)") != std::string::npos);
    CHECK(world.desk.unanswered() == 0);
}

TEST_CASE("the newer connection takes a source over, the older is told") {
    World world;
    world.take(line(1, kAlice), 1);
    CHECK(world.take(line(2, kAlice), 2) == Taken::yes);
    CHECK(world.hearers.told == std::vector<ConnectionNumber>{1});
    CHECK(world.take(line(3, kAlice), 1) == Taken::leave);
    // Whoever is left takes it when the newer one has gone.
    world.desk.gone(2);
    CHECK(world.take(line(3, kAlice), 3) == Taken::yes);
    CHECK(world.hearers.told.size() == 1);
}

TEST_CASE("answers to a connection that has gone are dropped, its lines are not") {
    World world(config::Durability::group);
    world.take(line(1, kAlice), 1);
    world.desk.gone(1);
    world.hearers.gone[1] = true;
    world.take(line(1, kAlice), 2);
    world.durability.reached(2, 0);
    CHECK(world.answers(2) == R"({"type":"ack","source":"ledger","source_seq":1,"input_seq":null})"
                              "\n");
    CHECK(world.hearers.buffers[1].size() == 0);
    CHECK(world.balance_of("alice") == test::money(10));
}

TEST_CASE("numbers go on after what an earlier process took") {
    World world;
    world.desk.go_on_after(0, 41);
    TextBuffer hello;
    world.desk.append_hello(hello, "feed-1");
    CHECK(fmt::to_string(hello) ==
          R"({"type":"hello","protocol":1,"session":"feed-1","durability":"none","sources":[)"
          R"({"source":"ledger","next_source_seq":42},{"source":"desk","next_source_seq":1}],)"
          R"("version":")" MARGIND_VERSION "\"}\n");
    world.take(line(42, kAlice));
    CHECK(world.answers().find(R"("source_seq":42,"input_seq":2)") != std::string::npos);
}

TEST_CASE("the page's conversation is what happens") {
    std::ifstream page(MARGIND_SOURCE_DIR "/docs/account-stream.md");
    REQUIRE(page);
    World world;
    world.desk.append_hello(world.hearers.buffers[1], "feed-1");
    std::string said;
    std::string expected;
    int lines = 0;
    for (std::string text; std::getline(page, text);) {
        if (text.starts_with("> ")) {
            world.take(text.substr(2));
            ++lines;
        }
        if (text.starts_with("< ")) {
            expected += text.substr(2) + "\n";
            said += world.answers();
        }
    }
    CHECK(lines == 6);
    CHECK(said == expected);
}

// The queue takes an update whole, or the line waits.
TEST_CASE("a full queue makes a line wait; its records stay together") {
    constexpr std::uint64_t kLinesMax = 16'384;
    const core::RiskParameters parameters = heard_venue();
    QueuedDelivery queued(parameters, 1, nullptr);
    UpdateVerdicts verdicts(1, verdicts_max(settings(kLinesMax)), nullptr);
    Durability durability(config::Durability::none);
    Hearers hearers;
    UpdateDesk desk(settings(kLinesMax), {parameters, queued, verdicts, durability}, hearers);
    std::uint64_t due = 1;
    while (due < kLinesMax && desk.take(1, line(due, kAlice), kStart) == Taken::yes) ++due;
    REQUIRE(due < kLinesMax);
    CHECK(desk.take(1, line(due, kAlice), kStart) == Taken::wait);
    core::Input input;
    for (std::uint64_t number = 1; number < due; ++number) {
        REQUIRE(queued.try_take(input));
        REQUIRE(input.account.record == core::AccountRecord::source_number);
        REQUIRE(input.account.amount == static_cast<std::int64_t>(number));
        REQUIRE(input.account.last == core::Last::no);
        REQUIRE(input.origin == config::kFirstListenedOrigin);
        REQUIRE(input.account.key == test::key("alice"));
        REQUIRE(queued.try_take(input));
        REQUIRE(input.account.record == core::AccountRecord::balance);
        REQUIRE(input.account.last == core::Last::yes);
    }
    CHECK_FALSE(queued.try_take(input));
    CHECK(desk.take(1, line(due, kAlice), kStart) == Taken::yes);
}

TEST_CASE("of several shards the one answers whose account it is, in order all the same") {
    const core::RiskParameters parameters = heard_venue();
    HandClock clock;
    BoundedSink sink;
    QueryDesks queries(3);
    ShardFront front(parameters, {.shards = 3}, &clock, nullptr, sink, nullptr, queries, nullptr);
    struct Straight final : Delivery {
        explicit Straight(ShardFront& to) : front(to) {}
        bool has_room(std::size_t) noexcept override { return true; }
        bool conflates(core::SourceId) const noexcept override { return false; }
        void price(const core::Input&) noexcept override {}
        void feed_state(const core::Input&) noexcept override {}
        void update(std::span<const core::Input> records) noexcept override {
            for (core::Input record : records) front.accept(record);
        }
        ShardFront& front;
    } delivery(front);
    UpdateVerdicts verdicts(3, verdicts_max(settings(64)), nullptr);
    front.answer_to(verdicts);
    Durability durability(config::Durability::none);
    Hearers hearers;
    UpdateDesk desk(settings(64), {parameters, delivery, verdicts, durability}, hearers);
    std::string want;
    for (std::uint64_t n = 1; n <= 40; ++n) {
        const bool bad = n % 7 == 0;
        const std::string owner = "owner" + std::to_string(n);
        REQUIRE(desk.take(1,
                          line(n, R"("account":")" + owner + R"(","balances":{")" +
                                      (bad ? "EUR" : "USD") + R"(":"1"})"),
                          kStart) == Taken::yes);
        want += std::string(bad ? "refused" : "ack") + " " + std::to_string(n) + "\n";
    }
    desk.work();
    std::string got;
    const std::string text = hearers.take(1);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        const std::size_t number = text.find("\"source_seq\":", at) + 13;
        got += text.compare(at, 13, R"({"type":"ack")") == 0 ? "ack " : "refused ";
        got += std::to_string(std::stoull(text.substr(number))) + "\n";
    }
    CHECK(got == want);
    CHECK(front.statistics().accounts == 35);
}

}  // namespace
}  // namespace margind::daemon
