#!/usr/bin/env python3
"""The real daemon between a venue that fails in every way and a bot that must not notice.

usage: venue_trouble_test.py MARGIND SOURCE_DIR LAYOUT

Plays the crash of 2025-10-10 through a stand-in venue and, while it runs, drops the connection, falls
silent, corrupts messages, kills the venue outright and starts it again. The bot's record must be
gapless, the feed's states must tell the story in order, and the daemon must end at SIGTERM with 0.
"""
import json
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PATIENCE_SECONDS = 60

CONFIG = """
valuation_currency: USD
assets: [{{name: USD}}]
feeds:
  - {{name: coinbase, venue: coinbase_exchange, url: "ws://127.0.0.1:{port}", silence_after: 1s,
      backoff_first: 50ms, backoff_max: 500ms}}
instrument_defaults:
  quote: USD
  price_max: 1000
  tiers: [{{initial_rate: 5%, maintenance_rate: 2.5%}}]
instruments:
  - {{name: DOGE-PERP, reference_price: 0.2266, sources: [{{feed: coinbase, symbol: DOGE-USD, channel: book_top, stale_after: 5s}}]}}
  - {{name: ADA-PERP, reference_price: 0.7525, sources: [{{feed: coinbase, symbol: ADA-USD, channel: book_top, stale_after: 5s}}]}}
accounts: {{file: accounts.ndjson, max: 3000}}
threads: {{layout: {layout}}}
guard: {{jump_factor: 10}}
"""


class Bot(threading.Thread):
    """Reads the event stream to its end and keeps every line."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.lines = []
        self.arrived = queue.Queue()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.start()

    def run(self):
        with self.socket.makefile("r", encoding="utf-8") as stream:
            for line in stream:
                event = json.loads(line)
                self.lines.append(event)
                self.arrived.put(event)

    def wait_for(self, what, matches):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                event = self.arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                sys.exit(f"FAILED: no {what} within {PATIENCE_SECONDS} s; last: {self.lines[-3:]}")
            if matches(event):
                return event

    def wait_for_feed(self, state):
        return self.wait_for(f"feed state {state}", lambda e: e["type"] == "feed_state" and e["to"] == state)

    def wait_for_account(self):
        return self.wait_for("account event", lambda e: "account" in e)


def start_venue(margind, source, port):
    venue = subprocess.Popen(
        [margind, "venue", "--serve", f"coinbase_exchange:{port}", "--speed", "20",
         "--map", str(source / "tests/data/market/crash_2025-10-10.map"), "--from", "2025-10-10T21:10"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return venue, json.loads(venue.stdout.readline())["port"]


def say(venue, command):
    venue.stdin.write(command + "\n")
    venue.stdin.flush()


def main():
    margind, source, layout = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venue, port = start_venue(margind, source, 0)
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(port=port, layout=layout))
        with open(folder / "accounts.ndjson", "w", encoding="utf-8") as accounts:
            subprocess.run([margind, "generate", "--config", config, "--accounts", "2000", "--seed", "5"],
                           stdout=accounts, check=True)
        daemon = subprocess.Popen(
            [margind, "run", "--config", config, "--events-port", "0", "--admin-port", "0"],
            stdout=subprocess.PIPE, stderr=open(folder / "log", "w", encoding="utf-8"), text=True)
        try:
            bot = Bot(int(daemon.stdout.readline().rsplit(":", 1)[1]))
            bot.wait_for("hello", lambda e: e["type"] == "hello")
            bot.wait_for_account()

            say(venue, "drop")
            bot.wait_for_feed("down")
            bot.wait_for_feed("live")
            bot.wait_for_account()

            say(venue, "corrupt 20")
            bot.wait_for_account()

            say(venue, "silence")
            bot.wait_for_feed("silent")
            say(venue, "resume")
            bot.wait_for_feed("live")
            bot.wait_for_account()

            venue.kill()
            venue.wait()
            bot.wait_for_feed("down")
            venue, _ = start_venue(margind, source, port)
            bot.wait_for_feed("live")
            bot.wait_for_account()

            daemon.send_signal(signal.SIGTERM)
            status = daemon.wait(timeout=PATIENCE_SECONDS)
            bot.join(timeout=PATIENCE_SECONDS)
            if status != 0:
                sys.exit(f"FAILED: exit status {status}\n" + (folder / "log").read_text(encoding="utf-8"))
        finally:
            daemon.kill()
            venue.kill()

    hello, *rest = bot.lines
    if rest[-1].get("reason") != "draining":
        sys.exit(f"FAILED: the stream ended with {rest[-1]}")
    numbers = [event["event_seq"] for event in rest if "event_seq" in event]
    wanted = list(range(hello["next_event_seq"], hello["next_event_seq"] + len(numbers)))
    if numbers != wanted:
        sys.exit("FAILED: event_seq has gaps or repeats")
    if rest[-1]["last_event_seq"] != numbers[-1]:
        sys.exit(f"FAILED: goodbye names {rest[-1]['last_event_seq']}, the last event was {numbers[-1]}")
    print(f"{layout}: {len(numbers)} events, no gap, through a drop, corruption, silence and a kill")


if __name__ == "__main__":
    main()
