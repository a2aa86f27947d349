"""A real daemon with a journal between a stand-in venue, a ledger that numbers its account updates, and
subscribers that write down what they are told: what the tests of kills and of bad disks are made of."""
import json
import os
import random
import re
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

PATIENCE_SECONDS = 60
ACCOUNTS = 40
UNANSWERED_MAX = 64
EMIT_TIME = re.compile(rb',"emit_time":\d+}$')

CONFIG = """
valuation_currency: USD
assets: [{{name: USD}}]
feeds:
  - {{name: coinbase, venue: coinbase_exchange, url: "ws://127.0.0.1:{venue_port}", silence_after: 5s,
      backoff_first: 10ms, backoff_max: 100ms}}
instrument_defaults:
  quote: USD
  price_max: 1000
  tiers: [{{initial_rate: 5%, maintenance_rate: 2.5%}}]
instruments:
  - {{name: DOGE-PERP, reference_price: 0.2266, sources: [{{feed: coinbase, symbol: DOGE-USD, channel: book_top, stale_after: 5s}}]}}
  - {{name: ADA-PERP, reference_price: 0.7525, sources: [{{feed: coinbase, symbol: ADA-USD, channel: book_top, stale_after: 5s}}]}}
accounts: {{max: 1000, listen: {{port: 0, sources: [ledger], unanswered_max: {unanswered_max}}}}}
events: {{port: 0}}
admin: {{port: 0}}
engine: {{shards: {shards}}}
threads: {{layout: {layout}}}
guard: {{jump_factor: 10, restart_grace: 100ms}}
journal: {{directory: {journal}, durability: {durability}, segment_bytes: 1048576, ring_bytes: 1048576,
          snapshot_every: 1s, free_low_bytes: {free_low_bytes}, memory_directory: {folder}}}
"""


class Failed(Exception):
    """What must not be, in words."""


def body_of(line):
    """An event's line without the time at which it was handed out: the same bytes in every replay."""
    return EMIT_TIME.sub(b"}", line)


