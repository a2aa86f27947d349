// Reading YAML by asking for keys. Every key asked for is remembered, so that what nobody asked for
// can be reported as unknown, and every value's place is kept, so that later checks can point at
// it. Nothing here throws for content: what is wrong becomes a Problem.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "config/settings.hpp"

namespace margind::config {

// Where a value stands in the file, under the name the file gives it.
struct Place {
    std::string key;
    int line = 0;
};

// One file being read: its problems, and the place of everything found in it.
class Document {
  public:
    explicit Document(std::string file) : file_(std::move(file)) {}

    void problem(const Place& place, std::string message);
    // A check of the finished settings failed for the value with this canonical path. Left out when
    // the value, or what holds it, has a problem already: it would only be a consequence.
    void consequence(const std::string& path, std::string message);

    // `path` is where the value belongs in the settings, `place` where the file says it; the two
    // differ for values that come from instrument_defaults.
    void found(const std::string& path, const Place& place) { places_[path] = place; }
    // `alias` is another canonical path for the same thing, e.g. sources[5] of the core.
    void alias(const std::string& alias, const std::string& path) { aliases_[alias] = path; }
    void asked(const std::string& path);
    const std::set<std::string>& keys() const { return keys_; }

    // Where the value at `path` stands, or the nearest thing that holds it.
    Place place_of(std::string path) const;

    // All problems, in the order of their lines, none twice.
    std::vector<Problem> take_problems();

  private:
    std::string file_;
    std::vector<Problem> problems_;
    std::vector<Problem> consequences_;
    std::map<std::string, Place> places_;
    std::map<std::string, std::string> aliases_;
    std::set<std::string> keys_;  // asked for, with [] for every index
};

enum class Need : std::uint8_t { optional, required };

// A parser of one of a few words. `words` must outlive it.
template <class T, std::size_t N>
auto one_of(const std::pair<const char*, T> (&words)[N]) {
    return [&words](const std::string& text, T& out) {
        std::string known;
        for (const auto& [word, meaning] : words) {
            if (text == word) {
                out = meaning;
                return std::string();
            }
            known += (known.empty() ? "" : ", ") + std::string(word);
        }
        return "'" + text + "' is not known; use one of: " + known;
    };
}

class ListReader;

// One YAML map, with another one under it from which missing keys are taken.
class MapReader {
  public:
    MapReader(Document& document, std::string path, YAML::Node node, Place place);

    // The same map with `defaults` under it.
    MapReader over(const YAML::Node& defaults, const Place& place) const;

    // Reads `key` into `out` with a parser that returns what is wrong. False when `out` is
    // untouched.
    template <class T, class Parser>
    bool value(const char* key, T& out, Parser parse, Need need = Need::optional) {
        std::string text;
        Place place;
        if (!scalar(key, need, text, place)) return false;
        const std::string wrong = parse(text, out);
        if (!wrong.empty()) document_->problem(place, wrong);
        return wrong.empty();
    }
    bool text(const char* key, std::string& out, Need need = Need::optional);
    // A list of single values, as text. False when `out` is untouched.
    bool texts(const char* key, std::vector<std::string>& out);
    // A whole number into any integer type, within [lowest, highest].
    template <class Integer>
    bool whole(const char* key, Integer& out, std::int64_t lowest, std::int64_t highest,
               Need need = Need::optional) {
        std::int64_t number = 0;
        if (!whole_number(key, number, lowest, highest, need)) return false;
        out = static_cast<Integer>(number);
        return true;
    }
    // One of a few words.
    template <class T, std::size_t N>
    bool choice(const char* key, T& out, const std::pair<const char*, T> (&words)[N],
                Need need = Need::optional) {
        return value(key, out, one_of(words), need);
    }

    bool has(const char* key) const { return find(key) != nullptr; }
    // Whether this map itself says it, not the defaults under it.
    bool has_itself(const char* key) const;
    // Whether the value is itself a section of keys.
    bool is_section(const char* key) const;
    MapReader map(const char* key);
    // The same, but taken as a whole: defaults count only where this map says nothing itself.
    MapReader map_as_whole(const char* key);
    ListReader list(const char* key, Need need = Need::optional);
    // The section itself, to put under others.
    YAML::Node section(const char* key);

    Place place(const char* key) const;
    void problem(const char* key, std::string message) {
        document_->problem(place(key), std::move(message));
    }
    Document& document() const { return *document_; }
    const std::string& path() const { return path_; }

    // Reports keys nobody asked for. Call when everything has been asked.
    void finish();

  private:
    friend class ListReader;
    struct Entry {
        std::string key;
        YAML::Node node;
        Place place;
        bool in_defaults = false;
    };

    void add_layer(const YAML::Node& node, const Place& place, bool in_defaults);
    const Entry* find(std::string_view key) const;
    const Entry* ask(const char* key, Need need);
    bool scalar(const char* key, Need need, std::string& text, Place& place);
    bool whole_number(const char* key, std::int64_t& out, std::int64_t lowest, std::int64_t highest,
                      Need need);
    std::string closest(const std::string& unknown) const;

    Document* document_;
    std::string path_;
    Place place_;
    std::vector<Entry> entries_;  // this map's own first, then the defaults'
    std::set<std::string> asked_;
};

// One YAML sequence of maps.
class ListReader {
  public:
    ListReader() = default;
    ListReader(Document& document, std::string path, YAML::Node node, Place place);

    std::size_t size() const { return size_; }
    MapReader operator[](std::size_t index) const;

  private:
    Document* document_ = nullptr;
    std::string path_;
    YAML::Node node_;
    Place place_;
    std::size_t size_ = 0;
};

// "did you mean" distance: insertions, deletions, replacements.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace margind::config
