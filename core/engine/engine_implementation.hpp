// The engine's state and its parts; engine.cpp takes inputs in, engine_answers.cpp gives events and
// reports out. Nobody else includes it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/bands/band_index.hpp"
#include "core/engine/account_book.hpp"
#include "core/engine/affected_accounts.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/liquidation_plan.hpp"

namespace margind::core {

class Engine::Implementation {
  public:
    Implementation(RiskParameters parameters, const EngineOptions& options);

    Refusal apply(const Input& input) noexcept;
    bool may_add_account(const Input& input) const noexcept;
    void count_elsewhere(std::uint32_t accounts, std::uint32_t accounts_max) noexcept;
    Refusal check_leg(TransferLeg leg, const Input& input) noexcept;
    Refusal apply_leg(TransferLeg leg, const Input& input, Refusal agreed) noexcept;
    void settle() noexcept;
    bool unsettled() const noexcept { return index_->unsettled(); }
    bool next_event(Event& event) noexcept;
    bool has_events() const noexcept {
        return market_events_sent_ < market_.events().size() || before_sent_ < before_.size() ||
               transitions_sent_ < transitions_.size() || after_sent_ < after_.size();
    }

    const RiskParameters& parameters() const noexcept { return parameters_; }
    const MarketStage& market() const noexcept { return market_; }
    const AccountBook& book() const noexcept { return book_; }
    const LevelFigures& refused_transfer() const noexcept { return refused_transfer_; }
    std::uint64_t evaluations() const noexcept { return statistics_.evaluations; }
    EngineStatistics statistics() const noexcept {
        EngineStatistics copy = statistics_;
        copy.accounts = book_.size();
        return copy;
    }
    bool save(StateSink& sink) const;
    bool can_save() const noexcept;
    bool load(StateSource& source, const StatePart& part, std::string& problem);
    std::uint64_t input_seq() const noexcept { return input_.input_seq; }
    std::uint64_t event_seq() const noexcept { return event_seq_; }
    Timestamp engine_time() const noexcept { return input_.engine_time; }
    std::uint64_t source_number(std::uint8_t origin) const noexcept {
        return source_numbers_[origin];
    }

    std::uint64_t accounts_hash() const noexcept { return accounts_hash_; }
    std::uint64_t state_hash() const noexcept;
    AccountReport report(AccountSlot slot) const noexcept;
    LiquidationPlan plan(AccountSlot slot) const noexcept;
    bool audit(AccountSlot slot) const noexcept { return !examine(slot).has_value(); }
    BandStatistics band_statistics() const noexcept {
        return bands_ != nullptr ? bands_->statistics() : BandStatistics{};
    }

  private:
    std::unique_ptr<AffectedAccounts> make_index(const EngineOptions& options);

    // What is remembered of an account between inputs.
    struct Standing {
        MarginState state = MarginState::healthy;
        bool held = false;
        bool unpriced = false;
        bool known_priced = false;       // what it holds has prices: true until its rows change
        std::uint32_t number = 0;        // among the accounts of all engines; its slot in events
        std::uint64_t judged_at = 0;     // input_seq of the last judgement
        Timestamp in_liquidation_since;  // stated while in liquidation or bankrupt
        std::uint64_t account_hash = 0;  // of its rows
    };
    static std::uint64_t part_of_hash(const Standing& standing) noexcept;
    // A crossing found by this input; its event is made when it is fetched.
    struct Transition {
        AccountSlot slot;
        MarginState from = MarginState::healthy;
        MarginState to = MarginState::healthy;
        std::uint32_t cause = 0;  // index into causes_
    };
    // Records of an update that is not complete yet.
    template <class Record>
    struct Staging {
        std::vector<Record> records;
        bool overflowed = false;
        std::optional<std::uint64_t> number;  // its source's own

        void add(const Record& record, std::size_t limit) {
            if (records.size() < limit) {
                records.push_back(record);
            } else {
                overflowed = true;
            }
        }
        void clear() {
            records.clear();
            overflowed = false;
            number.reset();
        }
    };

