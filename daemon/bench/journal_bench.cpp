// Sides that are compared take turns, so that what else the machine does meets both.
#include "daemon/bench/journal_bench.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "daemon/bench/measure.hpp"
#include "daemon/bench/population.hpp"
#include "daemon/bench/tick_sequence.hpp"
#include "daemon/clock.hpp"
#include "daemon/journal/journal_tap.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/posix_files.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/journal/stream_reader.hpp"

namespace margind::daemon {
namespace {

void check(const IoError& error) {
    if (error) throw std::runtime_error(error.text);
}

// A folder that is gone afterwards.
class WorkFolder {
  public:
    explicit WorkFolder(const std::filesystem::path& in) : path_(in / "margind-bench-journal") {
        std::filesystem::create_directories(path_);
    }
    ~WorkFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    std::string text() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

// First prices and every account, a thousand accounts at a time: millions of them would not fit
// into memory beside the engines they make. Then ticks.
class InputSequence {
  public:
    InputSequence(const Population& population, const JournalBenchOptions& options)
        : population_(population),
          walk_({.accounts = options.accounts,
                 .instruments = options.instruments,
                 .ticks = options.ticks,
                 .bp = options.bp,
                 .history = {},
                 .seed = options.seed}),
          ticks_(population, walk_) {}

    // The next inputs that make the book; none when it is made.
    std::span<const core::Input> next_of_book() {
        block_.clear();
        if (input_seq_ == 0) {
            for (std::uint32_t i = 0; i < population_.base_prices.size(); ++i) {
                stamp(as_input({.instrument = i, .price = population_.base_prices[i]}, 1));
            }
        }
        const std::uint32_t end = std::min(account_ + 1'000, population_.account_count());
        std::vector<core::Input> records;
        for (; account_ < end; ++account_) {
            records.clear();
            append_inputs(population_, account_, records);
            for (const core::Input& record : records) stamp(record);
        }
        return block_;
    }
    // Requires: the book is made.
    std::span<const core::Input> next_ticks(std::uint64_t count) {
        block_.clear();
        for (; count > 0; --count) stamp(as_input(ticks_.next(), ++tick_ + 1));
        return block_;
    }
    core::Timestamp now() const { return now_; }

  private:
    void stamp(core::Input input) {
        now_ = now_ + core::Duration::from_ms(1);
        input.input_seq = ++input_seq_;
        input.engine_time = input.receive_time = input.exchange_time = now_;
        block_.push_back(input);
    }

    const Population& population_;
    const EngineBenchOptions walk_;
    TickSequence ticks_;
    std::vector<core::Input> block_;
    std::uint32_t account_ = 0;
    std::uint64_t tick_ = 0;
    std::uint64_t input_seq_ = 0;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'000'000'000'000);
};

class JournalBench {
  public:
    explicit JournalBench(const JournalBenchOptions& options)
        : options_(options),
          folder_(options.folder),
          population_(make_population({.accounts = options.accounts,
                                       .instruments = options.instruments,
                                       .seed = options.seed})) {}

    std::string run() {
        const ForeignLoad foreign(clock_);
        TextBuffer out;
        JsonWriter json(out);
        json.open_object();
        json.text("bench", "journal");
        json.text("version", MARGIND_VERSION);
        json.number("accounts", options_.accounts);
        json.number("instruments", options_.instruments);
        json.number("ticks", options_.ticks);
        json.number("seed", options_.seed);
        measure_recovery(json);
        if (!options_.recovery_only) {
            measure_append(json);
            measure_replay(json);
        }
        json.number("foreign_cpu_cores", foreign.cores());
        append_machine(json);
        json.close_object();
        return fmt::to_string(out);
    }

  private:
    static constexpr std::uint64_t kTicksPerBlock = 1'000;

    double seconds_since(core::Timestamp begin) { return (clock_.now() - begin).seconds(); }

    std::unique_ptr<core::Engine> new_engine() const {
        return std::make_unique<core::Engine>(population_.parameters,
                                              core::EngineOptions{.search = core::Search::bands});
    }
    // Returns how many events there were.
    static std::uint64_t apply(core::Engine& engine, const core::Input& input) {
        engine.apply(input);
        std::uint64_t events = 0;
        for (core::Event event; engine.next_event(event);) ++events;
        engine.settle();
        return events;
    }

