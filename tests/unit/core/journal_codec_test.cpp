#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "core/journal/record.hpp"
#include "tests/support/random_records.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using namespace margind::core;

namespace {

using Bytes = std::vector<std::byte>;

Bytes encoded(const Input& input) {
    Bytes bytes(kInputBytesMax);
    bytes.resize(encode_input(input, bytes));
    return bytes;
}
Bytes encoded(const Event& event) {
    Bytes bytes(kEventBytesMax);
    bytes.resize(encode_event(event, bytes));
    return bytes;
}
bool decoded(const Bytes& bytes, Input& input) {
    return decode_input(input.input_seq, input.engine_time, bytes, input);
}
bool decoded(const Bytes& bytes, Event& event) {
    return decode_event(event.event_seq, bytes, event);
}

// A price input in memory whose bytes beside the fields hold `filler`.
Input on_filled_memory(const PriceInput& price, unsigned char filler) {
    Input input;
    std::memset(static_cast<void*>(&input), filler, sizeof(input));
    input.kind = InputKind::price;
    input.origin = 0;
    input.receive_time = input.exchange_time = Timestamp();
    input.price.source = price.source;
    input.price.channel = price.channel;
    input.price.price = price.price;
    input.price.bid = price.bid;
    input.price.ask = price.ask;
    input.price.confidence = price.confidence;
    input.price.sequence = price.sequence;
    return input;
}

// What is read from a payload was either what was written, or turns into exactly those bytes again:
// no two payloads mean the same.
template <class T>
void every_altered_payload_is_refused_or_another(const T& record, std::uint64_t seed) {
    const Bytes bytes = encoded(record);
    CAPTURE(seed, bytes.size());
    T read = record;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const Bytes part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        CAPTURE(length);
        CHECK_FALSE(decoded(part, read));
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK_FALSE(decoded(longer, read));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        Bytes altered = bytes;
        altered[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (!decoded(altered, read)) continue;
        CAPTURE(bit);
        CHECK(encoded(read) == altered);
    }
}

}  // namespace

TEST_CASE("an input of every kind comes back from its bytes, field by field") {
    for (std::uint64_t seed = test::first_seed(); seed < test::first_seed() + 200; ++seed) {
        test::RandomRecords random(seed);
        for (int kind = 0; kind < static_cast<int>(InputKind::count_); ++kind) {
            CAPTURE(seed, kind);
            const Input input = random.input(static_cast<InputKind>(kind));
            const Bytes bytes = encoded(input);
            REQUIRE_FALSE(bytes.empty());
            Input read;
            REQUIRE(decode_input(input.input_seq, input.engine_time, bytes, read));
            CHECK(read.kind == input.kind);
            CHECK(read.input_seq == input.input_seq);
            CHECK(read.engine_time == input.engine_time);
            CHECK(encoded(read) == bytes);
        }
    }
}

TEST_CASE("a price, an account record and a daemon's notice keep what they say") {
    test::RandomRecords random(7);
    Input read;

    const Input price = random.input(InputKind::price);
    REQUIRE(decode_input(1, Timestamp(), encoded(price), read));
    CHECK(read.receive_time == price.receive_time);
    CHECK(read.exchange_time == price.exchange_time);
    CHECK(read.price.source == price.price.source);
    CHECK(read.price.channel == price.price.channel);
    CHECK(read.price.price == price.price.price);
    CHECK(read.price.bid == price.price.bid);
    CHECK(read.price.ask == price.price.ask);
    CHECK(read.price.confidence == price.price.confidence);
    CHECK(read.price.sequence == price.price.sequence);

    const Input account = random.input(InputKind::account);
    REQUIRE(decode_input(1, Timestamp(), encoded(account), read));
    CHECK(read.origin == account.origin);
    CHECK(read.account.key == account.account.key);
    CHECK(read.account.record == account.account.record);
    CHECK(read.account.mode == account.account.mode);
    CHECK(read.account.last == account.account.last);
    CHECK(read.account.id == account.account.id);
    CHECK(read.account.amount == account.account.amount);
    CHECK(read.account.price == account.account.price);

    const Input daemon =
        Input::of(DaemonInput{DaemonNotice::degraded, DaemonReason::event_queue_full});
    REQUIRE(decode_input(1, Timestamp(), encoded(daemon), read));
    CHECK(read.daemon.notice == DaemonNotice::degraded);
    CHECK(read.daemon.reason == DaemonReason::event_queue_full);
}

