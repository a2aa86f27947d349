// Where two JSON objects differ, member by member.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace margind::daemon {

struct MemberDifference {
    std::string member;  // with its path: cause.instrument, plan[1].quantity
    std::string left;    // as JSON; empty: the member is not there
    std::string right;
};

// What differs, in the order of the left line, then what only the right one has. `ignored`: members
// of the outermost object that are not looked at. A line that is not a JSON object is one
// difference, without a member.
std::vector<MemberDifference> differences(std::string_view left, std::string_view right,
                                          const std::vector<std::string_view>& ignored = {});

}  // namespace margind::daemon
