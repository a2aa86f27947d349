// When the engine audits its accounts; what it does about a failure is tested with deliberate
// faults (tests/property/bands_audit_test.cpp).
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

// Five accounts and a price, without events.
class Audited {
  public:
    explicit Audited(const EngineOptions& options) : engine(small_venue(), options) {
        for (std::uint32_t a = 0; a < 5; ++a) {
            AccountInput input;
            input.key = key("a" + std::to_string(a));
            input.record = AccountRecord::balance;
            input.amount = money(1'000).raw();
            input.last = Last::yes;
            apply(Input::of(input));
        }
    }
    void apply(Input input) {
        input.input_seq = ++seq_;
        input.engine_time = input.receive_time = Timestamp::from_ns(1'760'130'000'000'000'000);
        engine.apply(input);
        Event event;
        while (engine.next_event(event)) {
        }
    }
    void timers(int count) {
        for (int i = 0; i < count; ++i) apply(Input::of(TimerInput{}));
    }
    std::uint64_t audits() const { return engine.statistics().audits; }

    Engine engine;

  private:
    std::uint64_t seq_ = 0;
};

}  // namespace

TEST_CASE("so many accounts are audited after every so many inputs") {
    for (const Search search : {Search::reference, Search::bands}) {
        Audited audited({.search = search, .audit = {.accounts = 3, .every_inputs = 10}});
        audited.timers(4);
        audited.engine.settle();
        CHECK(audited.audits() == 0);
        audited.timers(1);
        CHECK(audited.audits() == 0);  // not before its events are out
        audited.engine.settle();
        audited.engine.settle();
        CHECK(audited.audits() == 3);
        audited.timers(10);
        CHECK(audited.audits() == 3);
        audited.timers(1);  // the next input settles what nobody settled
        CHECK(audited.audits() == 6);
    }
}

TEST_CASE("an audit looks at nobody twice at a time") {
    Audited audited({.audit = {.accounts = 64, .every_inputs = 5}});
    audited.engine.settle();
    CHECK(audited.audits() == 5);
}

TEST_CASE("without accounts to audit there is no audit") {
    Audited audited({.audit = {.accounts = 0, .every_inputs = 1}});
    audited.timers(20);
    audited.engine.settle();
    CHECK(audited.audits() == 0);
}
