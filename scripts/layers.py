#!/usr/bin/env python3
"""Checks the rules that no compiler checks: who may include whom, and which words stand where.

    scripts/layers.py [ROOT]     ROOT: the checkout (default: the one this script lies in)

One line per finding, `file:line rule: what and what to do`; exit status 1 if there is any.
An exception is written on the line, or alone on the line above it, and says why:

    // layers: allow <rule>: <reason>

An exception that no longer excuses anything is a finding too.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

# Folder -> (folders it may include, libraries it may include: first part of <name/...>).
LAYERS = {
    "core": ({"core"}, set()),
    "feeds": ({"core", "feeds"}, {"boost", "simdjson.h", "openssl"}),
    "config": ({"core", "feeds", "config"}, {"yaml-cpp", "boost"}),
    "daemon": ({"core", "feeds", "config", "daemon"}, None),  # None: any
    "tests": ({"core", "feeds", "config", "daemon", "tests"}, None),
}
PROGRAM = ("core", "feeds", "config", "daemon")
SYSTEM_HEADER = re.compile(r"(sys|netinet|arpa|linux)/|[a-z0-9_]+\.h$")
PAGE = 90  # lines of a folder's README: one page
FILE_LINES_MAX = 500  # of a source file of the program: about 400, and a bit of patience


class Rule:
    """A word that must not stand in some files. `code`: comments and texts are not looked at."""

    def __init__(self, name, pattern, folders, remedy, suffixes=(".cpp", ".hpp"), code=True, but=()):
        self.name, self.pattern, self.remedy = name, re.compile(pattern), remedy
        self.folders, self.suffixes, self.code, self.but = folders, suffixes, code, but

    def covers(self, path):
        return (
            (self.folders is None or path.parts[0] in self.folders)
            and (self.suffixes is None or path.name.endswith(self.suffixes))
            and str(path) not in self.but
        )


CLOCK = r"_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|(?<![.>\w:])(std::|::)?time\((nullptr|NULL|&\w+)\)|\b__?rdtscp?\b"
RULES = [
    Rule("threads", r"std::(\w*mutex|j?thread|condition_variable|lock_guard|unique_lock|scoped_lock|atomic)\b|"
         r"<(mutex|thread|condition_variable|atomic|shared_mutex)>", {"core"},
         "the core is one writer without threads; queues live in daemon/"),
    Rule("clock", CLOCK + r"|std::chrono|<chrono>|::now\(", {"core"},
         "time enters the core with an input"),
    Rule("clock", CLOCK, {"feeds", "config", "daemon"},
         "take a feeds::Clock; only daemon/clock.cpp reads the machine's", but=("daemon/clock.cpp",)),
    Rule("random", r"\bs?rand\(|random_device|mt19937|<random>", {"core"},
         "the core draws no random numbers"),
    Rule("random_device", r"random_device|\bs?rand\(", {"feeds", "config", "daemon", "tests"},
         "randomness is seeded by config or option, so that a run can be repeated"),
    Rule("hash_order", r"std::unordered_", {"core"},
         "its order differs between libraries; use a sorted vector or a dense index"),
    Rule("libm", r"(std::|\b)(exp|exp2|expm1|log|log2|log10|log1p|pow|erfc?|tanh?|sin|cos|cbrt|hypot)f?\(",
         {"core"}, "not bit-identical everywhere; use core/math (sqrt is allowed)",
         but=("core/math/elementary.cpp", "core/math/elementary.hpp")),
    Rule("io", r"std::(cout|cerr|clog|cin)\b|<(iostream|fstream)>|\bf?printf\(", {"core"},
         "the core does no I/O", but=("core/assert.hpp",)),
    Rule("queue", r"moodycamel|concurrentqueue/", PROGRAM + ("tests",),
         "only daemon/queue.hpp knows the queue's library", but=("daemon/queue.hpp",)),
    Rule("sleep", r"\bsleep_(for|until)\b|\bu?sleep\(|\bnanosleep\(", PROGRAM + ("tests",),
         "wait for a condition or a timer, not for time to pass"),
    Rule("using_namespace", r"\busing namespace\b", PROGRAM + ("tests",),
         "write the name, or a `using` for one name", suffixes=(".hpp",)),
    Rule("machine_flags", r"-march=|-mtune=|-mcpu=|-ffast-math|-Ofast|-funsafe-math|-mfma\b|-mavx", None,
         "numbers must be the same on every machine", suffixes=("CMakeLists.txt", ".cmake", "CMakePresets.json"),
         code=False),
    Rule("unfinished", r"\bTODO\b(?!\([^)]+\): \S)|\bFIXME\b|\bXXX\b", None,
         "finish it, or write TODO(what it waits for): what is to be done", suffixes=None, code=False),
    Rule("machine_path", r"(?<![\w.$/{}-])/(work|root|home/\w+)/", None,
         "a path of one machine; say it relative to the checkout", suffixes=None, code=False),
    Rule("emoji", "[\U0001F300-\U0001FAFF\u2600-\u27BF]", None, "words will do", suffixes=None, code=False),
]

ALLOW = re.compile(r"(?://|#) layers: allow (\w+): \S")
ALLOW_ANY = re.compile(r"(?://|#) layers: allow\b")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
NOT_OURS = ("tests/data/", "tests/corpus/", "tests/gates/", "scripts/layers.py", "build/")
TEXT_SUFFIXES = (".cpp", ".hpp", ".py", ".sh", ".md", ".yaml", ".yml", ".txt", ".cmake", ".json", ".service")


def files_of(root):
    """The files under version control, and those about to be."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode().split("\0")
        names = sorted({name for name in listed if name and (root / name).is_file()})
    else:
        names = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    return [Path(name) for name in names if not name.startswith(NOT_OURS)]


