#!/usr/bin/env python3
"""Journals of each format version, kept in tests/data/journal: what margind wrote once, it still reads and replays.

    golden_journal.py PROGRAM SOURCE            checks them all
    golden_journal.py PROGRAM SOURCE --make V   makes tests/data/journal/V, with a stand-in venue and two runs, the
                                                first of them killed; for a new format, or numbers meant to change
"""
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE_SECONDS = 60
CONFIG = """valuation_currency: USD
assets: [{{name: USD}}]
feeds: [{{name: coinbase, venue: coinbase_exchange, url: "{url}"}}]
instruments:
  - name: ETC-PERP
    quote: USD
    price_max: 10000
    tiers: [{{initial_rate: 10%, maintenance_rate: 5%}}]
    rate: {{z_initial: 4, z_maintenance: 3, horizon: 2s, cap: 50%}}
    volatility: {{half_life: 5s, sample_interval: 100ms}}
    liquidation_fee: 0.5%
    sources: [{{feed: coinbase, symbol: ETC-USD, channel: book_top}}]
guard: {{restart_grace: 100ms}}
accounts: {{max: 100, file: accounts.ndjson}}
journal: {{directory: journal, segment_bytes: 1048576, snapshot_every: 1s, free_low_bytes: 0}}
events: {{port: 0}}
admin: {{port: 0}}
"""


def accounts():
    for i in range(20):
        yield json.dumps({"account": f"a{i}", "balances": {"USD": str(1 + i % 10)},
                          "positions": [{"instrument": "ETC-PERP", "quantity": "1", "entry_price": "18"}]})


def events_until(port, enough):
    """Reads the event stream until a line that is enough."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        for line in connection.makefile(encoding="utf-8"):
            if enough(json.loads(line)):
                return
    raise SystemExit("golden_journal: the daemon left before it had made enough events")


def run(program, folder, stop, enough):
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    daemon = subprocess.Popen([program, "run", "--config", folder / "margind.yaml", "--ready-file", ready])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready.exists():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("golden_journal: the daemon did not start")
    events_until(json.loads(ready.read_text(encoding="utf-8"))["events_port"], enough)
    daemon.send_signal(stop)
    daemon.wait(PATIENCE_SECONDS)


def make(program, source, target):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venue = subprocess.Popen(
            [program, "venue", "--serve", "coinbase_exchange:0", "--map",
             source / "tests/data/market/crash_2025-10-10.map", "--from", "2025-10-10T21:10", "--speed", "200"],
            stdout=subprocess.PIPE, text=True)
        try:
            url = f"ws://127.0.0.1:{json.loads(venue.stdout.readline())['port']}"
            (folder / "margind.yaml").write_text(CONFIG.format(url=url), encoding="utf-8")
            (folder / "accounts.ndjson").write_text("\n".join(accounts()) + "\n", encoding="utf-8")
            clocks = []

            def third_clock(event):
                clocks.extend([1] if event.get("type") == "clock" else [])
                return len(clocks) > 2

            run(program, folder, signal.SIGKILL, lambda event: event.get("type") == "liquidation")
            run(program, folder, signal.SIGTERM, third_clock)
        finally:
            venue.kill()
            venue.wait()
        (folder / "journal/LOCK").unlink()
        for spare in [*folder.glob("journal/*.next*"), *folder.glob("journal/*.tmp")]:
            spare.unlink()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / "journal", target)


def check(program, source, golden):
    """On a copy: a journal in the source tree is looked at, never touched."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "journal"
        shutil.copytree(golden, folder)
        reader = [sys.executable, source / "tests/integration/journal_reader.py", source / "docs/journal.md"]
        for command in ([program, "journal", "verify"], [program, "replay", "--verify"], reader):
            done = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                print(f"{golden.name}: {' '.join(map(str, command))} ends with {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
                return False
            if done.stdout.count("\n") == 0:
                print(f"{golden.name}: {' '.join(map(str, command))} says nothing")
                return False
        segment = max(folder.glob("events-*.mgj*"), key=lambda path: path.stat().st_size)
        flipped = bytearray(segment.read_bytes())
        flipped[len(flipped) // 3] ^= 1
        segment.write_bytes(flipped)
        if subprocess.run([program, "journal", "verify", folder], capture_output=True, check=False).returncode == 0:
            print(f"{golden.name}: a flipped bit in {segment.name} is not noticed")
            return False
    return True


def main():
    if len(sys.argv) not in (3, 5):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    program, source = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    journals = source / "tests/data/journal"
    if sys.argv[3:4] == ["--make"]:
        make(program, source, journals / sys.argv[4])
    kept = sorted(path for path in journals.iterdir() if path.is_dir())
    good = [path for path in kept if check(program, source, path)]
    print(f"golden_journal: {len(good)} of {len(kept)} journals read, replayed and verified")
    return 0 if kept and good == kept else 1


if __name__ == "__main__":
    sys.exit(main())
