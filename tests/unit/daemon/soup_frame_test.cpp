#include "daemon/gateway/soup_frame.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace margind::daemon::soup;

namespace {

constexpr std::uint64_t kSeed = 20251010;

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
    Bytes bytes;
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}
template <class Range>
std::string text_of(const Range& bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += static_cast<char>(byte);
    return text;
}

// A packet by hand: what the builders and the reader are held against.
std::string packet(char type, const std::string& payload) {
    const std::size_t length = 1 + payload.size();
    return std::string{static_cast<char>(length >> 8), static_cast<char>(length & 0xff), type} +
           payload;
}

const std::string kLogin300 = packet('L',
                                     "bot1  s3cretpass          "
                                     "                  42");
const std::string kLogin410 = packet('L',
                                     "bot1  s3cretpass    5f0c2a                  42"
                                     "15000");

// What a reader makes of bytes that come in pieces: a word a packet, and at last the problem.
std::vector<std::string> story_of(const Bytes& bytes, const std::vector<std::size_t>& pieces) {
    std::vector<std::string> story;
    PacketReader reader;
    Packet packet;
    std::size_t at = 0;
    for (std::size_t i = 0; at < bytes.size(); ++i) {
        const std::size_t size = std::min(pieces[i % pieces.size()], bytes.size() - at);
        std::span<const std::byte> piece = std::span(bytes).subspan(at, size);
        at += size;
        for (;;) {
            const auto outcome = reader.read(piece, packet);
            if (outcome == PacketReader::Outcome::more) break;
            if (outcome == PacketReader::Outcome::problem) {
                story.push_back("problem " + std::string(name_of(reader.problem())));
                return story;
            }
            std::string word(1, static_cast<char>(packet.type));
            word += " " + text_of(packet.payload);
            if (packet.type == ClientPacket::login) {
                word += " as " + std::string(packet.login.user.view()) + " from " +
                        std::to_string(packet.login.next_sequence);
            }
            story.push_back(word);
        }
        REQUIRE(piece.empty());
    }
    if (reader.inside_packet()) story.emplace_back("inside");
    return story;
}
std::vector<std::string> story_of(const std::string& text) {
    return story_of(bytes_of(text), {text.size()});
}

Problem problem_of(const std::string& text) {
    PacketReader reader;
    Packet packet;
    const Bytes bytes = bytes_of(text);
    std::span<const std::byte> rest = bytes;
    while (reader.read(rest, packet) == PacketReader::Outcome::packet) {
    }
    return reader.problem();
}

Login login_of(const std::string& text) {
    PacketReader reader;
    Packet packet;
    const Bytes bytes = bytes_of(text);
    std::span<const std::byte> rest = bytes;
    REQUIRE(reader.read(rest, packet) == PacketReader::Outcome::packet);
    REQUIRE(packet.type == ClientPacket::login);
    return packet.login;
}

std::string login_with(const std::string& sequence, const std::string& timeout = "") {
    return packet('L', "bot1  s3cretpass          " + sequence + timeout);
}

}  // namespace

