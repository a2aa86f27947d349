// The one line that a subscriber may send: who it is and from which event on it wants to be told.
//
//   {"type":"login","session":"5f0c2a91d3b84e67","next_event_seq":4711}
//
// docs/event-stream.md, "Resume".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace margind::daemon {

struct Login {
    std::string session;                          // empty: the one there is
    std::optional<std::uint64_t> next_event_seq;  // >= 1; nothing: from now on
};

// Returns what is wrong with the line, naming the member; empty: nothing is.
std::string parse_login(std::string_view line, Login& login);

}  // namespace margind::daemon
