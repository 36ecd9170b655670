// The events of running services as a consumer in Node decodes them, by the schemas' ids.
//
//     node events.cjs REGISTRY FRAMES      FRAMES is what events.py wrote

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { SchemaRegistry } = require("@kafkajs/confluent-schema-registry");

async function main([host, frames]) {
  const registry = new SchemaRegistry({ host });
  const read = JSON.parse(readFileSync(frames, "utf8"));
  const events = [];
  for (const { type, frame } of read) {
    const event = await registry.decode(Buffer.from(frame, "hex"));
    assert.equal(event.metadata.type, type);
    events.push(event);
  }
  const { payload } = events.at(-1);
  assert.equal(payload.holderId, "buyer-1");
  assert.deepEqual(payload.seatIds, ["a-row-1-seat-1", "a-row-1-seat-2"]);
  console.log(`node: decoded ${events.length} events`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
