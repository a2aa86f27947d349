#include "daemon/gateway/event_history.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/journal/epoch.hpp"
#include "core/journal/event_codec.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "daemon/threads/duty_thread.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;

// Names of instruments, assets and feeds differ between the configurations of a journal's runs: an
// event's are those of the run that took its input.
class Encoders {
  public:
    Encoders(FileLayer& files, const std::string& folder, EventHistory::Run current)
        : files_(files), folder_(folder), current_(current) {}

    // Null: the journal has not got that run's configuration any more, or `error`.
    const EventEncoder* of_input(std::uint64_t input_seq, IoError& error) {
        if (input_seq >= current_.first_input) return &current_.encoder;
        if (input_seq < begin_ || input_seq >= end_) {
            error = look_up(input_seq);
            // A segment was compressed, or removed, after it was listed.
            if (not_there(error)) error = look_up(input_seq);
        }
        return encoder_.get();
    }

  private:
    IoError look_up(std::uint64_t input_seq) {
        encoder_.reset();
        begin_ = end_ = 0;
        std::vector<SegmentFile> segments;
        IoError error = list_segments(files_, folder_, core::JournalStream::inputs, segments);
        if (error) return error;
        std::size_t end = 0;
        while (end < segments.size() && segments[end].first_sequence <= input_seq) ++end;
        if (end == 0) return {};
        std::uint32_t epoch = 0;
        error = epoch_of(segments[end - 1], epoch);
        std::size_t first = end - 1;
        for (std::uint32_t before = epoch; !error && first > 0; --first) {
            error = epoch_of(segments[first - 1], before);
            if (before != epoch) break;
        }
        for (std::uint32_t after = epoch; !error && end < segments.size(); ++end) {
            error = epoch_of(segments[end], after);
            if (after != epoch) break;
        }
        if (!error) error = encoder_of(segments[first], epoch);
        if (error || encoder_ == nullptr) return error;
        begin_ = segments[first].first_sequence;
        end_ = end < segments.size() ? segments[end].first_sequence : current_.first_input;
        return {};
    }
    // A segment's header stands for good.
    IoError epoch_of(const SegmentFile& segment, std::uint32_t& epoch) {
        const auto known = epochs_.find(segment.first_sequence);
        if (known != epochs_.end()) {
            epoch = known->second;
            return {};
        }
        std::unique_ptr<SegmentReader> reader;
        if (IoError error = SegmentReader::open(files_, folder_, segment, reader)) return error;
        if (epochs_.size() >= kEpochsKnown) epochs_.clear();
        epochs_[segment.first_sequence] = epoch = reader->header().epoch;
        return {};
    }
    // A run begins a segment, whose first record is its epoch. Where retention has removed that
    // one, a snapshot may still say what the run was configured with.
    IoError encoder_of(const SegmentFile& segment, std::uint32_t number) {
        std::unique_ptr<SegmentReader> reader;
        JournalRecord record;
        if (IoError error = SegmentReader::open(files_, folder_, segment, reader)) return error;
        if (reader->next(record) == SegmentReader::Step::record &&
            record.header.type == core::RecordType::epoch) {
            if (const auto epoch = core::decode_epoch(record.payload)) take(*epoch);
            return {};
        }
        std::vector<std::uint64_t> snapshots;
        if (IoError error = list_snapshots(files_, folder_, snapshots)) return error;
        for (const std::uint64_t snapshot : snapshots) {
            const SnapshotReader saved(files_, folder_ + "/" + snapshot_name(snapshot));
            if (!saved.problem().empty() || saved.about().epoch.number != number) continue;
            take(saved.about().epoch);
            break;
        }
        return {};
    }
    void take(const core::EpochRecord& epoch) {
        const config::Loaded loaded = config::load_text(epoch.config_text, epoch.config_name);
        if (!loaded.problems.empty()) return;
        encoder_ = std::make_unique<EventEncoder>(loaded.settings.risk);
    }

    static constexpr std::size_t kEpochsKnown = 100'000;

    FileLayer& files_;
    const std::string& folder_;
    const EventHistory::Run current_;
    std::map<std::uint64_t, std::uint32_t> epochs_;  // of segments, by their first sequence
    std::uint64_t begin_ = 0;                        // the inputs that `encoder_` is of
    std::uint64_t end_ = 0;
    std::unique_ptr<EventEncoder> encoder_;
};

}  // namespace