    Refusal begin(const Input& input) noexcept;
    Refusal finish(Refusal refusal) noexcept;
    Refusal dispatch(const Input& input) noexcept;
    Refusal apply_account(const AccountInput& record, std::uint8_t origin) noexcept;
    Refusal apply_transfer(std::span<const AccountInput> records) noexcept;
    Refusal check_source(const AccountInput& from) noexcept;
    AccountSlot take_from(const AccountInput& from) noexcept;
    AccountSlot give_to(const AccountInput& to) noexcept;
    void end_update(std::uint8_t origin) noexcept;
    void account_changed(AccountSlot slot) noexcept;
    void move_to(Standing& standing, MarginState to) noexcept;
    void note_changes(std::span<const ParameterInput> changes);
    Refusal apply_parameter(const ParameterInput& record) noexcept;
    Refusal apply_feed_state(const FeedStateInput& change) noexcept;
    void apply_timer() noexcept;

    void judge_changed_market() noexcept;
    void judge(AccountSlot slot) noexcept;
    void judge(std::span<const AccountSlot> slots) noexcept;
    std::uint32_t cause_for(AccountSlot slot) noexcept;
    bool liquidation_is_held(AccountSlot slot) noexcept;
    void add_cause(const Cause& cause) noexcept;
    Refusal apply_notice(const DaemonInput& input) noexcept;
    void announce_live() noexcept;
    Event moved_to(DaemonState to, DaemonReason reason) noexcept;

    // Saved states: engine_save.cpp, engine_load.cpp.
    class Loading;
    void enter(AccountSlot slot, const Standing& standing);
    bool pending() const noexcept;

    // The audit: engine_audit.cpp.
    std::optional<AuditEvent> examine(AccountSlot slot) const noexcept;
    void audit_some() noexcept;
    void tell_found() noexcept;
    void judge_told() noexcept;

    void stamp(Event& event) noexcept;
    void describe(const Transition& transition, Event& event) noexcept;
    static void set_flag(bool& flag, bool value, std::uint32_t& count) noexcept {
        if (flag == value) return;
        flag = value;
        if (value) {
            ++count;
        } else {
            --count;
        }
    }

    RiskParameters parameters_;
    std::uint32_t parameter_version_ = 1;
    const std::uint64_t config_hash_;  // of the text that they came from, and what was changed
    std::vector<ParameterInput> parameter_changes_;  // since, by what it changes
    std::uint64_t parameters_hash_;
    const LevelSet levels_;  // that the ladder looks at; no parameter moves a rung to another one
    MarketStage market_;
    AccountBook book_;
    const BandIndex* bands_ = nullptr;  // the index, where it is one
    std::unique_ptr<AffectedAccounts> index_;
    std::vector<Standing> standings_;  // by slot
    std::uint64_t accounts_hash_ = 0;  // the sum of their parts
    std::vector<FeedState> feed_states_;
    DaemonState daemon_state_ = DaemonState::warming;
    Timestamp next_clock_;
    EngineStatistics statistics_;
    LevelFigures refused_transfer_;
    LevelFigures left_behind_;     // of the transfer being checked
    std::uint32_t elsewhere_ = 0;  // accounts of other engines

    const AuditRule audit_rule_;
    std::uint32_t inputs_since_audit_ = 0;
    std::uint32_t next_audited_ = 0;  // slot
    std::vector<AuditEvent> found_;   // by the last audit, told and mended by the next input
    std::vector<AuditEvent> told_;    // by the input at work

    std::array<Staging<AccountInput>, kMaxAccountSources> account_staging_;
    Staging<ParameterInput> parameter_staging_;
    std::array<std::uint64_t, kMaxAccountSources> source_numbers_{};  // of whole updates

    // The input at work and what it has led to; events leave in this order.
    Input input_;
    std::vector<Event> before_;  // audit_failed, feed_state, parameters_changed
    std::vector<Cause> causes_;
    std::vector<Transition> transitions_;
    std::vector<Event> after_;  // daemon_state, clock
    std::size_t before_sent_ = 0;
    std::size_t market_events_sent_ = 0;
    std::size_t transitions_sent_ = 0;
    std::size_t after_sent_ = 0;
    std::uint64_t event_seq_ = 0;
};

}  // namespace margind::core
