#include "core/shards/shard.hpp"

#include <algorithm>
#include <utility>

#include "core/assert.hpp"
#include "core/engine/transfer.hpp"

namespace margind::core {
namespace {

RiskParameters for_share(RiskParameters parameters, std::uint32_t shards) {
    const std::uint32_t even = parameters.max_accounts / shards;
    parameters.max_accounts = std::min(parameters.max_accounts, even + even / 4 + 1'024);
    return parameters;
}

}  // namespace

Shard::Shard(RiskParameters parameters, Place place, ShardBoard& board,
             const EngineOptions& options)
    : place_(place),
      accounts_max_(parameters.max_accounts),
      board_(board),
      engine_(for_share(std::move(parameters), place.shards), options) {
    MARGIND_ASSERT(place.index < place.shards && place.shards <= kShardsMax);
    engine_.count_elsewhere(0, accounts_max_);
}

bool Shard::load(StateSource& source, std::string& problem) {
    const StatePart part{.shard = place_.index, .shards = place_.shards, .shard_of = &shard_of};
    if (!engine_.load(source, part, problem)) return false;
    board_.pass(place_.index, engine_.input_seq(), engine_.account_count());
    return true;
}

bool Shard::advance(const ShardInput& input) noexcept {
    if (is_linked(input)) return advance_linked(input);
    verdict_ = Refusal::none;
    if (input.home != kEveryShard && input.home != place_.index) return true;
    return advance_alone(input);
}

bool Shard::advance_alone(const ShardInput& input) noexcept {
    if (engine_.may_add_account(input.input) && !count_others(input.input.input_seq)) return false;
    answer(input, engine_.apply(input.input));
    return true;
}

bool Shard::advance_linked(const ShardInput& input) noexcept {
    const std::uint64_t seq = input.input.input_seq;
    const bool source = input.home == place_.index;
    const TransferLeg leg = source ? TransferLeg::source : TransferLeg::receiver;
    if (leg_.input_seq != seq) {
        // What was said last stands until the other has made use of it.
        if (leg_.input_seq != 0 && board_.passed(partner_) < leg_.input_seq) return false;
        if (!source && engine_.may_add_account(input.input) && !count_others(seq)) return false;
        leg_ = {seq, engine_.check_leg(leg, input.input)};
        partner_ = source ? input.receiver : input.home;
        board_.put_leg(place_.index, leg_);
    }
    const LegVerdict other = board_.leg(partner_);
    if (other.input_seq != seq) return false;
    const Refusal agreed =
        source ? agree(leg_.refusal, other.refusal) : agree(other.refusal, leg_.refusal);
    answer(input, engine_.apply_leg(leg, input.input, agreed));
    return true;
}

// No shard beyond this input has added an account: it would have waited for this one to pass.
bool Shard::count_others(std::uint64_t input_seq) noexcept {
    std::uint32_t accounts = 0;
    for (std::uint32_t s = 0; s < place_.shards; ++s) {
        if (s == place_.index) continue;
        if (board_.passed(s) + 1 < input_seq) return false;
        accounts += board_.accounts(s);
    }
    engine_.count_elsewhere(accounts, accounts_max_);
    return true;
}

void Shard::answer(const ShardInput& input, Refusal refusal) noexcept {
    const std::uint32_t answers = input.home == kEveryShard ? 0 : input.home;
    if (answers != place_.index) {
        verdict_ = Refusal::none;
        return;
    }
    verdict_ = refusal;
    if (refusal != Refusal::time_went_back) ++answered_;
    if (refusal == Refusal::none) return;
    ++refused_total_;
    ++refused_[static_cast<std::size_t>(refusal)];
}

bool Shard::next_event(Event& event) noexcept {
    while (engine_.next_event(event)) {
        const bool of_accounts = is_account_event(event.kind) || event.kind == EventKind::clock ||
                                 event.kind == EventKind::audit_failed;
        if (!of_accounts && place_.index != 0) continue;
        // The first shard has the market in its hash; the others add their accounts to it.
        if (event.kind == EventKind::clock && place_.index != 0) {
            event.clock.state_hash = engine_.accounts_hash();
        }
        return true;
    }
    return false;
}

EngineStatistics Shard::statistics() const noexcept {
    EngineStatistics own = engine_.statistics();
    own.inputs = answered_;
    own.refused_total = refused_total_;
    own.refused = refused_;
    own.events = 0;
    own.events_by_kind = {};
    return own;
}

}  // namespace margind::core
