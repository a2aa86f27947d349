// Money between accounts: of this engine, or of this one and another.
#include <algorithm>
#include <span>

#include "core/engine/engine.hpp"
#include "core/engine/engine_implementation.hpp"
#include "core/engine/transfer.hpp"

namespace margind::core {

// Both sides are checked before either is written: the source only loses what somebody gets.
Refusal Engine::Implementation::apply_transfer(std::span<const AccountInput> records) noexcept {
    if (records.size() != 2) return Refusal::transfer_incomplete;
    const AccountInput& from = records[0];
    const AccountInput& to = records[1];
    Refusal refusal = check_form(from, to, parameters_.assets.size());
    if (refusal != Refusal::none) return refusal;
    const Refusal source = check_source(from);
    refusal = agree(source, book_.stage_receiver(to));
    if (refusal == Refusal::transfer_below_initial) refused_transfer_ = left_behind_;
    if (refusal != Refusal::none) return refusal;
    const AccountSlot giver = take_from(from);
    const AccountSlot taker = give_to(to);
    add_cause({.kind = CauseKind::account_update});
    account_changed(giver);
    account_changed(taker);
    return Refusal::none;
}

Refusal Engine::Implementation::check_source(const AccountInput& from) noexcept {
    const Refusal refusal = book_.stage_source(from);
    if (refusal != Refusal::none) return refusal;
    return check_transfer(book_.staged_view(), market_.view(), left_behind_);
}

AccountSlot Engine::Implementation::take_from(const AccountInput& from) noexcept {
    book_.stage_source(from);
    return book_.commit_staged(from.key);
}

AccountSlot Engine::Implementation::give_to(const AccountInput& to) noexcept {
    book_.stage_receiver(to);
    return book_.commit_staged(to.key);
}

bool Engine::Implementation::may_add_account(const Input& input) const noexcept {
    if (input.kind != InputKind::account || input.account.last == Last::no) return false;
    if (input.origin >= kMaxAccountSources) return false;
    // The first record of an update names the account; of a transfer, the second the receiver.
    const auto& records = account_staging_[input.origin].records;
    const bool transfer =
        !records.empty() && records.front().record == AccountRecord::transfer_from;
    const bool by_first = !records.empty() && !transfer;
    return !book_.find(by_first ? records.front().key : input.account.key);
}

void Engine::Implementation::count_elsewhere(std::uint32_t accounts,
                                             std::uint32_t accounts_max) noexcept {
    elsewhere_ = accounts;
    book_.limit_size(accounts_max - std::min(accounts, accounts_max));
}

Refusal Engine::Implementation::check_leg(TransferLeg leg, const Input& input) noexcept {
    if (leg == TransferLeg::receiver) return book_.stage_receiver(input.account);
    return check_source(account_staging_[input.origin].records.front());
}

Refusal Engine::Implementation::apply_leg(TransferLeg leg, const Input& input,
                                          Refusal agreed) noexcept {
    if (const Refusal refusal = begin(input); refusal != Refusal::none) return finish(refusal);
    if (leg == TransferLeg::source && agreed == Refusal::transfer_below_initial) {
        refused_transfer_ = left_behind_;
    }
    if (agreed == Refusal::none) {
        const AccountSlot slot = leg == TransferLeg::receiver
                                     ? give_to(input.account)
                                     : take_from(account_staging_[input.origin].records.front());
        add_cause({.kind = CauseKind::account_update});
        account_changed(slot);
    }
    if (leg == TransferLeg::source) end_update(input.origin);
    return finish(agreed);
}

}  // namespace margind::core
