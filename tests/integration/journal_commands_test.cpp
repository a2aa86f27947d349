// The commands over a journal as a shell sees them, on journals that a real engine wrote through
// the real writer.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "daemon/commands/account_json.hpp"
#include "daemon/explain/columns.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "tests/support/book.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/explained_sums.hpp"
#include "tests/support/recorded_venue.hpp"

using namespace margind;
using namespace margind::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// The events as lines, by an encoder of the test's own.
std::vector<std::string> bodies(const RecordedVenue& venue) {
    const daemon::EventEncoder encoder(venue.settings.risk);
    std::vector<std::string> lines;
    for (const core::Event& event : venue.events) {
        daemon::TextBuffer text;
        encoder.append_body(text, event);
        lines.push_back(fmt::to_string(text));
    }
    return lines;
}

const core::Event& first(const RecordedVenue& venue, core::EventKind kind) {
    for (const core::Event& event : venue.events) {
        if (event.kind == kind) return event;
    }
    FAIL("no " << daemon::name_of(kind) << " in the journal");
    return venue.events.front();
}

std::string with(std::string text, const std::string& what, const std::string& instead) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), instead);
}

}  // namespace

TEST_CASE("replay: the same events, and the proof of it") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    const std::vector<std::string> expected = bodies(venue);
    REQUIRE(expected.size() > 100);

    Result result = scratch.run("replay " + scratch.journal());
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(lines_of(result.out) == expected);

    result = scratch.run("replay " + scratch.journal() + " --verify --progress");
    CHECK(result.code == 0);
    CHECK(result.out ==
          fmt::format("{} inputs, {} events: identical\n", venue.inputs.size(), expected.size()));
    CHECK_THAT(result.err, Contains(fmt::format("{} inputs,", venue.inputs.size())));

    // A part of it: what was before has to be applied, and is not shown.
    result = scratch.run("replay " + scratch.journal() + " --from 100 --to 150");
    std::vector<std::string> part;
    for (std::size_t e = 0; e < expected.size(); ++e) {
        const std::uint64_t input = venue.events[e].input_seq;
        if (input >= 100 && input <= 150) part.push_back(expected[e]);
    }
    CHECK(lines_of(result.out) == part);
    CHECK(scratch.run("replay " + scratch.journal() + " --from 100 --to 150 --verify").out ==
          fmt::format("51 inputs, {} events: identical\n", part.size()));
}

TEST_CASE("replay: an event that the inputs do not give is named with both sides") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    venue.falsify_next_account_event();
    play(venue);
    venue.close();
    const core::Event& event =
        *std::find_if(venue.events.begin(), venue.events.end(),
                      [](const core::Event& e) { return core::is_account_event(e.kind); });
    const std::string truth = daemon::exact(event.account.equity);
    const std::string lie = daemon::exact(event.account.equity + core::Money::from_raw(1));

    const Result result = scratch.run("replay " + scratch.journal() + " --verify");
    CHECK(result.code == 1);
    const auto lines = lines_of(result.out);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == fmt::format("input {}: event {} is not the one recorded", event.input_seq,
                                  event.event_seq));
    CHECK(lines[1] == fmt::format("  equity: recorded \"{}\", replayed \"{}\"", lie, truth));
    CHECK_THAT(lines[2], StartsWith("recorded {\"type\":"));
    CHECK(lines[3] == "replayed " + bodies(venue)[event.event_seq - 1]);

    const Result verify =
        scratch.run(fmt::format("verify {} --journal {}", event.event_seq, scratch.journal()));
    CHECK(verify.code == 1);
    CHECK_THAT(verify.out, Contains("NOT what the inputs give"));
    CHECK_THAT(verify.out, Contains(fmt::format("equity: recorded \"{}\"", lie)));
    CHECK(scratch.run(fmt::format("verify {} --journal {}", event.event_seq - 1, scratch.journal()))
              .code == 0);
    const Result explain =
        scratch.run(fmt::format("explain {} --journal {}", event.event_seq, scratch.journal()));
    CHECK(explain.code == 1);
    CHECK_THAT(explain.err, Contains("do not give it"));
}

