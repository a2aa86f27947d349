// The engine's audit of itself: accounts are evaluated from scratch in turn, and compared with what
// it has of them. A difference is a defect of the engine. It is told with the next input, the
// account is judged by that input whatever it was about, and the index is not asked about the
// account any more.
#include <algorithm>

#include "core/engine/engine_implementation.hpp"
#include "core/engine/ladder.hpp"

namespace margind::core {

std::optional<AuditEvent> Engine::Implementation::examine(AccountSlot slot) const noexcept {
    const Standing& standing = standings_[slot.index()];
    const AccountView account = book_.view(slot);
    AuditEvent found;
    found.key = book_.key(slot);
    found.slot = slot;
    found.state = found.due = standing.state;
    found.last_input_seq = input_.input_seq;
    if (!priced(account, market_.view())) {
        if (standing.unpriced || !standing.known_priced) return std::nullopt;
        return found;
    }
    const Evaluation evaluation = evaluate(account, market_.view());
    found.due = next_state(standing.state, evaluation, parameters_.ladder);
    found.equity = evaluation.equity;
    found.initial_equity = evaluation.initial_equity;
    found.initial_margin = evaluation.initial_margin;
    found.maintenance_margin = evaluation.maintenance_margin;
    found.health_factor = health_factor(evaluation);
    const bool right = found.due == standing.state || (standing.held && found.due > standing.state);
    if (!right) return found;
    const std::optional<AuditCheck> broken = index_->broken_promise(slot, evaluation);
    if (!broken) return std::nullopt;
    found.check = *broken;
    return found;
}

void Engine::Implementation::audit_some() noexcept {
    inputs_since_audit_ = 0;
    const std::uint32_t accounts = std::min(audit_rule_.accounts, book_.size());
    for (std::uint32_t n = 0; n < accounts; ++n) {
        const AccountSlot slot(next_audited_);
        next_audited_ = next_audited_ + 1 < book_.size() ? next_audited_ + 1 : 0;
        ++statistics_.audits;
        const std::optional<AuditEvent> found = examine(slot);
        if (!found) continue;
        ++statistics_.audits_failed[static_cast<std::size_t>(found->check)];
        index_->distrust(slot, book_.factors(slot));
        standings_[slot.index()].known_priced = false;  // looked at again with the next judgement
        found_.push_back(*found);
    }
}

void Engine::Implementation::tell_found() noexcept {
    told_.swap(found_);
    found_.clear();
    for (const AuditEvent& told : told_) {
        Event event;
        event.kind = EventKind::audit_failed;
        event.audit = told;
        event.audit.slot = AccountSlot(standings_[told.slot.index()].number);
        before_.push_back(event);
    }
}

// After the input, whose prices count: an account is judged once. Where it stood wrongly before the
// input, that is the cause.
void Engine::Implementation::judge_told() noexcept {
    if (told_.empty()) return;
    const auto cause = static_cast<std::uint32_t>(causes_.size());
    add_cause({.kind = CauseKind::audit});
    for (const AuditEvent& told : told_) judge(told.slot);
    for (Transition& transition : transitions_) {
        const auto stood_wrongly = [&](const AuditEvent& told) {
            return told.slot == transition.slot && told.check == AuditCheck::state;
        };
        if (std::any_of(told_.begin(), told_.end(), stood_wrongly)) transition.cause = cause;
    }
    told_.clear();
}

}  // namespace margind::core
