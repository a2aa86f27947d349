// A family file: its cases, run one after the other.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/venues/json.hpp"

namespace margind::test {

struct Failure {
    std::string name;
    std::string model;
    std::string given;               // params and inputs as JSON
    std::string answered;            // everything the model computed; empty if it threw
    std::string produced;            // the same through profile and engine
    std::vector<std::string> found;  // what is wrong, a line each, by which path
};

// What became of a family's cases.
struct FamilyReport {
    std::string family;
    int passed = 0;
    int total = 0;                            // passed + failed
    int through_engine = 0;                   // of those that passed: in the daemon's numbers too
    std::map<std::string, int> wide_only;     // of those that passed: by why they were not
    std::map<std::string, int> not_yet;       // by reason
    std::map<std::string, int> out_of_scope;  // by reason
    std::vector<Failure> failures;
};

// Throws std::runtime_error if the file cannot be read or is no family file: which file, which
// case, what.
FamilyReport run_family(const std::filesystem::path& file);

}  // namespace margind::test
