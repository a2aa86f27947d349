#include "daemon/gateway/soup_frame.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "core/assert.hpp"

namespace margind::daemon::soup {
namespace {

// Lengths as the length field counts them: with the type.
constexpr std::size_t kLengthAlone = 1;
constexpr std::size_t kLoginLength300 = 1 + 6 + 10 + 10 + 20;
constexpr std::size_t kLoginLength410 = kLoginLength300 + 5;
static_assert(kLoginLength300 == 47 && kLoginLength410 == 52);

constexpr bool is_server_type(char type) {
    return type == 'A' || type == 'J' || type == 'S' || type == 'H' || type == 'Z';
}

// Whether a packet of this type may be so long. The rest of it need not be there yet.
Problem check_type(char type, std::size_t length) noexcept {
    switch (static_cast<ClientPacket>(type)) {
        case ClientPacket::debug:
        case ClientPacket::unsequenced:
            return Problem::none;
        case ClientPacket::heartbeat:
        case ClientPacket::logout:
            return length == kLengthAlone ? Problem::none : Problem::payload_not_allowed;
        case ClientPacket::login:
            return length == kLoginLength300 || length == kLoginLength410 ? Problem::none
                                                                          : Problem::login_length;
    }
    return is_server_type(type) ? Problem::server_type : Problem::unknown_type;
}

Problem check_length(std::size_t length) noexcept {
    if (length == 0) return Problem::length_zero;
    return length > kInboundLengthMax ? Problem::length_beyond_maximum : Problem::none;
}

std::string_view without_blanks(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

template <std::size_t N>
LoginText<N> in_capitals(std::string_view padded) noexcept {
    std::array<char, N> capitals{};
    const std::string_view text = without_blanks(padded);
    const std::size_t size = std::min(text.size(), N);
    for (std::size_t i = 0; i < size; ++i) {
        const char c = text[i];
        capitals[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return LoginText<N>({capitals.data(), size});
}

// A number without sign, blanks around it or not. False: it is none, or does not fit.
template <class Number>
bool read_number(std::string_view padded, Number& number) noexcept {
    const std::string_view text = without_blanks(padded);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

// Right-justified in the N characters at `to`.
template <std::size_t N>
void put_right(std::string_view text, std::byte* to) noexcept {
    MARGIND_ASSERT(text.size() <= N);
    std::memset(to, ' ', N);
    std::memcpy(to + N - text.size(), text.data(), text.size());
}

}  // namespace

std::string_view name_of(Problem problem) {
    switch (problem) {
        case Problem::none:
            return "none";
        case Problem::length_zero:
            return "length_zero";
        case Problem::length_beyond_maximum:
            return "length_beyond_maximum";
        case Problem::unknown_type:
            return "unknown_type";
        case Problem::server_type:
            return "server_type";
        case Problem::payload_not_allowed:
            return "payload_not_allowed";
        case Problem::login_length:
            return "login_length";
        case Problem::login_not_printable:
            return "login_not_printable";
        case Problem::sequence_not_a_number:
            return "sequence_not_a_number";
        case Problem::heartbeat_timeout_out_of_range:
            return "heartbeat_timeout_out_of_range";
    }
    return "unknown";
}

std::string_view explanation_of(Problem problem) {
    static_assert(kInboundLengthMax == 1024, "as a sentence says");
    switch (problem) {
        case Problem::none:
            return "nothing is wrong";
        case Problem::length_zero:
            return "a packet of length 0: the length counts the type and the payload, so send at "
                   "least 1";
        case Problem::length_beyond_maximum:
            return "a packet longer than 1024 bytes: send shorter ones, and check that the length "
                   "is big-endian and does not count itself";
        case Problem::unknown_type:
            return "a packet of unknown type: send L, U, R, O or +, and check the length of the "
                   "packet before";
        case Problem::server_type:
            return "a packet of a type that only a server sends: send L, U, R, O or +";
        case Problem::payload_not_allowed:
            return "a heartbeat or logout with a payload: its length is 1";
        case Problem::login_length:
            return "a login of another length than 47 (SoupBinTCP 3.00) or 52 (4.10): user 6, "
                   "password 10, session 10, sequence 20, and in 4.10 heartbeat timeout 5";
        case Problem::login_not_printable:
            return "a login with a byte that is no printable ASCII: pad with blanks, not zeros";
        case Problem::sequence_not_a_number:
            return "a login whose requested sequence is no whole number below 2^64: send digits "
                   "padded with blanks, 0 for the most recent message";
        case Problem::heartbeat_timeout_out_of_range:
            return "a login whose heartbeat timeout is not 1 to 99999: send milliseconds as digits "
                   "padded with blanks";
    }
    return "unknown";
}

// ---- reading

PacketReader::Outcome PacketReader::read(std::span<const std::byte>& bytes,
                                         Packet& packet) noexcept {
    if (problem_ != Problem::none) return Outcome::problem;
    if (complete_) {
        complete_ = false;
        used_ = 0;
    }
    if (used_ < kHeaderBytes) {
        take(bytes, 2);
        if (used_ < 2) return Outcome::more;
        if (const Problem found = check_length(length()); found != Problem::none)
            return fail(found);
        take(bytes, kHeaderBytes);
        if (used_ < kHeaderBytes) return Outcome::more;
        const Problem found = check_type(static_cast<char>(buffer_[2]), length());
        if (found != Problem::none) return fail(found);
    }
    const std::size_t end = 2 + length();
    take(bytes, end);
    if (used_ < end) return Outcome::more;

    packet = Packet{.type = static_cast<ClientPacket>(buffer_[2]),
                    .payload = std::span(buffer_).subspan(kHeaderBytes, end - kHeaderBytes),
                    .login = {}};
    if (packet.type == ClientPacket::login) {
        const Problem found = read_login(packet.payload, packet.login);
        if (found != Problem::none) return fail(found);
    }
    complete_ = true;
    return Outcome::packet;
}

// Copies until the buffer holds `until` bytes, or `bytes` is empty.
void PacketReader::take(std::span<const std::byte>& bytes, std::size_t until) noexcept {
    MARGIND_DEBUG_ASSERT(until <= buffer_.size());
    const std::size_t count = std::min(until - std::min(until, used_), bytes.size());
    if (count == 0) return;  // and `bytes` may have no address
    std::memcpy(buffer_.data() + used_, bytes.data(), count);
    used_ += count;
    bytes = bytes.subspan(count);
}

std::size_t PacketReader::length() const noexcept {
    return std::to_integer<std::size_t>(buffer_[0]) << 8 | std::to_integer<std::size_t>(buffer_[1]);
}

PacketReader::Outcome PacketReader::fail(Problem problem) noexcept {
    problem_ = problem;
    return Outcome::problem;
}

Problem read_login(std::span<const std::byte> payload, Login& login) noexcept {
    const std::size_t length = payload.size() + 1;
    if (length != kLoginLength300 && length != kLoginLength410) return Problem::login_length;
    std::array<char, kLoginLength410 - 1> bytes;
    std::transform(payload.begin(), payload.end(), bytes.begin(),
                   [](std::byte byte) { return static_cast<char>(byte); });
    const std::string_view text(bytes.data(), payload.size());
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
        return Problem::login_not_printable;
    }
    login.user = in_capitals<6>(text.substr(0, 6));
    login.password = in_capitals<10>(text.substr(6, 10));
    login.session = LoginText<10>(without_blanks(text.substr(16, 10)));
    if (!read_number(text.substr(26, 20), login.next_sequence)) {
        return Problem::sequence_not_a_number;
    }
    login.heartbeat_timeout_ms.reset();
    if (length == kLoginLength300) return Problem::none;
    std::uint32_t timeout_ms = 0;
    if (!read_number(text.substr(46, 5), timeout_ms) || timeout_ms == 0) {
        return Problem::heartbeat_timeout_out_of_range;
    }
    login.heartbeat_timeout_ms = timeout_ms;
    return Problem::none;
}

// ---- writing

Header header_of(ServerPacket type, std::size_t payload_bytes) noexcept {
    MARGIND_ASSERT(payload_bytes <= kPayloadBytesMax);
    const std::size_t length = 1 + payload_bytes;
    return {static_cast<std::byte>(length >> 8), static_cast<std::byte>(length & 0xff),
            static_cast<std::byte>(type)};
}

std::array<std::byte, kLoginAcceptedBytes> login_accepted(std::string_view session,
                                                          std::uint64_t next_sequence) noexcept {
    std::array<std::byte, kLoginAcceptedBytes> packet;
    const Header header =
        header_of(ServerPacket::login_accepted, kLoginAcceptedBytes - kHeaderBytes);
    std::copy(header.begin(), header.end(), packet.begin());
    put_right<10>(session, packet.data() + kHeaderBytes);
    std::array<char, std::numeric_limits<std::uint64_t>::digits10 + 1> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), next_sequence);
    put_right<20>({digits.data(), static_cast<std::size_t>(end.ptr - digits.data())},
                  packet.data() + kHeaderBytes + 10);
    return packet;
}

std::array<std::byte, kLoginRejectedBytes> login_rejected(LoginRejection reason) noexcept {
    const Header header = header_of(ServerPacket::login_rejected, 1);
    return {header[0], header[1], header[2], static_cast<std::byte>(reason)};
}

Header heartbeat() noexcept {
    return header_of(ServerPacket::heartbeat, 0);
}

Header end_of_session() noexcept {
    return header_of(ServerPacket::end_of_session, 0);
}

std::size_t write_debug(std::string_view text, std::span<std::byte> room) noexcept {
    MARGIND_ASSERT(room.size() >= kHeaderBytes);
    const std::size_t bytes = std::min({text.size(), room.size() - kHeaderBytes, kPayloadBytesMax});
    const Header header = header_of(ServerPacket::debug, bytes);
    std::copy(header.begin(), header.end(), room.begin());
    if (bytes > 0) std::memcpy(room.data() + kHeaderBytes, text.data(), bytes);
    return kHeaderBytes + bytes;
}

}  // namespace margind::daemon::soup
