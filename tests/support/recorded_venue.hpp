// A journal made by a real engine through the real writer: inputs are stamped, applied and recorded
// with the events they make, as the daemon does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/posix_files.hpp"

namespace margind::test {

// BTC-PERP and ETH-PERP in USD with one source each; the first moves its rates with volatility.
extern const char* const kVenueConfig;

class RecordedVenue {
  public:
    // Begins a journal in `folder`, or goes on with the one there. Throws std::runtime_error when
    // the journal refuses.
    RecordedVenue(std::filesystem::path folder, std::string config,
                  std::uint64_t segment_bytes = 1UL << 20);

    core::Refusal apply(core::Input input);
    core::Refusal set_price(std::uint32_t source, double value);
    core::Refusal open(const std::string& account, double cash, std::uint32_t instrument,
                       double size, double entry);
    core::Refusal tick() { return apply(core::Input::of(core::TimerInput{})); }
    void wait(core::Duration duration) { now = now + duration; }

    // The daemon ends, as it should.
    void close();
    // It ends in the middle of things: what is recorded is on disk, and nothing says that it ended.
    void crash();
    // After either: another run goes on from there.
    void restart();

    // What the next event's equity is recorded as, instead of what the engine says: a journal that
    // does not hold what its inputs give.
    void falsify_next_account_event() { falsify_ = true; }

    config::Settings settings;
    std::unique_ptr<core::Engine> engine;
    std::vector<core::Event> events;
    std::vector<core::Input> inputs;
    std::uint64_t input_seq = 0;
    core::Timestamp now = core::Timestamp::from_ns(1'760'130'000'000'000'000);

  private:
    void begin();
    void record(core::Event event);

    const std::filesystem::path folder_;
    const std::string config_;
    const std::uint64_t segment_bytes_;
    daemon::PosixFiles files_;
    std::unique_ptr<daemon::JournalWriter> writer_;
    bool falsify_ = false;
};

// A fall by a fifth within two minutes, four accounts in it, a silence in the middle: warnings,
// calls, liquidations, a bankruptcy, prices frozen and good again, rates that move.
void play(RecordedVenue& venue, int seconds = 120);

}  // namespace margind::test
