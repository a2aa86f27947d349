#include "daemon/gateway/event_history.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "config/settings.hpp"
#include "core/journal/epoch.hpp"
#include "core/journal/event_codec.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "daemon/threads/duty_thread.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;

// Names of instruments, assets and feeds differ between the configurations of a journal's runs: an
// event's are those of the run that took its input.
class Encoders {
  public:
    Encoders(FileLayer& files, const std::string& folder) : files_(files), folder_(folder) {}

    // Null: the journal has not got that run's configuration any more.
    const EventEncoder* of_input(std::uint64_t input_seq) {
        if (input_seq < begin_ || input_seq >= end_) look_up(input_seq);
        return encoder_.get();
    }

  private:
    void look_up(std::uint64_t input_seq) {
        encoder_.reset();
        begin_ = end_ = 0;
        std::vector<SegmentFile> segments;
        if (list_segments(files_, folder_, core::JournalStream::inputs, segments)) return;
        std::size_t after = 0;
        while (after < segments.size() && segments[after].first_sequence <= input_seq) ++after;
        if (after == 0) return;
        const std::uint32_t epoch = epoch_of(segments[after - 1]);
        std::size_t first = after - 1;
        while (first > 0 && epoch_of(segments[first - 1]) == epoch) --first;
        encoder_ = encoder_of(segments[first]);
        begin_ = segments[first].first_sequence;
        // The last segment is this run's, which goes on.
        end_ = after < segments.size() ? segments[after].first_sequence : UINT64_MAX;
    }
    std::uint32_t epoch_of(const SegmentFile& segment) {
        std::unique_ptr<SegmentReader> reader;
        return SegmentReader::open(files_, folder_, segment, reader) ? 0 : reader->header().epoch;
    }
    // A run begins a segment, whose first record is its epoch.
    std::unique_ptr<EventEncoder> encoder_of(const SegmentFile& segment) {
        std::unique_ptr<SegmentReader> reader;
        JournalRecord record;
        if (SegmentReader::open(files_, folder_, segment, reader) ||
            reader->next(record) != SegmentReader::Step::record ||
            record.header.type != core::RecordType::epoch) {
            return nullptr;
        }
        const std::optional<core::EpochRecord> epoch = core::decode_epoch(record.payload);
        if (!epoch) return nullptr;
        const config::Loaded loaded = config::load_text(epoch->config_text, epoch->config_name);
        if (!loaded.problems.empty()) return nullptr;
        return std::make_unique<EventEncoder>(loaded.settings.risk);
    }

    FileLayer& files_;
    const std::string& folder_;
    std::uint64_t begin_ = 0;  // the inputs that `encoder_` is of
    std::uint64_t end_ = 0;
    std::unique_ptr<EventEncoder> encoder_;
};

}  // namespace

class EventHistory::Place {
  public:
    explicit Place(std::uint64_t event_seq) : next_event_seq(event_seq) {}

    std::uint64_t next_event_seq;
    std::optional<StreamReader> reader;  // where it was left
};

class EventHistory::Implementation {
  public:
    Implementation(asio::io_context& io, FileLayer& files, std::string folder,
                   const Durability& durability, feeds::Clock& clock)
        : io_(io),
          files_(files),
          folder_(std::move(folder)),
          durability_(durability),
          clock_(clock),
          encoders_(files, folder_) {
        asio::post(thread_, [] { name_thread("mg-history"); });
    }
    ~Implementation() {
        stopped_.store(true, std::memory_order_relaxed);
        thread_.join();
    }

    void read(std::shared_ptr<Place> place, std::function<void(Block)> done) {
        asio::post(thread_, [this, place = std::move(place), done = std::move(done)]() mutable {
            if (stopped_.load(std::memory_order_relaxed)) return;
            auto block = std::make_shared<Block>(next_block(*place));
            // Destroyed on the io thread, as what it holds of the subscriber has to be.
            asio::post(io_, [done = std::move(done), block = std::move(block)] {
                done(std::move(*block));
            });
        });
    }

  private:
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
        while (block.lines.size() < kBlockBytes && !stopped_.load(std::memory_order_relaxed) &&
               place.reader->next(record, durability_.events()) == ReadStatus::record) {
            if (record.header.type != core::RecordType::event) continue;
            if (!core::decode_event(record.header.sequence, record.payload, event)) {
                block.problem =
                    fmt::format("{}/{}: event {} is not one that this margind can read", folder_,
                                place.reader->segment(), record.header.sequence);
                return;
            }
            const EventEncoder* const encoder = encoders_.of_input(event.input_seq);
            if (encoder == nullptr) {
                block.gone_before = record.header.sequence + 1;
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

EventHistory::EventHistory(asio::io_context& io, FileLayer& files, std::string folder,
                           const Durability& durability, feeds::Clock& clock)
    : implementation_(
          std::make_unique<Implementation>(io, files, std::move(folder), durability, clock)) {}

EventHistory::~EventHistory() = default;

std::shared_ptr<EventHistory::Place> EventHistory::begin(std::uint64_t next_event_seq) const {
    return std::make_shared<Place>(next_event_seq);
}

void EventHistory::read(std::shared_ptr<Place> place, std::function<void(Block)> done) {
    implementation_->read(std::move(place), std::move(done));
}

}  // namespace margind::daemon