class Venue:
    def __init__(self, margind, source, speed):
        self.process = subprocess.Popen(
            [margind, "venue", "--serve", "coinbase_exchange:0", "--speed", str(speed), "--map",
             str(source / "tests/data/market/crash_2025-10-10.map"), "--from", "2025-10-10T21:10"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def end(self):
        self.process.kill()
        self.process.wait()


class Told:
    """All that was ever told of events, by number: a number stands for one body, for good."""

    def __init__(self):
        self.lock = threading.Lock()
        self.bodies = {}
        self.sessions = set()
        self.problems = []
        self.lines = []  # as they came, over all connections

    def hello(self, hello):
        with self.lock:
            self.sessions.add(hello["session"])

    def event(self, number, expected, line):
        body = body_of(line)
        with self.lock:
            self.lines.append(line)
            if number != expected:
                self.problems.append(f"event {number} came where {expected} was due")
            if self.bodies.setdefault(number, body) != body:
                self.problems.append(f"event {number} came twice:\n  {self.bodies[number]}\n  {body}")

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def check(self):
        with self.lock:
            if len(self.sessions) > 1:
                raise Failed(f"sessions {sorted(self.sessions)} of one journal")
            if self.problems:
                raise Failed("\n".join(self.problems[:5]))

    def states(self):
        """daemon_state events so far, as (to, reason)."""
        with self.lock:
            events = [json.loads(line) for line in self.lines if line.startswith(b'{"type":"daemon_state"')]
        return [(event["to"], event.get("reason")) for event in events]


class Subscriber(threading.Thread):
    """One connection to the event stream, until it ends however it ends. Goes on where `before` ended."""

    def __init__(self, port, told, before=None):
        super().__init__(daemon=True)
        self.told = told
        self.goodbye = None
        self.session = before.session if before else None
        self.due = before.due if before else None  # the number that comes next
        self.resumes = self.due is not None
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.start()

    def run(self):
        try:
            for line in self.socket.makefile("rb"):
                if not line.endswith(b"\n"):
                    return  # torn by the kill: nobody can have relied on it
                line = line.rstrip(b"\n")
                event = json.loads(line)
                if event["type"] == "hello":
                    self.told.hello(event)
                    if self.resumes:
                        login = {"type": "login", "session": self.session, "next_event_seq": self.due}
                        self.socket.sendall(json.dumps(login).encode() + b"\n")
                    else:
                        self.session, self.due = event["session"], event["next_event_seq"]
                elif event["type"] == "login_accepted":
                    self.resumes = False
                elif event["type"] == "goodbye":
                    self.goodbye = event
                    if event["reason"] not in ("draining", "journal_failed"):
                        self.told.problem(f"a subscriber at event {self.due} was told {line}")
                elif "event_seq" in event and not self.resumes:
                    self.told.event(event["event_seq"], self.due, line)
                    self.due = event["event_seq"] + 1
        except OSError:
            pass  # a killed daemon resets


class Ledger:
    """Sends numbered updates and keeps what was acknowledged, over all connections."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.balances = {}      # by number: (owner, amount as text), of whatever was ever sent
        self.acknowledged = {}  # owner: the largest number acknowledged
        self.last_answered = 0
        self.input_seqs = {}    # by number

    def connect(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        self.hello = json.loads(self.stream.readline())
        self.next = self.sent = self.hello["sources"][0]["next_source_seq"]
        if self.next <= self.last_answered:
            raise Failed(f"number {self.last_answered} was answered, and {self.next} is asked for again")

    def line(self, number):
        if number not in self.balances:
            owner = f"owner{self.random.randrange(ACCOUNTS)}"
            # About one in three changes the account's state; the last digits are the update's number.
            amount = f"{self.random.randrange(15, 120)}.{number:07d}"
            self.balances[number] = (owner, amount)
        owner, amount = self.balances[number]
        position = {"instrument": "DOGE-PERP", "quantity": "3000", "entry_price": "0.2266"}
        return json.dumps({"source": "ledger", "source_seq": number, "account": owner,
                           "balances": {"USD": amount}, "positions": [position]}).encode() + b"\n"

    def answer(self, line):
        answer = json.loads(line)
        if answer["type"] == "goodbye":
            return False
        number = answer["source_seq"]
        if answer["type"] != "ack" or number <= self.last_answered:
            raise Failed(f"answer out of turn, after {self.last_answered}: {answer}")
        self.last_answered = number
        self.input_seqs[number] = answer["input_seq"]
        owner, _ = self.balances[number]
        self.acknowledged[owner] = number
        return True

    def send_until(self, answers):
        """Until so many answers came on this connection; False: it ended before."""
        received = 0
        try:
            while received < answers:
                end = max(self.sent, self.next + received + UNANSWERED_MAX)
                self.socket.sendall(b"".join(self.line(n) for n in range(self.sent, end)))
                self.sent = end
                line = self.stream.readline()
                if not line.endswith(b"\n") or not self.answer(line):
                    return False
                received += 1
        except OSError:
            return False
        self.next += received
        return True

    def drain_answers(self):
        """What still comes before the connection ends."""
        try:
            for line in self.stream:
                if not line.endswith(b"\n") or not self.answer(line):
                    return
        except OSError:
            pass

    def check_accounts(self, admin_port):
        """Every acknowledged update is in its account, or a later one of the same account is."""
        for owner, number in self.acknowledged.items():
            page = json.loads(get(admin_port, f"/accounts/{owner}"))
            amount = page["balances"][0]["amount"] if page.get("balances") else "0"
            stands = int((amount.partition(".")[2] or "0").ljust(7, "0"))
            if stands < number or self.balances.get(stands, (None,))[0] != owner:
                raise Failed(f"{owner}: update {number} was acknowledged, its balance is {amount}")


def get(port, path):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:  # 503: another question is being answered
            if error.code != 503 or time.monotonic() > deadline:
                raise Failed(f"{path}: {error.code} {error.read().decode()}") from error


class Daemon:
    def __init__(self, margind, folder, environment=None):
        self.margind, self.folder, self.environment = margind, folder, environment
        self.process = None
        self.runs = 0

    def spawn(self):
        self.runs += 1
        self.ready = self.folder / f"ready-{self.runs}.json"
        self.log = self.folder / f"log-{self.runs}"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.margind, "run", "--config", self.folder / "config.yaml", "--ready-file", self.ready],
                stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(self.environment or {})})

    def wait_ready(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ready.exists():
            try:
                self.process.wait(timeout=0.005)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise Failed("the daemon did not start:\n" + self.log_text())
        return json.loads(self.ready.read_text(encoding="utf-8"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, code=0):
        self.process.terminate()
        if self.process.wait(timeout=PATIENCE_SECONDS) != code:
            raise Failed(f"exit status {self.process.returncode}\n" + self.log_text())

    def log_text(self):
        return "".join(self.log.read_text(encoding="utf-8").splitlines(keepends=True)[-20:])


def command(margind, *arguments):
    done = subprocess.run([margind, *map(str, arguments)], capture_output=True, check=False,
                          timeout=10 * PATIENCE_SECONDS)
    if done.returncode != 0:
        raise Failed(f"margind {' '.join(map(str, arguments))}: exit {done.returncode}\n"
                     f"{done.stdout[-2000:].decode()}{done.stderr[-2000:].decode()}")
    return done.stdout


def check_journal(margind, journal, told):
    """The journal is whole, proves itself, and holds whatever anybody was told, byte for byte."""
    command(margind, "journal", "verify", journal)
    command(margind, "replay", journal, "--verify")
    replayed = {}
    for line in command(margind, "replay", journal).splitlines():
        replayed[json.loads(line)["event_seq"]] = line
    told.check()
    for number, body in told.bodies.items():
        if replayed.get(number) != body:
            raise Failed(f"event {number} was told as\n  {body}\nand is replayed as\n  {replayed.get(number)}")
    return len(replayed)


def write_config(folder, venue, **values):
    defaults = {"unanswered_max": 2 * UNANSWERED_MAX, "shards": 1, "layout": "paired", "durability": "group",
                "journal": folder / "journal", "folder": folder, "free_low_bytes": 0}
    (folder / "config.yaml").write_text(CONFIG.format(venue_port=venue.port, **{**defaults, **values}),
                                        encoding="utf-8")


def source_folder():
    return Path(__file__).resolve().parent.parent.parent