TEST_CASE("explain: every event of a run, from the journal alone") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    std::size_t explained = 0;
    for (const core::Event& event : venue.events) {
        // One clock is like another.
        if (event.kind == core::EventKind::clock && event.event_seq > 20) continue;
        const Result result =
            scratch.run(fmt::format("explain {} --journal {}", event.event_seq, scratch.journal()));
        INFO(result.out << result.err);
        REQUIRE(result.code == 0);
        CHECK_THAT(result.out, StartsWith(fmt::format("event {}: {}", event.event_seq,
                                                      daemon::name_of(event.kind))));
        CHECK_THAT(result.out, Contains(fmt::format("input {}: ", event.input_seq)));
        CHECK_THAT(result.out, Contains("by margind 0.1.0, run 1, configuration"));
        ++explained;
        if (!core::is_account_event(event.kind)) continue;
        const auto sums = printed_sums(result.out);
        CHECK(sums.size() >= 6);
        bool equity = false;
        for (const PrintedSum& sum : sums) {
            INFO(sum.name << " " << sum.amount);
            CHECK(sum.adds_up);
            equity = equity ||
                     (sum.name == "equity" && sum.amount == daemon::exact(event.account.equity));
        }
        CHECK(equity);
    }
    CHECK(explained > 20);
    for (const core::EventKind kind :
         {core::EventKind::margin_call, core::EventKind::liquidation, core::EventKind::recovered,
          core::EventKind::threshold_changed, core::EventKind::price_state}) {
        first(venue, kind);
    }
}

TEST_CASE("verify: what a subscriber received is compared member by member") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    const core::Event& event = first(venue, core::EventKind::liquidation);
    const std::string body = bodies(venue)[event.event_seq - 1];
    const std::string received = body.substr(0, body.size() - 1) + ",\"emit_time\":1234}";
    const auto verify = [&](const std::string& what) {
        return scratch.run("verify " + what + " --journal " + scratch.journal());
    };

    Result result = verify(std::to_string(event.event_seq));
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("made again from the inputs: the same "));
    CHECK_THAT(result.out, Contains("proven: margind 0.1.0, run 1"));

    const std::string line = scratch.write("line", received + "\n");
    result = verify(line);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("received   the same in every member"));
    result = scratch.run("verify - --journal " + scratch.journal() + " <" + line);
    CHECK(result.code == 0);

    const std::string health =
        daemon::exact(core::Int128{event.account.health_factor.raw}, core::kScaleDecimals);
    result = verify(scratch.write("forged", with(received, health, "1.23")));
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains("health_factor: received \"1.23\", recorded \"" + health));
    CHECK_THAT(result.out, !Contains("proven"));

    // A whole stream as a subscriber keeps it: greeting, heartbeats and all events.
    std::string stream = "{\"type\":\"hello\",\"protocol\":1}\n";
    for (const std::string& each : bodies(venue)) stream += each + "\n";
    stream += "{\"type\":\"heartbeat\"}\n";
    result = verify(scratch.write("stream", stream));
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("these events"));

    CHECK(verify(scratch.write("text", "liquidated!\n")).code == 2);
    CHECK(verify(scratch.write("empty", "")).code == 2);
    CHECK(verify("no-such-file").code == 4);
    result = verify("999999");
    CHECK(result.code == 1);
    CHECK_THAT(result.err,
               Contains(fmt::format("has no event 999999; its last is {}", venue.events.size())));
}

