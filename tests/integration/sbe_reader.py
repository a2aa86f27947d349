#!/usr/bin/env python3
"""Reads the binary event stream with nothing but its schema, and holds it against the lines of JSON.

    sbe_reader.py check SCHEMA SAMPLES PROGRAM   PROGRAM (wire_samples) writes its messages to a folder: every member
                                         of every message is what the line of JSON of the same event says
    sbe_reader.py peer SCHEMA SAMPLES PEER   the same messages as PEER (codecs of the official generator) reads them
    sbe_reader.py page SCHEMA EVENT-STREAM.MD   the page's tables of bytes are those of the schema
    sbe_reader.py tables SCHEMA          prints those tables

Python's own libraries only. Ends with status 1, and says where, at the first difference.
"""
import decimal
import json
import math
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path

decimal.getcontext().prec = 60
SCALARS = {"int8": "b", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "int64": "q", "double": "d"}
DEFAULT_NULLS = {"uint8": 255, "int64": -(1 << 63)}
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
NULL = "null"  # of an enumeration, as the peer says it: NULL_VALUE


class Problem(Exception):
    pass


def require(holds, text):
    if not holds:
        raise Problem(text)


class Scalar:
    """A number, or an array of characters."""

    def __init__(self, node):
        self.name, self.primitive = node.get("name"), node.get("primitiveType")
        self.length = int(node.get("length", "1"))
        self.text = self.primitive == "char"
        self.optional = node.get("presence") == "optional"
        self.constant = int(node.text) if node.get("presence") == "constant" else None
        self.null = node.get("nullValue")
        self.size = 0 if self.constant is not None else struct.calcsize(self.format())

    def format(self):
        return f"{self.length}s" if self.text else "<" + SCALARS[self.primitive]

    def shown(self):
        return f"char[{self.length}]" if self.text else self.primitive

    def raw(self, data, at):
        value = struct.unpack_from(self.format(), data, at)[0]
        if not self.text:
            return value
        text, _, rest = value.partition(b"\0")
        require(not rest.strip(b"\0"), f"{self.name}: bytes behind the end of {text!r}")
        return text.decode("utf-8")

    def means(self, raw):
        if self.optional:
            if self.text:
                return raw or None
            if isinstance(raw, float):
                return None if math.isnan(raw) else raw
            if raw == int(self.null if self.null else DEFAULT_NULLS[self.primitive]):
                return None
        return f"{raw:016x}" if self.name == "Hash" else raw


class DecimalType:
    """A composite of mantissa and exponent."""

    def __init__(self, node):
        self.name, self.parts = node.get("name"), [Scalar(part) for part in node]
        require([part.name for part in self.parts] == ["mantissa", "exponent"], f"{self.name} is no decimal")
        self.size = sum(part.size for part in self.parts)

    def shown(self):
        return self.name.removeprefix("Optional")

    def raw(self, data, at):
        values = {}
        for part in self.parts:
            if part.constant is None:
                values[part.name] = part.raw(data, at)
                at += part.size
        return values

    def means(self, raw):
        mantissa = self.parts[0].means(raw["mantissa"])
        exponent = raw.get("exponent", self.parts[1].constant)
        return None if mantissa is None else Decimal(mantissa).scaleb(exponent)


class Enum:
    size = 1

    def __init__(self, node):
        require(node.get("encodingType") == "uint8", f"{node.get('name')}: encoded as something else than uint8")
        self.name = node.get("name")
        self.words = {int(value.text): value.get("name") for value in node}

    def shown(self):
        return self.name

    def raw(self, data, at):
        number = data[at]
        require(number in self.words or number == 255, f"{self.name}: {number} is no value of it")
        return self.words.get(number, NULL)

    def means(self, raw):
        if self.name == "Answer":
            return raw == "yes"
        return None if raw == NULL else raw


