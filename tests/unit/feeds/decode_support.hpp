// What the decoder tests share.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/decimal.hpp"
#include "feeds/feed_tally.hpp"
#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

inline std::ostream& operator<<(std::ostream& out, Reason reason) {
    return out << to_string(reason);
}
inline std::ostream& operator<<(std::ostream& out, Verdict verdict) {
    constexpr std::string_view kNames[] = {"decoded", "control", "ignored", "rejected"};
    return out << kNames[static_cast<std::size_t>(verdict)];
}
inline std::ostream& operator<<(std::ostream& out, Decimal decimal) {
    return out << decimal.mantissa << 'e' << decimal.exponent;
}

namespace test {

// A message as a session holds it: readable bytes behind it, with whatever was there before. They
// are chosen to be tempting: a decoder that reads on would find brackets and quotes.
class Padded {
  public:
    explicit Padded(std::string_view text, char filler = '}') : size_(text.size()) {
        bytes_.assign(text);
        bytes_.append(Decoder::kPadding, filler);
    }
    std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    std::string bytes_;
    std::size_t size_;
};

// A decoder of one venue with a batch of its own.
class Bench {
  public:
    explicit Bench(std::string_view venue)
        : decoder_(find_venue(venue)->make_decoder()), batch_(std::make_unique<TickBatch>()) {}

    // Ticks borrow from the message, which is kept until the next call.
    DecodeResult decode(std::string_view text, char filler = '}') {
        message_ = std::make_unique<Padded>(text, filler);
        return decoder_->decode(message_->view(), core::Timestamp{}, *batch_);
    }
    const TickBatch& ticks() const { return *batch_; }
    const Tick& tick(std::size_t i) const { return (*batch_)[i]; }

  private:
    std::unique_ptr<Decoder> decoder_;
    std::unique_ptr<TickBatch> batch_;
    std::unique_ptr<Padded> message_;
};

inline std::string text_of(Decimal decimal) {
    std::string text;
    append_decimal(text, decimal);
    return text;
}

// Everything of a tick, for comparison.
inline std::string describe(const Tick& tick) {
    std::string text = std::to_string(static_cast<int>(tick.channel)) + " " +
                       std::string(tick.symbol) + " t=" + std::to_string(tick.exchange_time.ns()) +
                       " seq=" + std::to_string(tick.sequence) +
                       " side=" + std::to_string(static_cast<int>(tick.taker_side));
    for (const Decimal value : {tick.price, tick.bid, tick.ask, tick.bid_size, tick.ask_size,
                                tick.size, tick.confidence}) {
        text += " " + text_of(value);
    }
    return text;
}

inline std::vector<std::string> describe(const TickBatch& batch) {
    std::vector<std::string> all;
    for (const Tick& tick : batch) all.push_back(describe(tick));
    return all;
}

// A recorded message from the venue, with the venue's name.
struct Recorded {
    std::string venue;
    std::string raw;
};
// All of tests/data/captures, in the order of files and lines.
const std::vector<Recorded>& recorded_messages();

// Some of them, spread over all venues: at most `per_reason` of each (venue, reason, tick channel).
std::vector<Recorded> sample_messages(std::size_t per_reason);

}  // namespace test
}  // namespace margind::feeds
