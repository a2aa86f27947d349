#include "tests/support/fault_files.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace margind::test {
namespace {

using daemon::Access;
using daemon::IoError;

IoError error_of(int code, const std::string& what) {
    return {code, what + ": error " + std::to_string(code)};
}

}  // namespace

class FaultFile final : public daemon::File {
  public:
    FaultFile(FaultFiles& disk, std::shared_ptr<FaultFiles::Inode> inode, std::string path)
        : disk_(disk), inode_(std::move(inode)), path_(std::move(path)) {}

    IoError write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        FaultFiles::Write write{.offset = offset, .bytes = {bytes.begin(), bytes.end()}};
        const bool grows = offset + bytes.size() > inode_->seen.size();
        if (grows && disk_.full()) return error_of(ENOSPC, "cannot write to " + path_);
        // It may stop in the middle of the call: the write is under way.
        inode_->unsynced.push_back(write);
        disk_.change();
        disk_.apply(inode_->seen, write);
        return {};
    }
    IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) override {
        const std::uint64_t size = inode_->seen.size();
        got = offset >= size ? 0 : std::min<std::uint64_t>(bytes.size(), size - offset);
        std::copy_n(inode_->seen.begin() + static_cast<std::ptrdiff_t>(std::min(offset, size)), got,
                    bytes.begin());
        return {};
    }
    IoError sync() override {
        disk_.change();
        if (disk_.syncs_++ == disk_.plan_.fail_sync_at) {
            // Some of it reached the disk, and the rest is forgotten: it stays in sight, and the
            // next sync has nothing to do.
            disk_.settle(*inode_);
            return error_of(EIO, "cannot sync " + path_);
        }
        for (const FaultFiles::Write& write : inode_->unsynced) disk_.apply(inode_->on_disk, write);
        inode_->unsynced.clear();
        return {};
    }
    IoError resize(std::uint64_t bytes) override {
        const FaultFiles::Write write{.offset = bytes, .bytes = {}, .resizes = true};
        inode_->unsynced.push_back(write);
        disk_.change();
        disk_.apply(inode_->seen, write);
        return {};
    }
    IoError size(std::uint64_t& bytes) override {
        bytes = inode_->seen.size();
        return {};
    }

  private:
    FaultFiles& disk_;
    std::shared_ptr<FaultFiles::Inode> inode_;
    const std::string path_;
};

IoError FaultFiles::open(const std::string& path, Access access,
                         std::unique_ptr<daemon::File>& file) {
    auto at = names_.find(path);
    if (access == Access::create) {
        if (full()) return error_of(ENOSPC, "cannot create " + path);
        change();
        at = names_.insert_or_assign(path, std::make_shared<Inode>()).first;
        history_.push_back(names_);
    }
    if (at == names_.end()) return error_of(ENOENT, "cannot open " + path);
    file = std::make_unique<FaultFile>(*this, at->second, path);
    return {};
}

IoError FaultFiles::rename(const std::string& from, const std::string& to) {
    change();
    const auto at = names_.find(from);
    if (at == names_.end()) return error_of(ENOENT, "cannot rename " + from);
    names_[to] = at->second;
    names_.erase(from);
    history_.push_back(names_);
    return {};
}

IoError FaultFiles::remove(const std::string& path) {
    change();
    if (names_.erase(path) == 0) return error_of(ENOENT, "cannot remove " + path);
    history_.push_back(names_);
    return {};
}

IoError FaultFiles::list(const std::string& folder, std::vector<std::string>& names) {
    names.clear();
    const std::string prefix = folder + "/";
    for (const auto& [path, inode] : names_) {
        if (path.starts_with(prefix)) names.push_back(path.substr(prefix.size()));
    }
    return {};
}

IoError FaultFiles::sync_folder(const std::string& /*folder*/) {
    change();
    history_.assign(1, names_);
    return {};
}

IoError FaultFiles::free_bytes(const std::string& /*folder*/, std::uint64_t& bytes) {
    bytes = 1ULL << 40;
    return {};
}

void FaultFiles::set_plan(const FaultPlan& plan) {
    plan_ = plan;
    changes_ = syncs_ = room_ = 0;
}

void FaultFiles::change() {
    if (changes_++ == plan_.lose_power_at) throw PowerLoss();
}

bool FaultFiles::full() {
    const std::uint64_t call = room_++;
    return call >= plan_.full_from && call - plan_.full_from < plan_.full_for;
}

void FaultFiles::apply(std::vector<std::byte>& content, const Write& write) {
    if (write.resizes) {
        content.resize(write.offset);
        return;
    }
    content.resize(std::max<std::uint64_t>(content.size(), write.offset + write.bytes.size()));
    std::copy(write.bytes.begin(), write.bytes.end(),
              content.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

void FaultFiles::apply_part(std::vector<std::byte>& content, const Write& write) {
    const std::uint64_t how = below(6);
    if (how == 0) return;  // lost
    if (how == 1) return apply(content, write);
    if (write.resizes) return;
    if (how == 2) {  // shortened
        Write front = write;
        front.bytes.resize(below(write.bytes.size() + 1));
        return apply(content, front);
    }
    // Torn and out of order: each sector or page for itself, as it lies in the file.
    const std::uint64_t unit = how == 3 ? 4096 : 512;
    for (std::uint64_t at = 0; at < write.bytes.size();) {
        const std::uint64_t end = std::min<std::uint64_t>(
            write.bytes.size(), (write.offset + at) / unit * unit + unit - write.offset);
        if (below(2) == 0) {
            apply(content, {.offset = write.offset + at,
                            .bytes = {write.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                      write.bytes.begin() + static_cast<std::ptrdiff_t>(end)}});
        }
        at = end;
    }
}

void FaultFiles::settle(Inode& inode) {
    const bool in_order = below(2) == 0;
    std::vector<Write> writes = std::exchange(inode.unsynced, {});
    const std::uint64_t first_lost = below(writes.size() + 1);
    for (std::size_t i = 0; i < writes.size(); ++i) {
        if (!in_order) {
            apply_part(inode.on_disk, writes[i]);
        } else if (i < first_lost) {
            apply(inode.on_disk, writes[i]);
        } else if (i == first_lost) {
            apply_part(inode.on_disk, writes[i]);
        }
    }
}

void FaultFiles::restart_machine() {
    set_plan({});
    // File systems keep changes of names in order: what was not synced, up to some point.
    names_ = Names(history_[below(history_.size())]);
    history_.assign(1, names_);
    for (const auto& [path, inode] : names_) {
        settle(*inode);
        inode->seen = inode->on_disk;
    }
}

void FaultFiles::flip(const std::string& path, std::uint64_t bit) {
    const std::shared_ptr<Inode>& inode = names_.at(path);
    const auto mask = static_cast<std::byte>(1U << (bit % 8));
    inode->seen.at(bit / 8) ^= mask;
    if (bit / 8 < inode->on_disk.size()) inode->on_disk[bit / 8] ^= mask;
}

std::vector<std::byte> FaultFiles::bytes(const std::string& path) const {
    return names_.at(path)->seen;
}

std::vector<std::string> FaultFiles::paths() const {
    std::vector<std::string> paths;
    for (const auto& [path, inode] : names_) paths.push_back(path);
    return paths;
}

}  // namespace margind::test
