#include "daemon/threads/update_verdicts.hpp"

#include "core/assert.hpp"

namespace margind::daemon {

void VerdictLane::note(const core::Input& input, core::Refusal refusal) noexcept {
    if (input.kind != core::InputKind::account || input.origin >= numbers_.size()) return;
    std::uint64_t& number = numbers_[input.origin];
    if (input.account.record == core::AccountRecord::source_number) {
        number = static_cast<std::uint64_t>(input.account.amount);
        return;
    }
    if (input.account.last == core::Last::no || number == 0) return;
    const bool taken = queue_.try_push({number, input.input_seq, refusal, input.origin});
    MARGIND_ASSERT(taken);
    number = 0;
    if (to_io_ != nullptr) to_io_->ring();
}

}  // namespace margind::daemon
