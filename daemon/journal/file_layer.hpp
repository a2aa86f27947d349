// What the journal asks of a file system, and nothing more: so that tests can put one in its place
// that tears, loses and reorders what was not synced, fills up, and fails.
//
// Threads: a File belongs to one thread; a FileLayer may be used by any. Calls block.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace margind::daemon {

// What went wrong, or nothing: `if (IoError error = file.sync()) ...`.
struct [[nodiscard]] IoError {
    int code = 0;      // errno; 0: nothing went wrong
    std::string text;  // "cannot write 4096 bytes at 128 of DIR/inputs-...mgj: No space left ..."

    explicit operator bool() const noexcept { return code != 0; }
};

// An open file; closed when it goes.
class File {
  public:
    File() = default;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    virtual ~File() = default;

    // All of `bytes`, or an error. On disk only after a sync() that says so.
    virtual IoError write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    // `got`: how many there were; less than asked for only at the file's end.
    virtual IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) = 0;
    // fdatasync: bytes written and the size. After a failure nothing is known of what was written
    // since the last success, whatever a second call says: the caller gives the file up.
    virtual IoError sync() = 0;
    // Cuts, or appends zeros that take no room yet.
    virtual IoError resize(std::uint64_t bytes) = 0;
    virtual IoError size(std::uint64_t& bytes) = 0;
};

enum class Access : std::uint8_t {
    read,    // an existing file
    write,   // an existing file, to read and write
    create,  // a new file, empty: one of that name loses its contents
};

class FileLayer {
  public:
    FileLayer() = default;
    FileLayer(const FileLayer&) = delete;
    FileLayer& operator=(const FileLayer&) = delete;
    virtual ~FileLayer() = default;

    virtual IoError open(const std::string& path, Access access, std::unique_ptr<File>& file) = 0;
    // Replaces what is called `to`. Both lie in one folder. Durable after sync_folder().
    virtual IoError rename(const std::string& from, const std::string& to) = 0;
    virtual IoError remove(const std::string& path) = 0;
    // Names of the files in a folder, sorted.
    virtual IoError list(const std::string& folder, std::vector<std::string>& names) = 0;
    // What was created, renamed and removed in a folder survives a loss of power.
    virtual IoError sync_folder(const std::string& folder) = 0;
    // What this process may still write.
    virtual IoError free_bytes(const std::string& folder, std::uint64_t& bytes) = 0;
};

// Whether there is no file of that name, by an error of open().
inline bool not_there(const IoError& error) noexcept {
    return error.code == ENOENT;
}
// Whether the disk is full (or a quota used up), by an error.
inline bool no_space(const IoError& error) noexcept {
    return error.code == ENOSPC || error.code == EDQUOT;
}

}  // namespace margind::daemon
