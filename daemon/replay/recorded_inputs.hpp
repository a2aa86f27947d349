// Recordings and files of account updates as one sequence of engine inputs, each received at its
// recorded time.
//
// Order: by (time, connection, line); connections count in the order in which they first appear in
// the files as given. Within a connection the order of the lines is kept even where its clock steps
// back. A connection begins with its feed going through connecting to live, so that the sequences
// of its sources start anew.
//
// Everything is read, decoded and checked before the first input is handed out: about 170 bytes of
// memory an input.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/input.hpp"
#include "feeds/tick.hpp"

namespace margind::daemon {

struct RecordingTally {
    std::uint64_t lines = 0;         // all that are not blank
    std::uint64_t not_messages = 0;  // meta, open, out, http
    std::uint64_t left_out = 0;  // messages of connections that no feed of the config stands for
    std::uint64_t account_updates = 0;
    std::array<std::uint64_t, 4> by_verdict{};  // messages, by feeds::Verdict
    std::array<std::uint64_t, static_cast<std::size_t>(feeds::Reason::count_)> by_reason{};
    std::uint64_t no_source = 0;     // ticks nobody asked for
    std::uint64_t not_scalable = 0;  // prices with more digits than the instrument has
    std::uint64_t time_assumed = 0;
};

struct RecordedInputs {
    std::vector<core::Input> inputs;
    RecordingTally tally;
    std::vector<std::string> problems;  // "file:line: what and what to do"; empty: usable
    std::vector<std::string> notices;   // what was left out, and why
};

enum class MissingTime : std::uint8_t {
    refuse,  // a line without a time is a problem
    assume,  // it has the time of the line before it in its connection, or of the earliest of all
};

// Throws std::system_error or std::runtime_error when a file cannot be read.
RecordedInputs read_recordings(const config::Settings& settings,
                               const std::vector<std::filesystem::path>& files,
                               MissingTime missing_time);

}  // namespace margind::daemon
