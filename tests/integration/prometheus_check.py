#!/usr/bin/env python3
"""Reads a page of metrics the way a scraper would, and says what a scraper would object to.

    prometheus_check.py FILE

An independent reading of the text exposition format 0.0.4. Exit status 1 and one line per finding.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HEAD = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")
SAMPLE = re.compile(rf"({NAME})(\{{.*\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SUFFIXES = {"summary": ("", "_sum", "_count"), "histogram": ("_bucket", "_sum", "_count")}
TYPES = {"counter", "gauge", "summary", "histogram", "untyped"}


def labels_of(text):
    labels, rest = {}, text[1:-1] if text else ""
    while rest:
        match = LABEL.match(rest)
        if not match or match[1] in labels:
            return None
        labels[match[1]] = match[2]
        rest = rest[match.end():]
    return labels


def check(page):
    helped, types, seen, closed, current = set(), {}, set(), set(), None
    if not page.endswith("\n"):
        yield "the last line does not end"
    for number, line in enumerate(page.splitlines(), 1):
        if not line:
            continue
        head = HEAD.fullmatch(line)
        if head:
            kind, name, text = head.groups()
            if name != current:
                closed.add(current)
                current = name
            if name in closed:
                yield f"{number}: family {name} comes twice"
            if kind == "HELP":
                helped.add(name)
            elif name in types or text not in TYPES:
                yield f"{number}: TYPE {text} of {name} is unknown or comes twice"
            else:
                types[name] = text
            continue
        if line.startswith("#"):
            continue
        sample = SAMPLE.fullmatch(line)
        labels = labels_of(sample[2]) if sample else None
        if labels is None:
            yield f"{number}: not a sample: {line}"
            continue
        name, value = sample[1], sample[3]
        kind = types.get(current, "untyped")
        if name not in {current + suffix for suffix in SUFFIXES.get(kind, ("",))}:
            yield f"{number}: {name} stands under {current}"
        if (name, tuple(sorted(labels.items()))) in seen:
            yield f"{number}: {name} {labels} comes twice"
        seen.add((name, tuple(sorted(labels.items()))))
        try:
            number_value = float(value)
        except ValueError:
            yield f"{number}: {value} is not a number"
            continue
        if kind == "counter" and not (name.endswith("_total") and number_value >= 0):
            yield f"{number}: counter {name} must end in _total and not be negative"
        if kind != "counter" and name.endswith("_total"):
            yield f"{number}: {name} is no counter"
    for name in types:
        if name not in helped:
            yield f"{name} has no HELP"
    if not any(name.startswith("margind_") for name, _ in seen):
        yield "there is no margind_ metric at all"


def main():
    with open(sys.argv[1], encoding="utf-8", newline="\n") as page:
        findings = list(check(page.read()))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
