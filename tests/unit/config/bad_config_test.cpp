// Each bad/*.yaml has every problem it must be told beside it, in bad/*.expected, line for line.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "config/settings.hpp"

using namespace margind;

namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    INFO(path);
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> bad_configs() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(MARGIND_SOURCE_DIR "/tests/unit/config/bad")) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

TEST_CASE("every problem of a bad config is told, with its line and what to do") {
    const auto files = bad_configs();
    REQUIRE(files.size() >= 8);
    for (const auto& file : files) {
        INFO(file);
        const config::Loaded loaded = config::load_text(read(file), file.filename());
        std::string told;
        for (const config::Problem& problem : loaded.problems) told += to_string(problem) + "\n";
        CHECK(told == read(std::filesystem::path(file).replace_extension("expected")));
        CHECK_FALSE(loaded.problems.empty());
    }
}
