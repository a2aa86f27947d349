// The messages of a file as the codecs of the official SBE generator read them, an object of JSON a
// line: sbe_reader.py compares. The headers are made from the schema while building.
//
//   sbe_peer MESSAGES.BIN
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <margind_events/Audit_failed.h>
#include <margind_events/Bankruptcy.h>
#include <margind_events/Caught_up.h>
#include <margind_events/Clock.h>
#include <margind_events/Daemon_state.h>
#include <margind_events/Feed_state.h>
#include <margind_events/Goodbye.h>
#include <margind_events/Liquidation.h>
#include <margind_events/Margin_call.h>
#include <margind_events/MessageHeader.h>
#include <margind_events/Parameters_changed.h>
#include <margind_events/Price_state.h>
#include <margind_events/Recovered.h>
#include <margind_events/Threshold_changed.h>
#include <margind_events/Warning.h>
#include <margind_events/Withheld.h>

namespace peer = margind_events;

namespace {

// Whether the message was of that codec, and is printed.
template <class Codec>
bool printed(peer::MessageHeader& header, std::string& message) {
    if (header.templateId() != Codec::sbeTemplateId()) return false;
    if (header.schemaId() != Codec::sbeSchemaId()) return false;
    Codec codec;
    codec.wrapForDecode(message.data(), peer::MessageHeader::encodedLength(), header.blockLength(),
                        header.version(), message.size());
    std::cout << codec << '\n';
    return true;
}

template <class... Codecs>
bool any_printed(std::string& message) {
    peer::MessageHeader header(message.data(), message.size());
    return (printed<Codecs>(header, message) || ...);
}

bool print(std::string& message) {
    return any_printed<peer::Warning, peer::Margin_call, peer::Liquidation, peer::Bankruptcy,
                       peer::Recovered, peer::Threshold_changed, peer::Price_state,
                       peer::Feed_state, peer::Daemon_state, peer::Parameters_changed, peer::Clock,
                       peer::Audit_failed, peer::Withheld, peer::Caught_up, peer::Goodbye>(message);
}

// What is constant is not printed.
template <class... Composites>
bool eight_decimals() {
    return ((Composites().exponent() == -8) && ...);
}

}  // namespace

int main(int argc, char** argv) {
    std::ifstream file(argc == 2 ? argv[1] : "", std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "usage: sbe_peer MESSAGES.BIN, as wire_samples writes it\n");
        return 2;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!eight_decimals<peer::Amount, peer::OptionalAmount, peer::Rate, peer::HealthFactor>()) {
        std::fprintf(stderr, "sbe_peer: a constant exponent is not -8\n");
        return 1;
    }
    std::cout.precision(17);
    for (std::size_t at = 0; at + 2 <= bytes.size();) {
        const auto high = static_cast<unsigned char>(bytes[at]);
        const auto low = static_cast<unsigned char>(bytes[at + 1]);
        const std::size_t length = std::size_t{high} << 8 | low;
        std::string message = bytes.substr(at + 2, length);
        if (message.size() != length || !print(message)) {
            std::fprintf(stderr, "sbe_peer: no message of the schema at byte %zu\n", at);
            return 1;
        }
        at += 2 + length;
    }
    return 0;
}