TEST_CASE("a login is read in the layouts of 3.00 and of 4.10") {
    REQUIRE(kLogin300.size() == 49);
    const Login old_layout = login_of(kLogin300);
    CHECK(old_layout.user.view() == "BOT1");
    CHECK(old_layout.password.view() == "S3CRETPASS");
    CHECK(old_layout.session.view().empty());
    CHECK(old_layout.next_sequence == 42);
    CHECK_FALSE(old_layout.heartbeat_timeout_ms);

    REQUIRE(kLogin410.size() == 54);
    const Login new_layout = login_of(kLogin410);
    CHECK(new_layout.session.view() == "5f0c2a");
    CHECK(new_layout.next_sequence == 42);
    CHECK(new_layout.heartbeat_timeout_ms == 15'000U);
}

TEST_CASE("texts and numbers of a login may be padded on either side") {
    const Login login =
        login_of(packet('L', "  Bot1  pass    5f0c2a    7                   250  "));
    CHECK(login.user.view() == "BOT1");
    CHECK(login.password.view() == "PASS");
    CHECK(login.session.view() == "5f0c2a");
    CHECK(login.next_sequence == 7);
    CHECK(login.heartbeat_timeout_ms == 250U);
    CHECK(login_of(login_with("00000000000000000000")).next_sequence == 0);
    CHECK(login_of(login_with("18446744073709551615")).next_sequence ==
          std::numeric_limits<std::uint64_t>::max());
    const Login blank = login_of(packet('L', std::string(45, ' ') + "1"));
    CHECK(blank.user.view().empty());
    CHECK(blank.password.view().empty());
}

TEST_CASE("each packet of a client is read") {
    CHECK(story_of(packet('R', "") + packet('U', "hello") + packet('+', "a note") +
                   packet('U', "") + packet('O', "")) ==
          std::vector<std::string>{"R ", "U hello", "+ a note", "U ", "O "});
    CHECK(story_of(packet('U', std::string(1023, 'x'))).front().size() == 2 + 1023);
    CHECK(story_of("").empty());
}

TEST_CASE("packets are the same in whatever pieces they come") {
    const std::string all = kLogin300 + packet('R', "") + packet('U', "hello") + kLogin410 +
                            packet('+', "") + packet('O', "");
    const std::vector<std::string> whole = story_of(all);
    REQUIRE(whole.size() == 6);
    const Bytes bytes = bytes_of(all);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        REQUIRE(story_of(bytes, {cut, bytes.size()}) == whole);
    }
    CHECK(story_of(bytes, {1}) == whole);
}

TEST_CASE("what is no packet is named, and nothing is read behind it") {
    const std::string sound = packet('R', "");
    const auto zero = std::string(2, '\0');
    CHECK(problem_of(sound + zero) == Problem::length_zero);
    CHECK(problem_of(packet('U', std::string(1024, 'x'))) == Problem::length_beyond_maximum);
    CHECK(problem_of("\xff\xff") == Problem::length_beyond_maximum);
    CHECK(problem_of(packet('X', "")) == Problem::unknown_type);
    for (const char type : {'A', 'J', 'S', 'H', 'Z'}) {
        CHECK(problem_of(packet(type, "")) == Problem::server_type);
    }
    // A heartbeat that counts its header, as one public client has it, would swallow the next
    // one's.
    CHECK(problem_of(packet('R', "ab")) == Problem::payload_not_allowed);
    CHECK(problem_of(packet('O', "a")) == Problem::payload_not_allowed);
    CHECK(story_of(sound + packet('X', "") + sound) ==
          std::vector<std::string>{"R ", "problem unknown_type"});
}

TEST_CASE("what is no login is named") {
    CHECK(problem_of(packet('L', std::string(45, ' '))) == Problem::login_length);
    CHECK(problem_of(packet('L', std::string(50, ' '))) == Problem::login_length);
    CHECK(problem_of(packet('L', "bot1\n s3cretpass          " + std::string(19, ' ') + "1")) ==
          Problem::login_not_printable);
    CHECK(problem_of(packet('L', "b\xc3\xa9t1 s3cretpass          " + std::string(19, ' ') +
                                     "1")) == Problem::login_not_printable);
    for (const char* sequence :
         {"                    ", "                  -1", "                 1 2",
          "                 0x1", "18446744073709551616", "99999999999999999999",
          "                 1.0", "                  +1"}) {
        CAPTURE(sequence);
        CHECK(problem_of(login_with(sequence)) == Problem::sequence_not_a_number);
    }
    const std::string sequence(20, '0');
    for (const char* timeout : {"     ", "00000", "-1000", "1 000", "  1ms"}) {
        CAPTURE(timeout);
        CHECK(problem_of(login_with(sequence, timeout)) == Problem::heartbeat_timeout_out_of_range);
    }
    CHECK(problem_of(login_with(sequence, "99999")) == Problem::none);
}