TEST_CASE("inspect: an account as it stood after an input") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 40);
    daemon::TextBuffer then;
    daemon::AccountJson(*venue.engine).append(*venue.engine->find(key("thin")), then);
    const std::uint64_t at = venue.input_seq;
    play(venue, 30);
    daemon::TextBuffer last;
    daemon::AccountJson(*venue.engine).append(*venue.engine->find(key("thin")), last);
    venue.close();
    REQUIRE(fmt::to_string(then) != fmt::to_string(last));

    const std::string account = "inspect account thin --journal " + scratch.journal();
    CHECK(scratch.run(fmt::format("{} --at {} --json", account, at)).out == fmt::to_string(then));
    CHECK(scratch.run(account + " --json").out == fmt::to_string(last));
    const Result text = scratch.run(fmt::format("{} --at {}", account, at));
    CHECK(text.code == 0);
    CHECK_THAT(text.out, StartsWith(fmt::format("after input {}, ", at)));
    for (const PrintedSum& sum : printed_sums(text.out)) CHECK(sum.adds_up);

    CHECK(scratch.run(account + " --at 1").code == 1);
    CHECK_THAT(scratch.run(account + " --at 1").err, Contains("there is no account thin"));
    CHECK_THAT(scratch.run(account + " --at 99999").err,
               Contains(fmt::format("whose last is {}", venue.input_seq)));
    CHECK(scratch.run("inspect account '' --journal " + scratch.journal()).code == 2);
    CHECK(scratch.run("inspect account a/b/c --journal " + scratch.journal()).code == 2);
}

TEST_CASE("inspect: the journal's runs, segments and records") {
    Scratch scratch;
    {
        RecordedVenue venue(scratch.journal(), kVenueConfig);
        play(venue);
        venue.close();
        Result result = scratch.run("inspect journal " + scratch.journal());
        CHECK(result.code == 0);
        CHECK_THAT(result.out, Contains("journal_world.yaml") || Contains("recorded_venue.yaml"));
        CHECK_THAT(result.out, Contains("first start"));
        CHECK_THAT(result.out, Contains("inputs-00000000000000000001.mgj"));
        CHECK_THAT(result.out, Contains("closed, SHA-256 "));

        result = scratch.run("inspect journal " + scratch.journal() + " --records");
        CHECK(result.code == 0);
        const auto lines = lines_of(result.out);
        REQUIRE(lines.size() == venue.inputs.size() + 1);
        CHECK_THAT(lines[0], StartsWith("{\"kind\":\"epoch\",\"number\":1,"));
        simdjson::dom::parser parser;
        for (std::size_t i = 0; i < venue.inputs.size(); ++i) {
            const simdjson::dom::element json = parser.parse(lines[i + 1]);
            REQUIRE(std::uint64_t(json["input_seq"]) == i + 1);
            CHECK(std::int64_t(json["engine_time"]) == venue.inputs[i].engine_time.ns());
        }
        result = scratch.run("inspect journal " + scratch.journal() +
                             " --records --stream events --from 3 --to 5");
        const auto events = lines_of(result.out);
        REQUIRE(events.size() == 3);
        const std::string body = bodies(venue)[2];
        CHECK_THAT(events[0], StartsWith(body.substr(0, body.size() - 1) + ",\"recorded\":"));
    }
    CHECK(scratch.run("inspect journal " + scratch.journal() + " --from 2").code == 2);
    CHECK(scratch.run("inspect journal " + scratch.journal() + " --stream pages").code == 2);
}

TEST_CASE("replay: through a clean restart and one after a crash") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 60);
    venue.close();
    venue.wait(core::Duration::from_seconds(30));
    venue.restart();
    play(venue, 10);
    venue.crash();
    venue.restart();
    play(venue, 20);
    venue.close();

    const Result result = scratch.run("replay " + scratch.journal() + " --verify");
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    CHECK(result.out == fmt::format("{} inputs, {} events: identical\n", venue.inputs.size(),
                                    venue.events.size()));
    const core::Event& last = venue.events.back();
    CHECK_THAT(
        scratch.run(fmt::format("verify {} --journal {}", last.event_seq, scratch.journal())).out,
        Contains("proven: margind 0.1.0, run 3"));
    const auto restarted =
        std::find_if(venue.events.begin(), venue.events.end(), [](const core::Event& e) {
            return e.kind == core::EventKind::daemon_state &&
                   e.daemon_state.to == core::DaemonState::recovering;
        });
    REQUIRE(restarted != venue.events.end());
    CHECK_THAT(
        scratch.run(fmt::format("explain {} --journal {}", restarted->event_seq, scratch.journal()))
            .out,
        Contains("the daemon: restarted (restarted)"));
    const Result seen = scratch.run("inspect journal " + scratch.journal());
    CHECK(seen.code == 0);
    CHECK_THAT(seen.out, Contains("sealed at a recovery"));
}

