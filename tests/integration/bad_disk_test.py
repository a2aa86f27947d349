#!/usr/bin/env python3
"""A disk that fills up, and one whose sync fails, under the real daemon.

usage: bad_disk_test.py MARGIND full            needs root, for a file system of its own; else skipped (77)
       bad_disk_test.py MARGIND sync LIBRARY    LIBRARY: tests/support/failing_sync.cpp, built

Full: subscribers are told early (daemon_state degraded, disk_low), nobody is told anything false, nothing
that was acknowledged is lost, and when there is room again all goes on by itself.
Sync: nothing is acknowledged or published from then on, subscribers and senders are told why, and a restart on
a mended disk has all that was ever told.
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from journal_world import (PATIENCE_SECONDS, Daemon, Failed, Ledger, Subscriber, Told, Venue, check_journal, get,
                           source_folder, write_config)

MIB = 1048576


def wait_for(what, condition, daemon):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        try:
            daemon.process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        raise Failed(f"no {what}:\n" + daemon.log_text())


class World:
    def __init__(self, margind, folder, journal, environment=None, **values):
        self.margind, self.journal = margind, journal
        self.venue = Venue(margind, source_folder(), 20)
        write_config(folder, self.venue, journal=journal, **values)
        self.daemon = Daemon(margind, folder, environment)
        self.ledger = Ledger(1)
        self.told = Told()

    def start(self):
        self.daemon.spawn()
        self.ports = self.daemon.wait_ready()
        self.subscriber = Subscriber(self.ports["events_port"], self.told)
        self.ledger.connect(self.ports["accounts_port"])
        self.ledger.check_accounts(self.ports["admin_port"])

    def send(self, answers):
        if not self.ledger.send_until(answers):
            raise Failed("the ledger's connection ended by itself:\n" + self.daemon.log_text())

    def stop_and_check(self):
        self.daemon.stop()
        self.subscriber.join()
        self.ledger.drain_answers()
        return check_journal(self.margind, self.journal, self.told)

    def end(self):
        if self.daemon.process is not None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        self.venue.end()


def disk_full(margind, folder):
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk], check=False,
                             capture_output=True)
    if mounted.returncode != 0:
        print("skipped: a file system of its own needs root: " + mounted.stderr.decode().strip())
        sys.exit(77)
    world = World(margind, folder, disk / "journal", free_low_bytes=16 * MIB)
    try:
        world.start()
        world.send(500)
        (disk / "others").write_bytes(bytes(20 * MIB))  # somebody else's files leave too little
        wait_for("degraded event", lambda: ("degraded", "disk_low") in world.told.states(), world.daemon)
        world.send(100)  # low is not full

        filler = open(disk / "others", "ab", buffering=0)
        try:
            while True:
                filler.write(bytes(65536))
        except OSError:
            pass  # full
        # Until no answer comes any more: the journal's segments that were ready are used up.
        world.ledger.socket.settimeout(2)
        before = -1
        while before != world.ledger.last_answered:
            before = world.ledger.last_answered
            world.ledger.send_until(5000)
            if world.ledger.last_answered - before == 5000:
                continue
            break
        answered = world.ledger.last_answered
        if world.daemon.process.poll() is not None:
            raise Failed("the daemon ended on a full disk:\n" + world.daemon.log_text())
        filler.close()
        (disk / "others").unlink()

        # All by itself: what was sent is answered, and the state is told.
        world.ledger.socket.close()
        world.ledger.connect(world.ports["accounts_port"])
        world.send(1000)
        wait_for("restored event", lambda: world.told.states()[-1][0] in ("live", "warming"), world.daemon)
        world.ledger.check_accounts(world.ports["admin_port"])
        events = world.stop_and_check()
        print(f"full: {answered} updates answered before there was no room, {world.ledger.last_answered} in the end, "
              f"{events} events")
    finally:
        world.end()
        subprocess.run(["umount", disk], check=True)


def sync_fails(margind, folder, library):
    sign = folder / "sync-fails"
    world = World(margind, folder, folder / "journal", {"LD_PRELOAD": library, "FAIL_SYNC_WHILE": str(sign)})
    try:
        world.start()
        world.send(500)
        sign.write_bytes(b"")
        if world.ledger.send_until(10 * PATIENCE_SECONDS * 1000):
            raise Failed("updates were acknowledged though nothing could be synced")
        world.subscriber.join(timeout=PATIENCE_SECONDS)
        if not world.subscriber.goodbye or world.subscriber.goodbye["reason"] != "journal_failed":
            raise Failed(f"the subscriber was told {world.subscriber.goodbye}")
        late = Ledger(2)
        late.connect(world.ports["accounts_port"])
        if json.loads(late.stream.readline()).get("reason") != "journal_failed":
            raise Failed("a new sender was not told that the journal has failed")
        metrics = get(world.ports["admin_port"], "/metrics")
        if "margind_journal_failed 1" not in metrics:
            raise Failed("the metrics do not say that the journal has failed")
        answered = world.ledger.last_answered
        world.daemon.stop(1)  # what it did was not all that it was to do
        sign.unlink()
        world.start()  # and whatever was acknowledged is there
        world.send(500)
        events = world.stop_and_check()
        print(f"sync: {answered} updates answered before it failed, {world.ledger.last_answered} in the end, "
              f"{events} events")
    finally:
        world.end()


def main():
    margind, what = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="margind-disk-") as folder:
        try:
            if what == "full":
                disk_full(margind, Path(folder))
            else:
                sync_fails(margind, Path(folder), sys.argv[3])
        except Failed as failure:
            sys.exit(f"FAILED: {failure}")


if __name__ == "__main__":
    main()
