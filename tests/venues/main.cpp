// reference_cases [--failures N] DIR: runs every family file (*.json) in DIR against core and
// prints a line per family. Exit status 0 if every case in scope passed, 1 if one failed, 2 if DIR
// or a file in it cannot be used.
#include <algorithm>
#include <charconv>
#include <exception>
#include <filesystem>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tests/venues/family.hpp"

namespace {

using margind::test::Failure;
using margind::test::FamilyReport;

constexpr std::string_view kUsage = "usage: reference_cases [--failures N] DIR\n";

std::vector<std::filesystem::path> family_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

void print_reasons(std::string_view what, const std::map<std::string, int>& reasons) {
    for (const auto& [reason, count] : reasons) {
        fmt::print("    {} {}: {}\n", count, what, reason);
    }
}

void print(const Failure& failure) {
    fmt::print("  FAILED {} ({})\n", failure.name, failure.model);
    for (const std::string& line : failure.found) {
        fmt::print("    {}\n", line);
    }
    fmt::print("    given {}\n", failure.given);
    if (!failure.answered.empty()) {
        fmt::print("    answered {}\n", failure.answered);
    }
    if (!failure.produced.empty()) {
        fmt::print("    through profile and engine {}\n", failure.produced);
    }
}

void print(const FamilyReport& report, std::size_t failures_max) {
    fmt::print("{} {}/{}, {} through profile and engine, {} in wide numbers only\n", report.family,
               report.passed, report.total, report.through_engine,
               report.passed - report.through_engine);
    print_reasons("in wide numbers only", report.wide_only);
    print_reasons("not yet", report.not_yet);
    print_reasons("out of scope", report.out_of_scope);
    const std::size_t shown = std::min(failures_max, report.failures.size());
    for (std::size_t i = 0; i < shown; ++i) {
        print(report.failures[i]);
    }
    if (shown < report.failures.size()) {
        fmt::print("  and {} more failures\n", report.failures.size() - shown);
    }
}

// The exit status for one file.
int run(const std::filesystem::path& file, std::size_t failures_max) {
    try {
        const FamilyReport report = margind::test::run_family(file);
        print(report, failures_max);
        return report.failures.empty() ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "reference_cases: {}\n", error.what());
        return 2;
    }
}

int run_all(const std::filesystem::path& folder, std::size_t failures_max) {
    try {
        const auto files = family_files(folder);
        if (files.empty()) {
            fmt::print(stderr, "reference_cases: {} holds no *.json\n", folder.string());
            return 2;
        }
        int status = 0;
        for (const auto& file : files) {
            status = std::max(status, run(file, failures_max));
        }
        return status;
    } catch (const std::filesystem::filesystem_error& error) {
        fmt::print(stderr, "reference_cases: {}: {}\n", folder.string(), error.code().message());
        return 2;
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string_view> words(argv + 1, argv + argc);
    std::size_t failures_max = 3;
    if (words.size() == 3 && words[0] == "--failures") {
        const auto [stop, error] =
            std::from_chars(words[1].data(), words[1].data() + words[1].size(), failures_max);
        if (error != std::errc{} || stop != words[1].data() + words[1].size()) {
            fmt::print(stderr, "{}", kUsage);
            return 2;
        }
        words.erase(words.begin(), words.begin() + 2);
    }
    if (words.size() != 1 || words[0].starts_with('-')) {
        fmt::print(stderr, "{}", kUsage);
        return 2;
    }
    return run_all(words[0], failures_max);
}
