// What a consumer of the event stream checks: it was greeted, no event is missing, and how it
// ended.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/view/json.hpp"

namespace margind::daemon {

class StreamCheck {
  public:
    enum class Line : std::uint8_t {
        event,
        event_after_gap,  // an event, but not the one that was due
        hello,
        goodbye,
        other,        // heartbeat, error, caught_up
        passed_over,  // an event before the answer to the login
        unexpected,   // the first line is not a greeting: this is no margind
    };

    // A login was sent: what comes before its answer does not count.
    void await_login() { awaits_login_ = true; }

    Line take(Json line) {
        const std::string_view type = text_of(line["type"]);
        if (!greeted_) {
            if (type != "hello" && type != "goodbye") return Line::unexpected;
            greeted_ = true;
        }
        if (type == "hello") {
            next_ = count_of(line["next_event_seq"]);
            session_ = text_of(line["session"]);
            version_ = text_of(line["version"]);
            return Line::hello;
        }
        if (type == "goodbye") {
            goodbye_ = text_of(line["reason"]);
            return Line::goodbye;
        }
        if (type == "login_accepted") {
            awaits_login_ = false;
            next_ = count_of(line["next_event_seq"]);
        }
        const std::uint64_t event_seq = count_of(line["event_seq"]);
        if (event_seq == 0) return Line::other;
        if (awaits_login_) return Line::passed_over;
        const bool due = event_seq == next_;
        if (!due) {
            ++gaps_;
            missed_from_ = next_;
        }
        next_ = event_seq + 1;
        ++events_;
        return due ? Line::event : Line::event_after_gap;
    }

    std::uint64_t events() const { return events_; }
    std::uint64_t gaps() const { return gaps_; }
    std::uint64_t missed_from() const { return missed_from_; }  // the event due at the last gap
    std::uint64_t next_event_seq() const { return next_; }
    const std::string& session() const { return session_; }
    const std::string& version() const { return version_; }
    const std::string& goodbye() const { return goodbye_; }  // its reason; empty: none was said

  private:
    bool greeted_ = false;
    bool awaits_login_ = false;
    std::uint64_t next_ = 1;
    std::uint64_t events_ = 0;
    std::uint64_t gaps_ = 0;
    std::uint64_t missed_from_ = 0;
    std::string session_;
    std::string version_;
    std::string goodbye_;
};

}  // namespace margind::daemon
