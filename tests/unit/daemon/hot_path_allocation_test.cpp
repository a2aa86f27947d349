// From a message's bytes to an event's line, on real recorded messages: nothing allocates once
// warm.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/journal_tap.hpp"
#include "daemon/journal/record_ring.hpp"
#include "daemon/line_reader.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/straight_through.hpp"
#include "feeds/recording.hpp"
#include "feeds/venue.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/support/daemon_parts.hpp"

namespace margind::daemon {
namespace {

using namespace tests;

constexpr int kPassesMax = 15'000;
constexpr std::uint64_t kTicksWanted = 100'000;

config::Settings settings() {
    const config::Loaded loaded = config::load_text(R"(
valuation_currency: USD
assets: [{name: USD}]
feeds: [{name: usdm, venue: binance_usdm, url: "ws://127.0.0.1:1"}]
ladder:  # no hysteresis: accounts go to and fro with every few dollars
  warning: {multiplier: 1.5, hysteresis: 0%}
  margin_call: {multiplier: 1.2, hysteresis: 0%}
  liquidation: {multiplier: 1, hysteresis: 0%}
instruments:
  - name: BTC-PERP
    quote: USD
    price_max: 1000000
    tiers: [{initial_rate: 2%, maintenance_rate: 1%}]
    rate: {z_initial: 4, z_maintenance: 3, horizon: 5m, cap: 50%}
    volatility: {half_life: 2s, sample_interval: 100ms}
    sources:
      - {feed: usdm, symbol: BTCUSDT, channel: book_top, role: mark}
      - {feed: usdm, symbol: BTCUSDT, channel: trade, role: index}
)",
                                                    "hot_path.yaml");
    for (const config::Problem& problem : loaded.problems) FAIL(config::to_string(problem));
    return loaded.settings;
}

// A recorded message whose exchange times can be moved on, so that it may be heard again later.
class Message {
  public:
    explicit Message(std::string_view recorded) : text_(recorded) {
        for (const char* member : {"\"T\":", "\"E\":"}) {
            const std::size_t at = text_.find(member);
            if (at == std::string::npos) continue;
            times_[time_count_++] = {at + 4, std::stoull(text_.substr(at + 4, kDigits))};
        }
        text_.append(feeds::Decoder::kPadding, '\0');
    }
    // In place: allocates nothing.
    void delay(std::uint64_t ms) {
        for (std::size_t i = 0; i < time_count_; ++i) {
            std::uint64_t value = times_[i].recorded_ms + ms;
            for (std::size_t digit = kDigits; digit-- > 0; value /= 10) {
                text_[times_[i].at + digit] = static_cast<char>('0' + value % 10);
            }
        }
    }
    std::string_view text() const {
        return std::string_view(text_).substr(0, text_.size() - feeds::Decoder::kPadding);
    }

