// SoupBinTCP packets, 3.00 and 4.10: what clients send, read as it arrives, and what the server
// sends. Bytes in, bytes out: no socket, no clock, no session. Where the standard is silent or
// implementations differ, docs/decisions/2026-11-22-soupbintcp-framing.md says what was chosen.
//
// A packet is a length (2 bytes, big-endian, of type and payload), a type and a payload.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace margind::daemon::soup {

inline constexpr std::size_t kHeaderBytes = 3;          // length and type
inline constexpr std::size_t kPayloadBytesMax = 65534;  // of what the server sends
// Of what a client sends, as its length field counts: all it has to say is far shorter.
inline constexpr std::size_t kInboundLengthMax = 1024;

enum class ClientPacket : char {
    debug = '+',
    login = 'L',
    unsequenced = 'U',
    heartbeat = 'R',
    logout = 'O',
};
enum class ServerPacket : char {
    debug = '+',
    login_accepted = 'A',
    login_rejected = 'J',
    sequenced = 'S',
    unsequenced = 'U',  // only to who logged in with the layout of 4.10
    heartbeat = 'H',
    end_of_session = 'Z',
};
enum class LoginRejection : char { not_authorised = 'A', session_not_available = 'S' };

// Text of a login without its padding.
template <std::size_t N>
class LoginText {
  public:
    constexpr LoginText() = default;
    // Requires: text.size() <= N.
    explicit constexpr LoginText(std::string_view text) : size_(std::min(text.size(), N)) {
        for (std::size_t i = 0; i < size_; ++i) bytes_[i] = text[i];
    }
    constexpr std::string_view view() const { return {bytes_.data(), size_}; }

  private:
    std::array<char, N> bytes_{};
    std::size_t size_ = 0;
};

struct Login {
    LoginText<6> user;                // in capitals: the protocol does not tell them apart
    LoginText<10> password;           // in capitals
    LoginText<10> session;            // empty: whichever is active
    std::uint64_t next_sequence = 0;  // the message wanted next, from 1; 0: the most recent one
    // 4.10 only: how long the client may be silent, in milliseconds, 1 to 99999.
    std::optional<std::uint32_t> heartbeat_timeout_ms;
};

// What makes the bytes of a client no SoupBinTCP. Where the packets begin is lost then: say why,
// and close.
enum class Problem : std::uint8_t {
    none,
    length_zero,
    length_beyond_maximum,
    unknown_type,
    server_type,            // a type that only a server sends
    payload_not_allowed,    // behind a heartbeat or a logout
    login_length,           // neither the layout of 3.00 nor that of 4.10
    login_not_printable,    // a byte that is no printable ASCII
    sequence_not_a_number,  // or larger than 64 bits
    heartbeat_timeout_out_of_range,
};
// "login_length" ...
std::string_view name_of(Problem problem);
// A sentence for a debug packet: what is wrong, and what to do.
std::string_view explanation_of(Problem problem);

struct Packet {
    ClientPacket type = ClientPacket::debug;
    std::span<const std::byte> payload;  // in the reader: until its next call
    Login login;                         // of a login
};

// Takes a client's bytes in whatever pieces they come. Owned by one connection; its memory is all
// that a client can make it use. A problem is told as soon as the bytes say so, and stays.
class PacketReader {
  public:
    enum class Outcome : std::uint8_t { packet, more, problem };

    // Takes bytes off the front of `bytes` up to the end of one packet.
    //   packet   `packet` holds it; call again with the rest
    //   more     all bytes are taken, and do not end a packet
    //   problem  see problem(); nothing will be read any more
    // Cost: a copy of the bytes.
    Outcome read(std::span<const std::byte>& bytes, Packet& packet) noexcept;
    Problem problem() const noexcept { return problem_; }
    // Whether the bytes so far end inside a packet.
    bool inside_packet() const noexcept { return !complete_ && used_ > 0; }

  private:
    void take(std::span<const std::byte>& bytes, std::size_t until) noexcept;
    std::size_t length() const noexcept;
    Outcome fail(Problem problem) noexcept;

    std::array<std::byte, 2 + kInboundLengthMax> buffer_{};
    std::size_t used_ = 0;
    bool complete_ = false;  // the packet in the buffer was handed out
    Problem problem_ = Problem::none;
};

// Reads the payload of a login packet into `login`. Liberal: blanks may stand on either side of any
// text or number.
Problem read_login(std::span<const std::byte> payload, Login& login) noexcept;

// ---- what the server sends

using Header = std::array<std::byte, kHeaderBytes>;
// The header of a packet whose payload follows. Requires: payload_bytes <= kPayloadBytesMax.
Header header_of(ServerPacket type, std::size_t payload_bytes) noexcept;

inline constexpr std::size_t kLoginAcceptedBytes = 33;
// `next_sequence`: of the first sequenced packet to come. Requires: session.size() <= 10.
std::array<std::byte, kLoginAcceptedBytes> login_accepted(std::string_view session,
                                                          std::uint64_t next_sequence) noexcept;
inline constexpr std::size_t kLoginRejectedBytes = 4;
std::array<std::byte, kLoginRejectedBytes> login_rejected(LoginRejection reason) noexcept;
Header heartbeat() noexcept;
Header end_of_session() noexcept;
// Writes a debug packet and returns its length; text that does not fit `room` is cut. Requires:
// room for a header.
std::size_t write_debug(std::string_view text, std::span<std::byte> room) noexcept;

}  // namespace margind::daemon::soup