def without_comments(lines):
    """The code of each line: comments blanked, texts emptied (an #include keeps its name)."""
    inside = False
    for line in lines:
        if not INCLUDE.match(line):
            line = TEXT.sub('""', line)
        code = ""
        while line:
            mark = "*/" if inside else "/*"
            before, found, line = line.partition(mark)
            if not inside:
                head, slashes, _ = before.partition("//")
                code += head
                if slashes:
                    break
            if not found:
                break
            inside = not inside
        yield code


class Checker:
    def __init__(self, root):
        self.root, self.files, self.findings = root, files_of(root), []

    def find(self, path, line, rule, text):
        self.findings.append(f"{path}:{line} {rule}: {text}")

    def check(self):
        for path in self.files:
            if path.name.endswith(TEXT_SUFFIXES) or path.suffix == "":
                self.check_file(path)
        self.check_readmes()
        return self.findings

    def check_file(self, path):
        try:
            lines = (self.root / path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            return  # not a text
        allowed, used = self.exceptions(path, lines), set()

        def excused(number, rule):
            for candidate in (number, number - 1):
                if rule in allowed.get(candidate, ()) and (
                        candidate == number or lines[candidate - 1].lstrip().startswith(("//", "#"))):
                    used.add((candidate, rule))
                    return True
            return False

        cpp = path.suffix in (".cpp", ".hpp")
        code = list(without_comments(lines)) if cpp else lines
        rules = [rule for rule in RULES if rule.covers(path)]
        for number, (raw, bare) in enumerate(zip(lines, code), 1):
            for rule in rules:
                found = rule.pattern.search(bare if rule.code else raw)
                if found and not excused(number, rule.name):
                    self.find(path, number, rule.name, f"'{found.group().strip()}': {rule.remedy}")
            if cpp:
                problem = self.include_problem(path, bare)
                if problem and not excused(number, "include"):
                    self.find(path, number, "include", problem)
        own_header = path.with_suffix(".hpp")
        if path.suffix == ".cpp" and own_header in self.files:
            first = next((found for found in map(INCLUDE.match, lines) if found), None)
            if first is None or first.group(2) != str(own_header):
                self.find(path, 1, "own_header_first", f'include "{own_header}" first: that proves it compiles alone')
        if path.suffix == ".hpp" and "#pragma once" not in lines:
            self.find(path, 1, "pragma_once", "a header starts with #pragma once")
        if cpp and path.parts[0] in PROGRAM and len(lines) > FILE_LINES_MAX and not excused(1, "length"):
            self.find(path, 1, "length", f"{len(lines)} lines, at most {FILE_LINES_MAX}: split it by purpose")
        for number, names in allowed.items():
            for name in names:
                if (number, name) not in used:
                    self.find(path, number, "unused_exception", f"nothing here needs 'allow {name}'; delete it")

    def exceptions(self, path, lines):
        allowed = {}
        for number, line in enumerate(lines, 1):
            if path.suffix == ".md" or not ALLOW_ANY.search(line):
                continue
            found = ALLOW.search(line)
            if found:
                allowed.setdefault(number, set()).add(found.group(1))
            else:
                self.find(path, number, "exception", "write 'layers: allow <rule>: <reason>'")
        return allowed

    def include_problem(self, path, line):
        found = INCLUDE.match(line)
        layer = LAYERS.get(path.parts[0])
        if not found or not layer:
            return None
        folders, libraries = layer
        kind, name = found.groups()
        first = name.split("/")[0]
        if kind == '"':
            if "/" not in name or first not in LAYERS:
                return f'"{name}": write the path from the top, e.g. "{path.parent}/{name}"'
            if first not in folders:
                return f'{path.parts[0]}/ must not include {first}/: it may know {", ".join(sorted(folders))}'
            if not (self.root / name).is_file():
                return f'"{name}" is not there'
            return None
        if first in LAYERS and (self.root / name).is_file():
            return f'<{name}>: our own headers are included with quotes'
        standard = "/" not in name and "." not in name
        system = path.parts[0] != "core" and SYSTEM_HEADER.match(name)
        if libraries is None or standard or first in libraries or system:
            return None
        return f"{path.parts[0]}/ must not know <{name}>"

    def check_readmes(self):
        tops = {path.parts[0] for path in self.files if len(path.parts) > 1}
        for folder in sorted(tops & {*LAYERS, "scripts"}):
            page = self.root / folder / "README.md"
            if not page.is_file():
                self.find(f"{folder}/README.md", 1, "readme", "each folder has one: purpose, main classes, invariants")
            elif len(page.read_text(encoding="utf-8").splitlines()) > PAGE:
                self.find(f"{folder}/README.md", 1, "readme", f"more than a page ({PAGE} lines); move the rest to docs/")


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0 if sys.argv[1:2] in (["-h"], ["--help"]) else 2
    root = Path(sys.argv[1] if len(sys.argv) == 2 else os.path.join(os.path.dirname(__file__), "..")).resolve()
    checker = Checker(root)
    for finding in checker.check():
        print(finding)
    if checker.findings:
        print(f"layers: {len(checker.findings)} findings in {len(checker.files)} files", file=sys.stderr)
        return 1
    print(f"layers: {len(checker.files)} files follow the rules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
