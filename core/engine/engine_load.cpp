// The engine's state out of bytes that another one saved. They are believed in nothing: whatever
// they say is checked as an input would be.
#include <algorithm>
#include <string>

#include "core/assert.hpp"
#include "core/engine/engine_implementation.hpp"
#include "core/engine/parameter_change.hpp"
#include "core/engine/state_fields.hpp"
#include "core/engine/state_hash.hpp"
#include "core/engine/state_names.hpp"
#include "core/market/market_memory.hpp"

namespace margind::core {
namespace {

constexpr const char* kNoState =
    "this is no saved state of the engine, or it is damaged: take an older snapshot, or replay the "
    "journal from its beginning";

std::string name_of(const AccountKey& key) {
    std::string name(key.owner.view());
    if (!key.sub_account.empty()) name.append("/").append(key.sub_account.view());
    return name;
}

}  // namespace

// One pass over the bytes, in their order.
class Engine::Implementation::Loading {
  public:
    Loading(Implementation& engine, StateSource& source, const StatePart& part,
            std::string& problem)
        : engine_(engine), source_(source), reader_(source), part_(part), problem_(problem) {}

    bool run() {
        return load_header() && load_changes() && load_market() && load_feeds() &&
               load_accounts() && check_hash();
    }

  private:
    bool refuse(std::string why) {
        if (problem_.empty()) problem_ = std::move(why);
        return false;
    }
    bool refuse() { return refuse(kNoState); }

    bool load_header() {
        fields(reader_, header_);
        if (!reader_.ok()) return refuse();
        if (header_.format != kStateFormat) {
            return refuse("the saved state has format " + std::to_string(header_.format) +
                          ", this margind reads format " + std::to_string(kStateFormat) +
                          ": start it with the margind that wrote it, or replay the journal");
        }
        if (header_.engine_time.ns() < 0 || header_.next_clock.ns() < 0) return refuse();
        same_config_ = header_.config_hash == engine_.config_hash_;
        names_ = load_names(reader_, engine_.parameters_);
        return reader_.ok() || refuse();
    }

    // Under another config its own text counts, and has a version of its own.
    bool load_changes() {
        if (header_.parameter_changes > kMaxSavedChanges) return refuse();
        std::vector<ParameterInput> changes;
        for (std::uint32_t c = 0; c < header_.parameter_changes && reader_.ok(); ++c) {
            change_fields(reader_, changes.emplace_back());
        }
        if (!reader_.ok()) return refuse();
        engine_.parameter_version_ = header_.parameter_version;
        if (!same_config_) {
            ++engine_.parameter_version_;
            return true;
        }
        if (changes.empty()) return true;
        if (change_parameters(engine_.parameters_, changes) != Refusal::none) return refuse();
        engine_.note_changes(changes);
        return true;
    }

    // One thing's memory: put where it belongs now, or dropped with what it belonged to.
    template <class Memory, class Id>
    bool load_memories(const std::vector<Id>& ids) {
        for (const Id id : ids) {
            Memory memory;
            fields(reader_, memory);
            if (!reader_.ok()) return refuse();
            if (!id.valid() || engine_.market_.remember(id, memory)) continue;
            if (same_config_) return refuse();  // else it begins anew
        }
        return true;
    }
    bool load_market() {
        if (!load_memories<SourceStatus>(names_.sources) ||
            !load_memories<InstrumentMemory>(names_.instruments) ||
            !load_memories<AssetMemory>(names_.assets)) {
            return false;
        }
        engine_.market_.remembered(header_.fresh_from);
        engine_.index_->parameters_changed();  // and where prices and rates stand
        return true;
    }

    bool load_feeds() {
        for (const FeedId id : names_.feeds) {
            FeedState state{};
            reader_.value(state, FeedState::down);
            if (!reader_.ok()) return refuse();
            if (id.valid()) engine_.feed_states_[id.index()] = state;
        }
        engine_.daemon_state_ = header_.daemon_state;
        engine_.next_clock_ = header_.next_clock;
        engine_.event_seq_ = header_.event_seq;
        engine_.input_.input_seq = header_.input_seq;
        engine_.input_.engine_time = header_.engine_time;
        engine_.inputs_since_audit_ =
            std::min(header_.inputs_since_audit, engine_.audit_rule_.every_inputs - 1);
        engine_.source_numbers_ = header_.source_numbers;
        return true;
    }

    bool load_accounts() {
        for (std::uint32_t n = 0; n < header_.accounts; ++n) {
            SavedAccount account;
            fields(reader_, account);
            if (!reader_.ok() || account.number != n || !load_rows(account)) return refuse();
            const bool here = part_.shard_of == nullptr ||
                              part_.shard_of(account.key.owner, part_.shards) == part_.shard;
            if (here && !enter(account)) return false;
        }
        const std::uint32_t accounts = engine_.book_.size();
        engine_.next_audited_ = header_.next_audited < accounts ? header_.next_audited : 0;
        return true;
    }

