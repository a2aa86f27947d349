// Any bytes, as a message of the binary event stream. What is accepted can be read whole.
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/assert.hpp"
#include "daemon/gateway/event_sbe_reader.hpp"

namespace {

using namespace margind::daemon::sbe;

// Every byte of what is read counts, so that none may lie outside.
template <class Block>
unsigned sum_of(const Block& block) {
    unsigned sum = 0;
    for (const std::byte byte : std::as_bytes(std::span(&block, 1))) {
        sum += std::to_integer<unsigned>(byte);
    }
    return sum;
}

unsigned sum_of_root(const Message& message) {
    switch (message.kind()) {
        case Template::warning:
        case Template::recovered:
            return sum_of(message.block<WarningBlock>());
        case Template::margin_call:
            return sum_of(message.block<MarginCallBlock>());
        case Template::liquidation:
        case Template::bankruptcy:
            return sum_of(message.block<LiquidationBlock>());
        case Template::threshold_changed:
            return sum_of(message.block<ThresholdBlock>());
        case Template::price_state:
            return sum_of(message.block<PriceStateBlock>());
        case Template::feed_state:
            return sum_of(message.block<FeedStateBlock>());
        case Template::daemon_state:
            return sum_of(message.block<DaemonStateBlock>());
        case Template::parameters_changed:
            return sum_of(message.block<ParametersBlock>());
        case Template::clock:
            return sum_of(message.block<ClockBlock>());
        case Template::audit_failed:
            return sum_of(message.block<AuditBlock>());
        case Template::withheld:
            return sum_of(message.block<WithheldBlock>());
        case Template::caught_up:
            return sum_of(message.block<CaughtUpBlock>());
        case Template::goodbye:
            return sum_of(message.block<GoodbyeBlock>());
    }
    MARGIND_ASSERT(false);
    return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Message message;
    const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
    if (Message::read(bytes, message) != ReadProblem::none) return 0;
    unsigned sum = sum_of_root(message);
    for (std::size_t i = 0; i < message.plan_steps(); ++i) sum += sum_of(message.plan_step(i));
    MARGIND_ASSERT(sum <= 255 * size);
    return 0;
}