    // The engine's side of a record: encoded into the ring, which somebody empties in between.
    void measure_append(JsonWriter& json) {
        RecordRing ring(std::size_t{4} << 20);
        const Durability durability(config::Durability::group);
        JournalTap tap(ring, durability);
        std::vector<std::int64_t> per_record;
        InputSequence inputs(population_, options_);
        for (std::uint64_t left = options_.ticks; left > 0;) {
            const auto block = inputs.next_ticks(std::min(kTicksPerBlock, left));
            left -= block.size();
            const core::Timestamp begin = clock_.now();
            for (const core::Input& input : block) tap.input(input);
            per_record.push_back((clock_.now() - begin).ns() /
                                 static_cast<std::int64_t>(block.size()));
            for (RingRecord record; ring.front(record);) ring.pop();
            ring.release();
        }
        append_distribution(json, "append_ns", std::move(per_record));
    }

    static void append(JournalWriter& writer, std::span<const core::Input> inputs) {
        std::array<std::byte, core::kInputBytesMax> room;
        for (const core::Input& input : inputs) {
            const std::size_t bytes = core::encode_input(input, room);
            if (writer.append_input(input.input_seq, input.engine_time,
                                    std::span(room).first(bytes)) != Append::done) {
                throw std::runtime_error(writer.failed() ? writer.failure()
                                                         : writer.space_problem());
            }
        }
    }
    // Inputs of one commit as the journal's thread writes them, and the same bytes written bare.
    void write_journal(JournalWriter& writer, File& bare, std::vector<std::int64_t>& group,
                       std::vector<std::int64_t>& plain) {
        InputSequence inputs(population_, options_);
        for (auto block = inputs.next_of_book(); !block.empty(); block = inputs.next_of_book()) {
            append(writer, block);
            commit(writer);
        }
        std::uint64_t offset = 0;
        for (std::uint64_t left = options_.ticks; left > 0;) {
            const bool measured = group.size() < options_.commits;
            const auto block = inputs.next_ticks(
                std::min(measured ? options_.inputs_per_commit : kTicksPerBlock, left));
            left -= block.size();
            append(writer, block);
            const std::vector<std::byte> same(writer.waiting_bytes(), std::byte{1});
            core::Timestamp begin = clock_.now();
            commit(writer);
            if (!measured) continue;
            group.push_back((clock_.now() - begin).ns());
            begin = clock_.now();
            check(bare.write(offset, same));
            check(bare.sync());
            plain.push_back((clock_.now() - begin).ns());
            offset += same.size();
        }
    }
    static void commit(JournalWriter& writer) {
        if (!writer.commit()) throw std::runtime_error(writer.failure());
    }

    // A snapshot of the book, and back; against the same book made by account updates and a bare
    // reading of the file.
    void measure_recovery(JsonWriter& json) {
        core::Timestamp begin = clock_.now();
        std::unique_ptr<core::Engine> engine = new_engine();
        double build = seconds_since(begin);
        InputSequence inputs(population_, options_);
        for (auto block = inputs.next_of_book(); !block.empty(); block = inputs.next_of_book()) {
            begin = clock_.now();
            for (const core::Input& input : block) apply(*engine, input);
            build += seconds_since(begin);
        }
        if (!engine->can_save()) throw std::runtime_error("the engine cannot be saved");
        SnapshotAbout about;
        about.input_seq = engine->input_seq();
        std::uint64_t bytes = 0;
        begin = clock_.now();
        check(write_snapshot(files_, folder_.text(), about, *engine, bytes));
        const double write = seconds_since(begin);
        const std::uint64_t hash = engine->state_hash();
        engine.reset();
        const std::string path = folder_.text() + "/" + snapshot_name(about.input_seq);
        const double read = read_bare(path);
        begin = clock_.now();
        SnapshotReader reader(files_, path);
        std::string problem;
        const std::unique_ptr<core::Engine> restored = core::Engine::restore(
            population_.parameters, {.search = core::Search::bands}, reader, problem);
        if (restored == nullptr || !reader.whole()) {
            throw std::runtime_error(problem + reader.problem());
        }
        const double recovery = seconds_since(begin);
        if (restored->state_hash() != hash) {
            throw std::runtime_error("the restored engine is another one");
        }
        json.open_object("recovery");
        json.number("snapshot_bytes", bytes);
        json.number("snapshot_write_seconds", rounded(write));
        json.number("read_seconds", rounded(read));
        json.number("build_seconds", rounded(build));
        json.number("recovery_seconds", rounded(recovery));
        json.number("ratio", rounded(recovery / (read + build)));
        json.close_object();
    }
    double read_bare(const std::string& path) {
        const core::Timestamp begin = clock_.now();
        std::unique_ptr<File> file;
        check(files_.open(path, Access::read, file));
        std::vector<std::byte> block(core::StateSink::kBlockBytes);
        std::size_t got = block.size();
        for (std::uint64_t offset = 0; got == block.size(); offset += got) {
            check(file->read(offset, block, got));
        }
        return seconds_since(begin);
    }

