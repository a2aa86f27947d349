#include "daemon/threads/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include <poll.h>

namespace margind::daemon {

Doorbell::Doorbell() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Doorbell::~Doorbell() {
    close(descriptor_);
}

void Doorbell::wake() noexcept {
    // The exchange lets one of several ringers do the system call.
    if (!asleep_.exchange(false, std::memory_order_acq_rel)) return;
    wakeups_.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t one = 1;
    // Cannot fail: the counter is far from its end and the descriptor is ours.
    [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
}

void Doorbell::wait(core::Duration timeout) noexcept {
    if (timeout <= core::Duration()) return;
    pollfd waiting{descriptor_, POLLIN, 0};
    const timespec limit{static_cast<time_t>(timeout.ns() / 1'000'000'000),
                         static_cast<long>(timeout.ns() % 1'000'000'000)};
    // An early return is harmless: the caller looks again.
    if (ppoll(&waiting, 1, &limit, nullptr) > 0) swallow();
}

void Doorbell::swallow() noexcept {
    std::uint64_t rings = 0;
    [[maybe_unused]] const ssize_t got = read(descriptor_, &rings, sizeof rings);
}

}  // namespace margind::daemon
