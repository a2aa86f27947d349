#!/usr/bin/env python3
"""SIGKILL at random moments, and what must hold after each.

usage: kill_test.py MARGIND [--kills N] [--seed S] [--only DURABILITY,LAYOUT,SHARDS]

A stand-in venue plays the crash of 2025-10-10, a ledger sends numbered account updates and two subscribers
write down what they are told; one of them goes on, after each start, where it was. The daemon is killed under
load, or while it recovers, or while a snapshot is written (one is every second), and started again on the same
journal. After every kill: whatever was acknowledged is in its account, the numbers of the ledger's updates go
on, the session is the same, and no event's number is ever told with another body. The journal is checked whole, replayed and compared with what the subscribers were told
after about half of the kills, and at the end.
"""
import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from journal_world import (Daemon, Failed, Ledger, Subscriber, Told, Venue, check_journal, source_folder,
                           write_config)

WORLDS = [("group", "paired", 1), ("memory", "inline", 1), ("group", "paired", 2), ("memory", "paired", 1),
          ("group", "inline", 1), ("memory", "paired", 2)]


class Run:
    def __init__(self, margind, folder, world, seed):
        durability, layout, shards = world
        self.margind = margind
        self.random = random.Random(seed)
        self.journal = folder / "journal"
        self.venue = Venue(margind, source_folder(), 20)
        write_config(folder, self.venue, durability=durability, layout=layout, shards=shards)
        self.daemon = Daemon(margind, folder)
        self.ledger = Ledger(seed)
        self.told = Told()
        self.subscribers = []
        self.kills = 0
        self.journal_events = 0

    def start(self):
        self.daemon.spawn()
        ports = self.daemon.wait_ready()
        # One goes on where it was, the other begins with the present.
        before = self.subscribers[0] if self.subscribers else None
        self.subscribers = [Subscriber(ports["events_port"], self.told, before),
                            Subscriber(ports["events_port"], self.told)]
        self.ledger.connect(ports["accounts_port"])
        self.ledger.check_accounts(ports["admin_port"])

    def kill_under_load(self):
        if not self.ledger.send_until(self.random.randrange(1, 2000)):
            raise Failed("the ledger's connection ended by itself:\n" + self.daemon.log_text())
        # More is under way now; somewhere in the next few milliseconds it ends.
        self.kill_after(self.random.uniform(0, 0.02))

    def kill_in_recovery(self):
        self.daemon.spawn()
        self.kill_after(self.random.uniform(0, 0.15))

    def kill_after(self, seconds):
        try:
            self.daemon.process.wait(timeout=seconds)
            raise Failed("the daemon ended by itself:\n" + self.daemon.log_text())
        except subprocess.TimeoutExpired:
            self.daemon.kill()
        self.kills += 1
        for subscriber in self.subscribers:
            subscriber.join()
        self.ledger.drain_answers()
        self.told.check()

    def check_stopped(self):
        """Comes back, ends as it should, and its journal is looked at."""
        self.start()
        self.daemon.stop()
        for subscriber in self.subscribers:
            subscriber.join()
        self.ledger.drain_answers()
        self.journal_events = check_journal(self.margind, self.journal, self.told)

    def play(self, kills):
        self.start()
        while self.kills < kills:
            self.kill_under_load()
            while self.kills < kills and self.random.random() < 0.3:
                self.kill_in_recovery()
            if self.random.random() < 0.5 or self.kills >= kills:
                self.check_stopped()
            if self.kills < kills:
                self.start()

    def end(self):
        if self.daemon.process is not None:
            self.daemon.process.kill()
        self.venue.end()


def play(margind, world, kills, seed):
    name = "-".join(map(str, world))
    with tempfile.TemporaryDirectory(prefix="margind-kill-") as folder:
        run = Run(margind, Path(folder), world, seed)
        try:
            run.play(kills)
        except Failed as failure:
            print(f"FAILED ({name}, seed {seed}, after {run.kills} kills): {failure}\n"
                  f"see it again: {sys.argv[0]} {margind} --only {','.join(map(str, world))} "
                  f"--kills {kills} --seed {seed}", flush=True)
            return False
        finally:
            run.end()
        print(f"{name}: {run.kills} kills, {run.ledger.last_answered} updates answered, "
              f"{len(run.told.bodies)} of {run.journal_events} events told; seed {seed}", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("margind")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    options = parser.parse_args()
    worlds = WORLDS
    if options.only:
        durability, layout, shards = options.only.split(",")
        worlds = [(durability, layout, int(shards))]
    share, more = divmod(options.kills, len(worlds))
    good = True
    for i, world in enumerate(worlds):
        kills = share + (1 if i < more else 0)
        if kills > 0:
            good = play(options.margind, world, kills, options.seed + i if not options.only else options.seed) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