TEST_CASE("inspect: a snapshot, and one that was altered") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 30);
    venue.engine->settle();
    daemon::PosixFiles files;
    daemon::SnapshotAbout about;
    about.input_seq = venue.input_seq;
    about.event_seq = venue.events.back().event_seq;
    about.engine_time = about.created = venue.now;
    about.epoch = {.number = 1,
                   .reason = core::EpochReason::first_start,
                   .program = "margind 0.1.0",
                   .config_name = "recorded_venue.yaml",
                   .config_text = kVenueConfig};
    std::uint64_t bytes = 0;
    REQUIRE_FALSE(daemon::write_snapshot(files, scratch.journal(), about, *venue.engine, bytes));
    venue.close();

    const std::string path = scratch.journal() + "/" + daemon::snapshot_name(venue.input_seq);
    const Result result = scratch.run("inspect snapshot " + path);
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, StartsWith(fmt::format("snapshot after input {}, event {}\n",
                                                  about.input_seq, about.event_seq)));
    CHECK_THAT(result.out, Contains("  accounts       4\n"));
    CHECK_THAT(result.out, Contains(fmt::format("{:016x}", venue.engine->state_hash())));

    const std::string whole = read(path);
    Random random(7);
    for (int n = 0; n < 20; ++n) {
        std::string altered = whole;
        const std::size_t at = random.below(whole.size());
        altered[at] = static_cast<char>(altered[at] ^ (1 << random.below(8)));
        std::ofstream(path, std::ios::binary | std::ios::trunc) << altered;
        INFO("altered at " << at);
        CHECK(scratch.run("inspect snapshot " + path).code == 1);
    }
    CHECK(scratch.run("inspect snapshot " + scratch.journal() + "/none.mgs").code == 4);
}

TEST_CASE("journal verify: one flipped bit anywhere is found, and named") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 30);
    venue.close();
    const std::string verify = "journal verify " + scratch.journal();
    REQUIRE(scratch.run(verify).code == 0);
    const std::uint64_t seed = 20251010;
    std::cout << "journal verify: seed " << seed << "\n";
    Random random(seed);
    for (const auto& entry : std::filesystem::directory_iterator(scratch.journal())) {
        const std::string path = entry.path().string();
        if (entry.path().extension() != ".mgj" ||
            entry.path().stem().string().find('-') == std::string::npos) {
            continue;
        }
        const std::string whole = read(path);
        for (int n = 0; n < 40; ++n) {
            std::string bytes = whole;
            const std::size_t at = n == 0 ? whole.size() - 1 : random.below(whole.size());
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
            std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
            const Result result = scratch.run(verify);
            INFO(path << " at " << at << "\n" << result.out << result.err);
            CHECK(result.code == 1);
            CHECK_THAT(result.out, Contains(entry.path().filename().string()));
        }
        std::ofstream(path, std::ios::binary | std::ios::trunc) << whole;
    }
    CHECK(scratch.run(verify).code == 0);
}

TEST_CASE("journal repair: cuts at the damage, only when told to, and keeps what it cut") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    const std::string path = scratch.journal() + "/inputs-00000000000000000001.mgj";
    std::string bytes = read(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;

    CHECK(scratch.run("replay " + scratch.journal() + " --verify").code == 1);
    Result result = scratch.run("journal repair " + scratch.journal());
    CHECK(result.code == 2);
    CHECK_THAT(result.err, Contains("--accept-loss"));
    result = scratch.run("journal repair " + scratch.journal() + " --accept-loss");
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("the journal goes on at input "));
    CHECK(scratch.run("journal verify " + scratch.journal()).code == 0);
    result = scratch.run("replay " + scratch.journal() + " --verify");
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains(" identical\n"));
    result = scratch.run("inspect journal " + scratch.journal());
    CHECK_THAT(result.out, Contains("lost-"));
}