    // Ticks out of the journal, against the same ticks in memory.
    void measure_replay(JsonWriter& json) {
        const JournalState state = recover_journal(files_, folder_.text());
        if (!state.problem.empty()) throw std::runtime_error(state.problem);
        std::vector<std::int64_t> group;
        std::vector<std::int64_t> plain;
        {
            JournalWriter writer(files_, {.folder = folder_.text()}, state);
            core::EpochRecord epoch;
            epoch.number = 1;
            const core::Timestamp now = InputSequence(population_, options_).now();
            if (writer.append_epoch(epoch, now) != Append::done) {
                throw std::runtime_error(writer.failure() + writer.space_problem());
            }
            std::unique_ptr<File> bare;
            check(files_.open(folder_.text() + "/bare", Access::create, bare));
            // Its blocks are there before, as a segment's are.
            const std::vector<std::byte> zeros(options_.commits *
                                               core::record_bytes(core::kInputBytesMax) *
                                               (options_.inputs_per_commit + 1));
            check(bare->write(0, zeros));
            check(bare->sync());
            write_journal(writer, *bare, group, plain);
            if (!writer.close(now)) throw std::runtime_error(writer.failure());
        }
        append_distribution(json, "group_commit_ns", std::move(group));
        append_distribution(json, "bare_fdatasync_ns", std::move(plain));
        StreamReader reader(files_, folder_.text(), core::JournalStream::inputs);
        const std::unique_ptr<core::Engine> alone = new_engine();
        const std::unique_ptr<core::Engine> replayed = new_engine();
        double alone_seconds = 0;
        double replay_seconds = 0;
        InputSequence inputs(population_, options_);
        for (auto block = inputs.next_of_book(); !block.empty(); block = inputs.next_of_book()) {
            for (const core::Input& input : block) apply(*alone, input);
            replay(reader, *replayed, block.back().input_seq);
        }
        for (std::uint64_t left = options_.ticks; left > 0;) {
            const auto block = inputs.next_ticks(std::min(kTicksPerBlock, left));
            left -= block.size();
            core::Timestamp begin = clock_.now();
            for (const core::Input& input : block) apply(*alone, input);
            alone_seconds += seconds_since(begin);
            begin = clock_.now();
            replay(reader, *replayed, block.back().input_seq);
            replay_seconds += seconds_since(begin);
        }
        if (alone->state_hash() != replayed->state_hash()) {
            throw std::runtime_error("the replay is not what was recorded");
        }
        json.open_object("replay");
        json.number("engine_seconds", rounded(alone_seconds));
        json.number("replay_seconds", rounded(replay_seconds));
        json.number("rate_to_engine", rounded(alone_seconds / replay_seconds));
        json.close_object();
    }
    static void replay(StreamReader& reader, core::Engine& engine, std::uint64_t until) {
        core::Input input;
        JournalRecord record;
        while (engine.input_seq() < until) {
            if (reader.next(record) != ReadStatus::record) {
                throw std::runtime_error("the journal ends too soon: " + reader.problem());
            }
            if (record.header.type != core::RecordType::input) continue;
            if (!core::decode_input(record.header.sequence, record.header.time, record.payload,
                                    input)) {
                throw std::runtime_error("a record cannot be read");
            }
            apply(engine, input);
        }
    }

    const JournalBenchOptions options_;
    SystemClock clock_;
    PosixFiles files_;
    const WorkFolder folder_;
    const Population population_;
};

}  // namespace

std::string run_journal_bench(const JournalBenchOptions& options) {
    return JournalBench(options).run();
}

}  // namespace margind::daemon
