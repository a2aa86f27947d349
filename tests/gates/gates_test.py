#!/usr/bin/env python3
"""Tests of the gates themselves: each must find what it is there to find, and nothing in clean code.

    gates_test.py BUILD_FOLDER     the build whose compile_commands.json is judged
"""
import contextlib
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).resolve().parent / "fixtures"
BUILD = None


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **more)


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Tools(unittest.TestCase):
    def test_tools_are_there(self):
        for tool in ("clang-format-19", "clang-tidy-19", "shellcheck"):
            self.assertTrue(shutil.which(tool), f"{tool} is missing: scripts/setup --test installs it")


class Format(unittest.TestCase):
    def check(self, name):
        return run("clang-format-19", "--dry-run", "-Werror", f"--style=file:{ROOT}/.clang-format", str(FIXTURES / name))

    def test_finds_bad_layout(self):
        self.assertNotEqual(self.check("badly_formatted.cpp").returncode, 0)

    def test_accepts_good_layout(self):
        self.assertEqual(self.check("well_formatted.cpp").returncode, 0)


class Tidy(unittest.TestCase):
    def findings(self, name):
        done = run("clang-tidy-19", "--quiet", f"--config-file={ROOT}/.clang-tidy", str(FIXTURES / name), "--", "-std=c++20")
        found = re.findall(r"^\S+:(\d+):\d+: error: .*\[([\w.-]+)", done.stdout, re.MULTILINE)
        return done.returncode, {(int(line), check) for line, check in found}

    def test_finds_each_fault_where_it_stands(self):
        status, found = self.findings("faulty.cpp")
        wanted = set()
        for number, line in enumerate((FIXTURES / "faulty.cpp").read_text().splitlines(), 1):
            wanted |= {(number, check) for check in re.findall(r"// find: (\S+)", line)}
        self.assertNotEqual(status, 0)
        self.assertEqual(wanted - found, set())

    def test_accepts_clean_code(self):
        self.assertEqual(self.findings("clean.cpp"), (0, set()))

    def test_remembers_only_what_stayed_the_same(self):
        tidy = load("tidy")
        entry = {"command": "ccache g++ -O1 -o x.o -c x.cpp", "directory": "/", "file": "x.cpp"}
        source = ROOT / "core" / "engine" / "engine.cpp"
        self.assertIn(ROOT / "core" / "units.hpp", tidy.closure(source))
        before = tidy.key_of(source, entry, "tool 1")
        self.assertEqual(before, tidy.key_of(source, entry, "tool 1"))
        self.assertNotEqual(before, tidy.key_of(source, entry, "tool 2"))
        other = dict(entry, command=entry["command"].replace("-O1", "-O2"))
        self.assertNotEqual(before, tidy.key_of(source, other, "tool 1"))
        self.assertNotEqual(before, tidy.key_of(ROOT / "core" / "engine" / "ladder.cpp", entry, "tool 1"))


