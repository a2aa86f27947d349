#!/usr/bin/env python3
"""Takes the fuzzers' first inputs from recorded captures: for each venue, one message of each shape.

    seeds.py CAPTURES TARGET_FOLDER     writes TARGET_FOLDER/fuzz_<venue>/*
"""
import json
import sys
from pathlib import Path

# A capture file -> the decoders that its messages are meant for.
TARGETS = {
    "binance_spot": ["binance_spot"],
    "binance_usdm": ["binance_usdm"],
    "coinbase": ["coinbase_exchange", "coinbase_advanced"],
    "pyth": ["pyth"],
    "pyth_synthetic": ["pyth"],
}
MESSAGE_BYTES_MAX = 4096


def shape(value):
    """The names in a message, not its values: what makes it different for a decoder."""
    if isinstance(value, dict):
        named = [(key, shape(inner)) for key, inner in value.items()]
        kind = tuple(str(value[key]) for key in ("e", "type", "channel") if isinstance(value.get(key), str))
        return (kind, tuple(named))
    if isinstance(value, list):
        return ("list", shape(value[0]) if value else None)
    return type(value).__name__


def main():
    captures, target = map(Path, sys.argv[1:3])
    count = 0
    for file in sorted(captures.glob("*.jsonl")):
        seen = set()
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            raw = entry.get("raw")
            if entry.get("dir") != "in" or not raw or len(raw) > MESSAGE_BYTES_MAX:
                continue
            try:
                kind = shape(json.loads(raw))
            except ValueError:
                kind = "not JSON"
            if kind in seen:
                continue
            seen.add(kind)
            for venue in TARGETS.get(file.stem, []):
                folder = target / f"fuzz_{venue}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{file.stem}-{len(seen):03}").write_text(raw, encoding="utf-8")
                count += 1
    print(f"seeds: {count} messages in {target}")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
