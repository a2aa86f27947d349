#include "config/yaml_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "config/scalars.hpp"

namespace margind::config {
namespace {

int line_of(const YAML::Node& node) {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? 0 : mark.line + 1;
}

std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

// instruments[12].tiers[0].rate -> instruments[].tiers[].rate
std::string pattern_of(const std::string& path) {
    std::string pattern;
    bool inside = false;
    for (const char c : path) {
        if (c == ']') inside = false;
        if (!inside) pattern += c;
        if (c == '[') inside = true;
    }
    return pattern;
}

// Whether `inner` is `outer` or something inside it.
bool holds(const std::string& outer, const std::string& inner) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || outer.empty() ||
                                        inner[outer.size()] == '.' || inner[outer.size()] == '[');
}

// Cuts the last member or index off a path; false when nothing is left to cut.
bool cut_last(std::string& path) {
    const std::size_t end = path.find_last_of(".[");
    path.erase(end == std::string::npos ? 0 : end);
    return !path.empty();
}

}  // namespace

void Document::problem(const Place& place, std::string message) {
    problems_.push_back({file_, place.line, place.key, std::move(message)});
}

void Document::consequence(const std::string& path, std::string message) {
    const Place place = place_of(path);
    const bool explained = std::any_of(problems_.begin(), problems_.end(), [&](const Problem& p) {
        return holds(p.key, place.key) || holds(place.key, p.key);
    });
    if (explained) return;
    consequences_.push_back({file_, place.line, place.key, std::move(message)});
}

void Document::asked(const std::string& path) {
    keys_.insert(pattern_of(path));
}

Place Document::place_of(std::string path) const {
    for (const auto& [alias, meaning] : aliases_) {
        if (holds(alias, path)) {
            path = meaning + path.substr(alias.size());
            break;
        }
    }
    const std::string whole = path;
    do {
        const auto place = places_.find(path);
        if (place == places_.end()) continue;
        // Name the value even where only its holder has a line.
        return {place->second.key + whole.substr(path.size()), place->second.line};
    } while (cut_last(path));
    return {whole, 0};
}

std::vector<Problem> Document::take_problems() {
    problems_.insert(problems_.end(), consequences_.begin(), consequences_.end());
    consequences_.clear();
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    std::vector<Problem> unique;
    std::set<std::string> seen;
    for (Problem& problem : problems_) {
        if (seen.insert(to_string(problem)).second) unique.push_back(std::move(problem));
    }
    problems_.clear();
    return unique;
}

MapReader::MapReader(Document& document, std::string path, YAML::Node node, Place place)
    : document_(&document), path_(std::move(path)), place_(std::move(place)) {
    add_layer(node, place_, false);
}

MapReader MapReader::over(const YAML::Node& defaults, const Place& place) const {
    MapReader both = *this;
    both.add_layer(defaults, place, true);
    return both;
}

void MapReader::add_layer(const YAML::Node& node, const Place& place, bool in_defaults) {
    if (!node.IsDefined() || node.IsNull()) return;  // a section with every line commented out
    if (!node.IsMap()) {
        document_->problem(place, "must be a section of 'key: value' lines");
        return;
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
        const int line = line_of(item.first);
        if (!item.first.IsScalar()) {
            document_->problem({place.key, line}, "a key must be plain text");
            continue;
        }
        const std::string key = item.first.Scalar();
        Place where{join(place.key, key), line};
        if (!seen.insert(key).second) {
            document_->problem(where, "is given twice; keep one");
            continue;
        }
        entries_.push_back({key, item.second, std::move(where), in_defaults});
    }
}

const MapReader::Entry* MapReader::find(std::string_view key) const {
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& e) { return e.key == key; });
    return entry == entries_.end() ? nullptr : &*entry;
}

const MapReader::Entry* MapReader::ask(const char* key, Need need) {
    asked_.insert(key);
    const std::string path = join(path_, key);
    document_->asked(path);
    const Entry* entry = find(key);
    if (entry != nullptr) {
        document_->found(path, entry->place);
    } else if (need == Need::required) {
        document_->problem({join(place_.key, key), place_.line}, "is missing; add it");
    }
    return entry;
}