class Field:
    def __init__(self, node, types, at):
        self.name, self.type = node.get("name"), types[node.get("type")]
        self.at = int(node.get("offset", at))
        require(self.at >= at, f"{self.name}: offset {self.at} lies inside the field before it")
        self.optional = node.get("presence") == "optional" or "Optional" in node.get("type")
        self.end = self.at + self.type.size


class Block:
    """Fields at offsets, and the length they are given."""

    def __init__(self, node, types):
        self.name, self.fields, at = node.get("name"), [], 0
        for child in node.findall("field"):
            self.fields.append(Field(child, types, at))
            at = self.fields[-1].end
        self.length = int(node.get("blockLength", at))
        require(self.length >= at, f"{self.name}: blockLength {self.length} is less than its fields, {at}")

    def raw(self, data, at):
        """The members as they lie there; what lies between must be zero."""
        covered = bytearray(data[at:at + self.length])
        values = {}
        for field in self.fields:
            values[field.name] = field.type.raw(data, at + field.at)
            covered[field.at:field.end] = bytes(field.type.size)
        require(not any(covered), f"{self.name}: a byte between its fields is not zero")
        return values

    def means(self, raw):
        values = {}
        for field in self.fields:
            values[field.name] = field.type.means(raw[field.name])
            require(values[field.name] is not None or field.optional or field.type.name == "HealthFactor",
                    f"{self.name}.{field.name}: null, and it is not optional")
        return values


class Schema:
    def __init__(self, path):
        root = ElementTree.parse(path).getroot()
        require(root.get("byteOrder") == "littleEndian", "the schema is not little-endian")
        self.id, self.version, types = int(root.get("id")), int(root.get("version")), {}
        self.enums = {}
        for node in root.find("types"):
            if node.tag == "type":
                types[node.get("name")] = Scalar(node)
            elif node.tag == "enum":
                types[node.get("name")] = self.enums[node.get("name")] = Enum(node)
            elif node.get("name") in ("messageHeader", "groupSizeEncoding"):
                require([part.get("primitiveType") for part in node] == ["uint16"] * len(node),
                        f"{node.get('name')}: this reader knows 16 bits each")
            else:
                types[node.get("name")] = DecimalType(node)
        self.messages, self.groups = {}, {}
        for node in root.findall("{http://fixprotocol.io/2016/sbe}message"):
            template = int(node.get("id"))
            require(template not in self.messages, f"template {template} is there twice")
            numbers = [int(child.get("id")) for child in node.iter() if child.tag in ("field", "group")]
            require(len(set(numbers)) == len(numbers), f"{node.get('name')}: two members have one id")
            self.messages[template] = Block(node, types)
            self.groups[template] = [Block(group, types) for group in node.findall("group")]

    def read(self, data):
        """The template of a message and its members as they lie there, a group as a list."""
        length, template, schema, version = struct.unpack_from("<4H", data, 0)
        require((schema, version) == (self.id, self.version), f"header: schema {schema}, version {version}")
        require(template in self.messages, f"header: no template {template}")
        block = self.messages[template]
        require(length == block.length, f"{block.name}: block of {length} bytes, the schema says {block.length}")
        values, at = block.raw(data, 8), 8 + length
        for group in self.groups[template]:
            length, count = struct.unpack_from("<2H", data, at)
            require(length == group.length, f"{block.name}.{group.name}: {length} bytes an entry")
            values[group.name] = [group.raw(data, at + 4 + i * length) for i in range(count)]
            at += 4 + count * length
        require(at == len(data), f"{block.name}: {len(data)} bytes, its members end at {at}")
        return template, values

    def means(self, template, raw):
        values = self.messages[template].means(raw)
        for group in self.groups[template]:
            values[group.name] = [group.means(entry) for entry in raw[group.name]]
        return values


