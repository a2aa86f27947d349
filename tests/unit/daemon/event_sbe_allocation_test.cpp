// Encoding and reading a message allocate nothing.
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/gateway/event_sbe.hpp"
#include "daemon/gateway/event_sbe_reader.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/support/wire_samples.hpp"

using namespace margind;

TEST_CASE("a message is written and read without an allocation") {
    const core::RiskParameters parameters = tests::wire_parameters();
    const daemon::sbe::EventEncoder encoder(parameters);
    const std::vector<core::Event> events = tests::wire_events(parameters, 20251010, 5);
    std::vector<std::byte> room(daemon::sbe::kMessageBytesMax);
    std::size_t read = 0;
    const std::size_t before = test::allocation_count();
    for (const core::Event& event : events) {
        const std::size_t length =
            encoder.encode(event, event.engine_time,
                           daemon::sbe::Room(room.data(), daemon::sbe::kMessageBytesMax));
        daemon::sbe::Message message;
        if (daemon::sbe::Message::read({room.data(), length}, message) ==
            daemon::sbe::ReadProblem::none) {
            ++read;
        }
    }
    const std::size_t after = test::allocation_count();
    CHECK(after == before);
    CHECK(read == events.size());
}