TEST_CASE("an event of every kind comes back from its bytes, field by field") {
    for (std::uint64_t seed = test::first_seed(); seed < test::first_seed() + 200; ++seed) {
        test::RandomRecords random(seed);
        for (std::uint64_t kind = 0; kind < test::RandomRecords::kEventKinds; ++kind) {
            CAPTURE(seed, kind);
            const Event event = random.event(static_cast<EventKind>(kind));
            const Bytes bytes = encoded(event);
            REQUIRE_FALSE(bytes.empty());
            Event read;
            REQUIRE(decode_event(event.event_seq, bytes, read));
            CHECK(read.kind == event.kind);
            CHECK(read.event_seq == event.event_seq);
            CHECK(read.input_seq == event.input_seq);
            CHECK(read.engine_time == event.engine_time);
            CHECK(encoded(read) == bytes);
        }
    }
}

TEST_CASE("an account event keeps its figures and the plan steps it has") {
    const Event event = tests::sample_account_events()[2];
    const Bytes bytes = encoded(event);
    Event read;
    REQUIRE(decode_event(event.event_seq, bytes, read));
    CHECK(read.account.key == event.account.key);
    CHECK(read.account.slot == event.account.slot);
    CHECK(read.account.from == event.account.from);
    CHECK(read.account.to == event.account.to);
    CHECK(read.account.equity == event.account.equity);
    CHECK(read.account.initial_margin == event.account.initial_margin);
    CHECK(read.account.maintenance_margin == event.account.maintenance_margin);
    CHECK(read.account.shortfall == event.account.shortfall);
    CHECK(read.account.health_factor == event.account.health_factor);
    CHECK(read.account.cause.source == event.account.cause.source);
    CHECK(read.account.parameters_hash == event.account.parameters_hash);
    CHECK(read.account.market_hash == event.account.market_hash);
    CHECK(read.account.account_hash == event.account.account_hash);
    REQUIRE(read.account.plan_steps == 2);
    CHECK(read.account.plan[1].quantity == event.account.plan[1].quantity);
    CHECK(read.account.plan[1].incentive == event.account.plan[1].incentive);

    Event fewer = event;
    fewer.account.plan_steps = 1;
    CHECK(encoded(fewer).size() + 70 == bytes.size());
    fewer.account.plan[1].quantity = Quantity::from_raw(1);  // beyond the steps it has: not written
    Event same = event;
    same.account.plan_steps = 1;
    CHECK(encoded(fewer) == encoded(same));
}

TEST_CASE("what stands in memory between the fields never reaches the bytes") {
    const PriceInput price = test::RandomRecords(11).input(InputKind::price).price;
    const Input zeros = on_filled_memory(price, 0x00);
    const Input ones = on_filled_memory(price, 0xff);
    CHECK(std::memcmp(&zeros, &ones, sizeof(Input)) != 0);
    CHECK(encoded(zeros) == encoded(ones));
}

TEST_CASE("payloads that are cut, longer or altered are refused or mean something else") {
    for (std::uint64_t seed = test::first_seed(); seed < test::first_seed() + 5; ++seed) {
        test::RandomRecords random(seed);
        for (int kind = 0; kind < static_cast<int>(InputKind::count_); ++kind) {
            every_altered_payload_is_refused_or_another(random.input(static_cast<InputKind>(kind)),
                                                        seed);
        }
        for (std::uint64_t kind = 0; kind < test::RandomRecords::kEventKinds; ++kind) {
            every_altered_payload_is_refused_or_another(random.event(static_cast<EventKind>(kind)),
                                                        seed);
        }
    }
}

TEST_CASE("what is no value of its type is not written") {
    Bytes room(kEventBytesMax);
    Input input = Input::of(TimerInput{});
    input.kind = InputKind::count_;
    CHECK(encode_input(input, room) == 0);
    input = Input::of(PriceInput{});
    input.price.channel = static_cast<Channel>(9);
    CHECK(encode_input(input, room) == 0);
    input = Input::of(AccountInput{});
    input.account.key.owner = FixedText<48>("a \"quoted\" owner");
    CHECK(encode_input(input, room) == 0);
    Event event = tests::sample_account_events()[2];
    event.account.plan_steps = kMaxPlanSteps + 1;
    CHECK(encode_event(event, room) == 0);
    event.kind = EventKind::count_;
    CHECK(encode_event(event, room) == 0);
}

TEST_CASE("room for the largest record is enough, one byte less is refused") {
    Input input = Input::of(AccountInput{});
    input.account.key = {FixedText<48>(std::string(48, 'o')), FixedText<16>(std::string(16, 's'))};
    const Bytes bytes = encoded(input);
    REQUIRE(bytes.size() == 107);
    Bytes room(bytes.size() - 1);
    CHECK(encode_input(input, room) == 0);

    Event event = tests::sample_account_events()[2];
    event.account.key = input.account.key;
    event.account.plan_steps = kMaxPlanSteps;
    CHECK(encoded(event).size() == 768);
}