def messages_in(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        length = struct.unpack_from(">H", data, at)[0]
        yield data[at + 2:at + 2 + length]
        at += 2 + length


def flat(value, prefix=""):
    """Members of an object by the names they have in the schema."""
    members = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            members.update(flat(inner, f"{prefix}{key}_"))
        else:
            members[prefix + key] = inner
    return members


def same(binary, text):
    if isinstance(binary, Decimal):
        return isinstance(text, str) and binary == Decimal(text)
    if isinstance(binary, float):
        return isinstance(text, (int, float)) and binary == float(text)
    return type(binary) is type(text) and binary == text


def compare(where, binary, line):
    """Each member of the line is in the message, and the other way round; null may be left out of either."""
    for name, value in line.items():
        if value is None and name not in binary:
            inner = [member for member in binary if member.startswith(name + "_")]
            require(inner, f"{where}: {name} is not in the message")
            require(all(binary[member] is None for member in inner), f"{where}: {name} is null, {inner} are not")
            continue
        require(name in binary, f"{where}: {name} is not in the message")
        if name == "plan":
            require(len(value) == len(binary[name]), f"{where}: {len(binary[name])} steps, the line has {len(value)}")
            for i, (step, entry) in enumerate(zip(binary[name], value)):
                compare(f"{where}, step {i}", step, entry)
        else:
            require(same(binary[name], value), f"{where}: {name} is {binary[name]!r}, the line says {value!r}")
    for name, value in binary.items():
        require(name in line or value is None, f"{where}: {name} is {value!r}, the line has no such member")


def check_heads(schema):
    """What every event begins with lies at the same place in all of them."""
    heads = [[(field.name, field.at, field.type.name) for field in block.fields[:7]]
             for template, block in schema.messages.items() if template < 100]
    require(all(head == heads[0] for head in heads), "an event does not begin with the members of the others")


def check_enums(schema, path):
    ours = json.loads(path.read_text(encoding="utf-8"))
    require(sorted(ours) == sorted(schema.enums), "the schema has other enumerations than the program")
    for name, words in ours.items():
        theirs = schema.enums[name].words
        require(theirs == dict(enumerate(words)), f"{name} is {theirs} in the schema and {words} in the program")


def check(schema, folder, program):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, str(folder)], check=True)
    check_heads(schema)
    check_enums(schema, folder / "enums.json")
    seen, steps = {}, 0
    lines = (folder / "events.ndjson").read_text(encoding="utf-8").splitlines()
    messages = list(messages_in(folder / "messages.bin"))
    require(len(lines) == len(messages), f"{len(messages)} messages for {len(lines)} lines")
    for number, (data, text) in enumerate(zip(messages, lines), 1):
        line = json.loads(text)
        kind, where = line.pop("type"), f"message {number}"
        template, raw = schema.read(data)
        require(schema.messages[template].name == kind,
                f"{where}: is {schema.messages[template].name}, the line says {kind}")
        compare(f"{where} ({kind})", schema.means(template, raw), flat(line))
        seen[kind] = seen.get(kind, 0) + 1
        steps += len(raw.get("plan", []))
    missing = {block.name for block in schema.messages.values()} - set(seen)
    require(not missing and steps > 0, f"no sample of {sorted(missing)}, {steps} steps of plans")
    print(f"{len(messages)} messages of {len(seen)} templates, {steps} steps, say what the lines say")


def peer_value(value):
    return NULL if value == "NULL_VALUE" else value


def same_as_peer(ours, theirs):
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(
            same_as_peer(a, b) for a, b in zip(ours, theirs))
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same_as_peer(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, float):
        return ours == theirs or (math.isnan(ours) and theirs is None)
    return ours == peer_value(theirs)


