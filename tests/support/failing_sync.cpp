// Loaded before the C library (LD_PRELOAD): fdatasync() and fsync() fail with EIO while the file
// named by FAIL_SYNC_WHILE exists, as on a disk that has lost what it was given.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>

namespace {

int sync_or_fail(const char* name, int fd) {
    const char* const sign = std::getenv("FAIL_SYNC_WHILE");
    if (sign != nullptr && access(sign, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    using Sync = int (*)(int);
    return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fdatasync(int fd) {
    return sync_or_fail("fdatasync", fd);
}

extern "C" int fsync(int fd) {
    return sync_or_fail("fsync", fd);
}
