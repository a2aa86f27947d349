// A journal's records as lines of JSON, with the names of the configuration they were made under.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/file_layer.hpp"

namespace margind::daemon {

struct RecordRange {
    std::uint64_t from = 1;  // input numbers, or event numbers
    std::uint64_t to = 0;
};

// Appends a line for each record of the range, and calls `pace` after each. Epochs come as lines of
// their own where they stand. False: `problem` says what. Cost: reads the inputs up to the range,
// for the configurations.
bool write_input_records(FileLayer& files, const std::string& folder, const RecordRange& range,
                         TextBuffer& out, const std::function<void()>& pace, std::string& problem);
// With "recorded", when the daemon wrote the event down, as last member.
bool write_event_records(FileLayer& files, const std::string& folder, const RecordRange& range,
                         TextBuffer& out, const std::function<void()>& pace, std::string& problem);

}  // namespace margind::daemon
