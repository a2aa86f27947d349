#include "tests/unit/feeds/decode_support.hpp"

#include <fstream>
#include <map>
#include <stdexcept>
#include <tuple>

#include "feeds/recording.hpp"

namespace margind::feeds::test {
namespace {

void read_file(const std::string& stem, std::vector<Recorded>& all) {
    const std::string path = MARGIND_SOURCE_DIR "/tests/data/captures/" + stem + ".jsonl";
    std::ifstream input(path);
    if (!input) throw std::runtime_error("cannot open " + path);
    RecordingReader reader;
    std::map<std::string, std::string> urls;
    std::string text;
    while (std::getline(input, text)) {
        const RecordedLine line = reader.read(text);
        if (line.kind == RecordedLine::Kind::meta) urls[std::string(line.connection)] = line.url;
        if (line.kind != RecordedLine::Kind::in) continue;
        const std::string& url = urls[std::string(line.connection)];
        std::string venue = stem == "pyth_synthetic" ? "pyth" : stem;
        if (stem == "coinbase") {
            const bool advanced = url.find("advanced-trade") != std::string::npos;
            venue = advanced ? "coinbase_advanced" : "coinbase_exchange";
        }
        all.push_back({venue, std::string(line.raw)});
    }
}

}  // namespace

const std::vector<Recorded>& recorded_messages() {
    static const std::vector<Recorded> kAll = [] {
        std::vector<Recorded> messages;
        for (const char* stem :
             {"binance_spot", "binance_usdm", "coinbase", "pyth", "pyth_synthetic"}) {
            read_file(stem, messages);
        }
        return messages;
    }();
    return kAll;
}

std::vector<Recorded> sample_messages(std::size_t per_reason) {
    std::map<std::string, Bench> benches;
    std::map<std::tuple<std::string, Reason, core::Channel>, std::size_t> seen;
    std::vector<Recorded> sample;
    for (const Recorded& message : recorded_messages()) {
        Bench& bench = benches.try_emplace(message.venue, message.venue).first->second;
        const DecodeResult result = bench.decode(message.raw);
        const auto channel = bench.ticks().empty() ? core::Channel{} : bench.tick(0).channel;
        if (++seen[{message.venue, result.reason, channel}] <= per_reason) {
            sample.push_back(message);
        }
    }
    return sample;
}

}  // namespace margind::feeds::test
