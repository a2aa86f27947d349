#include "tests/support/recorded_venue.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/past.hpp"
#include "daemon/journal/recovery.hpp"
#include "tests/support/book.hpp"

namespace margind::test {

const char* const kVenueConfig = R"(
valuation_currency: USD
assets:
  - {name: USD}
  - {name: BTC, priced_by: BTC-PERP, haircut: 10%}
feeds:
  - {name: venue, venue: coinbase_exchange, url: "ws://127.0.0.1:9"}
instrument_defaults:
  quote: USD
  price_decimals: 2
  quantity_decimals: 3
  price_max: 1000000
  quorum_index: 1
  hold_max: 30s
instruments:
  - name: BTC-PERP
    tiers:
      - {notional_up_to: 100000, initial_rate: 4%, maintenance_rate: 2%}
      - {initial_rate: 8%, maintenance_rate: 4%}
    rate: {z_initial: 4, z_maintenance: 2, horizon: 30s, cap: 30%}
    volatility: {half_life: 10s, sample_interval: 500ms, initial_annual: 0.5}
    sources:
      - {feed: venue, symbol: BTC-USD, channel: book_top, stale_after: 5s}
  - name: ETH-PERP
    tiers:
      - {initial_rate: 10%, maintenance_rate: 5%}
    sources:
      - {feed: venue, symbol: ETH-USD, channel: book_top, stale_after: 5s}
)";

RecordedVenue::RecordedVenue(std::filesystem::path folder, std::string config,
                             std::uint64_t segment_bytes)
    : folder_(std::move(folder)), config_(std::move(config)), segment_bytes_(segment_bytes) {
    config::Loaded loaded = config::load_text(config_, "recorded_venue.yaml");
    if (!loaded.problems.empty()) {
        throw std::runtime_error(config::to_string(loaded.problems.front()));
    }
    settings = std::move(loaded.settings);
    core::EngineOptions options = config::engine_options(settings.engine);
    options.config_hash = daemon::config_hash(config_);
    engine = std::make_unique<core::Engine>(settings.risk, options);
    begin();
}

void RecordedVenue::begin() {
    std::filesystem::create_directories(folder_);
    const daemon::JournalState state = daemon::recover_journal(files_, folder_.string());
    if (!state.problem.empty()) throw std::runtime_error(state.problem);
    daemon::JournalWriterOptions options;
    options.folder = folder_.string();
    options.segment_bytes = segment_bytes_;
    options.session[0] = std::byte{7};
    writer_ = std::make_unique<daemon::JournalWriter>(files_, options, state);
    const bool first = state.last_epoch == 0;
    writer_->append_epoch(
        {.number = state.last_epoch + 1,
         .reason = first ? core::EpochReason::first_start : core::EpochReason::restart,
         .program = "margind 0.1.0",
         .config_name = "recorded_venue.yaml",
         .config_text = config_},
        now);
}

core::Refusal RecordedVenue::apply(core::Input input) {
    input.input_seq = ++input_seq;
    input.engine_time = now;
    input.receive_time = now - core::Duration::from_us(3);
    inputs.push_back(input);
    std::array<std::byte, core::kInputBytesMax> bytes;
    const std::size_t size = core::encode_input(input, bytes);
    writer_->append_input(input_seq, now, std::span(bytes).first(size));
    const core::Refusal refusal = engine->apply(input);
    core::Event event;
    while (engine->next_event(event)) record(event);
    if (!writer_->commit()) throw std::runtime_error(writer_->failure());
    return refusal;
}

void RecordedVenue::record(core::Event event) {
    events.push_back(event);
    if (falsify_ && core::is_account_event(event.kind)) {
        falsify_ = false;
        event.account.equity = event.account.equity + core::Money::from_raw(1);
    }
    std::array<std::byte, core::kEventBytesMax> bytes;
    const std::size_t size = core::encode_event(event, bytes);
    writer_->append_event(event.event_seq, now, std::span(bytes).first(size));
}

core::Refusal RecordedVenue::set_price(std::uint32_t source, double value) {
    core::PriceInput p;
    p.source = core::SourceId(source);
    p.channel = core::Channel::book_top;
    p.price = core::Price::from_raw(static_cast<std::int64_t>(value * 100 + 0.5));
    p.bid = core::Price::from_raw(p.price.raw() - 1);
    p.ask = core::Price::from_raw(p.price.raw() + 1);
    return apply(core::Input::of(p));
}

core::Refusal RecordedVenue::open(const std::string& account, double cash, std::uint32_t instrument,
                                  double size, double entry) {
    core::AccountInput a;
    a.key = key(account);
    a.record = core::AccountRecord::balance;
    a.amount = money(cash).raw();
    a.last = core::Last::no;
    apply(core::Input::of(a));
    a.record = core::AccountRecord::position;
    a.id = instrument;
    a.amount = static_cast<std::int64_t>(size * 1000 + (size < 0 ? -0.5 : 0.5));
    a.price = static_cast<std::int64_t>(entry * 100 + 0.5);
    a.last = core::Last::yes;
    return apply(core::Input::of(a));
}

void RecordedVenue::close() {
    if (!writer_->close(now)) throw std::runtime_error(writer_->failure());
    writer_.reset();
}

void RecordedVenue::crash() {
    writer_.reset();
}

// What a recovery comes to: the engine as it was, and the notice that it was restarted.
void RecordedVenue::restart() {
    begin();
    apply(core::Input::of(
        core::DaemonInput{core::DaemonNotice::restarted, core::DaemonReason::restarted}));
}

void play(RecordedVenue& venue, int seconds) {
    venue.set_price(0, 60'000);
    venue.set_price(1, 4'000);
    venue.open("thin", 3'000, 0, 1, 60'000);
    venue.open("thick", 9'000, 0, 1, 60'000);
    venue.open("short", 4'000, 0, -1, 60'000);
    venue.open("ether", 3'000, 1, 5, 4'000);
    for (int second = 1; second <= seconds; ++second) {
        venue.wait(core::Duration::from_seconds(1));
        if (second / 10 == 5) {
            venue.tick();  // ten seconds without a price
            continue;
        }
        venue.set_price(0, 60'000 - 90.0 * second - (second % 7) * 13.0);
        venue.set_price(1, 4'000 - 3.0 * second);
    }
}

}  // namespace margind::test
