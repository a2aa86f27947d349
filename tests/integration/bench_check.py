#!/usr/bin/env python3
"""Runs the benchmarks small, and checks that what they print is sound - not that it is fast.

    bench_check.py MARGIND

Exit status 77 where the machine has too few cores to measure latency at all.
"""
import json
import os
import subprocess
import sys


def run(program, *arguments):
    done = subprocess.run([program, "bench", *arguments], capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        sys.exit(f"bench {' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def check_engine(program):
    result = run(program, "engine", "--accounts", "2000", "--instruments", "20", "--ticks", "1500")
    assert result["ticks"] == result["tick_ns"]["samples"] == result["floor_tick_ns"]["samples"] == 1500
    assert result["ticks_with_event"] == 1500, "every tick takes a sentinel over its line"
    assert result["account_events"] >= 1500
    assert result["evaluations"] > 1500, "the holders are evaluated, too"
    assert 2.8 < result["positions"] / 2000 < 4.2
    assert 0 < result["tick_ns"]["p50"] <= result["tick_ns"]["p99"] <= result["tick_ns"]["max"]
    assert result["ratio_to_floor_mean"] > 0

    few = run(program, "engine", "--accounts", "2000", "--holders", "50", "--ticks", "600")
    assert few["holders_per_tick_mean"] == 51, "fifty holders and the sentinel"


def check_latency(program):
    result = run(program, "latency", "--pairs", "2", "--seconds", "0.1", "--rate", "6000",
                 "--accounts", "500", "--instruments", "5", "--holders", "20")
    assert result["ticks_per_half"] == 600
    for side in ("relay", "daemon"):
        assert 0 < result[side]["p50_us"] <= result[side]["p99_9_us"]
        assert result[side]["from_due_p50_us"] >= result[side]["p50_us"] * 0.5
    assert result["p50_ratio"]["lower_quartile"] <= result["p50_ratio"]["upper_quartile"]
    assert result["line_bytes"] > 100


def main():
    check_engine(sys.argv[1])
    if os.cpu_count() < 2:
        return 77
    check_latency(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
