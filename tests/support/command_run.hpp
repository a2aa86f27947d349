// The program as a shell runs it, in a folder of its own.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace margind::test {

struct Result {
    int code = -1;
    std::string out;
    std::string err;
};

inline std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// A folder of its own, gone at the end.
class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "margind-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
    }
    ~Scratch() { std::filesystem::remove_all(folder_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string journal() const { return (folder_ / "journal").string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return (folder_ / name).string();
    }
    // In the folder.
    Result run_here(const std::string& arguments) const {
        return run(arguments, "cd " + folder_.string() + " && ");
    }
    Result run(const std::string& arguments, const std::string& first = "") const {
        const std::string out = (folder_ / "out").string();
        const std::string err = (folder_ / "err").string();
        const std::string line =
            first + std::string(MARGIND_PROGRAM) + " " + arguments + " >" + out + " 2>" + err;
        const int status = std::system(line.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
    }

  private:
    std::filesystem::path folder_;
};

}  // namespace margind::test
