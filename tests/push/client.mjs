// Real clients of push against a running platform: socket.io-client 4 by websocket and by polling, and eventsource.
//
//   node client.mjs URL        exits 0 where all is as docs/push.md says
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(process.env.CHARTER_PUSH_CLIENTS + "/");
const { io } = require("socket.io-client");
const { EventSource } = require("eventsource");

const url = process.argv[2];
const PATIENCE = 20_000;
const key = (name) => process.env[`KEY_${name}`];

/** Rejects where `promise` takes too long. */
function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A queue of what came, which is waited for. */
class Inbox {
  #items = [];
  #waiting = [];
  put(item) {
    const next = this.#waiting.shift();
    next ? next(item) : this.#items.push(item);
  }
  next(what) {
    const item = this.#items.shift();
    return item ? Promise.resolve(item) : soon(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }
  /** The next one of this name; none but updates of rows may come before. */
  async expect(name) {
    for (;;) {
      const [found, body] = await this.next(name);
      if (found === name) return body;
      assert.equal(found, "stats-updated", `expected ${name}, found ${found}: ${JSON.stringify(body)}`);
    }
  }
  /** The next that is a fact. */
  async fact() {
    for (;;) {
      const [name, body] = await this.next("an event");
      if (name !== "stats-updated") return { name, ...body };
    }
  }
  async until(name, holds) {
    for (;;) {
      const [found, body] = await this.next(name);
      if (found === name && holds(body)) return body;
    }
  }
}

const NAMES = ["initial-load", "seat.showOpened", "seat.held", "seat.reserved", "seat.released", "stats-updated", "dropped"];

/** A socket of `who`; one that is refused rejects with the problem. */
async function connected(transports, who, more = {}) {
  const auth = who === undefined ? undefined : { key: key(who) ?? who };
  const socket = io(url, { transports, auth, forceNew: true, reconnection: false, ...more });
  const inbox = new Inbox();
  socket.onAny((name, body) => inbox.put([name, body]));
  const first = new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  try {
    await soon(first, "a connection");
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  const ask = (name, body) => soon(socket.emitWithAck(name, body), `the acknowledgement of ${name}`);
  return { socket, inbox, ask };
}

async function openShow(showId) {
  const ask = (path, init) => fetch(`${url}${path}`, { ...init, headers: { "x-api-key": key("office"), prefer: "wait=20", ...init.headers } });
  const body = JSON.stringify({ showId, title: "x", sections: [{ sectionId: "a", rows: 2, seatsPerRow: 4 }] });
  const opened = await ask("/v1/shows", { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal(opened.status, 200, await opened.text());
  const cursor = opened.headers.get("charter-cursor");
  const seen = await ask(`/v1/shows/${showId}`, { headers: { "consistent-with": cursor } });
  assert.equal(seen.status, 200, await seen.text());
}

const seat = (number) => `a-row-1-seat-${number}`;

async function refusals(transports) {
  for (const who of [undefined, "0".repeat(64)]) {
    const refused = await connected(transports, who).then(() => assert.fail(`${who} is let in`), (error) => error);
    const problem = JSON.parse(refused.message);
    assert.deepEqual([problem.status, problem.code], [401, "UNAUTHENTICATED"]);
  }
  const nothing = await connected(transports, "nothing");
  const refused = await nothing.ask("event.join", { room: "show:any" });
  assert.deepEqual([refused.ok, refused.problem.code], [false, "FORBIDDEN"]);
  nothing.socket.disconnect();
}

async function sockets(transports) {
  const by = transports.join(", then ");
  const showId = `clients-${transports.join("-")}`;
  await openShow(showId);
  const room = `show:${showId}`;
  const ann = await connected(transports, "ann");
  const bob = await connected(transports, "bob");
  for (const { ask, inbox } of [ann, bob]) {
    assert.deepEqual(await ask("event.join", { room }), { ok: true, room });
    const load = await inbox.expect("initial-load");
    assert.deepEqual([load.reason, load.part, load.parts, load.seats.length], ["JOINED", 1, 1, 8]);
    assert.equal(typeof load.cursor, "string");
    assert.equal(load.stats[0].available, 8);
  }
  const twice = await ann.ask("event.join", { room });
  assert.equal(twice.problem.code, "ROOM_JOINED");
  const nowhere = await ann.ask("event.join", { room: "hall:x" });
  assert.equal(nowhere.problem.code, "ROOM_UNKNOWN");

  // Another tenant's room is refused, and a room of that name of its own is another one.
  const stranger = await connected(transports, "stranger");
  const foreign = await stranger.ask("event.join", { room, tenant: "acme" });
  assert.deepEqual([foreign.ok, foreign.problem.code], [false, "FORBIDDEN"]);
  assert.equal((await stranger.ask("event.join", { room })).ok, true);
  assert.deepEqual((await stranger.inbox.expect("initial-load")).seats, []);

  // A hold: acknowledged with its outcome, seen by both, nothing private in it.
  const held = await ann.ask("seat.holdRequest", { showId, seatIds: [seat(1)], holderId: "ann" });
  assert.equal(held.status, "APPLIED", JSON.stringify(held));
  const seen = await bob.inbox.expect("seat.held");
  assert.deepEqual(seen.payload.seatIds, [seat(1)]);
  assert.equal(seen.payload.holdId, held.commandId);
  assert.equal("holderId" in seen.payload, false);
  assert.deepEqual(await ann.inbox.expect("seat.held"), seen);
  const stats = await bob.inbox.until("stats-updated", (body) => body.stats[0].held === 1);
  assert.deepEqual([stats.room, typeof stats.cursor], [room, "string"]);

  // A conflict: refused with its code, and nobody else hears of it.
  const taken = await bob.ask("seat.holdRequest", { showId, seatIds: [seat(1)], holderId: "bob" });
  assert.equal(taken.status, "REJECTED", JSON.stringify(taken));
  assert.equal(taken.problem.code, "SEAT_TAKEN");
  for (const payload of [{ showId, seatIds: 7 }, {}, "x", undefined]) {
    const invalid = await bob.ask("seat.holdRequest", payload);
    assert.deepEqual([invalid.status, invalid.problem.code], ["REFUSED", "VALIDATION_FAILED"]);
  }
  const other = await bob.ask("seat.holdRequest", { showId, seatIds: [seat(2)], holderId: "ann" });
  assert.deepEqual([other.status, other.problem.code], ["REFUSED", "FORBIDDEN"]);

  // A repeat with a key gets the first outcome.
  const request = { showId, seatIds: [seat(2)], holderId: "ann", idempotencyKey: `key-${transports.length}-${transports[0]}` };
  const first = await ann.ask("seat.holdRequest", request);
  assert.equal(first.status, "APPLIED");
  assert.deepEqual(await ann.ask("seat.holdRequest", request), first);

  // Several in flight on one socket, each with an outcome of its own.
  const many = await Promise.all([
    ann.ask("seat.holdRequest", { showId, seatIds: [seat(3)], holderId: "ann" }),
    ann.ask("seat.holdRequest", { showId, seatIds: [seat(1)], holderId: "ann" }),
    ann.ask("seat.confirmationRequest", { showId, seatIds: [seat(2)], holderId: "ann" }),
  ]);
  assert.equal(many.filter((ack) => ack.status === "APPLIED").length >= 2, true, JSON.stringify(many));
  const facts = [await bob.inbox.fact(), await bob.inbox.fact(), await bob.inbox.fact()];
  assert.deepEqual(facts.map((fact) => fact.sequence), [3, 4, 5]);

  // The network is cut; what happened meanwhile comes first, in order and once.
  bob.socket.io.engine.close();
  await ann.ask("seat.releaseRequest", { showId, seatIds: [seat(1)], holderId: "ann" });
  const back = await connected(transports, "bob");
  assert.equal((await back.ask("event.join", { room, cursor: facts.at(-1).cursor })).ok, true);
  let sequence = facts.at(-1).sequence;
  for (let fact; fact?.name !== "seat.released"; ) {
    fact = await back.inbox.fact();
    assert.equal(fact.sequence, ++sequence, JSON.stringify(fact));
  }
  await ann.ask("seat.holdRequest", { showId, seatIds: [seat(4)], holderId: "ann" });
  assert.equal((await back.inbox.expect("seat.held")).sequence, sequence + 1);

  // A cursor of nowhere is said so, and all is shown.
  assert.deepEqual(await back.ask("event.leave", { room }), { ok: true, room });
  assert.deepEqual(await back.ask("event.leave", { room }), { ok: false, room });
  assert.equal((await back.ask("event.join", { room, cursor: "nonsense" })).ok, true);
  assert.equal((await back.inbox.until("initial-load", () => true)).reason, "CURSOR_UNKNOWN");
  // Of all this the other tenant has heard nothing.
  await stranger.ask("event.leave", { room });
  stranger.socket.disconnect();
  stranger.inbox.put(["end", {}]);
  assert.equal((await stranger.inbox.fact()).name, "end");
  for (const { socket } of [ann, back]) socket.disconnect();
  console.log(`socket.io-client by ${by}: rooms, commands, a cut and a return`);
}

/** A client that comes back by itself, as socket.io-client does, joins again with its cursor. */
async function reconnection() {
  const showId = "clients-again";
  await openShow(showId);
  const room = `show:${showId}`;
  const ann = await connected(["websocket"], "ann");
  const bob = await connected(["websocket"], "bob", { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
  await bob.ask("event.join", { room });
  const load = await bob.inbox.expect("initial-load");
  const again = new Promise((resolve) => bob.socket.once("connect", resolve));
  bob.socket.io.engine.close();
  await ann.ask("seat.holdRequest", { showId, seatIds: [seat(1)], holderId: "ann" });
  await soon(again, "a reconnection");
  assert.equal((await bob.ask("event.join", { room, cursor: load.cursor })).ok, true);
  assert.deepEqual((await bob.inbox.expect("seat.held")).payload.seatIds, [seat(1)]);
  for (const { socket } of [ann, bob]) socket.disconnect();
  console.log("socket.io-client by itself: back with its cursor");
}

async function streams() {
  const showId = "clients-sse";
  await openShow(showId);
  const room = `show:${showId}`;
  const open = (who, query = "") => {
    const inbox = new Inbox();
    const ids = [];
    const send = (address, init) => fetch(address, { ...init, headers: { ...init.headers, "x-api-key": key(who) ?? who } });
    const source = new EventSource(`${url}/v1/streams/${room}${query}`, { fetch: send });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (event.lastEventId) ids.push(event.lastEventId);
        inbox.put([name, JSON.parse(event.data)]);
      });
    }
    source.addEventListener("error", (error) => inbox.put(["error", { status: error.code }]));
    return { source, inbox, ids };
  };
  const bob = open("bob");
  assert.equal((await bob.inbox.expect("initial-load")).seats.length, 8);
  const ann = await connected(["websocket"], "ann");
  await ann.ask("seat.holdRequest", { showId, seatIds: [seat(1)], holderId: "ann" });
  const held = await bob.inbox.expect("seat.held");
  assert.equal(held.cursor, bob.ids.at(-1));
  bob.source.close();
  await ann.ask("seat.releaseRequest", { showId, seatIds: [seat(1)], holderId: "ann" });
  // A page that is opened again with the cursor that it kept; a socket goes on from a stream's cursor too.
  const again = open("bob", `?cursor=${held.cursor}`);
  const released = await again.inbox.expect("seat.released");
  assert.equal(released.sequence, held.sequence + 1);
  again.source.close();
  await ann.ask("event.join", { room, cursor: held.cursor });
  assert.deepEqual(await ann.inbox.expect("seat.released"), released);
  ann.socket.disconnect();
  for (const [who, query, status] of [["0".repeat(64), "", 401], ["nothing", "", 403], ["stranger", "?tenant=acme", 403]]) {
    const refused = open(who, query);
    assert.equal((await refused.inbox.expect("error")).status, status);
    refused.source.close();
  }
  console.log("eventsource: a stream, back with its cursor, refusals");
}

/** A client by polling that does not ask any more for what is there for it: no library would be so rude. */
async function slow() {
  const showId = "clients-slow";
  await openShow(showId);
  const room = `show:${showId}`;
  const address = `${url}/socket.io/?EIO=4&transport=polling`;
  const separator = "\x1e";
  const packets = [];
  let sid = "";
  /** Asks for packets once; the gateway's question whether one is there is answered. */
  const poll = async () => {
    const response = await soon(fetch(`${address}${sid}`), "an answer to a poll");
    assert.equal(response.status, 200);
    for (const packet of (await response.text()).split(separator)) {
      if (packet === "2") await send("3");
      else packets.push(packet);
    }
  };
  const send = async (packet) => assert.equal((await fetch(`${address}${sid}`, { method: "POST", body: packet })).status, 200);
  /** The next packet that begins so; those before it are passed over. */
  const next = async (begin) => {
    for (;;) {
      while (packets.length > 0) {
        const packet = packets.shift();
        if (packet.startsWith(begin)) return JSON.parse(packet.slice(begin.length) || "null");
      }
      await poll();
    }
  };
  /** The next message of the room, and how many packets it was found behind. */
  const message = async () => {
    for (;;) {
      const [name, body] = await next("42");
      if (name !== "stats-updated") return { name, ...body };
    }
  };
  sid = `&sid=${(await next("0")).sid}`;
  await send(`40${JSON.stringify({ key: key("bob") })}`);
  await next("40");
  await send(`420${JSON.stringify(["event.join", { room }])}`);
  assert.deepEqual(await next("430"), [{ ok: true, room }]);
  assert.equal((await message()).name, "initial-load");

  // It is not asked for what happens from here on.
  const ann = await connected(["websocket"], "ann");
  const total = 600;
  for (let done = 0; done < total; done += 2) {
    const of = { showId, seatIds: [seat(1)], holderId: "ann" };
    assert.equal((await ann.ask("seat.holdRequest", of)).status, "APPLIED");
    assert.equal((await ann.ask("seat.releaseRequest", of)).status, "APPLIED");
  }
  let last;
  let count = 0;
  for (;;) {
    const found = await message();
    if (found.name === "dropped") {
      assert.equal(found.code, "SLOW_READER");
      break;
    }
    // The event that opened the show may be among them.
    assert.equal(found.sequence, last === undefined ? found.sequence : last.sequence + 1);
    last = found;
    count++;
  }
  // 128 packets and the room's queue are all that was kept for it, whatever happened meanwhile.
  assert(count <= 128 + Number(process.env.PUSH_QUEUE) + 2, `${count} messages were kept`);
  // With its cursor it comes back, and has missed nothing.
  await send(`421${JSON.stringify(["event.join", { room, cursor: last.cursor }])}`);
  assert.deepEqual(await next("431"), [{ ok: true, room }]);
  while (last.sequence < total + 1) {
    const found = await message();
    if (found.name === "dropped") {
      await send(`422${JSON.stringify(["event.join", { room, cursor: last.cursor }])}`);
      continue;
    }
    assert.equal(found.sequence, last.sequence + 1);
    last = found;
  }
  ann.socket.disconnect();
  console.log(`polling, and not: dropped after ${count} messages of ${total}, and back with its cursor`);
}

await refusals(["websocket"]);
await refusals(["polling"]);
await sockets(["websocket"]);
await sockets(["polling"]);
// What the client does where nothing is said: it begins by polling, and goes over to a websocket.
await sockets(["polling", "websocket"]);
await reconnection();
await slow();
await streams();
