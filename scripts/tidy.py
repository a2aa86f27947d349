#!/usr/bin/env python3
"""Runs clang-tidy-19 over our sources, two at a time, and only over what changed since it passed.

    scripts/tidy.py BUILD [FILE...]   BUILD: a build folder with compile_commands.json

A source that passed is remembered in build/.tidy-cache under a hash of everything that could change
the verdict: .clang-tidy, the compiler's flags, the source and all of our headers that it includes.
Tests are left to the compilers: Catch2's macros would cost more than they find.

Nearly all the time goes into headers of libraries, so sources of one folder are looked at together, as
if they were one. Where such a batch has findings - or does not compile as one, two sources using a
name for two things - its halves are looked at, down to single sources: what is reported is what a
source has by itself.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / ".tidy-cache"
BATCH = 12  # sources looked at together, at most
TOOL = "clang-tidy-19"
FOLDERS = ("core", "feeds", "config", "daemon")
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def closure(source):
    """`source` and our own headers that it includes, directly or not."""
    seen, waiting = {}, [source]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen[path] = path.read_bytes()
        waiting += [ROOT / name.decode() for name in INCLUDE.findall(seen[path])]
    return seen


def arguments_of(entry):
    """The compiler's flags, without the launcher and what names the output."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    while words and not re.search(r"(c|g|clang)\+\+[-\d]*$", words[0]):
        words = words[1:]
    cut = words.index("-o") if "-o" in words else len(words)
    return words[1:cut] + words[cut + 2:]


def key_of(source, entry, tool):
    digest = hashlib.sha256()
    for part in (tool, (ROOT / ".clang-tidy").read_text(), " ".join(arguments_of(entry))):
        digest.update(part.encode() + b"\0")
    for path, content in sorted(closure(source).items()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def flags_of(entry):
    """What sources must have in common to be looked at together."""
    words = arguments_of(entry)
    return [word for word in words if word not in ("-c", entry["file"])]


def batches_of(sources, entries):
    """Lists of sources of one folder with the same flags, the longest first."""
    alike = {}
    for source in sources:
        alike.setdefault((source.parent, *flags_of(entries[source])), []).append(source)
    parts = []
    for group in alike.values():
        count = -(-len(group) // BATCH)
        parts += [group[part::count] for part in range(count)]
    return sorted(parts, key=len, reverse=True)


def command_of(build, batch, entries, folder):
    # -w: warnings are the compilers' business; the build has them as errors.
    if len(batch) == 1:
        return [TOOL, "-p", str(build), "--quiet", "--extra-arg=-w", str(batch[0])]
    together = Path(folder, "batch.cpp")
    together.write_text("".join(f'#include "{source}"\n' for source in batch))
    # Findings count in the sources too, which this file includes as if they were headers.
    return [TOOL, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", "--checks=-bugprone-suspicious-include",
            r"--header-filter=/(core|feeds|config|daemon)/[^ ]*\.[ch]pp$", str(together), "--",
            *flags_of(entries[batch[0]]), "-w"]


def lint(build, batch, entries):
    """(source, what was found) for each source of the batch; nothing found: empty."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command_of(build, batch, entries, folder), cwd=ROOT,
                              capture_output=True, text=True)
    if done.returncode == 0:
        return [(source, "") for source in batch]
    if len(batch) == 1:
        return [(batch[0], done.stdout.rstrip() or done.stderr.rstrip() or f"exit status {done.returncode}")]
    half = len(batch) // 2
    return lint(build, batch[:half], entries) + lint(build, batch[half:], entries)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 2
    build = Path(sys.argv[1]).resolve()
    commands = build / "compile_commands.json"
    if not commands.is_file():
        print(f"tidy: {commands} is not there; configure first: cmake --preset dev", file=sys.stderr)
        return 2
    named = {Path(name).resolve() for name in sys.argv[2:]}
    entries = {}
    for entry in json.loads(commands.read_text()):
        source = Path(entry["directory"], entry["file"]).resolve()
        ours = source.is_relative_to(ROOT) and source.relative_to(ROOT).parts[0] in FOLDERS
        if source in named if named else ours:
            entries[source] = entry
    if not entries:
        print(f"tidy: no source of ours in {commands}", file=sys.stderr)
        return 2

    tool = subprocess.run([TOOL, "--version"], check=True, capture_output=True, text=True).stdout
    CACHE.mkdir(parents=True, exist_ok=True)
    keys = {source: key_of(source, entry, tool) for source, entry in entries.items()}
    waiting = [source for source in sorted(entries) if not (CACHE / keys[source]).exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        runs = [pool.submit(lint, build, batch, entries) for batch in batches_of(waiting, entries)]
        for run in concurrent.futures.as_completed(runs):
            for source, findings in run.result():
                if not findings:
                    (CACHE / keys[source]).touch()
                    continue
                failed += 1
                print(f"tidy: {source.relative_to(ROOT)}\n{findings}", flush=True)
    print(f"tidy: {len(entries)} sources, {len(waiting)} looked at, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
