// The deterministic state machine: inputs in, events out. The same inputs give the same events, bit
// for bit, on any machine and in any thread layout.
//
// Thread: one writer owns it. No I/O, clock, lock, randomness. Memory is reserved at construction;
// price and timer inputs allocate nothing.
// Cost of a price input: O(accounts that depend on the instrument) with the reference index.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/bands/band_limits.hpp"
#include "core/bands/band_statistics.hpp"
#include "core/engine/affected_accounts.hpp"
#include "core/engine/liquidation_plan.hpp"
#include "core/engine/state_stream.hpp"
#include "core/event.hpp"
#include "core/input.hpp"
#include "core/margin/evaluate.hpp"
#include "core/market/market_stage.hpp"
#include "core/parameters.hpp"

namespace margind::core {

// Running totals, for metrics. Written by the engine's thread; copy, do not share.
struct EngineStatistics {
    std::uint64_t inputs = 0;
    std::uint64_t events = 0;
    std::uint64_t evaluations = 0;
    std::uint64_t refused_total = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(Refusal::count_)> refused{};
    std::array<std::uint64_t, static_cast<std::size_t>(EventKind::count_)> events_by_kind{};
    std::array<std::uint32_t, kMarginStates> accounts_by_state{};
    std::uint64_t audits = 0;  // of accounts, by the engine itself
    std::array<std::uint64_t, static_cast<std::size_t>(AuditCheck::count_)> audits_failed{};
    std::uint32_t accounts = 0;
    std::uint32_t accounts_held = 0;      // liquidation due, held by a distrusted price
    std::uint32_t accounts_unpriced = 0;  // waiting for the first price of something they hold
};

// One account as of now, for queries.
struct AccountReport {
    AccountKey key;
    AccountSlot slot;  // as events have it
    MarginState state = MarginState::healthy;
    bool held = false;
    bool priced = false;  // false: amounts below are meaningless, a price is missing
    Evaluation evaluation;
    Timestamp in_liquidation_since;  // not stated: it is not in liquidation, nor bankrupt
    std::uint64_t as_of_input_seq = 0;
    Timestamp as_of;
};

// How the engine finds the accounts that an input can have changed. The events are the same.
enum class Search : std::uint8_t {
    reference,  // everyone who holds what moved
    bands,      // those whose band the move has left: core/bands
};

// How much the engine checks itself: after every so many inputs, so many accounts in turn are
// evaluated from scratch. Counted in inputs, so that a replay finds the same.
struct AuditRule {
    std::uint32_t accounts = 8;          // at a time; 0: none
    std::uint32_t every_inputs = 1'000;  // at least 1
};

struct EngineOptions {
    Search search = Search::reference;
    BandLimits limits = {};  // of Search::bands
    AuditRule audit = {};
    std::uint64_t config_hash = 0;  // of the text the parameters come from
};

// Which of a saved state's accounts an engine takes: those of one shard, as `shard_of` says by
// their owner; all of them without it.
struct StatePart {
    std::uint32_t shard = 0;
    std::uint32_t shards = 1;
    std::uint32_t (*shard_of)(const FixedText<48>& owner, std::uint32_t shards) = nullptr;
};

// The sides of a transfer.
enum class TransferLeg : std::uint8_t { source, receiver };

class Engine {
  public:
    // Requires: validate(parameters) is empty. Allocates everything for parameters.max_accounts.
    explicit Engine(RiskParameters parameters, const EngineOptions& options = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Applies one input. Its events wait inside until they are fetched.
    // Requires: every event of the previous input was fetched; input_seq is one more than the last.
    // Returns why the input was refused, or Refusal::none. A refused input changes no account.
    Refusal apply(const Input& input) noexcept;

    // Fetches the next event of the last input, in (input, account slot) order. False when there
    // is none left. The caller decides how fast: a full queue just asks later.
    bool next_event(Event& event) noexcept;
    bool has_events() const noexcept;

    // Does what can wait until the events are out: guards that have to be set anew, after a jump
    // more than all the rest, and the audit. What an audit finds is told, and mended, by the next
    // input. The next apply() would do it first. Requires: every event was fetched.
    void settle() noexcept;
    // Whether guards wait for it to be set anew.
    bool unsettled() const noexcept;

    // For an engine that has some of a venue's accounts, while others have the rest: core/shards.
    //
    // Whether `input` names an account for the first time, so that it matters how many there are
    // elsewhere: they count towards `accounts_max` and come before it in the order of accounts.
    bool may_add_account(const Input& input) const noexcept;
    void count_elsewhere(std::uint32_t accounts, std::uint32_t accounts_max) noexcept;
    // A transfer that `input` completes, where another engine has the other account: what stands in
    // this one's way, and then, as apply(), what was agreed. Nothing is applied in between.
    Refusal check_leg(TransferLeg leg, const Input& input) noexcept;
    Refusal apply_leg(TransferLeg leg, const Input& input, Refusal agreed) noexcept;

    // The whole state as bytes, to go on from in another engine: equal states give equal bytes,
    // whatever the search. Requires: all events were fetched. Unless can_save(), what is half in is
    // left out, and only DaemonNotice::restarted may follow. False: the sink took no more.
    bool save(StateSink& sink) const;
    // Between inputs, when all events were fetched, settle() was called, and no update is half in.
    bool can_save() const noexcept;
    // An engine that goes on from a saved state: given the same parameters and config_hash, further
    // inputs lead to the same events, bit for bit, with either search. Given others, state is
    // carried over by names; what has gone and was not held is forgotten, parameter changes since
    // the config's text count no more, and the next input must be DaemonNotice::restarted, which
    // judges everybody. None: `problem` says why (an account holds what has gone, or the bytes are
    // no such state), and what to do. Never trusts the bytes.
    // Cost: as building the same book by updates, one evaluation an account.
    static std::unique_ptr<Engine> restore(RiskParameters parameters, const EngineOptions& options,
                                           StateSource& source, std::string& problem);
    // The same, into this engine. Requires: nothing was applied or restored. False: as above, and
    // the engine is of no further use.
    bool load(StateSource& source, const StatePart& part, std::string& problem);

    // The last input applied, and the last event fetched.
    std::uint64_t input_seq() const noexcept;
    std::uint64_t event_seq() const noexcept;
    Timestamp engine_time() const noexcept;
    // The number its source gave the last whole account update (AccountRecord::source_number),
    // whether it was refused or not; zero: none yet. Requires: origin < kMaxAccountSources.
    std::uint64_t source_number(std::uint8_t origin) const noexcept;

    // Where accounts, prices and rates stand. Valid between apply() calls, on the owner's thread.
    const RiskParameters& parameters() const noexcept;
    const MarketStage& market() const noexcept;
    EngineStatistics statistics() const noexcept;
    std::uint64_t evaluations() const noexcept;  // statistics().evaluations, for less
    std::uint32_t account_count() const noexcept;
    // What accounts come to: kept as they change. A sum, so that engines that share a venue's
    // accounts can add theirs.
    std::uint64_t accounts_hash() const noexcept;
    // Everything that what comes depends on: accounts_hash() plus a hash of the market, parameters,
    // feeds and the daemon's state, for which it takes a few microseconds. The same for any search,
    // and as a sum over shards: core/engine/state_hash.hpp.
    std::uint64_t state_hash() const noexcept;
    // What the search for affected accounts does; zeros for Search::reference.
    BandStatistics band_statistics() const noexcept;
    // Evaluates the account from scratch: whether it stands where it should, and the search still
    // guards it. Requires: slot < account_count(), settle() was called.
    bool audit(AccountSlot slot) const noexcept;
    AccountReport report(AccountSlot slot) const noexcept;  // Requires: slot < account_count()
    std::optional<AccountSlot> find(const AccountKey& key) const noexcept;
    // What a liquidation should do now. Requires: the account is priced.
    LiquidationPlan plan(AccountSlot slot) const noexcept;
    // The account's rows, for explanations.
    AccountView view(AccountSlot slot) const noexcept;
    // The only instrument an isolated account may hold; none: an ordinary account.
    InstrumentId isolated_in(AccountSlot slot) const noexcept;
    // The initial level of the source of the last transfer that was refused below it, as the
    // transfer would have left it.
    LevelFigures refused_transfer() const noexcept;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::core