bool MapReader::scalar(const char* key, Need need, std::string& text, Place& place) {
    const Entry* entry = ask(key, need);
    if (entry == nullptr) return false;
    place = entry->place;
    if (entry->node.IsScalar() && !entry->node.Scalar().empty()) {
        text = entry->node.Scalar();
        return true;
    }
    const bool empty = entry->node.IsNull() || entry->node.IsScalar();
    document_->problem(place, empty ? "is empty; give a value or delete the line"
                                    : "must be a single value, not a list or a section");
    return false;
}

bool MapReader::text(const char* key, std::string& out, Need need) {
    const auto take = [](const std::string& text, std::string& target) {
        target = text;
        return std::string();
    };
    return value(key, out, take, need);
}

bool MapReader::texts(const char* key, std::vector<std::string>& out) {
    const Entry* entry = ask(key, Need::optional);
    if (entry == nullptr) return false;
    std::vector<std::string> texts;
    bool plain = entry->node.IsSequence();
    for (std::size_t i = 0; plain && i < entry->node.size(); ++i) {
        plain = entry->node[i].IsScalar();
        if (plain) texts.push_back(entry->node[i].Scalar());
    }
    if (!plain) {
        document_->problem(entry->place, "must be a list of single values, such as [a, b]");
        return false;
    }
    out = std::move(texts);
    return true;
}

bool MapReader::whole_number(const char* key, std::int64_t& out, std::int64_t lowest,
                             std::int64_t highest, Need need) {
    const auto parse = [&](const std::string& text, std::int64_t& number) {
        return parse_whole(text, lowest, highest, number);
    };
    return value(key, out, parse, need);
}

bool MapReader::has_itself(const char* key) const {
    const Entry* entry = find(key);
    return entry != nullptr && !entry->in_defaults;
}

MapReader MapReader::map(const char* key) {
    MapReader inner(*document_, join(path_, key), YAML::Node(), place(key));
    asked_.insert(key);
    for (const Entry& entry : entries_) {
        if (entry.key == key) inner.add_layer(entry.node, entry.place, entry.in_defaults);
    }
    document_->found(inner.path_, inner.place_);
    return inner;
}

bool MapReader::is_section(const char* key) const {
    const Entry* entry = find(key);
    return entry != nullptr && entry->node.IsMap();
}

MapReader MapReader::map_as_whole(const char* key) {
    MapReader inner(*document_, join(path_, key), YAML::Node(), place(key));
    const Entry* entry = ask(key, Need::optional);
    if (entry != nullptr) inner.add_layer(entry->node, entry->place, entry->in_defaults);
    document_->found(inner.path_, inner.place_);
    return inner;
}

ListReader MapReader::list(const char* key, Need need) {
    const Entry* entry = ask(key, need);
    if (entry == nullptr || entry->node.IsNull()) return {};
    return ListReader(*document_, join(path_, key), entry->node, entry->place);
}

YAML::Node MapReader::section(const char* key) {
    asked_.insert(key);
    const Entry* entry = find(key);
    return entry != nullptr ? entry->node : YAML::Node();
}

Place MapReader::place(const char* key) const {
    const Entry* entry = find(key);
    return entry != nullptr ? entry->place : Place{join(place_.key, key), place_.line};
}

void MapReader::finish() {
    for (const Entry& entry : entries_) {
        if (asked_.contains(entry.key)) continue;
        const std::string like = closest(entry.key);
        document_->problem(entry.place, like.empty()
                                            ? "is not a known key; delete it"
                                            : "is not a known key; did you mean " + like + "?");
    }
}

std::string MapReader::closest(const std::string& unknown) const {
    std::string best;
    std::size_t distance_best = unknown.size() / 3 + 1;  // a longer word may differ more
    for (const std::string& key : asked_) {
        const std::size_t distance = edit_distance(unknown, key);
        if (distance > distance_best || (distance == distance_best && !best.empty())) continue;
        best = key;
        distance_best = distance;
    }
    return best;
}

ListReader::ListReader(Document& document, std::string path, YAML::Node node, Place place)
    : document_(&document), path_(std::move(path)), node_(node), place_(std::move(place)) {
    if (node_.IsSequence()) {
        size_ = node_.size();
    } else {
        document_->problem(place_, "must be a list of '- key: value' items");
    }
}

MapReader ListReader::operator[](std::size_t index) const {
    const std::string suffix = "[" + std::to_string(index) + "]";
    const YAML::Node item = node_[index];
    Place place{place_.key + suffix, line_of(item)};
    document_->found(path_ + suffix, place);
    return MapReader(*document_, path_ + suffix, item, std::move(place));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace margind::config
