// docs/replay.md, executed.
#include <fstream>
#include <regex>

#include "tests/support/command_run.hpp"
#include "tests/support/recorded_venue.hpp"

using namespace margind::test;

namespace {

// Sums and hashes change with anything that goes into them: that they are there is enough.
std::string without_hashes(const std::string& line) {
    static const std::regex kHash("[0-9a-f]{64}|[0-9a-f]{16}");
    return std::regex_replace(line, kHash, "<hash>");
}

// What an example says is printed.
class Example {
  public:
    explicit Example(std::vector<std::string> printed) : printed_(std::move(printed)) {}

    void expect(const std::string& line) {
        if (line == "...") {
            anything_ = true;
            return;
        }
        const auto same = [&] { return without_hashes(printed_[at_]) == without_hashes(line); };
        while (anything_ && at_ < printed_.size() && !same()) ++at_;
        anything_ = false;
        INFO("expected: " << line);
        REQUIRE(at_ < printed_.size());
        CHECK(without_hashes(printed_[at_]) == without_hashes(line));
        ++at_;
    }
    bool complete() const { return anything_ || at_ == printed_.size(); }

  private:
    std::vector<std::string> printed_;
    std::size_t at_ = 0;
    bool anything_ = false;
};

}  // namespace

// Lines that begin with "    $ margind " are run, and what follows them is what is printed; a line
// "    ..." stands for any lines.
TEST_CASE("docs/replay.md: its examples are what the commands print") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    std::string fixed = kVenueConfig;
    const std::string moving = "rate: {z_initial: 4, z_maintenance: 2, ";
    fixed.replace(fixed.find(moving), moving.size(), "rate: {");
    scratch.write("static.yaml", fixed);

    const auto lines = lines_of(read(MARGIND_SOURCE_DIR "/docs/replay.md"));
    const std::string prompt = "    $ margind ";
    std::size_t run = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!lines[i].starts_with(prompt)) continue;
        INFO(lines[i]);
        const Result result = scratch.run_here(lines[i].substr(prompt.size()));
        ++run;
        Example example(lines_of(result.out + result.err));
        std::vector<std::string> expected;
        while (i + 1 < lines.size() && !lines[i + 1].starts_with(prompt) &&
               (lines[i + 1].empty() || lines[i + 1].starts_with("    "))) {
            ++i;
            expected.push_back(lines[i].substr(std::min<std::size_t>(4, lines[i].size())));
        }
        // Empty lines at the end part the example from the text.
        while (!expected.empty() && expected.back().empty()) expected.pop_back();
        for (const std::string& line : expected) example.expect(line);
        CHECK(example.complete());
    }
    CHECK(run == 8);
}
