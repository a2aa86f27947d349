#include "daemon/gateway/login_line.hpp"

#include <simdjson.h>

namespace margind::daemon {
namespace {

std::string read_member(std::string_view name, simdjson::dom::element value, Login& login) {
    if (name == "type") {
        std::string_view type;
        const bool known = !value.get(type) && type == "login";
        return known ? "" : "type: must be \"login\", the one request there is";
    }
    if (name == "session") {
        std::string_view session;
        if (value.get(session) || session.empty()) {
            return "session: must be the session of a hello, as a string; leave it out for the "
                   "one there is";
        }
        login.session = session;
        return {};
    }
    if (name == "next_event_seq") {
        std::uint64_t number = 0;
        if (value.get(number) || number == 0) {
            return "next_event_seq: must be the number of an event, 1 or more; leave it out to "
                   "be told what happens from now on";
        }
        login.next_event_seq = number;
        return {};
    }
    return "it has a member that no login has; there are type, session and next_event_seq";
}

}  // namespace

std::string parse_login(std::string_view line, Login& login) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(simdjson::padded_string(line)).get(object)) {
        return "it is no JSON object";
    }
    login = {};
    bool has_type = false;
    for (const auto [name, value] : object) {
        has_type |= name == "type";
        if (std::string problem = read_member(name, value, login); !problem.empty()) {
            return problem;
        }
    }
    return has_type ? "" : "type: is missing; it must be \"login\"";
}

}  // namespace margind::daemon
