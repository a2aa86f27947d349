#!/usr/bin/env python3
"""Reads a journal with nothing but docs/journal.md: its tables of bytes are taken from that page.

    journal_reader.py JOURNAL.md FOLDER     a line for each record: stream, sequence, type, fields
    journal_reader.py --self-check JOURNAL.md

Ends with status 1, and says where, at the first byte that is not as the page says. Compressed segments
are opened with the `zstd` program (scripts/setup --test).
"""
import hashlib
import re
import struct
import subprocess
import sys
from pathlib import Path

SCALARS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i64": "<q", "f64": "<d"}
TEXTS = {"text": "<B", "text16": "<H", "text32": "<I"}
ACCOUNT_KINDS = ["warning", "margin_call", "liquidation", "bankruptcy", "recovered"]
PAYLOAD_MAX = {1: 160, 2: 992, 3: 4 << 20, 4: 8, 5: 8}
TYPES = {1: "input", 2: "event", 3: "epoch", 4: "close", 5: "seal"}


class Problem(Exception):
    pass


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def crc_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = crc_table()


class Document:
    """The page's tables: heading -> [(offset, type, field)]."""

    def __init__(self, path):
        self.tables, heading = {}, None
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if line.startswith("### "):
                heading = line[4:]
                self.tables[heading] = []
            row = re.match(r"\| (\S+) \| ([a-z]+\d*(?:\[\d+\])?) \| `?(\w*)`? \|", line)
            if heading and row and row.group(1) != "offset":
                self.tables[heading].append(row.groups())
        self.inputs = self.kinds("input")
        self.events = self.kinds("event")

    def kinds(self, what):
        found = {}
        for heading in self.tables:
            match = re.match(rf"{what} (\w+) \(kind (\d+)(?: to (\d+))?\)", heading)
            if match:
                for kind in range(int(match[2]), int(match[3] or match[2]) + 1):
                    found[kind] = (match[1], self.tables[heading])
        return found


def size_of(kind):
    return struct.calcsize(SCALARS[kind]) if kind in SCALARS else int(kind[kind.index("[") + 1:-1])


def parse(rows, data, at=0):
    """The fields of a table, and where they end. Checks the offsets that the page states."""
    values, base, base_at = [], "", 0
    for offset, kind, field in rows:
        stated = f"{base}+{at - base_at}" if base else str(at)
        if offset != stated:
            raise Problem(f"the page says that {field} is at {offset}, it is at {stated}")
        if kind in TEXTS:
            length_bytes = struct.calcsize(TEXTS[kind])
            (length,) = struct.unpack_from(TEXTS[kind], data, at)
            at += length_bytes + length
            if at > len(data):
                raise Problem(f"{field} ends beyond its record")
            values.append((field, data[at - length:at].decode("utf-8")))
            base, base_at = field, at
            continue
        if at + size_of(kind) > len(data):
            raise Problem(f"{field} ends beyond its record")
        if kind in SCALARS:
            values.append((field, struct.unpack_from(SCALARS[kind], data, at)[0]))
        elif kind.startswith("bytes"):
            values.append((field, bytes(data[at:at + size_of(kind)])))
        elif any(data[at:at + size_of(kind)]):
            raise Problem(f"bytes that should be zero are not, at {at}")
        at += size_of(kind)
    return values, at


def texts(values):
    """Doubles by their bits, so that no digit is lost."""
    return [f"{name}={struct.unpack('<Q', struct.pack('<d', value))[0] if isinstance(value, float) else value}"
            for name, value in values]