    bool load_rows(const SavedAccount& account) {
        if (account.balances > kMaxBalancesPerAccount ||
            account.positions > kMaxPositionsPerAccount || account.orders > kMaxOrdersPerAccount) {
            return false;
        }
        rows_.balances.resize(account.balances);
        rows_.positions.resize(account.positions);
        rows_.orders.resize(account.orders);
        for (BalanceRow& row : rows_.balances) row_fields(reader_, row);
        for (PositionRow& row : rows_.positions) row_fields(reader_, row);
        for (OrderRow& row : rows_.orders) row_fields(reader_, row);
        return reader_.ok();
    }

    // The saved rows in this engine's ids.
    bool rename(const SavedAccount& account) {
        for (BalanceRow& row : rows_.balances) {
            if (!rename(account, row.asset, names_.assets, names_.asset_names)) return false;
        }
        for (PositionRow& row : rows_.positions) {
            if (!rename(account, row.instrument, names_.instruments, names_.instrument_names)) {
                return false;
            }
        }
        rows_.isolated_in = account.isolated_in;
        return !rows_.isolated_in.valid() ||
               rename(account, rows_.isolated_in, names_.instruments, names_.instrument_names);
    }
    template <class Id>
    bool rename(const SavedAccount& account, Id& id, const std::vector<Id>& ids,
                const std::vector<std::string>& names) {
        if (id.index() >= ids.size()) return refuse();
        if (!ids[id.index()].valid()) {
            return refuse("account " + name_of(account.key) + " holds " + names[id.index()] +
                          ", which the config has no more, or has as something else: put it back, "
                          "and take it out when nobody holds it");
        }
        id = ids[id.index()];
        return true;
    }

    bool enter(const SavedAccount& account) {
        if (!rename(account)) return false;
        AccountSlot slot;
        const Refusal refusal = engine_.book_.restore(account.key, rows_, slot);
        if (refusal != Refusal::none) {
            if (same_config_) return refuse();
            return refuse("account " + name_of(account.key) + " does not fit the changed config (" +
                          reason(refusal) +
                          "): widen the limit, or change the account before the config");
        }
        const bool in_liquidation = account.state >= MarginState::liquidation;
        if (in_liquidation != account.in_liquidation_since.stated()) return refuse();
        engine_.enter(slot, {.state = account.state,
                             .held = account.held,
                             .number = account.number,
                             .in_liquidation_since = account.in_liquidation_since});
        return true;
    }
    static std::string reason(Refusal refusal) {
        if (refusal == Refusal::too_many_accounts) return "max_accounts";
        if (refusal == Refusal::price_beyond_maximum) return "price_max of an instrument";
        return "amount_max of an asset, or price_max of an instrument";
    }

    bool check_hash() {
        std::uint64_t hash = 0;
        reader_.value(hash);
        if (!reader_.ok() || !source_.at_end()) return refuse();
        const bool whole = part_.shard_of == nullptr && same_config_;
        return !whole || hash == engine_.state_hash() || refuse();
    }

    static constexpr std::uint32_t kMaxSavedChanges = 1U << 20;

    Implementation& engine_;
    StateSource& source_;
    StateReader reader_;
    const StatePart& part_;
    std::string& problem_;
    StateHeader header_;
    StateNames names_;
    bool same_config_ = true;
    AccountBook::Rows rows_;
};

bool Engine::Implementation::load(StateSource& source, const StatePart& part,
                                  std::string& problem) {
    MARGIND_ASSERT(input_.input_seq == 0 && book_.size() == 0);
    return Loading(*this, source, part, problem).run();
}

// One evaluation, so that the index can guard the account; where it stands is not judged.
void Engine::Implementation::enter(AccountSlot slot, const Standing& saved) {
    Standing& standing = standings_.emplace_back(saved);
    transitions_.reserve(standings_.capacity());
    const AccountView account = book_.view(slot);
    standing.account_hash = account_hash(book_.key(slot), book_.isolated_in(slot), account);
    accounts_hash_ += part_of_hash(standing);
    ++statistics_.accounts_by_state[static_cast<std::size_t>(standing.state)];
    if (standing.held) ++statistics_.accounts_held;
    standing.known_priced = priced(account, market_.view());
    standing.unpriced = !standing.known_priced;
    if (standing.unpriced) ++statistics_.accounts_unpriced;
    index_->account_changed(slot, book_.factors(slot));
    if (!standing.known_priced) return;
    ++statistics_.evaluations;
    index_->judged(slot, standing.state, evaluate(account, market_.view(), levels_));
    index_->settle();
}

}  // namespace margind::core
