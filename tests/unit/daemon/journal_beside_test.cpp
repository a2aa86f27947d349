// Readers beside a daemon: whatever it writes or compresses between two of their calls, they find
// no damage.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/review/chain.hpp"
#include "tests/support/journal_world.hpp"

using namespace margind;
using namespace margind::daemon;
using test::JournalWorld;

namespace {

// Another process's files, in which something happens before the call of number `when`.
class WatchedFiles final : public FileLayer {
  public:
    WatchedFiles(FileLayer& files, std::size_t when, std::function<void()> happens)
        : files_(files), when_(when), happens_(std::move(happens)) {}

    bool happened() const { return calls_ > when_; }

    IoError open(const std::string& path, Access access, std::unique_ptr<File>& file) override {
        call();
        std::unique_ptr<File> inner;
        if (IoError error = files_.open(path, access, inner)) return error;
        file = std::make_unique<WatchedFile>(*this, std::move(inner));
        return {};
    }
    IoError rename(const std::string& from, const std::string& to) override {
        return files_.rename(from, to);
    }
    IoError remove(const std::string& path) override { return files_.remove(path); }
    IoError list(const std::string& folder, std::vector<std::string>& names) override {
        call();
        return files_.list(folder, names);
    }
    IoError sync_folder(const std::string& folder) override { return files_.sync_folder(folder); }
    IoError free_bytes(const std::string& folder, std::uint64_t& bytes) override {
        return files_.free_bytes(folder, bytes);
    }

  private:
    class WatchedFile final : public File {
      public:
        WatchedFile(WatchedFiles& files, std::unique_ptr<File> file)
            : files_(files), file_(std::move(file)) {}
        IoError write(std::uint64_t offset, std::span<const std::byte> bytes) override {
            return file_->write(offset, bytes);
        }
        IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) override {
            files_.call();
            return file_->read(offset, bytes, got);
        }
        IoError sync() override { return file_->sync(); }
        IoError resize(std::uint64_t bytes) override { return file_->resize(bytes); }
        IoError size(std::uint64_t& bytes) override { return file_->size(bytes); }

      private:
        WatchedFiles& files_;
        std::unique_ptr<File> file_;
    };

    void call() {
        if (calls_++ == when_) happens_();
    }

    FileLayer& files_;
    const std::size_t when_;
    std::function<void()> happens_;
    std::size_t calls_ = 0;
};

std::string read_stream(FileLayer& files) {
    for (const auto stream : {core::JournalStream::events, core::JournalStream::inputs}) {
        StreamReader reader(files, "journal", stream);
        JournalRecord record;
        while (reader.next(record) == ReadStatus::record) {
        }
        if (!reader.problem().empty()) return reader.problem();
    }
    return {};
}

std::string read_chains(FileLayer& files) {
    for (const auto stream : {core::JournalStream::events, core::JournalStream::inputs}) {
        std::vector<SegmentSeen> segments;
        std::string problem;
        if (!read_chain(files, "journal", stream, kWholeStream, segments, problem)) return problem;
        for (const SegmentSeen& segment : segments) {
            if (!segment.problem.empty()) return segment.problem;
        }
    }
    return {};
}

std::string examine(FileLayer& files) {
    return examine_journal(files, "journal").problem;
}

void write_more(JournalWorld& world) {
    for (int round = 0; round < 3; ++round) {
        REQUIRE(world.work(20));
        REQUIRE(world.commit());
    }
}

}  // namespace

TEST_CASE("whatever a daemon does between two calls of a reader, the reader finds no damage") {
    using Read = std::string (*)(FileLayer&);
    const Read read = GENERATE(as<Read>{}, read_stream, read_chains, examine);
    const bool compresses = GENERATE(false, true);
    CAPTURE(compresses);
    std::size_t when = 0;
    for (bool happened = true; happened; ++when) {
        CAPTURE(when);
        JournalWorld world(31, 2048);
        test::FaultFiles elsewhere(1);
        REQUIRE(world.begin_run() == "");
        world.keeper = std::make_unique<JournalKeeper>(
            elsewhere, JournalKeeperOptions{.folder = "elsewhere", .segment_bytes = 2048});
        REQUIRE(world.work(60));
        REQUIRE(world.commit());
        JournalKeeper keeper(world.files, {.folder = "journal", .segment_bytes = 2048});
        WatchedFiles beside(world.files, when, [&] {
            if (!compresses) return write_more(world);
            while (keeper.do_work(core::Timestamp::from_ns(1), 0) > 0) {
            }
        });
        REQUIRE(read(beside) == "");
        happened = beside.happened();
    }
    CHECK(when > 20);
}
