// The little JSON that requests are made of.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace margind::feeds {

inline void add_once(std::vector<std::string>& list, const std::string& item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

// ["BTC-USD","ETH-USD"]. Requires: items without quotes, backslashes and control characters, which
// symbols never have.
inline std::string json_list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) {
        if (text.size() > 1) text += ',';
        text += '"' + item + '"';
    }
    return text += ']';
}

}  // namespace margind::feeds
