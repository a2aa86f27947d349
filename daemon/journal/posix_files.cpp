#include "daemon/journal/posix_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

IoError error_of(int code, std::string what) {
    return {code, fmt::format("{}: {}", what, std::system_category().message(code))};
}

class PosixFile final : public File {
  public:
    PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    ~PosixFile() override { ::close(descriptor_); }

    IoError write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const ssize_t done =
                ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) {
                return error_of(
                    done < 0 ? errno : EIO,
                    fmt::format("cannot write {} bytes at {} of {}", bytes.size(), offset, path_));
            }
            bytes = bytes.subspan(static_cast<std::size_t>(done));
            offset += static_cast<std::uint64_t>(done);
        }
        return {};
    }

    IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) override {
        got = 0;
        while (got < bytes.size()) {
            const ssize_t done = ::pread(descriptor_, bytes.data() + got, bytes.size() - got,
                                         static_cast<off_t>(offset + got));
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) {
                return error_of(errno, fmt::format("cannot read {} bytes at {} of {}", bytes.size(),
                                                   offset, path_));
            }
            if (done == 0) break;
            got += static_cast<std::size_t>(done);
        }
        return {};
    }

    IoError sync() override {
        // Not even after EINTR is it called again: what it says the second time proves nothing.
        if (::fdatasync(descriptor_) == 0) return {};
        return error_of(errno, fmt::format("cannot sync {}", path_));
    }

    IoError resize(std::uint64_t bytes) override {
        if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0) return {};
        return error_of(errno, fmt::format("cannot set the size of {} to {}", path_, bytes));
    }

    IoError size(std::uint64_t& bytes) override {
        struct stat status{};
        if (::fstat(descriptor_, &status) != 0) {
            return error_of(errno, fmt::format("cannot tell the size of {}", path_));
        }
        bytes = static_cast<std::uint64_t>(status.st_size);
        return {};
    }

  private:
    const int descriptor_;
    const std::string path_;
};

IoError sync_path(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return error_of(errno, fmt::format("cannot open folder {}", folder));
    const int code = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    if (code != 0) return error_of(code, fmt::format("cannot sync folder {}", folder));
    return {};
}

int flags_of(Access access) {
    switch (access) {
        case Access::read:
            return O_RDONLY | O_CLOEXEC;
        case Access::write:
            return O_RDWR | O_CLOEXEC;
        case Access::create:
            return O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
    }
    return O_RDONLY | O_CLOEXEC;
}

}  // namespace

IoError PosixFiles::open(const std::string& path, Access access, std::unique_ptr<File>& file) {
    constexpr mode_t kMode = 0640;  // balances and positions: not for everybody
    const int descriptor = ::open(path.c_str(), flags_of(access), kMode);
    if (descriptor < 0) return error_of(errno, fmt::format("cannot open {}", path));
    file = std::make_unique<PosixFile>(descriptor, path);
    return {};
}

IoError PosixFiles::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return error_of(errno, fmt::format("cannot rename {} to {}", from, to));
}

IoError PosixFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return {};
    return error_of(errno, fmt::format("cannot remove {}", path));
}

IoError PosixFiles::list(const std::string& folder, std::vector<std::string>& names) {
    names.clear();
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    if (error) return error_of(error.value(), fmt::format("cannot list folder {}", folder));
    std::sort(names.begin(), names.end());
    return {};
}

IoError PosixFiles::sync_folder(const std::string& folder) {
    return sync_path(folder);
}

IoError PosixFiles::free_bytes(const std::string& folder, std::uint64_t& bytes) {
    struct statvfs status{};
    if (::statvfs(folder.c_str(), &status) != 0) {
        return error_of(errno, fmt::format("cannot tell the free space of {}", folder));
    }
    bytes = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    return {};
}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

IoError FolderLock::take(const std::string& folder) {
    std::error_code error;
    if (std::filesystem::create_directories(folder, error); error) {
        return error_of(error.value(), fmt::format("cannot make folder {}", folder));
    }
    const std::filesystem::path parent =
        std::filesystem::absolute(folder, error).lexically_normal().parent_path();
    if (IoError failed = sync_path(parent.string())) return failed;

    const std::string path = folder + "/LOCK";
    constexpr mode_t kMode = 0640;
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
    if (descriptor_ < 0) return error_of(errno, fmt::format("cannot open {}", path));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return {};
    const int code = errno;
    ::close(descriptor_);
    descriptor_ = -1;
    if (code != EWOULDBLOCK) return error_of(code, fmt::format("cannot lock {}", path));
    return {code, fmt::format("{} is locked: another margind uses this journal. Stop it, or give "
                              "this one a journal.directory of its own",
                              path)};
}

}  // namespace margind::daemon
