// Lenient access to parsed JSON: a member that is missing or of another type reads as empty. What
// is shown to a person may be incomplete; it must not stop.
#pragma once

#include <cstdint>
#include <string_view>

#include <simdjson.h>

namespace margind::daemon {

using Json = simdjson::dom::element;

inline std::string_view text_of(const simdjson::simdjson_result<Json>& value) {
    std::string_view text;
    return value.get(text) == simdjson::SUCCESS ? text : std::string_view();
}
inline std::uint64_t count_of(const simdjson::simdjson_result<Json>& value) {
    std::uint64_t count = 0;
    return value.get(count) == simdjson::SUCCESS ? count : 0;
}
inline std::int64_t integer_of(const simdjson::simdjson_result<Json>& value) {
    std::int64_t integer = 0;
    return value.get(integer) == simdjson::SUCCESS ? integer : 0;
}
inline double number_of(const simdjson::simdjson_result<Json>& value) {
    double number = 0;
    return value.get(number) == simdjson::SUCCESS ? number : 0;
}
inline bool flag_of(const simdjson::simdjson_result<Json>& value) {
    bool flag = false;
    return value.get(flag) == simdjson::SUCCESS && flag;
}

// Calls `each` with every element of an array, with none when it is not one.
template <class F>
void for_each(const simdjson::simdjson_result<Json>& value, F each) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return;
    for (const Json element : array) each(element);
}
// Calls `each` with the key and value of every member of an object.
template <class F>
void for_each_member(const simdjson::simdjson_result<Json>& value, F each) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return;
    for (const simdjson::dom::key_value_pair member : object)
        each(member.key, simdjson::simdjson_result<Json>(Json(member.value)));
}

}  // namespace margind::daemon
