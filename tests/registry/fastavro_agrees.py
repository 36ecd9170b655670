"""fastavro, a resolver that is not ours, on random pairs of schemas: what is called compatible it reads, to the
same values, and the messages that show an incompatibility it refuses.

    python fastavro_agrees.py PAIRS

PAIRS is what the test `pairs` of charter-avro writes where CHARTER_PAIRS names a file.
"""

import collections
import io
import json
import struct
import sys

import fastavro


def untagged(value):
    """A value as fastavro gives it, but for numbers, which are kept apart by type and bits."""
    if isinstance(value, list):
        kind, rest = value
        if kind == "float":
            return ("float", int(rest))
        if kind == "bytes":
            return bytes.fromhex(rest)
        return [untagged(item) for item in rest]
    if isinstance(value, dict):
        return {name: untagged(item) for name, item in value.items()}
    return ("int", value) if isinstance(value, int) and not isinstance(value, bool) else value


def seen(value):
    """The same of what fastavro read."""
    if isinstance(value, float):
        return ("float", struct.unpack("<Q", struct.pack("<d", value))[0])
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, dict):
        return {name: seen(item) for name, item in value.items()}
    return ("int", value) if isinstance(value, int) and not isinstance(value, bool) else value


def read(pair, message):
    writer = fastavro.parse_schema(pair["writer"])
    reader = fastavro.parse_schema(pair["reader"])
    return seen(fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(message["bytes"])), writer, reader))


def difference(found, expected):
    """How two values differ: not at all, in one of the ways that are known and wanted, or wrongly."""
    if type(found) is not type(expected):
        if isinstance(found, tuple) or isinstance(expected, tuple):
            return WRONG
        pair = {type(found), type(expected)}
        alike = pair == {bytes, str} and encoded(found) == encoded(expected)
        return FIRST_BRANCH if alike else WRONG
    if isinstance(found, tuple):
        return numbers(found, expected)
    if isinstance(found, dict):
        if found.keys() != expected.keys():
            return WRONG
        return worst(difference(found[name], expected[name]) for name in expected)
    if isinstance(found, list):
        if len(found) != len(expected):
            return WRONG
        return worst(map(difference, found, expected))
    return SAME if found == expected else WRONG


def unions(schema):
    """Every union in a schema."""
    if isinstance(schema, list):
        yield schema
    parts = schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else []
    for part in parts:
        yield from unions(part)


def takes_text_and_bytes(union):
    return "string" in union and "bytes" in union


def encoded(text):
    return text.encode() if isinstance(text, str) else text


def numbers(found, expected):
    if found == expected:
        return SAME
    a, b = (struct.unpack("<d", struct.pack("<Q", bits))[0] if kind == "float" else bits for kind, bits in (found, expected))
    near = a == b or abs(a - b) <= abs(b) * 2**-23
    if not near:
        return WRONG
    return WIDE_FLOAT if found[0] == expected[0] == "float" else FIRST_BRANCH


# What is known to be otherwise, and wanted so. From the least to the most.
SAME = "values alike"
WIDE_FLOAT = "an int or a long read as a float: fastavro leaves it at 64 bits, since Python has no float of 32"
FIRST_BRANCH = (
    "a union of the reader that has the type itself behind one that it promotes to: fastavro takes the first that fits "
    "(the specification's words), we the type itself, as Avro Java does"
)
WRONG = "values different"


def worst(differences):
    return max(differences, key=[SAME, WIDE_FLOAT, FIRST_BRANCH, WRONG].index, default=SAME)


def judged(pair, message):
    """What fastavro makes of a message, against what we make of it."""
    try:
        found = read(pair, message)
    except UnicodeDecodeError as error:
        return FIRST_BRANCH if any(map(takes_text_and_bytes, unions(pair["reader"]))) else WRONG, str(error)
    except Exception as error:  # whatever it says, it does not read it
        return WRONG, f"{type(error).__name__}: {error}"
    expected = untagged(message["value"])
    return difference(found, expected), f"read {found!r}, expected {expected!r}"


with open(sys.argv[1], encoding="utf-8") as lines:
    seed = json.loads(next(lines))["seed"]
    pairs = [json.loads(line) for line in lines]

counts = collections.Counter()
wrong = []
for pair in pairs:
    counts["compatible" if pair["compatible"] else "incompatible"] += 1
    for message in pair["messages"]:
        if "value" not in message:
            counts["bytes that are no text"] += 1
            continue
        verdict, why = judged(pair, message)
        counts[verdict] += 1
        if verdict == WRONG:
            wrong.append((pair, message, why))
    for witness in pair["witnesses"]:
        try:
            read(pair, witness)
            counts[WRONG] += 1
            wrong.append((pair, witness, f"read what shows {witness['kind']}"))
        except Exception:
            counts["messages refused that show why a pair is incompatible"] += 1

print(f"fastavro {fastavro.__version__}, {len(pairs)} pairs of seed {seed}:")
for what, count in counts.most_common():
    print(f"  {count:6} {what}")
for pair, message, why in wrong[:20]:
    print(f"{why}\n  writer {json.dumps(pair['writer'])}\n  reader {json.dumps(pair['reader'])}\n  bytes {message['bytes']}")
sys.exit(f"{len(wrong)} values differ; CHARTER_PAIRS_SEED={seed} makes the same pairs again" if wrong else 0)
