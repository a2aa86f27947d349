// Values that may differ between the margin levels: written as one value for all of them, or as a
// section {initial, maintenance, close_out}; close_out is the maintenance value where it is not
// given.
#pragma once

#include "config/yaml_reader.hpp"
#include "core/margin/level.hpp"

namespace margind::config {

// Reads `key` into `out` with a parser that returns what is wrong. False when `out` is untouched.
template <class T, class Parser>
bool read_levels(MapReader& map, const char* key, core::PerLevel<T>& out, Parser parse) {
    if (!map.is_section(key)) {
        T every;
        if (!map.value(key, every, parse)) return false;
        out = every;
        return true;
    }
    MapReader levels = map.map_as_whole(key);
    T initial;
    T maintenance;
    const bool has_initial = levels.value("initial", initial, parse, Need::required);
    const bool has_maintenance = levels.value("maintenance", maintenance, parse, Need::required);
    core::PerLevel<T> read(initial, maintenance);
    levels.value("close_out", read[core::MarginLevel::close_out], parse);
    levels.finish();
    if (!has_initial || !has_maintenance) return false;
    out = read;
    return true;
}

}  // namespace margind::config
