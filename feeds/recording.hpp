// Recordings of websocket traffic, one JSON object a line:
//
//   {"dir":"meta","conn":C,"kind":K,"url":U,...}   opens a segment; later lines with C belong to it
//   {"dir":"in"|"out"|"open"|"http","conn":C,"t":N|null,"raw":"..."}
//
// `raw` is the text exactly as it was on the wire; `in` is from the venue to us, `http` an answer
// recorded alongside; `t` is the recorder's receive clock, ns since 1970 UTC, null where none was
// kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/time.hpp"

namespace margind::feeds {

struct RecordedLine {
    enum class Kind : std::uint8_t {
        meta,
        in,
        out,
        open,
        http,
        message,    // not of a recording's shape: take the line itself as a message (`raw`)
        malformed,  // of its shape, but unusable: see `problem`
    };
    Kind kind = Kind::message;
    std::string_view connection;
    core::Timestamp time;      // zero: no clock was kept
    std::string_view raw;      // followed by Decoder::kPadding readable bytes
    std::string_view url;      // meta
    std::string_view feed;     // meta; the feed of a config that the connection stands for
    std::string_view problem;  // malformed: what is wrong, for people
};

// Reads one line at a time; what it returns borrows from the reader until the next call. Not on the
// hot path: it copies and may allocate. Not thread-safe.
class RecordingReader {
  public:
    RecordingReader();
    ~RecordingReader();
    RecordedLine read(std::string_view line);  // without its end-of-line

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::feeds
