// The Node client of kafkajs against the registry: register, look up, evolve, encode, decode.
//
//     node client.cjs URL

const assert = require("node:assert/strict");
const { SchemaRegistry, SchemaType, COMPATIBILITY } = require("@kafkajs/confluent-schema-registry");

const host = process.argv[2];

const record = (...fields) => ({
  type: SchemaType.AVRO,
  schema: JSON.stringify({ type: "record", name: "Seat", namespace: "node", fields }),
});
const ID = { name: "id", type: "string" };

async function main() {
  const registry = new SchemaRegistry({ host });
  const first = await registry.register(record(ID), { subject: "seats-value", compatibility: COMPATIBILITY.FULL });
  const again = await registry.register(record(ID), { subject: "seats-value", compatibility: COMPATIBILITY.FULL });
  assert.equal(again.id, first.id);

  const second = await registry.register(record(ID, { name: "row", type: "int", default: 0 }), {
    subject: "seats-value",
    compatibility: COMPATIBILITY.FULL,
  });
  assert.notEqual(second.id, first.id);
  assert.equal(await registry.getLatestSchemaId("seats-value"), second.id);
  assert.equal(await registry.getRegistryId("seats-value", 1), first.id);
  assert.equal(await registry.getRegistryIdBySchema("seats-value", record(ID)), first.id);

  await assert.rejects(
    registry.register(record({ name: "id", type: "int" }), { subject: "seats-value", compatibility: COMPATIBILITY.FULL }),
    (error) => error.status === 409 && /TYPE_MISMATCH/.test(error.message),
  );

  const encoded = await registry.encode(second.id, { id: "a", row: 3 });
  assert.equal(encoded.readInt32BE(1), second.id);
  // A client that has seen nothing yet finds the schema by the id in the frame.
  const reader = new SchemaRegistry({ host });
  assert.deepEqual({ ...(await reader.decode(encoded)) }, { id: "a", row: 3 });

  await assert.rejects(reader.getSchema(4711), (error) => error.status === 404);
}

main().then(
  () => console.log("node: registered, evolved, encoded and decoded"),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
