#!/usr/bin/env python3
"""Runs the benchmarks small, and checks that what they print is sound - not that it is fast.

    bench_check.py MARGIND

Exit status 77 where the machine has too few cores to measure latency at all.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def run(program, *arguments):
    done = subprocess.run([program, "bench", *arguments], capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        sys.exit(f"bench {' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


HISTORY = pathlib.Path(__file__).resolve().parents[1] / "data" / "market" / "crash_2025-10-10"


def check_engine(program):
    result = run(program, "engine", "--accounts", "2000", "--instruments", "20", "--ticks", "1500", "--bp", "20")
    for side in ("bands", "reference"):
        ticks = result[side]["tick_ns"]
        assert result["ticks"] == ticks["samples"] == result[side]["told_ns"]["samples"] == 1500
        assert 0 < ticks["p50"] <= ticks["p99"] <= ticks["max"]
        assert result[side]["mean_ns"] > 0 and result[side]["warmup_mean_ns"] > 0
    assert result["account_events_per_tick"] > 0, "somebody crosses a line"
    assert result["reference"]["evaluations_per_tick"] == result["holders_per_tick_mean"]
    assert result["bands"]["evaluations_per_tick"] < result["holders_per_tick_mean"] / 2
    index = result["index"]
    assert index["banded"] + index["tracked"] + index["watched"] == 2000 and index["general"] == 0
    assert index["uncertified"] == index["no_memory"] == 0 and index["bytes_per_account"] > 0
    assert 2.8 < result["positions"] / 2000 < 4.2
    assert result["ratio"] > 0 and result["ratio_reference_to_floor"] > 0
    assert result["bands_alone"]["tick_ns"]["samples"] == 50_000
    assert result["fill_ns_bands"]["samples"] == result["fill_ns_reference"]["samples"] > 0

    few = run(program, "engine", "--accounts", "2000", "--holders", "50", "--ticks", "600")
    assert few["holders_per_tick_mean"] == 50
    gap = run(program, "engine", "--accounts", "2000", "--scenario", "gap", "--ticks", "1000")
    assert gap["bands"]["gap_told_ns"]["samples"] == 2 == gap["reference"]["gap_tick_ns"]["samples"]
    shards = run(program, "engine", "--shards", "4", "--accounts", "2000", "--scenario", "gap", "--ticks", "1000")
    assert shards["tick_ns"]["samples"] == 4 * shards["ticks"] == 4000
    assert 350 < shards["accounts_per_shard_min"] <= 500 <= shards["accounts_per_shard_max"] < 650
    assert shards["gap_told_slowest_to_reference"] >= shards["gap_told_to_reference"] > 0
    assert shards["account_events"] > 0 and shards["merge_ns_per_event"] > 0
    crash = run(program, "engine", "--accounts", "2000", "--scenario", "crash", "--ticks", "3000")
    assert crash["account_events_per_tick"] > result["account_events_per_tick"] / 100
    assert crash["bands"]["gap_told_ns"]["samples"] > crash["instruments"], "four gaps of the market"
    recorded = [str(path) for path in sorted(HISTORY.glob("coinbase_A*.csv.gz"))]
    history = run(program, "engine", "--accounts", "2000", "--instruments", "4", "--scenario", "history",
                  "--ticks", "1000000", "--history", *recorded)
    assert len(recorded) == 3 and 2_000 < history["ticks"] < 100_000 and history["account_events_per_tick"] > 0
    assert "bands_alone" not in history, "ticks end with the files"


def check_latency(program):
    result = run(program, "latency", "--pairs", "2", "--seconds", "0.1", "--rate", "6000",
                 "--accounts", "500", "--instruments", "5", "--holders", "20")
    assert result["ticks_per_half"] == 600
    for side in ("relay", "daemon"):
        assert 0 < result[side]["p50_us"] <= result[side]["p99_9_us"]
        assert result[side]["from_due_p50_us"] >= result[side]["p50_us"] * 0.5
    assert result["p50_ratio"]["lower_quartile"] <= result["p50_ratio"]["upper_quartile"]
    assert result["line_bytes"] > 100


def check_journal(program):
    with tempfile.TemporaryDirectory() as folder:
        result = run(program, "journal", "--folder", folder, "--accounts", "2000", "--instruments", "20",
                     "--ticks", "4000", "--commits", "20")
        assert not list(pathlib.Path(folder).iterdir()), "what was written is removed"
    assert result["append_ns"]["samples"] == 4 and result["append_ns"]["p50"] > 0
    assert result["group_commit_ns"]["samples"] == result["bare_fdatasync_ns"]["samples"] == 20
    recovery = result["recovery"]
    assert recovery["snapshot_bytes"] > 2000 * 60, "two thousand accounts are in it"
    assert recovery["build_seconds"] > 0 and recovery["recovery_seconds"] > 0 and recovery["ratio"] > 0
    assert result["replay"]["rate_to_engine"] > 0


def main():
    check_engine(sys.argv[1])
    check_journal(sys.argv[1])
    if os.cpu_count() < 2:
        return 77
    check_latency(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