class EventHistory::Place {
  public:
    explicit Place(std::uint64_t event_seq) : next_event_seq(event_seq) {}

    std::atomic<bool> abandoned{false};
    // The thread's.
    std::uint64_t next_event_seq;
    std::optional<StreamReader> reader;  // where it was left
};

class EventHistory::Implementation {
  public:
    Implementation(asio::io_context& io, FileLayer& files, std::string folder,
                   const Durability& durability, feeds::Clock& clock, Run current)
        : io_(io),
          files_(files),
          folder_(std::move(folder)),
          durability_(durability),
          clock_(clock),
          encoders_(files, folder_, current) {
        asio::post(thread_, [] { name_thread("mg-history"); });
    }
    ~Implementation() {
        stopped_.store(true, std::memory_order_relaxed);
        thread_.join();
    }

    void read(std::shared_ptr<Place> place, std::function<void(Block)> done) {
        asio::post(thread_, [this, place = std::move(place), done = std::move(done)]() mutable {
            if (over(*place)) return;
            auto block = std::make_shared<Block>(next_block(*place));
            // Destroyed on the io thread, as what it holds of the subscriber has to be.
            asio::post(io_, [done = std::move(done), block = std::move(block)] {
                done(std::move(*block));
            });
        });
    }

  private:
    bool over(const Place& place) const {
        return stopped_.load(std::memory_order_relaxed) ||
               place.abandoned.load(std::memory_order_relaxed);
    }
    Block next_block(Place& place) {
        Block block;
        const ReadStatus found = open(place);
        if (found == ReadStatus::record) add_lines(place, block);
        if (found == ReadStatus::problem || place.reader->problem().size() > 0) {
            explain(place, block);
        }
        block.next_event_seq = place.next_event_seq;
        return block;
    }
    ReadStatus open(Place& place) {
        if (place.reader) return ReadStatus::record;
        place.reader.emplace(files_, folder_, core::JournalStream::events);
        const ReadStatus found = place.reader->seek(place.next_event_seq);
        return found == ReadStatus::end ? ReadStatus::record : found;
    }
    void add_lines(Place& place, Block& block) {
        JournalRecord record;
        core::Event event;
        const core::Timestamp now = clock_.now();
        while (block.lines.size() < kBlockBytes && !over(place) &&
               place.reader->next(record, durability_.events()) == ReadStatus::record) {
            if (record.header.type != core::RecordType::event) continue;
            if (!core::decode_event(record.header.sequence, record.payload, event)) {
                block.problem =
                    fmt::format("{}/{}: event {} is not one that this margind can read", folder_,
                                place.reader->segment(), record.header.sequence);
                return;
            }
            IoError error;
            const EventEncoder* const encoder = encoders_.of_input(event.input_seq, error);
            if (encoder == nullptr) {
                block.problem = error.text;
                if (!error) block.gone_before = record.header.sequence + 1;
                return;
            }
            encoder->append_line(block.lines, event, now);
            place.next_event_seq = record.header.sequence + 1;
        }
    }
    // Whether it was retention, or damage.
    void explain(Place& place, Block& block) {
        JournalRange range;
        if (!journal_range(files_, folder_, range) && place.next_event_seq < range.first_event) {
            block.gone_before = range.first_event;
        } else {
            block.problem = place.reader->problem();
        }
        place.reader.reset();
    }

    asio::io_context& io_;
    FileLayer& files_;
    const std::string folder_;
    const Durability& durability_;
    feeds::Clock& clock_;
    Encoders encoders_;  // the thread's
    std::atomic<bool> stopped_{false};
    asio::thread_pool thread_{1};
};

EventHistory::EventHistory(boost::asio::io_context& io, FileLayer& files, std::string folder,
                           const Durability& durability, feeds::Clock& clock, Run current)
    : implementation_(std::make_unique<Implementation>(io, files, std::move(folder), durability,
                                                       clock, current)) {}

EventHistory::~EventHistory() = default;

std::shared_ptr<EventHistory::Place> EventHistory::begin(std::uint64_t next_event_seq) const {
    return std::make_shared<Place>(next_event_seq);
}

void EventHistory::abandon(Place& place) const {
    place.abandoned.store(true, std::memory_order_relaxed);
}

void EventHistory::read(std::shared_ptr<Place> place, std::function<void(Block)> done) {
    implementation_->read(std::move(place), std::move(done));
}

}  // namespace margind::daemon
