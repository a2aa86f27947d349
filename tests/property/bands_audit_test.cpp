// What the engine's audit of itself is worth: with a deliberate fault in the band index an account
// stands wrongly until its audit at the latest; that is told, mended by the same input, and does
// not happen to the account again.
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/bands/faults.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/ladder.hpp"
#include "tests/support/book.hpp"
#include "tests/support/random_venue.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeed = 20251121;
constexpr std::uint32_t kAccounts = 200;
constexpr std::uint32_t kAuditEvery = 10;

RiskParameters venue() {
    RiskParameters p = small_venue();
    for (Instrument& one : p.instruments) {
        one.price_max = price(1'000'000);
        one.tiers = {{notional(20'000), rate(0.10), rate(0.05)},
                     {notional(0), rate(0.20), rate(0.10)}};
    }
    p.max_accounts = kAccounts;
    return p;
}

// Accounts near their lines, ticks of a few basis points, jumps, fills; every account is audited
// every kAuditEvery inputs, and looked at here after each.
class AuditedWalk {
  public:
    AuditedWalk()
        : random_(kSeed),
          engine_(venue(), {.search = Search::bands,
                            .audit = {.accounts = kAccounts, .every_inputs = kAuditEvery}}),
          wrong_for_(kAccounts, 0),
          told_(kAccounts, false) {
        for (std::uint32_t i = 0; i < 2; ++i) tick(i);
        for (std::uint32_t a = 0; a < kAccounts; ++a) {
            balance(a, 0, 1'000 + 6'000 * random_.unit());
            for (std::uint32_t i = 0; i < 2; ++i) fill(a, i);
        }
    }

    void run(int inputs) {
        for (int n = 0; n < inputs; ++n) {
            const auto i = static_cast<std::uint32_t>(random_.below(2));
            const auto account = static_cast<std::uint32_t>(random_.below(kAccounts));
            if (random_.chance(0.03)) {
                fill(account, i);
            } else if (random_.chance(0.02)) {
                balance(account, 1, (random_.unit() - 0.5) * 0.05);
            } else {
                const double move = random_.chance(0.003) ? 0.05 : 0.002;
                truth_[i] *= 1 + (random_.unit() - 0.5) * 2 * move;
                truth_[i] += (kStart[i] - truth_[i]) * 1e-4;
                tick(i);
            }
        }
    }

    std::uint32_t told() const { return told_total_; }
    std::uint32_t mended() const { return mended_; }  // transitions with the cause audit
    bool overdue() const { return overdue_; }  // an audit missed an account that stood wrongly
    bool not_mended() const { return not_mended_; }  // one stood wrongly after it was told
    const Engine& engine() const { return engine_; }

  private:
    static constexpr double kStart[] = {50'000, 3'000};

    void tick(std::uint32_t instrument) {
        PriceInput input;
        input.source = SourceId(instrument);
        input.price = price(truth_[instrument]);
        apply(Input::of(input));
    }
    void fill(std::uint32_t account, std::uint32_t instrument) {
        const double size = (random_.unit() - 0.5) * 60'000 / truth_[instrument];
        record(account, AccountRecord::position, instrument, quantity(size).raw(),
               price(truth_[instrument]).raw());
    }
    void balance(std::uint32_t account, std::uint32_t asset, double amount) {
        record(account, AccountRecord::balance, asset, money(amount).raw(), 0);
    }
    void record(std::uint32_t account, AccountRecord kind, std::uint32_t id, std::int64_t amount,
                std::int64_t entry) {
        AccountInput input;
        input.key = key("a" + std::to_string(account));
        input.record = kind;
        input.id = id;
        input.amount = amount;
        input.price = entry;
        input.last = Last::yes;
        apply(Input::of(input));
    }

    void apply(Input input) {
        input.input_seq = ++seq_;
        now_ = now_ + Duration::from_ms(5);
        input.engine_time = now_;
        input.receive_time = now_;
        engine_.apply(input);
        Event event;
        while (engine_.next_event(event)) {
            if (event.kind == EventKind::audit_failed) {
                told_[event.audit.slot.index()] = true;
                ++told_total_;
            } else if (is_account_event(event.kind)) {
                if (event.account.cause.kind == CauseKind::audit) ++mended_;
            }
        }
        look();
    }
    void look() {
        for (std::uint32_t a = 0; a < engine_.account_count(); ++a) {
            const AccountReport report = engine_.report(AccountSlot(a));
            const MarginState due =
                next_state(report.state, report.evaluation, engine_.parameters().ladder);
            const bool wrong = report.priced && due != report.state;
            wrong_for_[a] = wrong ? wrong_for_[a] + 1 : 0;
            // Found at the end of the audit's input, it is mended with the next.
            if (wrong_for_[a] > kAuditEvery) overdue_ = true;
            if (wrong && told_[a]) not_mended_ = true;
        }
    }

    Random random_;
    Engine engine_;
    std::vector<std::uint32_t> wrong_for_;  // so many inputs, by account
    std::vector<bool> told_;
    std::uint32_t told_total_ = 0;
    std::uint32_t mended_ = 0;
    bool overdue_ = false;
    bool not_mended_ = false;
    double truth_[2] = {kStart[0], kStart[1]};
    std::uint64_t seq_ = 0;
    Timestamp now_ = Timestamp::from_ns(1'760'130'000'000'000'000);
};

}  // namespace

TEST_CASE("an audit finds what a deliberate fault led to, and mends it for good") {
    std::uint32_t mended = 0;
    for (const BandFault fault :
         {BandFault::wide_band, BandFault::late_fire, BandFault::kept_after_update,
          BandFault::no_recovery, BandFault::no_tier_limit, BandFault::no_debt,
          BandFault::partial_forgets}) {
        injected_fault = fault;
        AuditedWalk walk;
        walk.run(3'000);
        injected_fault = BandFault::none;
        INFO("seed " << kSeed << ", fault " << int(fault) << ", mended " << walk.mended());
        CHECK(walk.told() > 0);
        CHECK_FALSE(walk.overdue());
        CHECK_FALSE(walk.not_mended());
        CHECK(walk.engine().band_statistics().distrusted > 0);
        mended += walk.mended();
    }
    CHECK(mended > 0);
}

TEST_CASE("without a fault an audit finds nothing") {
    AuditedWalk walk;
    walk.run(3'000);
    INFO("seed " << kSeed);
    CHECK(walk.told() == 0);
    CHECK_FALSE(walk.overdue());
    CHECK(walk.engine().band_statistics().distrusted == 0);
    CHECK(walk.engine().statistics().audits > 3'000 / kAuditEvery * (kAccounts - 1));
}
