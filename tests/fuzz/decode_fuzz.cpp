// Any bytes, through a venue's decoder. What it promises must hold: ticks or none at all, text that
// lies inside the message, and the same answer the second time.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace {

using margind::core::Timestamp;
using margind::feeds::Decoder;
using margind::feeds::DecodeResult;
using margind::feeds::Tick;
using margind::feeds::TickBatch;
using margind::feeds::Verdict;

bool inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

// Whether a price that came out of a decoder is one that a market can have.
bool usable(const Tick& tick) {
    if (tick.channel == margind::core::Channel::book_top)
        return tick.bid.mantissa > 0 && tick.ask.mantissa > 0 && tick.bid_size.mantissa >= 0 &&
               tick.ask_size.mantissa >= 0;
    return tick.price.mantissa > 0 && tick.size.mantissa >= 0 && tick.confidence.mantissa >= 0;
}

struct Harness {
    std::unique_ptr<Decoder> decoder = margind::feeds::find_venue(MARGIND_VENUE)->make_decoder();
    TickBatch first;
    TickBatch second;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Harness harness;
    std::string buffer(size + Decoder::kPadding, '\0');
    for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>(data[i]);
    const std::string_view message(buffer.data(), size);
    const Timestamp received = Timestamp::from_ns(1'760'000'000'000'000'000);

    const DecodeResult result = harness.decoder->decode(message, received, harness.first);
    MARGIND_ASSERT((result.verdict == Verdict::decoded) == !harness.first.empty());
    MARGIND_ASSERT(inside(result.detail, message));
    for (const Tick& tick : harness.first)
        MARGIND_ASSERT(usable(tick) && !tick.symbol.empty() && inside(tick.symbol, message));

    const DecodeResult again = harness.decoder->decode(message, received, harness.second);
    MARGIND_ASSERT(again.verdict == result.verdict && again.reason == result.reason);
    MARGIND_ASSERT(harness.second.size() == harness.first.size());
    for (std::size_t i = 0; i < harness.first.size(); ++i)
        MARGIND_ASSERT(harness.second[i].price == harness.first[i].price &&
                       harness.second[i].bid == harness.first[i].bid);
    return 0;
}