class Reader:
    def __init__(self, document, folder):
        self.document, self.folder = document, Path(folder)

    def segments(self, stream):
        names = {}
        for path in sorted(self.folder.glob(f"{stream}-*.mgj*")):
            match = re.fullmatch(rf"{stream}-(\d{{20}})\.mgj(\.zst)?", path.name)
            if match:
                names.setdefault(int(match[1]), path)  # sorted: the plain one first
        return [names[number] for number in sorted(names)]

    def read(self, stream):
        previous, due, paths = None, None, self.segments(stream)
        for path in paths:
            data, indexed_sum = self.contents(path)
            header = dict(self.table("segment header", data)[0])
            if header["magic"] != b"MGJRNL01" or header["version"] != 1:
                raise Problem(f"{path.name} is no segment of version 1")
            if header["crc"] != crc32c(data[:124]):
                raise Problem(f"{path.name}: its header's checksum is wrong")
            if header["stream"] != ("inputs", "events").index(stream):
                raise Problem(f"{path.name} is of another stream")
            if due is not None and header["first_sequence"] != due:
                raise Problem(f"{path.name} begins with {header['first_sequence']} where {due} is due")
            if previous is not None and header["previous"] != previous:
                raise Problem(f"{path.name} does not follow the segment before it")
            due, end = yield from self.records(path.name, stream, data, header)
            previous = hashlib.sha256(data[:end]).digest()
            if indexed_sum is not None and indexed_sum != previous:
                raise Problem(f"{path.name}: its SHA-256 is not the one in its index")

    def contents(self, path):
        data = path.read_bytes()
        if path.suffix != ".zst":
            return data, None
        end = dict(self.table("index end", data[-8:])[0])
        content = data[-8 - end["content_bytes"]:-8]
        if crc32c(content) != end["crc"]:
            raise Problem(f"{path.name}: its index's checksum is wrong")
        index, at = self.table("index", data[-16 - end["content_bytes"]:])
        index = dict(index)
        frame_at = 0
        for _ in range(index["frames"]):
            entry = dict(parse(self.document.tables["index entry"], data[-16 - end["content_bytes"] + at:])[0])
            frame = data[entry["offset"]:entry["offset"] + entry["bytes"]]
            if entry["offset"] != frame_at or crc32c(frame) != entry["crc"]:
                raise Problem(f"{path.name}: the frame at {frame_at} is not as its index says")
            frame_at += entry["bytes"]
            at += 32
        plain = subprocess.run(["zstd", "-dcq", str(path)], check=True, capture_output=True).stdout
        if len(plain) != index["plain_bytes"]:
            raise Problem(f"{path.name}: its index says another length")
        return plain, index["sha256"]

    def table(self, name, data):
        return parse(self.document.tables[name], data)

    def records(self, name, stream, data, header):
        at, crc, due, count = 128, header["crc"], header["first_sequence"], 0
        while at + 32 <= len(data):
            record = dict(self.table("record header", data[at:at + 32])[0])
            length, kind = record["length"], record["type"]
            if length == 0:
                if any(data[at:]):
                    raise Problem(f"{name}: something stands behind the records, at {at}")
                break
            if kind not in TYPES or length > PAYLOAD_MAX[kind]:
                raise Problem(f"{name}: no record at {at}")
            payload = data[at + 32:at + 32 + length]
            summed = struct.pack("<I", crc) + data[at:at + 4] + data[at + 8:at + 32] + payload
            if crc32c(summed) != record["crc"]:
                raise Problem(f"{name}: the checksum of the record at {at} is wrong")
            padded = (32 + length + 63) // 64 * 64
            if any(data[at + 32 + length:at + padded]) or record["sequence"] != due:
                raise Problem(f"{name}: the record at {at} is not padded with zeros, or {due} is not its number")
            head = [stream, str(record["sequence"]), TYPES[kind], f"time={record['time']}",
                    f"flags={record['flags']}", f"synced={record['synced']}"]
            yield " ".join(head + self.payload(name, kind, payload, count))
            at, crc, count = at + padded, record["crc"], count + 1
            due += kind in (1, 2)
            if kind in (4, 5):
                break
        return due, at

    def payload(self, name, kind, payload, count):
        if kind in (4, 5):
            values, end = self.table("close and seal record", payload)
            if dict(values)["records"] != count:
                raise Problem(f"{name}: it ends after {count} records, and says otherwise")
            fields = texts(values)
        elif kind == 3:
            values, end = self.table("epoch record", payload)
            fields = [f"{key}={value!r}" if isinstance(value, str) else f"{key}={value}" for key, value in values]
        else:
            fields, end = self.body(kind, payload)
        if end != len(payload):
            raise Problem(f"{name}: {len(payload) - end} bytes of a payload are none of the page's")
        return fields

    def body(self, kind, payload):
        values, end = self.table("input payload" if kind == 1 else "event payload", payload)
        number = values[0][1]
        name, rows = (self.document.inputs if kind == 1 else self.document.events)[number]
        more, end = parse(rows, payload, end)
        if name == "account" and kind == 2:
            name = ACCOUNT_KINDS[number]
        fields = [f"kind={name}"] + texts(values[1:] + more)
        for _ in range(dict(more).get("plan_steps", 0)):
            step, step_end = parse(self.document.tables["plan step"], payload[end:])
            end += step_end
            fields += ["step"] + texts(step)
        return fields, end


def self_check(document):
    assert crc32c(b"123456789") == 0xE3069283
    assert sorted(document.inputs) == list(range(7)) and sorted(document.events) == list(range(12))
    for name in ("segment header", "record header", "epoch record", "index", "index entry", "index end", "plan step"):
        assert document.tables[name], name
    assert parse(document.tables["plan step"], bytes(200))[1] == 70
    assert parse(document.tables["segment header"], bytes(200))[1] == 128


def main():
    if sys.argv[1:2] == ["--self-check"]:
        self_check(Document(sys.argv[2]))
        return 0
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    reader = Reader(Document(sys.argv[1]), sys.argv[2])
    try:
        for stream in ("inputs", "events"):
            for line in reader.read(stream):
                print(line)
    except (Problem, struct.error, KeyError) as problem:
        print(f"journal_reader: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
