// A disk in memory that does what real ones do at the worst moment: loses, tears and reorders what
// was not synced, fails a sync and forgets what it was about, fills up, and flips bits. All of it
// is drawn from a seed.
//
// What a process sees (the page cache) and what would be there after a loss of power are kept
// apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "daemon/journal/file_layer.hpp"

namespace margind::test {

// Thrown by the call at which the machine stops.
struct PowerLoss {};

struct FaultPlan {
    static constexpr std::uint64_t kNever = ~std::uint64_t{0};
    std::uint64_t lose_power_at = kNever;  // number of the call that changes something, from 0
    std::uint64_t fail_sync_at = kNever;   // number of the sync of a file
    std::uint64_t full_from = kNever;      // number of the call that needs room
    std::uint64_t full_for = 0;            // so many of them fail
};

class FaultFiles final : public daemon::FileLayer {
  public:
    explicit FaultFiles(std::uint64_t seed) : random_(seed) {}

    daemon::IoError open(const std::string& path, daemon::Access access,
                         std::unique_ptr<daemon::File>& file) override;
    daemon::IoError rename(const std::string& from, const std::string& to) override;
    daemon::IoError remove(const std::string& path) override;
    daemon::IoError list(const std::string& folder, std::vector<std::string>& names) override;
    daemon::IoError sync_folder(const std::string& folder) override;
    daemon::IoError free_bytes(const std::string& folder, std::uint64_t& bytes) override;

    void set_plan(const FaultPlan& plan);
    // Calls that changed something since the plan was set.
    std::uint64_t changes() const { return changes_; }
    std::uint64_t syncs() const { return syncs_; }
    std::uint64_t calls_for_room() const { return room_; }

    // The power is lost and comes back: of what was not synced any part may be there.
    void restart_machine();
    // The process alone ends: what it wrote is seen by the next one.
    void restart_process() { set_plan({}); }

    // Flips a bit of a file, on the disk and in sight.
    void flip(const std::string& path, std::uint64_t bit);
    std::vector<std::byte> bytes(const std::string& path) const;
    std::vector<std::string> paths() const;

  private:
    friend class FaultFile;

    struct Write {
        std::uint64_t offset = 0;
        std::vector<std::byte> bytes;
        bool resizes = false;  // to `offset`
    };
    struct Inode {
        std::vector<std::byte> seen;
        std::vector<std::byte> on_disk;
        std::vector<Write> unsynced;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    void change();
    bool full();
    void apply(std::vector<std::byte>& content, const Write& write);
    // Some units of a write, or the front of it.
    void apply_part(std::vector<std::byte>& content, const Write& write);
    void settle(Inode& inode);
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    std::mt19937_64 random_;
    FaultPlan plan_;
    std::uint64_t changes_ = 0;
    std::uint64_t syncs_ = 0;
    std::uint64_t room_ = 0;
    Names names_;
    // Names as they were after each change since the folder was last synced; the first: as synced.
    std::vector<Names> history_{Names()};
};

}  // namespace margind::test
