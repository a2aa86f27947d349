#include "daemon/gateway/event_sbe.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include <catch2/catch.hpp>

#include "daemon/gateway/event_sbe_reader.hpp"
#include "tests/support/wire_samples.hpp"

using namespace margind;
using daemon::sbe::Message;
using daemon::sbe::MessageHeader;
using daemon::sbe::ReadProblem;
using daemon::sbe::Template;

namespace {

constexpr std::uint64_t kSeed = 20251010;
const core::Timestamp kEmitTime = tests::sample_time(5'600);

using Bytes = std::vector<std::byte>;

Bytes room_for_a_message() {
    return Bytes(daemon::sbe::kMessageBytesMax);
}
daemon::sbe::Room room_of(Bytes& bytes) {
    return daemon::sbe::Room(bytes.data(), daemon::sbe::kMessageBytesMax);
}

Bytes message_of(const daemon::sbe::EventEncoder& encoder, const core::Event& event,
                 core::Timestamp emit_time = kEmitTime) {
    Bytes bytes = room_for_a_message();
    bytes.resize(encoder.encode(event, emit_time, room_of(bytes)));
    return bytes;
}

Message read(const Bytes& bytes) {
    Message message;
    const ReadProblem problem = Message::read(bytes, message);
    CAPTURE(daemon::sbe::name_of(problem));
    REQUIRE(problem == ReadProblem::none);
    return message;
}

ReadProblem problem_of(const Bytes& bytes) {
    Message message;
    return Message::read(bytes, message);
}

void set_header(Bytes& bytes, const MessageHeader& header) {
    std::memcpy(bytes.data(), &header, sizeof header);
}
MessageHeader header_of(const Bytes& bytes) {
    MessageHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
}

// A liquidation of two steps.
Bytes sample_liquidation() {
    const core::RiskParameters parameters = tests::wire_parameters();
    return message_of(daemon::sbe::EventEncoder(parameters), tests::sample_events()[2]);
}

// `bytes` as a newer version would send it: `root` bytes more in the block, `step` in each of two.
Bytes as_newer(const Bytes& bytes, std::size_t root, std::size_t step) {
    MessageHeader header = header_of(bytes);
    const std::size_t block_end = sizeof header + header.block_length;
    header.block_length = static_cast<std::uint16_t>(header.block_length + root);
    header.version = daemon::sbe::kSchemaVersion + 1;
    Bytes out(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(block_end));
    set_header(out, header);
    out.insert(out.end(), root, std::byte{0xee});
    daemon::sbe::GroupHeader group;
    std::memcpy(&group, bytes.data() + block_end, sizeof group);
    const std::byte* from = bytes.data() + block_end + sizeof group;
    group.block_length = static_cast<std::uint16_t>(group.block_length + step);
    out.resize(out.size() + sizeof group);
    std::memcpy(out.data() + out.size() - sizeof group, &group, sizeof group);
    for (std::size_t i = 0; i < group.count; ++i, from += sizeof(daemon::sbe::PlanBlock)) {
        out.insert(out.end(), from, from + sizeof(daemon::sbe::PlanBlock));
        out.insert(out.end(), step, std::byte{0xee});
    }
    return out;
}

}  // namespace

TEST_CASE("a margin call's message says what the event says") {
    const core::RiskParameters parameters = tests::wire_parameters();
    const core::Event event = tests::sample_events()[1];
    const Bytes bytes = message_of(daemon::sbe::EventEncoder(parameters), event);
    const Message message = read(bytes);
    REQUIRE(message.kind() == Template::margin_call);
    const auto block = message.block<daemon::sbe::MarginCallBlock>();
    CHECK(std::uint64_t{block.account.event.event_seq} == 2);
    CHECK(std::int64_t{block.account.event.emit_time} == kEmitTime.ns());
    CHECK(daemon::sbe::text_of(block.account.account) == "acct-0123");
    CHECK(daemon::sbe::text_of(block.account.sub_account) == "hedge");
    CHECK(daemon::sbe::text_of(block.account.cause_instrument) == "ETC-PERP");
    CHECK(daemon::sbe::text_of(block.account.cause_source_symbol) == "ETCUSDT");
    CHECK(std::int64_t{block.account.cause_mark.mantissa} == 123'050);
    CHECK(block.account.cause_mark.exponent == -4);
    CHECK(std::int64_t{block.amount_due} == event.account.shortfall.raw());
    CHECK(std::int64_t{block.deadline_time} == event.account.deadline.ns());
}

TEST_CASE("a plan has a step for each of the event's, and what a step lacks is null") {
    core::Event event = tests::sample_events()[2];
    core::PlanStep& repay = event.account.plan[1];
    repay.action = core::PlanAction::repay_debt;
    repay.debt = core::AssetId(0);
    repay.collateral = core::AssetId(1);
    repay.repaid = core::Money::from_raw(5);
    repay.seized = core::Money::from_raw(6);
    const core::RiskParameters parameters = tests::wire_parameters();
    const Bytes bytes = message_of(daemon::sbe::EventEncoder(parameters), event);
    const Message message = read(bytes);
    REQUIRE(message.plan_steps() == 2);
    const daemon::sbe::PlanBlock close = message.plan_step(0);
    CHECK(daemon::sbe::text_of(close.instrument) == "ETC-PERP");
    CHECK(std::int64_t{close.quantity.mantissa} == 41'250);
    CHECK(close.quantity.exponent == -2);
    CHECK(std::int64_t{close.amount} == daemon::sbe::kNullInteger);
    CHECK(daemon::sbe::text_of(close.asset).empty());
    const daemon::sbe::PlanBlock second = message.plan_step(1);
    CHECK(second.side == daemon::sbe::kNullEnum);
    CHECK(std::int64_t{second.quantity.mantissa} == daemon::sbe::kNullInteger);
    CHECK(std::int64_t{second.amount} == 5);
    CHECK(daemon::sbe::text_of(second.asset) == "USD");
    CHECK(daemon::sbe::text_of(second.instrument).empty());
}

TEST_CASE("any event's message is read back, and cut short it is not") {
    CAPTURE(kSeed);
    const core::RiskParameters parameters = tests::wire_parameters();
    const daemon::sbe::EventEncoder encoder(parameters);
    Bytes room = room_for_a_message();
    std::set<Template> seen;
    std::size_t longest = 0;
    for (const core::Event& event : tests::wire_events(parameters, kSeed, 30)) {
        const std::size_t length = encoder.encode(event, kEmitTime, room_of(room));
        Message message;
        const ReadProblem problem = Message::read(std::span(room).first(length), message);
        REQUIRE(problem == ReadProblem::none);
        REQUIRE(static_cast<std::uint8_t>(message.kind()) ==
                static_cast<std::uint8_t>(event.kind) + 1);
        REQUIRE(message.block<daemon::sbe::EventBlock>().event_seq == event.event_seq);
        seen.insert(message.kind());
        longest = std::max(longest, length);
        for (std::size_t cut = 0; cut < length; ++cut) {
            const Bytes part(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(cut));
            REQUIRE(problem_of(part) == ReadProblem::too_short);
        }
    }
    CHECK(seen.size() == static_cast<std::size_t>(core::EventKind::count_));
    CHECK(longest == daemon::sbe::kMessageBytesMax);
}

TEST_CASE("only emit_time tells two messages of one event apart") {
    const core::RiskParameters parameters = tests::wire_parameters();
    const daemon::sbe::EventEncoder encoder(parameters);
    for (const core::Event& event : tests::sample_events()) {
        // Rubbish in the room must not show through.
        Bytes later(daemon::sbe::kMessageBytesMax, std::byte{0xff});
        later.resize(encoder.encode(event, tests::sample_time(9'999), room_of(later)));
        const std::int64_t emit_time = kEmitTime.ns();
        std::memcpy(later.data() + daemon::sbe::kEmitTimeAt, &emit_time, sizeof emit_time);
        CHECK(later == message_of(encoder, event));
    }
}

TEST_CASE("messages of the connection begin with a number and the time") {
    Bytes room = room_for_a_message();
    room.resize(daemon::sbe::encode_withheld(13, kEmitTime, room_of(room)));
    CHECK(read(room).block<daemon::sbe::WithheldBlock>().event_seq == 13);
    CHECK(read(room).block<daemon::sbe::WithheldBlock>().emit_time == kEmitTime.ns());

    room = room_for_a_message();
    room.resize(daemon::sbe::encode_caught_up(14, kEmitTime, room_of(room)));
    CHECK(read(room).kind() == Template::caught_up);
    CHECK(read(room).block<daemon::sbe::CaughtUpBlock>().next_event_seq == 14);

    room = room_for_a_message();
    room.resize(daemon::sbe::encode_goodbye(daemon::GoodbyeReason::slow_consumer, 12, kEmitTime,
                                            room_of(room)));
    CHECK(read(room).block<daemon::sbe::GoodbyeBlock>().last_event_seq == 12);
    CHECK(read(room).block<daemon::sbe::GoodbyeBlock>().reason == 1);
}

TEST_CASE("what a newer version appends is passed over") {
    const Bytes bytes = sample_liquidation();
    REQUIRE(read(bytes).plan_steps() == 2);
    Bytes newer = as_newer(bytes, 24, 8);
    newer.insert(newer.end(), 5, std::byte{0xee});  // a group of its own, behind the plan
    const Message message = read(newer);
    CHECK(message.block<daemon::sbe::LiquidationBlock>().plan_complete == 1);
    REQUIRE(message.plan_steps() == 2);
    CHECK(daemon::sbe::text_of(message.plan_step(1).instrument) == "BTC-PERP");
    CHECK(std::int64_t{message.plan_step(1).quantity.mantissa} == 12'500);
}

TEST_CASE("what is no message of the schema is named") {
    const Bytes sound = sample_liquidation();
    Bytes bytes = sound;
    bytes.push_back(std::byte{0});
    CHECK(problem_of(bytes) == ReadProblem::trailing_bytes);

    bytes = sound;
    MessageHeader header = header_of(sound);
    header.schema_id = 1;
    set_header(bytes, header);
    CHECK(problem_of(bytes) == ReadProblem::other_schema);

    header = header_of(sound);
    header.template_id = 13;
    set_header(bytes, header);
    CHECK(problem_of(bytes) == ReadProblem::unknown_template);

    header = header_of(sound);
    header.block_length = static_cast<std::uint16_t>(header.block_length - 1);
    set_header(bytes, header);
    CHECK(problem_of(bytes) == ReadProblem::block_too_short);

    bytes = sound;
    const daemon::sbe::GroupHeader group{.block_length = 159, .count = 2};
    std::memcpy(bytes.data() + sizeof(MessageHeader) + sizeof(daemon::sbe::LiquidationBlock),
                &group, sizeof group);
    CHECK(problem_of(bytes) == ReadProblem::block_too_short);
}
