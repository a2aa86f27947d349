#include "daemon/review/json_difference.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

namespace margind::daemon {
namespace {

using Element = simdjson::dom::element;

class Comparer {
  public:
    explicit Comparer(std::vector<MemberDifference>& found) : found_(found) {}

    void compare(const std::string& path, Element left, Element right) {
        simdjson::dom::object left_object;
        simdjson::dom::object right_object;
        simdjson::dom::array left_array;
        simdjson::dom::array right_array;
        if (left.get(left_object) == simdjson::SUCCESS &&
            right.get(right_object) == simdjson::SUCCESS) {
            return objects(path, left_object, right_object, {});
        }
        if (left.get(left_array) == simdjson::SUCCESS &&
            right.get(right_array) == simdjson::SUCCESS) {
            return arrays(path, left_array, right_array);
        }
        const std::string left_text = simdjson::minify(left);
        const std::string right_text = simdjson::minify(right);
        if (left_text != right_text) found_.push_back({path, left_text, right_text});
    }

    void objects(const std::string& path, simdjson::dom::object left, simdjson::dom::object right,
                 const std::vector<std::string_view>& ignored) {
        const auto passed_over = [&](std::string_view key) {
            return std::find(ignored.begin(), ignored.end(), key) != ignored.end();
        };
        const auto member = [&](std::string_view key) {
            return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
        };
        for (const auto [key, value] : left) {
            if (passed_over(key)) continue;
            Element other;
            if (right.at_key(key).get(other) == simdjson::SUCCESS) {
                compare(member(key), value, other);
            } else {
                found_.push_back({member(key), simdjson::minify(value), {}});
            }
        }
        for (const auto [key, value] : right) {
            Element other;
            if (passed_over(key) || left.at_key(key).get(other) == simdjson::SUCCESS) continue;
            found_.push_back({member(key), {}, simdjson::minify(value)});
        }
    }

  private:
    void arrays(const std::string& path, simdjson::dom::array left, simdjson::dom::array right) {
        const std::size_t shared = std::min(left.size(), right.size());
        for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
            const std::string member = fmt::format("{}[{}]", path, i);
            if (i >= shared) {
                const bool on_left = i < left.size();
                const std::string text = simdjson::minify((on_left ? left : right).at(i));
                found_.push_back({member, on_left ? text : "", on_left ? "" : text});
                continue;
            }
            compare(member, left.at(i), right.at(i));
        }
    }

    std::vector<MemberDifference>& found_;
};

}  // namespace

std::vector<MemberDifference> differences(std::string_view left, std::string_view right,
                                          const std::vector<std::string_view>& ignored) {
    std::vector<MemberDifference> found;
    simdjson::dom::parser left_parser;
    simdjson::dom::parser right_parser;
    simdjson::dom::object left_object;
    simdjson::dom::object right_object;
    if (left_parser.parse(left.data(), left.size()).get(left_object) != simdjson::SUCCESS ||
        right_parser.parse(right.data(), right.size()).get(right_object) != simdjson::SUCCESS) {
        if (left != right) found.push_back({{}, std::string(left), std::string(right)});
        return found;
    }
    Comparer(found).objects({}, left_object, right_object, ignored);
    return found;
}

}  // namespace margind::daemon
