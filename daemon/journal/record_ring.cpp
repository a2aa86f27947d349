#include "daemon/journal/record_ring.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "core/assert.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kRingMagic = 0x31474E4952474D;  // "MGRING1"
constexpr std::size_t kControlBytes = 4'096;
constexpr std::size_t kBytesMin = 64 * 1024;
constexpr std::uint32_t kSkip = 0xFFFF'FFFF;  // a length: the record is at the ring's beginning

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
    throw std::system_error(errno, std::generic_category(),
                            file.string() + ": " + what +
                                "; journal.memory_directory must be a folder on tmpfs that this "
                                "user may write, with room for journal.ring_bytes");
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

}  // namespace

// Lies in the shared memory; positions only grow.
struct RecordRing::Control {
    std::uint64_t magic = kRingMagic;
    std::uint64_t capacity = 0;
    SessionId session{};
    alignas(core::kCacheLine) std::atomic<std::uint64_t> produced{0};
    alignas(core::kCacheLine) std::atomic<std::uint64_t> consumed{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

RecordRing::RecordRing(std::size_t bytes) {
    static_assert(sizeof(Control) <= kControlBytes);
    map(std::bit_ceil(std::max(bytes, kBytesMin)), -1);
    control_ = new (mapping_) Control;
    control_->capacity = capacity_;
}

RecordRing::RecordRing(std::size_t bytes, const std::filesystem::path& file) {
    capacity_ = std::bit_ceil(std::max(bytes, kBytesMin));
    unlink(file.c_str());  // somebody may still have the one before mapped
    const Descriptor descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (descriptor.number() < 0) fail(file, "cannot be made");
    const int error =
        posix_fallocate(descriptor.number(), 0, static_cast<off_t>(capacity_ + kControlBytes));
    if (error != 0) {
        errno = error;
        unlink(file.c_str());
        fail(file, "has no room");
    }
    map(capacity_, descriptor.number());
    control_ = new (mapping_) Control;
    control_->capacity = capacity_;
}

void RecordRing::keep_for(const SessionId& session) noexcept {
    control_->session = session;
}

RecordRing RecordRing::leftover_of(const std::filesystem::path& file, const SessionId& session) {
    RecordRing ring;
    const Descriptor descriptor(open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (descriptor.number() < 0) {
        if (errno == ENOENT) return ring;
        fail(file, "cannot be opened");
    }
    struct stat status{};
    if (fstat(descriptor.number(), &status) != 0) fail(file, "cannot be looked at");
    const auto bytes = static_cast<std::size_t>(status.st_size);
    if (bytes <= kControlBytes || !std::has_single_bit(bytes - kControlBytes)) return ring;
    ring.map(bytes - kControlBytes, descriptor.number());
    auto* const control = std::launder(static_cast<Control*>(ring.mapping_));
    if (control->magic != kRingMagic || control->capacity != ring.capacity_ ||
        control->session != session || session == SessionId{}) {
        return ring;
    }
    ring.control_ = control;
    ring.produced_ = control->produced.load(std::memory_order_acquire);
    ring.consumed_ = control->consumed.load(std::memory_order_relaxed);
    return ring;
}

RecordRing::RecordRing(RecordRing&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(other.mapped_),
      control_(std::exchange(other.control_, nullptr)),
      data_(other.data_),
      capacity_(other.capacity_),
      produced_(other.produced_),
      seen_consumed_(other.seen_consumed_),
      claimed_(other.claimed_),
      consumed_(other.consumed_),
      front_bytes_(other.front_bytes_) {}

RecordRing::~RecordRing() {
    if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

void RecordRing::map(std::size_t bytes, int descriptor) {
    capacity_ = bytes;
    mapped_ = bytes + kControlBytes;
    const int flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void* const memory =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, descriptor, 0);
    if (memory == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(),
                                "journal.ring_bytes: no memory for " + std::to_string(mapped_) +
                                    " bytes; make it smaller");
    }
    mapping_ = memory;
    data_ = static_cast<std::byte*>(memory) + kControlBytes;
}

std::span<std::byte> RecordRing::claim(std::size_t payload_max) noexcept {
    MARGIND_DEBUG_ASSERT(payload_max <= core::kEventBytesMax);
    const std::size_t bytes = core::record_bytes(payload_max);
    const std::size_t rest = to_end(produced_);
    const bool skips = rest < bytes;
    const std::size_t wanted = skips ? rest + bytes : bytes;
    if (capacity_ - (produced_ - seen_consumed_) < wanted) {
        // acquire: pairs with pop(). The consumer no longer reads what it gave back.
        seen_consumed_ = control_->consumed.load(std::memory_order_acquire);
        if (capacity_ - (produced_ - seen_consumed_) < wanted) return {};
    }
    claimed_ = produced_;
    if (skips) {
        Slot skip;
        skip.length = kSkip;
        std::memcpy(at(produced_), &skip, sizeof skip);
        claimed_ = produced_ + rest;
    }
    return {at(claimed_) + core::kRecordHeaderBytes, payload_max};
}

void RecordRing::commit(core::RecordType type, std::uint64_t sequence, core::Timestamp time,
                        std::size_t payload) noexcept {
    const Slot slot{static_cast<std::uint32_t>(payload), type, sequence, time};
    std::memcpy(at(claimed_), &slot, sizeof slot);
    produced_ = claimed_ + core::record_bytes(payload);
    // release: the record is whole before it can be seen.
    control_->produced.store(produced_, std::memory_order_release);
}

bool RecordRing::front(RingRecord& record) noexcept {
    const std::uint64_t produced = control_->produced.load(std::memory_order_acquire);
    for (;;) {
        if (consumed_ == produced) return false;
        Slot slot;
        std::memcpy(&slot, at(consumed_), sizeof slot);
        if (slot.length == kSkip) {
            consumed_ += to_end(consumed_);
            continue;
        }
        // Of this process that cannot be; of a file that somebody wrote into it can.
        front_bytes_ = core::record_bytes(slot.length);
        if (slot.length > core::kEventBytesMax || front_bytes_ > to_end(consumed_)) return false;
        record = {slot.type,
                  slot.sequence,
                  slot.time,
                  {at(consumed_) + core::kRecordHeaderBytes, slot.length}};
        return true;
    }
}

void RecordRing::release() noexcept {
    // release: pairs with claim().
    control_->consumed.store(consumed_, std::memory_order_release);
}

std::size_t RecordRing::depth() const noexcept {
    const std::uint64_t consumed = control_->consumed.load(std::memory_order_acquire);
    const std::uint64_t produced = control_->produced.load(std::memory_order_relaxed);
    return static_cast<std::size_t>(produced - std::min(consumed, produced));
}

}  // namespace margind::daemon
