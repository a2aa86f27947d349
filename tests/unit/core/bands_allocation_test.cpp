// Ticks that reach guards, set them anew, split buckets and sweep them allocate nothing.
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"
#include "tests/support/counting_new.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeed = 11;
constexpr std::uint32_t kAccounts = 400;
constexpr int kWarmUp = 30'000;
constexpr int kTicks = 60'000;

// Two instruments that walk by 3 basis points a tick and stay near where they began.
class Walk {
  public:
    explicit Walk(const BandLimits& limits = {})
        : random_(kSeed),
          engine_(parameters(), {.search = Search::bands,
                                 .limits = limits,
                                 .audit = {.accounts = 4, .every_inputs = 50}}) {
        for (std::uint32_t i = 0; i < 2; ++i) tick();
        for (std::uint32_t a = 0; a < kAccounts; ++a) {
            record(a, AccountRecord::balance, 0, money(1'000 + 40'000 * random_.unit()).raw(), 0);
            for (std::uint32_t i = 0; i < 2; ++i) {
                const double size = (random_.unit() - 0.5) * 400'000 / truth_[i];
                record(a, AccountRecord::position, i, quantity(size).raw(), price(truth_[i]).raw());
            }
        }
    }

    void tick() {
        const std::uint32_t i = next_;
        next_ = 1 - next_;
        truth_[i] *= 1 + (random_.unit() - 0.5) * 6e-4;
        truth_[i] += (kStart[i] - truth_[i]) * 1e-4;
        PriceInput input;
        input.source = SourceId(i);
        input.price = price(truth_[i]);
        apply(Input::of(input));
    }
    BandStatistics statistics() const { return engine_.band_statistics(); }
    std::uint64_t audits() const { return engine_.statistics().audits; }

  private:
    static constexpr double kStart[] = {50'000, 3'000};

    static RiskParameters parameters() {
        RiskParameters p = small_venue();
        p.max_accounts = kAccounts;
        for (Instrument& one : p.instruments) one.price_max = price(500'000);
        return p;
    }
    void apply(Input input) {
        input.input_seq = ++seq_;
        now_ = now_ + Duration::from_ms(5);
        input.engine_time = now_;
        input.receive_time = now_;
        engine_.apply(input);
        Event event;
        while (engine_.next_event(event)) {
        }
        engine_.settle();
    }
    void record(std::uint32_t account, AccountRecord kind, std::uint32_t id, std::int64_t amount,
                std::int64_t entry) {
        AccountInput input;
        input.key = key("a" + std::to_string(account));
        input.record = kind;
        input.id = id;
        input.amount = amount;
        input.price = entry;
        apply(Input::of(input));
    }

    Random random_;
    Engine engine_;
    double truth_[2] = {kStart[0], kStart[1]};
    std::uint32_t next_ = 0;
    std::uint64_t seq_ = 0;
    Timestamp now_ = Timestamp::from_ns(1'760'130'000'000'000'000);
};

}  // namespace

TEST_CASE(
    "guards are reached and set anew, distances tracked, repairs put off without an allocation") {
    // The usual sizes, and hardly any repair at once.
    const auto limits = GENERATE(BandLimits{}, BandLimits{.repairs = 1});
    Walk walk(limits);
    for (int n = 0; n < kWarmUp; ++n) walk.tick();
    const BandStatistics warm = walk.statistics();
    const std::uint64_t audits = walk.audits();
    const auto before = allocation_count();
    for (int n = 0; n < kTicks; ++n) walk.tick();
    const auto allocations = allocation_count() - before;
    const BandStatistics now = walk.statistics();
    CAPTURE(now.banded, now.watched, now.fired);
    CHECK(now.guards_set - warm.guards_set > 1'000);
    CHECK(now.swept > warm.swept);
    CHECK(now.touched - warm.touched > 1'000);
    CHECK((limits.repairs == 0 || now.put_off > warm.put_off));
    CHECK(walk.audits() - audits > 1'000);
    CHECK(allocations == 0);
}
