#include "daemon/journal/snapshot_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/journal/archive.hpp"
#include "core/journal/crc32c.hpp"

namespace margind::daemon {
namespace {

constexpr std::array<char, 8> kSnapshotMagic{'M', 'G', 'S', 'N', 'A', 'P', '0', '1'};
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kHeaderSummed = kHeaderBytes - 4;
constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".mgs";
constexpr std::string_view kMaking = ".making";

using Header = std::array<std::byte, kHeaderBytes>;

std::uint32_t crc_of(std::span<const std::byte> bytes) {
    return core::crc32c(bytes);
}

Header header_of(const SnapshotAbout& about, std::size_t epoch_bytes) {
    Header header{};
    std::memcpy(header.data(), kSnapshotMagic.data(), kSnapshotMagic.size());
    core::store_little(kSnapshotVersion, header.data() + 8);
    core::store_little(static_cast<std::uint32_t>(epoch_bytes), header.data() + 12);
    std::copy(about.session.begin(), about.session.end(), header.begin() + 16);
    core::store_little(about.input_seq, header.data() + 32);
    core::store_little(about.event_seq, header.data() + 40);
    core::store_little(static_cast<std::uint64_t>(about.engine_time.ns()), header.data() + 48);
    core::store_little(static_cast<std::uint64_t>(about.created.ns()), header.data() + 56);
    core::store_little(crc_of(std::span(header).first(kHeaderSummed)),
                       header.data() + kHeaderSummed);
    return header;
}

core::Timestamp time_at(const std::byte* bytes) {
    return core::Timestamp::from_ns(
        static_cast<std::int64_t>(core::load_little<std::uint64_t>(bytes)));
}

// A number that stands in a file's name; none: it is not such a name.
std::optional<std::uint64_t> number_of(std::string_view name) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
    name.remove_prefix(kPrefix.size());
    name.remove_suffix(kSuffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
}

// Blocks on their way to the file; keeps the first error, and what is thrown: an archive, between
// engine and file, lets nothing through.
class FileSink final : public core::StateSink {
  public:
    explicit FileSink(File& file) : file_(file) {}

    bool append(std::span<const std::byte> bytes) noexcept {
        if (error_ || thrown_) return false;
        try {
            error_ = file_.write(offset_, bytes);
        } catch (...) {
            thrown_ = std::current_exception();
            return false;
        }
        offset_ += bytes.size();
        sum_.add(bytes);
        return !error_;
    }
    bool append_number(std::uint32_t number) {
        std::array<std::byte, 4> bytes;
        core::store_little(number, bytes.data());
        return append(bytes);
    }
    bool append_sum() {
        const Sha256 digest = sum_.finish();
        return append(digest);
    }
    IoError& error() {
        if (thrown_) std::rethrow_exception(thrown_);
        return error_;
    }
    std::uint64_t bytes() const { return offset_; }

  protected:
    bool take_block(std::span<const std::byte> block) noexcept override {
        return append_number(static_cast<std::uint32_t>(block.size())) &&
               append_number(crc_of(block)) && append(block);
    }

