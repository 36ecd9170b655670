"""Confluent's Python client against the registry: register, look up, evolve, encode, decode.

    python client.py URL CONTRACTS
"""

import io
import json
import pathlib
import sys

import fastavro
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

URL, CONTRACTS = sys.argv[1], pathlib.Path(sys.argv[2])


def equal(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


def refused(status, code, work):
    try:
        work()
    except SchemaRegistryError as error:
        equal((error.http_status_code, error.error_code), (status, code))
        return str(error)
    raise AssertionError(f"expected a refusal {code}, found none")


def record(name, *fields):
    return json.dumps({"type": "record", "name": name, "namespace": "client", "fields": list(fields)})


ID = {"name": "id", "type": "string"}
PRICE = {"name": "price", "type": "long", "default": 7}


def the_api():
    client = SchemaRegistryClient({"url": URL})
    first = Schema(record("Show", ID), "AVRO")
    number = client.register_schema("shows-value", first)
    equal(client.register_schema("shows-value", first), number)
    equal(client.register_schema("other-value", first), number)
    equal(json.loads(client.get_schema(number).schema_str), json.loads(first.schema_str))
    found = client.lookup_schema("shows-value", first)
    equal((found.schema_id, found.version, found.subject), (number, 1, "shows-value"))

    evolved = Schema(record("Show", ID, PRICE), "AVRO")
    equal(client.test_compatibility("shows-value", evolved), True)
    broken = Schema(record("Show", {"name": "id", "type": "int"}), "AVRO")
    equal(client.test_compatibility("shows-value", broken), False)
    reason = refused(409, 409, lambda: client.register_schema("shows-value", broken))
    assert "TYPE_MISMATCH" in reason and "oldSchemaVersion: 1" in reason, reason
    second = client.register_schema("shows-value", evolved)
    equal(client.get_latest_version("shows-value").schema_id, second)
    equal(client.get_version("shows-value", 1).schema_id, number)
    equal(client.get_versions("shows-value"), [1, 2])
    equal({"other-value", "shows-value"} <= set(client.get_subjects()), True)

    client.set_compatibility("shows-value", level="FULL_TRANSITIVE")
    equal(client.get_compatibility("shows-value"), "FULL_TRANSITIVE")
    equal(client.get_compatibility(), "BACKWARD")

    refused(404, 40403, lambda: client.get_schema(4711))
    refused(404, 40401, lambda: client.get_latest_version("nowhere"))
    refused(422, 42201, lambda: client.register_schema("bad", Schema('{"type":"nothing"}', "AVRO")))
    refused(422, 42201, lambda: client.register_schema("json", Schema('{"type":"object"}', "JSON")))

    equal(client.delete_version("shows-value", 1), 1)
    equal(client.get_versions("shows-value"), [2])
    equal(client.delete_subject("other-value"), [1])
    equal(client.delete_subject("other-value", permanent=True), [1])


def values_evolve():
    """What was written with an old version is read with a new one, and the other way round."""
    client = SchemaRegistryClient({"url": URL})
    context = SerializationContext("evolving", MessageField.VALUE)
    old, new = record("Show", ID), record("Show", ID, PRICE)
    from_old = AvroSerializer(client, old)({"id": "a"}, context)
    from_new = AvroSerializer(client, new)({"id": "b", "price": 9}, context)
    read_new = AvroDeserializer(client, new)
    equal(read_new(from_old, context), {"id": "a", "price": 7})
    equal(read_new(from_new, context), {"id": "b", "price": 9})
    equal(AvroDeserializer(client, old)(from_new, context), {"id": "b"})

    # The frame is Confluent's, so that fastavro alone reads it with the schema of its id.
    magic, number, body = from_new[0], int.from_bytes(from_new[1:5], "big"), from_new[5:]
    equal(magic, 0)
    schema = fastavro.parse_schema(json.loads(client.get_schema(number).schema_str))
    equal(fastavro.schemaless_reader(io.BytesIO(body), schema), {"id": "b", "price": 9})


def references_are_followed():
    client = SchemaRegistryClient({"url": URL})
    client.register_schema("money", Schema(record("Money", {"name": "cents", "type": "long"}), "AVRO"))
    text = record("Order", ID, {"name": "total", "type": "client.Money"})
    order = Schema(text, "AVRO", [SchemaReference("client.Money", "money", 1)])
    number = client.register_schema("orders-value", order)
    found = client.get_schema(number)
    equal([(r.name, r.subject, r.version) for r in found.references], [("client.Money", "money", 1)])

    context = SerializationContext("orders", MessageField.VALUE)
    settings = {"auto.register.schemas": False, "use.latest.version": True}
    encoded = AvroSerializer(client, order, conf=settings)({"id": "a", "total": {"cents": 5}}, context)
    equal(int.from_bytes(encoded[1:5], "big"), number)
    equal(AvroDeserializer(client)(encoded, context), {"id": "a", "total": {"cents": 5}})
    refused(422, 42206, lambda: client.delete_version("money", 1))


def the_contracts_are_taken():
    """Every contract of the checkout, with the ones it names as references."""
    client = SchemaRegistryClient({"url": URL})
    texts = {}
    for file in sorted(CONTRACTS.rglob("*.avsc")):
        schema = json.loads(file.read_text())
        texts[f"{schema['namespace']}.{schema['name']}"] = schema
    assert texts, f"no contracts under {CONTRACTS}"

    def named(node, namespace):
        if isinstance(node, str):
            name = node if "." in node else f"{namespace}.{node}"
            return {name} & texts.keys()
        if isinstance(node, list):
            return set().union(*(named(part, namespace) for part in node))
        if isinstance(node, dict):
            parts = [node.get("type"), node.get("items"), node.get("values")]
            parts += [field["type"] for field in node.get("fields", [])]
            return set().union(*(named(part, node.get("namespace", namespace)) for part in parts if part))
        return set()

    done = {}

    def register(name):
        if name in done:
            return
        schema = texts[name]
        needs = sorted(named(schema, schema["namespace"]) - {name})
        for need in needs:
            register(need)
        references = [SchemaReference(need, need, done[need]) for need in needs]
        sent = Schema(json.dumps(schema), "AVRO", references)
        client.register_schema(name, sent)
        done[name] = client.lookup_schema(name, sent).version

    for name in texts:
        register(name)
    equal(set(done) <= set(client.get_subjects()), True)
    print(f"python: {len(done)} contracts are registered and found")


for test in [the_api, values_evolve, references_are_followed, the_contracts_are_taken]:
    test()
    print(f"python: {test.__name__}")
