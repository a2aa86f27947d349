// The machine's file system.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/journal/file_layer.hpp"

namespace margind::daemon {

// Has no state: as many as one likes, from any thread.
class PosixFiles final : public FileLayer {
  public:
    IoError open(const std::string& path, Access access, std::unique_ptr<File>& file) override;
    IoError rename(const std::string& from, const std::string& to) override;
    IoError remove(const std::string& path) override;
    IoError list(const std::string& folder, std::vector<std::string>& names) override;
    IoError sync_folder(const std::string& folder) override;
    IoError free_bytes(const std::string& folder, std::uint64_t& bytes) override;
};

// Makes the folder (and those above it) if it is not there, and keeps every other process out of it
// for as long as the object lives: DIR/LOCK, by flock, which ends with the process however it ends.
class FolderLock {
  public:
    FolderLock() = default;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

    // The error's text says who holds it and what to do.
    IoError take(const std::string& folder);

  private:
    int descriptor_ = -1;
};

}  // namespace margind::daemon
