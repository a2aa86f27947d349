// Any bytes from a client, as SoupBinTCP. The first byte says in which pieces they come: they must
// be read as if they came at once, and what is read lies within its limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/assert.hpp"
#include "daemon/gateway/soup_frame.hpp"

namespace {

using namespace margind::daemon::soup;

// What a reader made of the bytes, to compare.
struct Story {
    std::vector<std::uint8_t> said;
    Problem problem = Problem::none;
    bool inside = false;

    bool operator==(const Story&) const = default;
};

void check_login(const Packet& packet) {
    Login again;
    MARGIND_ASSERT(read_login(packet.payload, again) == Problem::none);
    MARGIND_ASSERT(again.user.view() == packet.login.user.view());
    MARGIND_ASSERT(again.next_sequence == packet.login.next_sequence);
    if (packet.login.heartbeat_timeout_ms) {
        MARGIND_ASSERT(*packet.login.heartbeat_timeout_ms >= 1);
        MARGIND_ASSERT(*packet.login.heartbeat_timeout_ms <= 99'999);
    }
    // What it asks for can be answered.
    const auto accepted = login_accepted(packet.login.session.view(), packet.login.next_sequence);
    MARGIND_ASSERT(std::to_integer<int>(accepted[1]) == 31);
}

void keep(const Packet& packet, Story& story) {
    MARGIND_ASSERT(packet.payload.size() < kInboundLengthMax);
    story.said.push_back(static_cast<std::uint8_t>(packet.type));
    for (const std::byte byte : packet.payload) {
        story.said.push_back(std::to_integer<std::uint8_t>(byte));
    }
    if (packet.type == ClientPacket::login) check_login(packet);
}

Story read(std::span<const std::byte> bytes, std::size_t piece_bytes) {
    Story story;
    PacketReader reader;
    Packet packet;
    while (!bytes.empty() && reader.problem() == Problem::none) {
        std::span<const std::byte> piece = bytes.first(std::min(piece_bytes, bytes.size()));
        bytes = bytes.subspan(piece.size());
        auto outcome = reader.read(piece, packet);
        for (; outcome == PacketReader::Outcome::packet; outcome = reader.read(piece, packet)) {
            keep(packet, story);
        }
        MARGIND_ASSERT(outcome == PacketReader::Outcome::problem || piece.empty());
    }
    story.problem = reader.problem();
    story.inside = reader.inside_packet();
    return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size)).subspan(1);
    const std::size_t piece_bytes = std::size_t{data[0]} + 1;
    MARGIND_ASSERT(read(bytes, piece_bytes) == read(bytes, size));
    return 0;
}