  private:
    File& file_;
    Sha256Sum sum_;
    std::uint64_t offset_ = 0;
    IoError error_;
    std::exception_ptr thrown_;
};

IoError fill(File& file, const SnapshotAbout& about, const core::Engine& engine,
             std::uint64_t& bytes) {
    const std::vector<std::byte> epoch = core::encode_epoch(about.epoch);
    const Header header = header_of(about, epoch.size());
    FileSink sink(file);
    const bool done = sink.append(header) && sink.append(epoch) &&
                      sink.append_number(crc_of(epoch)) && engine.save(sink) && sink.flush() &&
                      sink.append_number(0) && sink.append_sum();
    bytes = sink.bytes();
    if (sink.error()) return std::move(sink.error());
    if (!done) return {EIO, "the engine's state could not be written"};
    return file.sync();
}

}  // namespace

std::string snapshot_name(std::uint64_t input_seq) {
    return fmt::format("{}{:020}{}", kPrefix, input_seq, kSuffix);
}

IoError list_snapshots(FileLayer& files, const std::string& folder,
                       std::vector<std::uint64_t>& snapshots) {
    snapshots.clear();
    std::vector<std::string> names;
    if (IoError error = files.list(folder, names)) return error;
    for (const std::string& name : names) {
        if (const auto number = number_of(name)) snapshots.push_back(*number);
    }
    std::sort(snapshots.rbegin(), snapshots.rend());
    return {};
}

IoError write_snapshot(FileLayer& files, const std::string& folder, const SnapshotAbout& about,
                       const core::Engine& engine, std::uint64_t& bytes) {
    const std::string path = folder + "/" + snapshot_name(about.input_seq);
    const std::string making = path + std::string(kMaking);
    std::unique_ptr<File> file;
    IoError error = files.open(making, Access::create, file);
    if (!error) error = fill(*file, about, engine, bytes);
    file.reset();
    if (!error) error = files.rename(making, path);
    if (!error) return files.sync_folder(folder);
    const IoError ignored = files.remove(making);  // the first error says more
    return error;
}

IoError keep_snapshots(FileLayer& files, const std::string& folder, std::size_t count) {
    std::vector<std::uint64_t> snapshots;
    IoError error = list_snapshots(files, folder, snapshots);
    for (std::size_t i = count; i < snapshots.size() && !error; ++i) {
        error = files.remove(folder + "/" + snapshot_name(snapshots[i]));
    }
    std::vector<std::string> names;
    if (!error) error = files.list(folder, names);
    for (const std::string& name : names) {
        if (error || !name.ends_with(kMaking)) continue;
        error = files.remove(folder + "/" + name);
    }
    return error;
}

SnapshotReader::SnapshotReader(FileLayer& files, const std::string& path) : path_(path) {
    if (IoError error = files.open(path, Access::read, file_)) {
        problem_ = error.text;
        return;
    }
    read_header();
}

void SnapshotReader::damaged(const std::string& what) {
    if (problem_.empty()) {
        problem_ =
            fmt::format("{}: {} at byte {}; the snapshot is of no use", path_, what, offset_);
    }
}

bool SnapshotReader::read(std::span<std::byte> bytes) {
    if (!problem_.empty()) return false;
    std::size_t got = 0;
    if (IoError error = file_->read(offset_, bytes, got)) {
        problem_ = error.text;
        return false;
    }
    if (got != bytes.size()) {
        damaged("it ends too soon");
        return false;
    }
    offset_ += got;
    sum_.add(bytes);
    return true;
}

void SnapshotReader::read_header() {
    Header header;
    if (!read(header)) return;
    if (std::memcmp(header.data(), kSnapshotMagic.data(), kSnapshotMagic.size()) != 0) {
        return damaged("this is no snapshot of margind");
    }
    if (core::load_little<std::uint32_t>(header.data() + 8) != kSnapshotVersion) {
        return damaged("it was written by a later margind");
    }
    const auto crc = core::load_little<std::uint32_t>(header.data() + kHeaderSummed);
    if (crc != crc_of(std::span(header).first(kHeaderSummed))) {
        return damaged("the header is wrong");
    }
    std::copy_n(header.begin() + 16, about_.session.size(), about_.session.begin());
    about_.input_seq = core::load_little<std::uint64_t>(header.data() + 32);
    about_.event_seq = core::load_little<std::uint64_t>(header.data() + 40);
    about_.engine_time = time_at(header.data() + 48);
    about_.created = time_at(header.data() + 56);

    const auto epoch_bytes = core::load_little<std::uint32_t>(header.data() + 12);
    if (epoch_bytes > core::kEpochBytesMax) return damaged("the header is wrong");
    block_.resize(epoch_bytes + 4UL);
    if (!read(block_)) return;
    const std::span<const std::byte> epoch = std::span(block_).first(epoch_bytes);
    std::optional<core::EpochRecord> decoded = core::decode_epoch(epoch);
    if (!decoded ||
        core::load_little<std::uint32_t>(block_.data() + epoch_bytes) != crc_of(epoch)) {
        return damaged("the epoch is wrong");
    }
    about_.epoch = std::move(*decoded);
}

std::span<const std::byte> SnapshotReader::next_block() noexcept {
    std::array<std::byte, 4> number;
    if (ended_ || !read(number)) return {};
    const auto length = core::load_little<std::uint32_t>(number.data());
    if (length > core::StateSink::kBlockBytes) {
        damaged("a block is too long");
        return {};
    }
    if (length == 0) {
        read_end();
        return {};
    }
    if (!read(number)) return {};
    block_.resize(length);
    if (!read(block_)) return {};
    if (core::load_little<std::uint32_t>(number.data()) != crc_of(block_)) {
        damaged("the block before is wrong");
        return {};
    }
    return block_;
}

void SnapshotReader::read_end() {
    ended_ = true;
    const Sha256 expected = sum_.finish();
    Sha256 found;
    if (read(found) && found != expected) damaged("its SHA-256 is wrong");
    std::array<std::byte, 1> more;
    std::size_t got = 0;
    if (problem_.empty() && !file_->read(offset_, more, got) && got > 0) {
        damaged("there is something behind its end");
    }
}

bool SnapshotReader::whole() {
    while (!ended_ && problem_.empty()) {
        if (next_block().empty() && !ended_) break;
    }
    return ended_ && problem_.empty();
}

}  // namespace margind::daemon