TEST_CASE("diff: static thresholds against moving ones") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    const std::string same = scratch.write("same.yaml", kVenueConfig);
    const std::string fixed = scratch.write(
        "static.yaml", with(kVenueConfig, "rate: {z_initial: 4, z_maintenance: 2, ", "rate: {"));
    const auto diff = [&](const std::string& config, const std::string& more = "") {
        return scratch.run("replay " + scratch.journal() + " --config " + config + " --diff" +
                           more);
    };

    Result result = diff(same);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("No account differs."));

    result = diff(fixed);
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("its tier's own"));
    CHECK_THAT(result.out, Contains("accounts with a margin call"));

    // The totals are those of the events, added up here.
    result = diff(fixed, " --json --all");
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(result.out);
    for (const core::EventKind kind : {core::EventKind::margin_call, core::EventKind::liquidation,
                                       core::EventKind::bankruptcy}) {
        std::uint64_t count = 0;
        core::Int128 shortfall = 0;
        std::set<core::AccountKey> seen;
        for (const core::Event& event : venue.events) {
            if (event.kind != kind) continue;
            ++count;
            if (seen.insert(event.account.key).second) shortfall += event.account.shortfall.raw();
        }
        const auto side = json["kinds"][daemon::name_of(kind)]["recorded"];
        CHECK(std::uint64_t(side["events"]) == count);
        CHECK(std::uint64_t(side["accounts"]) == seen.size());
        CHECK(std::string_view(side["shortfall"]) ==
              daemon::exact(shortfall, core::kScaleDecimals));
    }
    CHECK(json["differences"].get_array().size() == std::uint64_t(json["differences_total"]));
    CHECK(std::uint64_t(json["differences_total"]) > 0);

    const std::string poor =
        scratch.write("poor.yaml", with(kVenueConfig, "  - name: ETH-PERP", "  - name: SOL-PERP"));
    result = diff(poor);
    CHECK(result.code == 3);
    CHECK_THAT(result.err, Contains("use instrument ETH-PERP, which the other configuration does "
                                    "not have"));
    CHECK(diff(scratch.write("bad.yaml", "assets: 7\n")).code == 3);
    CHECK(diff(scratch.journal() + "/nothing.yaml").code == 3);
}

TEST_CASE("journal commands: arguments that cannot be meant") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 3);
    venue.close();
    const std::string empty = scratch.write("x", "").substr(0, scratch.journal().size() - 7);
    const auto code = [&](const std::string& arguments) { return scratch.run(arguments).code; };
    const std::string journal = scratch.journal();

    CHECK(code("explain 0 --journal " + journal) == 2);
    CHECK(code("explain one --journal " + journal) == 2);
    CHECK(code("explain 1") == 2);
    CHECK(code("explain 1 --journal " + journal + "/nowhere") == 4);
    CHECK(code("verify 1 --journal " + journal + "/nowhere") == 4);
    CHECK(code("inspect journal " + journal + "/nowhere") == 4);
    CHECK(code("journal verify " + journal + "/nowhere") == 4);
    CHECK(code("journal") == 2);
    CHECK(code("inspect") == 2);
    CHECK(code("replay") == 2);
    CHECK(code("replay " + journal + "/nowhere") == 4);
    CHECK(code("replay " + journal + " --from 0") == 2);
    CHECK(code("replay " + journal + " --from 5 --to 4") == 2);
    CHECK(code("replay " + journal + " --from 99999") == 1);
    CHECK(code("replay " + journal + " --diff") == 2);
    CHECK(code("replay " + journal + " --config x.yaml") == 2);
    CHECK(code("replay " + journal + " --json") == 2);

    // A folder that is no journal.
    for (const char* command : {"replay ", "inspect journal ", "journal verify "}) {
        const Result result = scratch.run(command + empty);
        INFO(command << result.out << result.err);
        CHECK(result.code == 4);
        CHECK_THAT(result.err, Contains("margind "));
    }
}
