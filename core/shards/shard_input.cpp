#include "core/shards/shard_input.hpp"

#include "core/engine/transfer.hpp"

namespace margind::core {

std::uint32_t shard_of(const FixedText<48>& owner, std::uint32_t shards) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char byte : owner.view()) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    }
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    hash ^= hash >> 33;
    return static_cast<std::uint32_t>(((hash >> 32) * shards) >> 32);
}

void InputRouter::route(const Input& input, ShardInput& routed) noexcept {
    routed.input = input;
    routed.home = kEveryShard;
    routed.receiver = kNoShard;
    if (input.kind == InputKind::daemon && input.daemon.notice == DaemonNotice::restarted) {
        updates_ = {};  // what was not complete is dropped
    }
    if (input.kind != InputKind::account) return;
    if (input.origin >= kMaxAccountSources) {
        routed.home = 0;  // refuses it
        return;
    }
    Update& update = updates_[input.origin];
    if (update.records == 0) {
        update.home = shard_of(input.account.key.owner, shards_);
        update.first = input.account;
    }
    // A number before the update is no part of it.
    if (input.account.record != AccountRecord::source_number) ++update.records;
    routed.home = update.home;
    if (input.account.last == Last::no) return;
    routed.receiver = receiver_of(update, input.account);
    update.records = 0;
}

// Only of what may become a transfer; the home shard refuses the rest by itself.
std::uint32_t InputRouter::receiver_of(const Update& update,
                                       const AccountInput& last) const noexcept {
    if (update.records != 2 || check_form(update.first, last, assets_) != Refusal::none) {
        return kNoShard;
    }
    const std::uint32_t receiver = shard_of(last.key.owner, shards_);
    return receiver == update.home ? kNoShard : receiver;
}

}  // namespace margind::core
