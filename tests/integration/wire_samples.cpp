// Writes messages of the binary event stream, and what they must say as lines of JSON, for readers
// of other make: sbe_reader.py, sbe_peer.cpp.
//
//   wire_samples FOLDER    writes FOLDER/messages.bin, events.ndjson, enums.json
//
// messages.bin: each message behind its length, 2 bytes, big-endian.
#include "tests/support/wire_samples.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "daemon/gateway/event_json.hpp"
#include "daemon/gateway/event_sbe.hpp"

using namespace margind;

namespace {

constexpr std::uint64_t kSeed = 20251010;
constexpr int kRounds = 40;

class Writer {
  public:
    explicit Writer(const std::string& folder)
        : messages_(folder + "/messages.bin", std::ios::binary),
          lines_(folder + "/events.ndjson") {}

    daemon::sbe::Room room() { return daemon::sbe::Room(room_); }
    void add(std::size_t length, std::string_view line) {
        messages_.put(static_cast<char>(length >> 8)).put(static_cast<char>(length & 0xff));
        for (std::size_t i = 0; i < length; ++i) messages_.put(static_cast<char>(room_[i]));
        lines_ << line;
    }
    bool good() {
        messages_.flush();
        lines_.flush();
        return messages_.good() && lines_.good();
    }

  private:
    std::ofstream messages_;
    std::ofstream lines_;
    std::vector<std::byte> room_ = std::vector<std::byte>(daemon::sbe::kMessageBytesMax);
};

void write_events(Writer& writer) {
    const core::RiskParameters parameters = tests::wire_parameters();
    const daemon::EventEncoder json(parameters);
    const daemon::sbe::EventEncoder binary(parameters);
    const core::Timestamp emit_time = tests::sample_time(5'600);
    for (const core::Event& event : tests::wire_events(parameters, kSeed, kRounds)) {
        daemon::TextBuffer line;
        json.append_line(line, event, emit_time);
        writer.add(binary.encode(event, emit_time, writer.room()), {line.data(), line.size()});
    }
}

// Every value of an enumeration: those that have a word.
template <class Enum>
std::vector<std::string> words_of() {
    std::vector<std::string> words;
    for (int value = 0; value < 255; ++value) {
        const std::string_view word = daemon::name_of(static_cast<Enum>(value));
        if (word == "unknown") break;
        words.emplace_back(word);
    }
    return words;
}

// What belongs to a connection; in binary only, but for goodbye, which says less than its line.
void write_connection(Writer& writer) {
    const core::Timestamp time = tests::sample_time(7'000);
    writer.add(
        daemon::sbe::encode_withheld(13, time, writer.room()),
        fmt::format("{{\"type\":\"withheld\",\"event_seq\":13,\"emit_time\":{}}}\n", time.ns()));
    writer.add(daemon::sbe::encode_caught_up(14, time, writer.room()),
               fmt::format("{{\"type\":\"caught_up\",\"next_event_seq\":14,\"emit_time\":{}}}\n",
                           time.ns()));
    const std::vector<std::string> reasons = words_of<daemon::GoodbyeReason>();
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        writer.add(daemon::sbe::encode_goodbye(static_cast<daemon::GoodbyeReason>(i), 13, time,
                                               writer.room()),
                   fmt::format("{{\"type\":\"goodbye\",\"last_event_seq\":13,\"emit_time\":{},"
                               "\"reason\":\"{}\"}}\n",
                               time.ns(), reasons[i]));
    }
}

void write_enum(std::ofstream& file, std::string_view name, const std::vector<std::string>& words) {
    file << fmt::format("\"{}\":[\"{}\"],\n", name, fmt::join(words, "\",\""));
}

bool write_enums(const std::string& path) {
    std::ofstream file(path);
    file << "{\n";
    write_enum(file, "MarginState", words_of<core::MarginState>());
    write_enum(file, "CauseKind", words_of<core::CauseKind>());
    write_enum(file, "Channel", words_of<core::Channel>());
    write_enum(file, "MarginLevel", words_of<core::MarginLevel>());
    write_enum(file, "RateTerm", words_of<core::RateTerm>());
    write_enum(file, "PriceState", words_of<core::PriceState>());
    write_enum(file, "PriceReason", words_of<core::PriceReason>());
    write_enum(file, "FeedState", words_of<core::FeedState>());
    write_enum(file, "FeedReason", words_of<core::FeedReason>());
    write_enum(file, "DaemonState", words_of<core::DaemonState>());
    write_enum(file, "DaemonReason", words_of<core::DaemonReason>());
    write_enum(file, "AuditCheck", words_of<core::AuditCheck>());
    write_enum(file, "GoodbyeReason", words_of<daemon::GoodbyeReason>());
    // These have no word for what they are not.
    file << "\"Side\":[\"buy\",\"sell\"],\"PlanAction\":[\"close\",\"repay\"],"
            "\"Answer\":[\"no\",\"yes\"],\"Model\":[\"linear\"]}\n";
    return file.flush().good();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: wire_samples FOLDER\n");
        return 2;
    }
    const std::string folder = argv[1];
    Writer writer(folder);
    write_events(writer);
    write_connection(writer);
    if (!write_enums(folder + "/enums.json") || !writer.good()) {
        std::fprintf(stderr, "wire_samples: cannot write in %s; does the folder exist?\n",
                     folder.c_str());
        return 1;
    }
    return 0;
}
