#include "daemon/journal/record_ring.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace margind;
using daemon::RecordRing;
using daemon::RingRecord;

namespace {

namespace fs = std::filesystem;

constexpr daemon::SessionId kSession{std::byte{1}, std::byte{2}};

// A record whose length and bytes follow from its number.
std::size_t length_of(std::uint64_t number) {
    return 1 + number * 37 % core::kEventBytesMax;
}

bool put(RecordRing& ring, std::uint64_t number) {
    const std::size_t length = length_of(number);
    const std::span<std::byte> room = ring.claim(length);
    if (room.empty()) return false;
    std::fill(room.begin(), room.end(), static_cast<std::byte>(number));
    ring.commit(number % 2 == 0 ? core::RecordType::input : core::RecordType::event, number,
                core::Timestamp::from_ns(static_cast<std::int64_t>(number)), length);
    return true;
}

bool is_record(const RingRecord& record, std::uint64_t number) {
    return record.sequence == number && record.payload.size() == length_of(number) &&
           record.time.ns() == static_cast<std::int64_t>(number) &&
           record.type == (number % 2 == 0 ? core::RecordType::input : core::RecordType::event) &&
           std::all_of(record.payload.begin(), record.payload.end(),
                       [&](std::byte b) { return b == static_cast<std::byte>(number); });
}

struct RingFile {
    fs::path path = fs::temp_directory_path() / ("margind-ring-" + std::to_string(getpid()));
    ~RingFile() { fs::remove(path); }
};

}  // namespace

TEST_CASE("a ring refuses when it is full and takes again what was released") {
    RecordRing ring(1);  // the least there is
    REQUIRE(ring.capacity() == 64 * 1024);
    std::uint64_t in = 0;
    while (put(ring, in)) ++in;
    REQUIRE(in > 64);
    RingRecord record;
    REQUIRE(ring.front(record));
    CHECK(is_record(record, 0));
    ring.pop();
    CHECK_FALSE(put(ring, in));  // popped, but not written yet
    while (ring.front(record)) ring.pop();
    ring.release();
    CHECK(ring.depth() == 0);
    CHECK(put(ring, in));
}

TEST_CASE("records come out as they went in, round and round, between threads") {
    constexpr std::uint64_t kRecords = 200'000;
    RecordRing ring(1);
    std::thread producer([&]() {
        for (std::uint64_t number = 0; number < kRecords;) {
            if (put(ring, number)) {
                ++number;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t wrong = 0;
    for (std::uint64_t number = 0; number < kRecords;) {
        RingRecord record;
        if (!ring.front(record)) {
            std::this_thread::yield();
            continue;
        }
        if (!is_record(record, number)) ++wrong;
        ring.pop();
        if (++number % 7 == 0) ring.release();
        if (number % 50 == 0) ring.release();
    }
    producer.join();
    CHECK(wrong == 0);
}

TEST_CASE("what a killed process left in its ring is found") {
    const RingFile file;
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        RecordRing ring(1, file.path);
        ring.keep_for(kSession);
        for (std::uint64_t number = 0; number < 40; ++number) put(ring, number);
        RingRecord record;
        for (int i = 0; i < 10; ++i) {
            ring.front(record);
            ring.pop();
        }
        ring.release();
        ring.front(record);
        ring.pop();  // taken out, but nobody knows whether it was written
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK_FALSE(RecordRing::leftover_of(file.path, daemon::SessionId{}).valid());
    CHECK_FALSE(RecordRing::leftover_of(file.path.string() + "x", kSession).valid());
    RecordRing ring = RecordRing::leftover_of(file.path, kSession);
    REQUIRE(ring.valid());
    for (std::uint64_t number = 10; number < 40; ++number) {
        RingRecord record;
        REQUIRE(ring.front(record));
        CHECK(is_record(record, number));
        ring.pop();
    }
    RingRecord record;
    CHECK_FALSE(ring.front(record));
}

TEST_CASE("a ring's file that is not one is no ring") {
    const RingFile file;
    {
        RecordRing ring(1, file.path);
        put(ring, 1);
        CHECK_FALSE(RecordRing::leftover_of(file.path, kSession).valid());  // nobody was told of it
        CHECK_FALSE(RecordRing::leftover_of(file.path, daemon::SessionId{}).valid());
        ring.keep_for(kSession);
        CHECK(RecordRing::leftover_of(file.path, kSession).valid());
    }
    fs::resize_file(file.path, fs::file_size(file.path) - 4'096);
    CHECK_FALSE(RecordRing::leftover_of(file.path, kSession).valid());
    fs::resize_file(file.path, 0);
    CHECK_FALSE(RecordRing::leftover_of(file.path, kSession).valid());
    CHECK_THROWS_WITH(RecordRing(1, "/nowhere/at/all"),
                      Catch::Contains("journal.memory_directory"));
}
