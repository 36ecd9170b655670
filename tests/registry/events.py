"""The events of running services as any consumer in Python reads them: from their topic, by the schemas' ids.

    python events.py BROKERS REGISTRY TOPIC SHOW FRAMES

Waits for `seat.held` of the show and writes the values of all its events, in hexadecimal digits, to the file FRAMES.
"""

import datetime
import json
import pathlib
import sys
import time
import uuid

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

BROKERS, REGISTRY, TOPIC, SHOW, FRAMES = sys.argv[1:]


def equal(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


consumer = Consumer(
    {"bootstrap.servers": BROKERS, "group.id": f"python-{uuid.uuid4()}", "auto.offset.reset": "earliest"}
)
consumer.subscribe([TOPIC])
decode = AvroDeserializer(SchemaRegistryClient({"url": REGISTRY}))
context = SerializationContext(TOPIC, MessageField.VALUE)
events, frames = [], []
until = time.monotonic() + 60
while not (events and events[-1]["metadata"]["type"] == "seat.held"):
    assert time.monotonic() < until, f"no `seat.held` of {SHOW} within 60 s, but {events}"
    message = consumer.poll(1.0)
    if message is None:
        continue
    assert message.error() is None, message.error()
    event = decode(message.value(), context)
    if event["payload"]["showId"] != SHOW:
        continue
    headers = {name: value.decode() for name, value in message.headers()}
    equal(headers["ce_type"], event["metadata"]["type"])
    equal(headers["ce_id"], str(event["metadata"]["id"]))
    events.append(event)
    frames.append({"type": event["metadata"]["type"], "frame": message.value().hex()})
consumer.close()

equal([event["metadata"]["type"] for event in events], ["seat.showOpened", "seat.held"])
held = events[-1]
equal(held["metadata"]["sequence"], 2)
payload = held["payload"]
equal((payload["holderId"], payload["seatIds"]), ("buyer-1", ["a-row-1-seat-1", "a-row-1-seat-2"]))
assert isinstance(payload["holdId"], uuid.UUID), payload
assert payload["expiresAt"] > payload["heldAt"] > datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), payload
pathlib.Path(FRAMES).write_text(json.dumps(frames))
print(f"python: read {len(events)} events of {TOPIC}")
