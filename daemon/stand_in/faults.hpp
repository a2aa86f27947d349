// What a stand-in can be told to do wrong, and the one way of writing it: on the command line, on
// standard input and in tests.
//
//   [VENUE:] ACTION [at TIME | after N]
//
//   drop              reset every TCP connection
//   close             close every connection with a close frame
//   shutdown          announce that the venue is about to disconnect, where it has such a message
//   silence [TIME]    say nothing, stay connected, answer pings; until resume, or for TIME
//   resume            end a silence, a refusal, a delay
//   refuse            answer every subscription with the venue's own error, until resume
//   repeat [N]        send each of the next N messages twice (default 1)
//   reorder [N]       swap the next message with the one after it, N times (default 1)
//   corrupt [N]       overwrite the second half of the next N messages with # (default 1)
//   delay TIME        send everything later by TIME; messages stay in order
//   send TEXT         send TEXT to every subscriber
//
// TIME is 250ms, 5s or 2m of real time; `at` counts from the start of play, `after` counts the
// messages that the venue has sent. Without VENUE all venues do it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace margind::daemon::stand_in {

enum class Action : std::uint8_t {
    drop,
    close,
    shutdown,
    silence,
    resume,
    refuse,
    repeat,
    reorder,
    corrupt,
    delay,
    send,
};

struct Fault {
    std::string venue;  // empty: all
    Action action = Action::drop;
    std::uint64_t count = 1;
    core::Duration duration;  // silence: zero for "until resume"
    std::string text;
    std::optional<core::Duration> at;
    std::optional<std::uint64_t> after;
};

struct ParsedFault {
    Fault fault;
    std::string problem;  // empty: usable; else what is wrong and what to write
};

ParsedFault parse_fault(std::string_view line);

}  // namespace margind::daemon::stand_in