# What each rule of scripts/layers.py must find: rule, file, content.
VIOLATIONS = [
    ("include", "core/a.cpp", '#include "feeds/tick.hpp"\n'),
    ("include", "core/a.cpp", "#include <boost/asio.hpp>\n"),
    ("include", "core/a.cpp", "#include <unistd.h>\n"),
    ("include", "feeds/a.cpp", '#include "config/settings.hpp"\n'),
    ("include", "config/a.cpp", '#include "daemon/clock.hpp"\n'),
    ("include", "config/a.cpp", "#include <spdlog/spdlog.h>\n"),
    ("include", "daemon/a.cpp", '#include "tests/support/book.hpp"\n'),
    ("include", "daemon/a.cpp", '#include "clock.hpp"\n'),
    ("include", "daemon/a.cpp", '#include "core/nowhere.hpp"\n'),
    ("include", "feeds/a.cpp", "#include <core/here.hpp>\n"),
    ("threads", "core/a.cpp", "std::mutex m;\n"),
    ("threads", "core/a.cpp", "#include <thread>\n"),
    ("clock", "core/a.cpp", "auto t = Clock::now();\n"),
    ("clock", "core/a.cpp", "#include <chrono>\n"),
    ("clock", "daemon/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
    ("clock", "feeds/a.cpp", "clock_gettime(CLOCK_REALTIME, &now);\n"),
    ("clock", "feeds/a.cpp", "auto t = std::time(nullptr);\n"),
    ("random", "core/a.cpp", "std::mt19937 random;\n"),
    ("random_device", "feeds/a.cpp", "std::random_device device;\n"),
    ("hash_order", "core/a.cpp", "std::unordered_map<int, int> book;\n"),
    ("libm", "core/a.cpp", "double x = std::exp(1.0);\n"),
    ("libm", "core/a.cpp", "double x = log(2.0);\n"),
    ("io", "core/a.cpp", "std::cout << 1;\n"),
    ("queue", "daemon/a.cpp", "#include <concurrentqueue/concurrentqueue.h>\n"),
    ("sleep", "tests/a.cpp", "std::this_thread::sleep_for(delay);\n"),
    ("using_namespace", "feeds/a.hpp", "#pragma once\nusing namespace std;\n"),
    ("machine_flags", "core/CMakeLists.txt", "target_compile_options(a PRIVATE -march=native)\n"),
    ("machine_flags", "CMakeLists.txt", "add_compile_options(-ffast-math)\n"),
    ("unfinished", "core/a.cpp", "// TO" + "DO: later\n"),
    ("unfinished", "docs/a.md", "FIX" + "ME\n"),
    ("machine_path", "scripts/a.sh", "cat /ro" + "ot/notes\n"),
    ("emoji", "docs/a.md", "done \u2705\n"),
    ("pragma_once", "core/a.hpp", "struct A {};\n"),
    ("own_header_first", "core/here.cpp", '#include <vector>\n\n#include "core/here.hpp"\n'),
    ("length", "core/a.cpp", "\n" * 501),
    ("exception", "core/a.cpp", "std::mutex m;  // layers: allow threads\n"),
    ("unused_exception", "core/a.cpp", "int m;  // layers: allow threads: none here\n"),
]

# What must not be found.
HARMLESS = [
    ("daemon/a.cpp", "core::Timestamp earliest_time(0);\nauto t = record.time(0);\n"),
    ("core/a.cpp", "// Not a std::mutex, nor a clock's ::now().\n"),
    ("core/a.cpp", "/* std::mutex\n   std::thread */ int x;\n"),
    ("core/a.cpp", 'const char* text = "std::mutex";\n'),
    ("core/a.cpp", '#include <cmath>\n#include "core/here.hpp"\ndouble x = std::sqrt(2.0);\n'),
    ("core/a.cpp", "std::mutex m;  // layers: allow threads: the test of exceptions\n"),
    ("core/a.cpp", "// layers: allow threads: the test of exceptions\nstd::mutex m;\n"),
    ("core/here.cpp", '#include "core/here.hpp"\n\n#include <vector>\n'),
    ("daemon/a.cpp", "#include <sys/socket.h>\n#include <boost/asio.hpp>\n"),
    ("docs/a.md", "TO" + "DO(after the second venue): say more\n"),
]


class Layers(unittest.TestCase):
    def findings(self, name, content):
        """The rules broken by a tree that is clean but for one file."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for top in ("core", "feeds", "config", "daemon", "tests", "scripts"):
                (root / top).mkdir()
                (root / top / "README.md").write_text("A page.\n")
            for other in ("core/here.hpp", "feeds/tick.hpp", "config/settings.hpp", "daemon/clock.hpp"):
                (root / other).write_text("#pragma once\n")
            (root / "tests/support").mkdir()
            (root / "tests/support/book.hpp").write_text("#pragma once\n")
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
            return [finding.split()[1].rstrip(":") for finding in self.layers.Checker(root).check()]

    def setUp(self):
        self.layers = load("layers")

    def test_each_violation_is_found(self):
        for rule, name, content in VIOLATIONS:
            with self.subTest(rule=rule, content=content[:60]):
                self.assertIn(rule, self.findings(name, content))

    def test_each_rule_has_a_violation_here(self):
        rules = {rule.name for rule in self.layers.RULES}
        self.assertEqual(rules - {rule for rule, _, _ in VIOLATIONS}, set())

    def test_harmless_text_is_not_found(self):
        for name, content in HARMLESS:
            with self.subTest(content=content[:60]):
                self.assertEqual(self.findings(name, content), [])

    def test_a_missing_page_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "core").mkdir()
            (Path(folder) / "core/a.hpp").write_text("#pragma once\n")
            found = self.layers.Checker(Path(folder)).check()
        self.assertEqual([finding.split()[1] for finding in found], ["readme:"])

    def test_a_finding_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "core").mkdir()
            (Path(folder) / "core/a.cpp").write_text("std::mutex m;\n")
            done = run(sys.executable, "scripts/layers.py", folder)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^core/a.cpp:1 threads: ")


class CompilerFlags(unittest.TestCase):
    def test_core_is_compiled_as_agreed(self):
        entries = json.loads((Path(BUILD) / "compile_commands.json").read_text())
        core = [entry for entry in entries if Path(entry["file"]).is_relative_to(ROOT / "core")]
        self.assertTrue(core)
        for entry in core:
            words = entry["command"].split()
            for flag in ("-Werror", "-ffp-contract=off", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic",
                         "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wold-style-cast", "-Wswitch-enum"):
                self.assertIn(flag, words, entry["file"])
            for flag in words:
                self.assertNotRegex(flag, r"^-(march|mtune|ffast-math|Ofast|mfma|mavx|funsafe|w$|Wno-error)")

    def test_each_source_is_compiled(self):
        entries = json.loads((Path(BUILD) / "compile_commands.json").read_text())
        compiled = {Path(entry["file"]) for entry in entries}
        sources = {path for folder in ("core", "feeds", "config", "daemon") for path in (ROOT / folder).rglob("*.cpp")}
        self.assertEqual({str(path.relative_to(ROOT)) for path in sources - compiled}, set())


class TestScript(unittest.TestCase):
    def test_unknown_options_and_steps_are_refused(self):
        for arguments in (["--nonsense"], ["--only", "nonsense"], ["--only"]):
            self.assertEqual(run("scripts/test", *arguments).returncode, 2, arguments)

    def test_bench_table_shows_each_measurement(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write('{"p50_ns": 12, "machine": {"cores": 2}}\n{"p50_ns": 1500}\n')
            file.flush()
            table = load("bench_table")
            arguments, sys.argv = sys.argv, ["bench_table", file.name]
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = table.main()
            sys.argv = arguments
        self.assertEqual(status, 0)
        self.assertRegex(output.getvalue(), r"p50_ns +12 +1,500\n")
        self.assertRegex(output.getvalue(), r"machine.cores +2 +\n")


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