  private:
    static constexpr std::size_t kDigits = 13;
    struct Time {
        std::size_t at = 0;
        std::uint64_t recorded_ms = 0;
    };
    std::string text_;
    std::array<Time, 2> times_;
    std::size_t time_count_ = 0;
};

// Every message of the recording's BTC connection.
std::vector<Message> recorded_messages() {
    LineReader reader(MARGIND_SOURCE_DIR "/tests/data/captures/binance_usdm.jsonl", 1 << 24);
    feeds::RecordingReader recording;
    std::vector<Message> messages;
    std::string_view text;
    while (reader.next(text) != LineReader::Result::end) {
        const feeds::RecordedLine line = recording.read(text);
        if (line.kind != feeds::RecordedLine::Kind::in) continue;
        if (line.connection == "usdm-btc-20230404") messages.emplace_back(line.raw);
    }
    return messages;
}

// Accounts close to their thresholds, so that recorded movements make events, and others at a
// distance, whose guards they reach.
void add_accounts(EngineCycle& cycle) {
    for (int i = 0; i < 400; ++i) {
        const std::string owner = "a" + std::to_string(i);
        core::Input money =
            balance(owner, i < 200 ? 275 + i : 420 + 0.5 * (i - 200), core::Last::no);
        core::Input btc = position(owner, 0, i % 2 == 0 ? 1 : -1, 28'150);
        cycle.accept(money);
        cycle.accept(btc);
    }
}

class HotPath {
  public:
    HotPath(config::Layout layout, core::Search search)
        : engine_(settings_.risk, {.search = search}),
          queued_(settings_.risk, 4'096, nullptr),
          events_(4'096, nullptr),
          cycle_(engine_, &clock_, layout == config::Layout::paired ? &queued_ : nullptr, events_,
                 &reports_, nullptr),
          straight_(cycle_),
          inputs_(settings_.risk, clock_,
                  layout == config::Layout::paired ? static_cast<Delivery&>(queued_) : straight_) {
        cycle_.record_in(tap_);
        add_accounts(cycle_);
        take_events();
    }

    // All messages once, as if the feed had just reconnected, some minutes after the last pass.
    void pass(std::vector<Message>& messages) {
        delay_ms_ += 300'000;
        inputs_.on_state(feed_, core::FeedState::connecting, core::FeedReason::started);
        inputs_.on_state(feed_, core::FeedState::live, core::FeedReason::subscribed);
        for (Message& message : messages) {
            message.delay(delay_ms_);
            clock_.advance(core::Duration::from_ms(3));
            batch_->clear();
            if (decoder_->decode(message.text(), clock_.now(), *batch_).verdict ==
                feeds::Verdict::decoded) {
                ticks += batch_->size();
                all_taken = inputs_.on_ticks(feed_, *batch_, clock_.now()) && all_taken;
            }
            cycle_.do_work();
            take_events();
        }
    }
    bool all_taken = true;
    std::uint64_t ticks = 0;
    std::uint64_t account_events = 0;
    std::uint64_t records = 0;  // that reached the journal's side
    const core::Engine& engine() const { return engine_; }

  private:
    void take_events() {
        while (events_.try_take(event_)) {
            if (core::is_account_event(event_.kind)) ++account_events;
            line_.clear();
            encoder_.append_line(line_, event_, clock_.now());
        }
        RingRecord record;
        for (; ring_.front(record); ring_.pop()) ++records;
        ring_.release();
    }

    const config::Settings settings_ = settings();
    const core::FeedId feed_{0};
    HandClock clock_;
    core::Engine engine_;
    Published<EngineReport> reports_;
    QueuedDelivery queued_;
    EventQueue events_;
    const Durability durability_{config::Durability::memory};
    RecordRing ring_{1 << 20};
    JournalTap tap_{ring_, durability_};
    EngineCycle cycle_;
    StraightDelivery straight_;
    FeedInputs inputs_;
    const std::unique_ptr<feeds::Decoder> decoder_ =
        feeds::find_venue("binance_usdm")->make_decoder();
    const std::unique_ptr<feeds::TickBatch> batch_ = std::make_unique<feeds::TickBatch>();
    const EventEncoder encoder_{settings_.risk};
    core::Event event_;
    TextBuffer line_;
    std::uint64_t delay_ms_ = 0;
};

void check_allocations(config::Layout layout, core::Search search) {
    std::vector<Message> messages = recorded_messages();
    REQUIRE(messages.size() > 500);
    const auto path = std::make_unique<HotPath>(layout, search);
    for (int i = 0; i < 3; ++i) path->pass(messages);
    path->ticks = path->account_events = path->records = 0;
    const std::uint64_t evaluations = path->engine().statistics().evaluations;
    const auto before = test::allocation_count();
    int passes = 0;
    while (path->ticks < kTicksWanted && passes < kPassesMax) {
        path->pass(messages);
        ++passes;
    }
    const auto allocations = test::allocation_count() - before;
    CAPTURE(passes, path->ticks);
    CHECK(path->all_taken);
    CHECK(path->ticks >= kTicksWanted);
    CHECK(path->account_events > 100);        // the whole path was walked, to the very end
    CHECK(path->records > kTicksWanted / 2);  // queued, a price may overtake another
    if (search == core::Search::reference) {
        CHECK(path->engine().statistics().evaluations - evaluations > kTicksWanted);
    } else {
        CHECK(path->engine().band_statistics().banded > 100);
    }
    CHECK(allocations == 0);
}

TEST_CASE("a hundred thousand recorded ticks allocate nothing, queued or inline") {
    for (const config::Layout layout : {config::Layout::paired, config::Layout::inline_}) {
        check_allocations(layout, core::Search::reference);
        check_allocations(layout, core::Search::bands);
    }
}

}  // namespace
}  // namespace margind::daemon