TEST_CASE("a problem is known as soon as its bytes are there") {
    const auto known_after = [](const std::string& text) {
        for (std::size_t size = 0; size <= text.size(); ++size) {
            if (problem_of(text.substr(0, size)) != Problem::none) return size;
        }
        return text.size() + 1;
    };
    CHECK(known_after(packet('U', std::string(1024, 'x'))) == 2);
    CHECK(known_after(packet('X', "whatever")) == 3);
    CHECK(known_after(packet('L', std::string(45, ' '))) == 3);
    CHECK(known_after(packet('R', "ab")) == 3);
    CHECK(known_after(kLogin300) == kLogin300.size() + 1);
}

TEST_CASE("every problem has a word and a sentence of its own") {
    std::vector<std::string> words;
    std::vector<std::string> sentences;
    for (int i = 0; name_of(static_cast<Problem>(i)) != "unknown"; ++i) {
        words.emplace_back(name_of(static_cast<Problem>(i)));
        sentences.emplace_back(explanation_of(static_cast<Problem>(i)));
    }
    CHECK(words.size() == 10);
    CHECK(std::count(sentences.begin(), sentences.end(), "unknown") == 0);
    std::sort(sentences.begin(), sentences.end());
    CHECK(std::adjacent_find(sentences.begin(), sentences.end()) == sentences.end());
}

TEST_CASE("rubbish is read to its first problem, the same in any pieces") {
    CAPTURE(kSeed);
    std::mt19937_64 random(kSeed);
    const std::string types = "LURO+AJX";
    std::size_t packets = 0;
    std::size_t problems = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        while (random() % 6 != 0) {
            const char type = types[random() % types.size()];
            std::string payload(type == 'L' ? 46 + 5 * (random() % 2) : random() % 40, ' ');
            for (char& c : payload) {
                c = static_cast<char>(random() % 20 == 0 ? random() : '0' + random() % 10);
            }
            text += packet(type, type == 'R' || type == 'O' ? "" : payload);
        }
        if (random() % 3 == 0 && !text.empty()) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        const Bytes bytes = bytes_of(text);
        const std::vector<std::string> whole = story_of(bytes, {bytes.size() + 1});
        REQUIRE(story_of(bytes, {1}) == whole);
        REQUIRE(story_of(bytes, {1 + random() % 9, 1 + random() % 60}) == whole);
        packets += whole.size();
        if (!whole.empty() && whole.back().starts_with("problem")) ++problems;
    }
    CHECK(packets > 1000);
    CHECK(problems > 300);
    CHECK(problems < 3000);
}

TEST_CASE("what the server sends has the standard's bytes") {
    CHECK(text_of(login_accepted("5f0c2a91d3", 1)) == packet('A',
                                                             "5f0c2a91d3"
                                                             "                   1"));
    CHECK(text_of(login_accepted("S1", std::numeric_limits<std::uint64_t>::max())) ==
          packet('A',
                 "        S1"
                 "18446744073709551615"));
    CHECK(login_accepted("", 0).size() == 33);
    CHECK(text_of(login_rejected(LoginRejection::not_authorised)) == packet('J', "A"));
    CHECK(text_of(login_rejected(LoginRejection::session_not_available)) == packet('J', "S"));
    CHECK(text_of(heartbeat()) == packet('H', ""));
    CHECK(text_of(end_of_session()) == packet('Z', ""));
    CHECK(text_of(header_of(ServerPacket::sequenced, 1636)) ==
          packet('S', std::string(1636, ' ')).substr(0, 3));
    CHECK(text_of(header_of(ServerPacket::unsequenced, kPayloadBytesMax)) == "\xff\xffU");
}

TEST_CASE("a debug packet carries as much of its text as there is room for") {
    Bytes room(16);
    room.resize(write_debug("too late", room));
    CHECK(text_of(room) == packet('+', "too late"));
    room.assign(6, std::byte{0});
    CHECK(write_debug("too late", room) == 6);
    CHECK(text_of(room) == packet('+', "too"));
    room.assign(3, std::byte{0});
    CHECK(write_debug("too late", room) == 3);
    CHECK(text_of(room) == packet('+', ""));
}
