#!/usr/bin/env python3
"""Prints JSON lines as a table: a column per line, a row per number, text rows only where they differ.

    scripts/bench_table.py FILE.jsonl
"""
import json
import sys


def flatten(value, name=""):
    """Nested objects become dotted names; lists are left out, they are raw material."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}.{key}" if name else key)
    elif not isinstance(value, list):
        yield name, value


def text(value):
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip())
        return 2
    with open(sys.argv[1], encoding="utf-8") as lines:
        columns = [dict(flatten(json.loads(line))) for line in lines if line.strip()]
    if not columns:
        print(f"{sys.argv[1]}: no measurement", file=sys.stderr)
        return 1
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [(name, [text(column.get(name)) for column in columns]) for name in names]
    width = max(len(name) for name, _ in rows)
    widths = [max(len(cells[i]) for _, cells in rows) for i in range(len(columns))]
    for name, cells in rows:
        print(f"{name:<{width}}  " + "  ".join(f"{cell:>{w}}" for cell, w in zip(cells, widths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