def peer(schema, folder, program):
    done = subprocess.run([program, str(folder / "messages.bin")], check=True, capture_output=True, text=True)
    lines, count = done.stdout.splitlines(), 0
    messages = list(messages_in(folder / "messages.bin"))
    require(len(lines) == len(messages) > 0, f"the peer read {len(lines)} of {len(messages)} messages")
    for number, (data, text) in enumerate(zip(messages, lines), 1):
        theirs = json.loads(re.sub(r": -?nan\b", ": null", text))
        template, ours = schema.read(data)
        name = schema.messages[template].name
        require((theirs.pop("Name"), theirs.pop("sbeTemplateId")) == (name.capitalize(), template),
                f"message {number}: the peer takes {name} for something else")
        require(ours.keys() == theirs.keys(), f"message {number} ({name}): the peer has other members")
        for key, value in ours.items():
            require(same_as_peer(value, theirs[key]),
                    f"message {number} ({name}): {key} is {value!r}, the peer says {theirs[key]!r}")
            count += 1
    print(f"{len(messages)} messages, {count} members: the official codecs read the same")


def rows(fields):
    for field in fields:
        yield f"| {field.at} | {field.type.size} | `{field.name}` | {field.type.shown()}" + \
            (", or null" if field.optional or field.type.name == "HealthFactor" else "") + " |"


def table(fields):
    return ["| offset | bytes | member | type |", "|---:|---:|---|---|", *rows(fields)]


def tables(schema):
    """The bytes of every message as Markdown. What several begin with is said once."""
    blocks = schema.messages
    common, account = blocks[10].fields[:7], blocks[1].fields
    shown = ["Every event begins with", "", *table(common), "",
             "`warning`, `margin_call`, `liquidation`, `bankruptcy` and `recovered` go on with", "",
             *table(account[len(common):]), ""]
    for template, block in blocks.items():
        has = [field.name for field in block.fields]
        skip = len(account) if has[:len(account)] == [f.name for f in account] else \
            len(common) if has[:len(common)] == [f.name for f in common] else 0
        shown += [f"`{block.name}`: template {template}, block of {block.length} bytes.", ""]
        if block.fields[skip:]:
            shown += [*table(block.fields[skip:]), ""]
        for group in schema.groups[template]:
            shown.append(f"Then the group `{group.name}`, {group.length} bytes a step.")
            shown.append("")
    group = schema.groups[3][0]
    shown += [f"A step of a `{group.name}`:", "", *table(group.fields), "", "Enumerations (`uint8`, 255: null):", "",
              "| type | values |", "|---|---|"]
    shown += [f"| {enum.name} | " + ", ".join(f"{number} `{word}`" for number, word in enum.words.items()) + " |"
              for enum in schema.enums.values()]
    return shown


def page(schema, path):
    text = path.read_text(encoding="utf-8")
    require(text.count(BEGIN) == 1 and text.count(END) == 1, f"{path.name}: no tables between {BEGIN} and {END}")
    found = text.split(BEGIN)[1].split(END)[0].strip().splitlines()
    for number, (ours, theirs) in enumerate(zip(tables(schema) + [""], found + [""]), 1):
        require(ours == theirs, f"{path.name}: line {number} of the tables is {theirs!r}, the schema says {ours!r}; "
                "print them anew: sbe_reader.py tables")
    require(len(found) == len(tables(schema)), f"{path.name}: the tables are longer than the schema's")
    require(f"schema id {schema.id}, version {schema.version}" in text, f"{path.name} does not say schema id and version")
    print(f"{path.name}: {len(found)} lines of tables are those of the schema")


def main():
    words = sys.argv[1:]
    try:
        schema = Schema(words[1])
        if words[0] == "check" and len(words) == 4:
            check(schema, Path(words[2]), words[3])
        elif words[0] == "peer" and len(words) == 4:
            peer(schema, Path(words[2]), words[3])
        elif words[0] == "page" and len(words) == 3:
            page(schema, Path(words[2]))
        elif words[0] == "tables" and len(words) == 2:
            print("\n".join(tables(schema)))
        else:
            raise IndexError
    except IndexError:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    except Problem as problem:
        print(f"sbe_reader: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
