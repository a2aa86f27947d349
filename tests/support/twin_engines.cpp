#include "tests/support/twin_engines.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/bands/faults.hpp"
#include "core/engine/engine.hpp"
#include "tests/support/event_text.hpp"
#include "tests/support/random_books.hpp"
#include "tests/support/random_flow.hpp"

using namespace margind::core;

namespace margind::test {
namespace {

// Accounts that a guard led to in this input.
std::vector<std::uint32_t>& found_by_guards() {
#ifdef MARGIND_BAND_FAULTS
    return core::found_by_guards;
#else
    static std::vector<std::uint32_t> nobody_is_noted;
    return nobody_is_noted;
#endif
}

// With every second seed the engine audits itself all the time: a failed audit is a difference.
AuditRule audit_rule(std::uint64_t seed) {
    return {.accounts = seed % 2 == 0 ? 50U : 0U,
            .every_inputs = 1 + static_cast<std::uint32_t>(seed % 13)};
}

}  // namespace

class TwinEngines::Implementation {
  public:
    Implementation(std::uint64_t seed, const BandLimits& limits)
        : random_(seed),
          books_(random_books(random_)),
          reference_(books_.parameters),
          bands_(books_.parameters,
                 {.search = Search::bands, .limits = limits, .audit = audit_rule(seed)}),
          flow_(books_, random_, [this](const Input& input) { apply(input); }) {}

    // The first difference, or an account that does not stand where an evaluation from scratch puts
    // it; nothing if there is none.
    std::optional<std::string> run(int inputs) {
        constexpr std::uint64_t kAuditEvery = 500;
        if (books_.shape.crowd) inputs /= 10;
        flow_.open();
        const std::uint64_t opened = input_seq_;
        std::uint64_t next_audit = opened + kAuditEvery;
        while (input_seq_ < opened + static_cast<std::uint64_t>(inputs) && !difference_) {
            flow_.step();
            if (input_seq_ < next_audit) continue;
            next_audit += kAuditEvery;
            audit();
        }
        audit();
        if (!difference_ && bands_.band_statistics().uncertified > 0) {
            difference_ = "a guard was refused by its certificate";
        }
        return difference_;
    }

    BandStatistics statistics() const { return bands_.band_statistics(); }
    std::uint64_t crossings() const { return crossings_; }
    const BandCoverage& coverage() const { return coverage_; }

  private:
    void audit() {
        bands_.settle();
        for (std::uint32_t a = 0; a < bands_.account_count() && !difference_; ++a) {
            if (!reference_.audit(AccountSlot(a)) || !bands_.audit(AccountSlot(a))) {
                difference_ = "account " + std::to_string(a) + " fails its audit after input " +
                              std::to_string(input_seq_);
            }
        }
    }
    void apply(Input input) {
        if (difference_) return;
        input.input_seq = ++input_seq_;
        found_by_guards().clear();
        const Refusal expected = reference_.apply(input);
        const Refusal refusal = bands_.apply(input);
        const std::string want = events_of(reference_);
        const std::string got = events_of(bands_);
        if (refusal != expected || got != want) {
            difference_ =
                "input " + std::to_string(input_seq_) + ", reference:\n" + want + "bands:\n" + got;
        }
    }
    std::string events_of(Engine& engine) {
        std::string text;
        Event event;
        while (engine.next_event(event)) {
            if (is_account_event(event.kind)) count(engine, event.account);
            text += text_of(event);
        }
        return text;
    }
    void count(const Engine& engine, const AccountEvent& event) {
        ++crossings_;
        if (&engine != &bands_) return;
        const auto& found = found_by_guards();
        if (std::find(found.begin(), found.end(), event.slot.index()) != found.end()) {
            coverage_.count(engine, event);
        }
    }

    Random random_;
    RandomBooks books_;
    Engine reference_;
    Engine bands_;
    RandomFlow flow_;
    std::uint64_t input_seq_ = 0;
    std::uint64_t crossings_ = 0;  // of both
    BandCoverage coverage_;
    std::optional<std::string> difference_;
};

TwinEngines::TwinEngines(std::uint64_t seed, const BandLimits& limits)
    : implementation_(std::make_unique<Implementation>(seed, limits)) {}
TwinEngines::~TwinEngines() = default;

std::optional<std::string> TwinEngines::run(int inputs) {
    return implementation_->run(inputs);
}
BandStatistics TwinEngines::statistics() const {
    return implementation_->statistics();
}
std::uint64_t TwinEngines::crossings() const {
    return implementation_->crossings();
}
const BandCoverage& TwinEngines::coverage() const {
    return implementation_->coverage();
}

}  // namespace margind::test
