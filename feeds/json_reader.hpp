// What the decoders need of simdjson On-Demand: the members of an object in any order, scalars as
// the text they were written in. Included by decode.cpp files only (the header is large).
//
// Every object is walked to its end, so a message that was cut short is an error even where all
// members of interest had already been seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

namespace ondemand = simdjson::ondemand;

enum class ScalarType : std::uint8_t { absent, text, number, boolean, null, composite, malformed };

// A member's value as written. Borrows from the message; escapes in text are left as they are, for
// nothing that we use (numbers, symbols, times, type names) is ever written with one.
struct Scalar {
    ScalarType type = ScalarType::absent;
    std::string_view text;  // without quotes; of a composite its bracket

    bool present() const { return type != ScalarType::absent; }
    // Stated as something other than null.
    bool stated() const { return type != ScalarType::absent && type != ScalarType::null; }
    bool is(std::string_view expected) const {
        return type == ScalarType::text && text == expected;
    }
};

inline Scalar read_scalar(ondemand::value& value) noexcept {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
        token.remove_suffix(1);
    if (token.empty()) return {ScalarType::malformed, token};
    const char first = token.front();
    if (first == '"') {
        if (token.size() < 2 || token.back() != '"') return {ScalarType::malformed, token};
        return {ScalarType::text, token.substr(1, token.size() - 2)};
    }
    if (first == '-' || (first >= '0' && first <= '9')) return {ScalarType::number, token};
    if (token == "true" || token == "false") return {ScalarType::boolean, token};
    if (token == "null") return {ScalarType::null, token};
    if (first == '{' || first == '[') return {ScalarType::composite, token.substr(0, 1)};
    return {ScalarType::malformed, token};
}

// Which members of an object are wanted, and where in a Message they go. Constant; entries in
// ascending order of their keys, so that the first letter finds them.
template <class Message, std::size_t N>
class MemberTable {
  public:
    struct Entry {
        std::string_view key;
        Scalar Message::* member;
    };

    consteval explicit MemberTable(const std::array<Entry, N>& entries) : entries_(entries) {
        first_.fill(N);
        for (std::size_t i = N; i-- > 0;) {
            if (i > 0 && !(entries[i - 1].key < entries[i].key)) throw "keys out of order";
            first_[letter(entries[i].key)] = static_cast<std::uint8_t>(i);
        }
    }

    // Null when nobody wants the key.
    const Entry* find(std::string_view key) const noexcept {
        if (key.empty()) return nullptr;
        for (std::size_t i = first_[letter(key)]; i < N; ++i) {
            if (entries_[i].key == key) return &entries_[i];
            if (entries_[i].key.front() != key.front()) return nullptr;
        }
        return nullptr;
    }

  private:
    static constexpr std::size_t letter(std::string_view key) {
        return static_cast<unsigned char>(key.front()) & 0x7F;
    }

    std::array<Entry, N> entries_;
    std::array<std::uint8_t, 128> first_{};
};

template <class Message, std::size_t N>
consteval auto member_table(const typename MemberTable<Message, N>::Entry (&entries)[N]) {
    return MemberTable<Message, N>(std::to_array(entries));
}

// A key as written, up to its closing quote; a key with an escape in it is none of ours, cut there.
inline std::string_view key_text(const ondemand::raw_json_string& key) noexcept {
    const char* const begin = key.raw();
    const char* end = begin;
    while (*end != '"' && *end != '\\') ++end;
    return {begin, static_cast<std::size_t>(end - begin)};
}

// Walks `object` to its end, storing wanted scalars in `message` and handing every other member to
// `on_other(key, value)`, which returns a Reason to stop with, or Reason::none.
template <class Message, std::size_t N, class OnOther>
Reason read_members(ondemand::object& object, const MemberTable<Message, N>& table,
                    Message& message, OnOther&& on_other) noexcept {
    for (auto each : object) {
        ondemand::field field;
        if (std::move(each).get(field) != simdjson::SUCCESS) return Reason::not_json;
        const std::string_view key = key_text(field.key());
        if (const auto* entry = table.find(key); entry != nullptr) {
            const Scalar scalar = read_scalar(field.value());
            if (scalar.type == ScalarType::malformed) return Reason::not_json;
            message.*(entry->member) = scalar;
        } else if (const Reason reason = on_other(key, field.value()); reason != Reason::none) {
            return reason;
        }
    }
    return Reason::none;
}

template <class Message, std::size_t N>
Reason read_members(ondemand::object& object, const MemberTable<Message, N>& table,
                    Message& message) noexcept {
    return read_members(object, table, message,
                        [](std::string_view, ondemand::value&) { return Reason::none; });
}

// Calls `on_object(object)` for each element of an array of objects; stops at the first Reason.
template <class OnObject>
Reason for_each_object(ondemand::array& array, OnObject&& on_object) noexcept {
    for (auto each : array) {
        ondemand::value element;
        ondemand::object object;
        if (std::move(each).get(element) != simdjson::SUCCESS) return Reason::not_json;
        if (element.get_object().get(object) != simdjson::SUCCESS) return Reason::wrong_type;
        if (const Reason reason = on_object(object); reason != Reason::none) return reason;
    }
    return Reason::none;
}

template <class OnObject>
Reason for_each_object(ondemand::value& value, OnObject&& on_object) noexcept {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return Reason::wrong_type;
    return for_each_object(array, on_object);
}

// One parser and the message it is at.
class JsonReader {
  public:
    // Memory for messages of up to 64 KiB is there from the start; a larger one makes it grow,
    // once.
    // Throws std::bad_alloc where there is not even that.
    JsonReader() {
        if (parser_.allocate(kUsualMessageBytes) != simdjson::SUCCESS) throw std::bad_alloc();
    }

    // not_json for anything but an object or an array; a bare scalar is no message of any venue.
    Reason open(std::string_view text) noexcept {
        const simdjson::padded_string_view padded(text.data(), text.size(),
                                                  text.size() + Decoder::kPadding);
        if (parser_.iterate(padded).get(document_) != simdjson::SUCCESS) return Reason::not_json;
        if (document_.type().get(type_) != simdjson::SUCCESS) return Reason::not_json;
        const bool composite =
            type_ == ondemand::json_type::object || type_ == ondemand::json_type::array;
        return composite ? Reason::none : Reason::not_json;
    }
    bool holds_array() const { return type_ == ondemand::json_type::array; }

    // Hands the message's one object to `on_object`, or each object of its array. May be called
    // again, for values whose meaning depends on members that come after them.
    // Requires: open() returned Reason::none.
    template <class OnObject>
    Reason read(OnObject&& on_object) noexcept {
        document_.rewind();
        if (const Reason reason = read_root(on_object); reason != Reason::none) return reason;
        // Nothing may follow; simdjson leaves that check to us.
        return document_.current_location().error() == simdjson::OUT_OF_BOUNDS ? Reason::none
                                                                               : Reason::not_json;
    }

  private:
    static constexpr std::size_t kUsualMessageBytes = 64 * 1024;

    template <class OnObject>
    Reason read_root(OnObject&& on_object) noexcept {
        if (holds_array()) {
            ondemand::array array;
            if (document_.get_array().get(array) != simdjson::SUCCESS) return Reason::not_json;
            return for_each_object(array, on_object);
        }
        ondemand::object object;
        if (document_.get_object().get(object) != simdjson::SUCCESS) return Reason::not_json;
        return on_object(object);
    }

    ondemand::parser parser_;
    ondemand::document document_;
    ondemand::json_type type_{};
};

}  // namespace margind::feeds
