// Snapshots on a disk in memory: what is read is what was written, or is refused.
#include "daemon/journal/snapshot_file.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"
#include "tests/support/fault_files.hpp"

using namespace margind;
using namespace margind::daemon;
using test::key;
using test::money;
using test::price;
using test::quantity;

namespace {

constexpr const char* kFolder = "journal";

// A small venue with many accounts, so that the state is longer than the rest of the file.
struct World {
    World() : driver(test::small_venue()) {
        driver.set_price(0, price(100));
        driver.set_price(1, price(10));
        for (int a = 0; a < 40; ++a) open("account-" + std::to_string(a), a);
    }
    void open(const std::string& name, int dollars) {
        driver.set_balance(key(name), 0, money(100 + dollars), core::Last::no);
        driver.set_position(key(name), 0, quantity(1), price(90));
        driver.engine.settle();
    }
    SnapshotAbout about() const {
        SnapshotAbout about;
        about.session[3] = std::byte{7};
        about.input_seq = driver.engine.input_seq();
        about.event_seq = driver.engine.event_seq();
        about.engine_time = driver.engine.engine_time();
        about.created = core::Timestamp::from_ns(5);
        about.epoch = {.number = 2,
                       .reason = core::EpochReason::restart,
                       .program = "margind 0",
                       .config_name = "margind.yaml",
                       .config_text = "instruments: []\n"};
        return about;
    }
    std::string write() {
        std::uint64_t bytes = 0;
        REQUIRE(driver.engine.can_save());
        const IoError error = write_snapshot(files, kFolder, about(), driver.engine, bytes);
        REQUIRE(!error);
        const std::string path = std::string(kFolder) + "/" + snapshot_name(about().input_seq);
        REQUIRE(files.bytes(path).size() == bytes);
        return path;
    }

    test::FaultFiles files{1};
    test::Driver driver;
};

struct ReadBack {
    std::unique_ptr<core::Engine> engine;
    SnapshotAbout about;
    std::string problem;
};

// None where the engine, or the file it came from, is not to be trusted.
ReadBack read_back(World& world, const std::string& path) {
    ReadBack back;
    SnapshotReader reader(world.files, path);
    back.about = reader.about();
    back.engine = core::Engine::restore(test::small_venue(), {}, reader, back.problem);
    if (!reader.whole()) {
        back.engine.reset();
        back.problem = reader.problem();
    }
    return back;
}

std::vector<std::uint64_t> listed(World& world) {
    std::vector<std::uint64_t> snapshots;
    REQUIRE(!list_snapshots(world.files, kFolder, snapshots));
    return snapshots;
}

}  // namespace

TEST_CASE("a snapshot is read back as it was written") {
    World world;
    const std::string path = world.write();
    const ReadBack back = read_back(world, path);
    INFO(back.problem);
    REQUIRE(back.engine != nullptr);
    CHECK(back.engine->state_hash() == world.driver.engine.state_hash());
    CHECK(back.about.session == world.about().session);
    CHECK(back.about.input_seq == world.about().input_seq);
    CHECK(back.about.event_seq == world.about().event_seq);
    CHECK(back.about.engine_time == world.about().engine_time);
    CHECK(back.about.created == world.about().created);
    CHECK(back.about.epoch.number == 2);
    CHECK(back.about.epoch.config_text == world.about().epoch.config_text);
}

TEST_CASE("every flipped byte of a snapshot is noticed") {
    World world;
    const std::string path = world.write();
    const std::size_t size = world.files.bytes(path).size();
    for (std::size_t byte = 0; byte < size; ++byte) {
        const std::uint64_t bit = 8 * byte + byte % 8;
        world.files.flip(path, bit);
        const ReadBack back = read_back(world, path);
        INFO("byte " << byte << " of " << size);
        REQUIRE(back.engine == nullptr);
        REQUIRE(back.problem.find(path) != back.problem.npos);
        world.files.flip(path, bit);
    }
    CHECK(read_back(world, path).engine != nullptr);
}

TEST_CASE("a snapshot that ends too soon, or goes on, is noticed") {
    World world;
    const std::string path = world.write();
    const std::size_t size = world.files.bytes(path).size();
    std::unique_ptr<File> file;
    REQUIRE(!world.files.open(path, Access::write, file));
    REQUIRE(!file->resize(size + 1));
    CHECK(read_back(world, path).engine == nullptr);
    for (std::size_t bytes = size; bytes-- > 0;) {
        REQUIRE(!file->resize(bytes));
        const ReadBack back = read_back(world, path);
        INFO("cut to " << bytes);
        REQUIRE(back.engine == nullptr);
        REQUIRE(!back.problem.empty());
    }
}

TEST_CASE("a snapshot has its name only when all of it is on disk") {
    // The power goes with every call there is, in turn.
    for (std::uint64_t call = 0;; ++call) {
        World world;
        const std::string path =
            std::string(kFolder) + "/" + snapshot_name(world.about().input_seq);
        world.files.set_plan({.lose_power_at = call});
        bool lost = false;
        try {
            world.write();
        } catch (const test::PowerLoss&) {
            lost = true;
        }
        world.files.restart_machine();
        const std::vector<std::uint64_t> there = listed(world);
        INFO("power lost at call " << call);
        if (!lost) {
            CHECK(there.size() == 1);
            CHECK(call > 4);
            break;
        }
        if (!there.empty()) REQUIRE(read_back(world, path).engine != nullptr);
        REQUIRE(!keep_snapshots(world.files, kFolder, 3));
        for (const std::string& name : world.files.paths()) {
            REQUIRE(name.find(".making") == name.npos);
        }
    }
}

TEST_CASE("what fails while a snapshot is written leaves none") {
    World world;
    std::uint64_t bytes = 0;
    world.files.set_plan({.fail_sync_at = 0});
    const IoError unsynced =
        write_snapshot(world.files, kFolder, world.about(), world.driver.engine, bytes);
    CHECK(unsynced);
    CHECK(listed(world).empty());
    world.files.set_plan({.full_from = 0, .full_for = 1'000});
    const IoError full =
        write_snapshot(world.files, kFolder, world.about(), world.driver.engine, bytes);
    CHECK(no_space(full));
    CHECK(listed(world).empty());
}

TEST_CASE("the newest snapshots are kept") {
    World world;
    std::vector<std::uint64_t> written;
    for (int n = 0; n < 5; ++n) {
        world.open("later-" + std::to_string(n), n);
        world.write();
        written.insert(written.begin(), world.about().input_seq);
    }
    CHECK(listed(world) == written);
    REQUIRE(!keep_snapshots(world.files, kFolder, 3));
    written.resize(3);
    CHECK(listed(world) == written);
    REQUIRE(!keep_snapshots(world.files, kFolder, 3));
    CHECK(listed(world) == written);
}
