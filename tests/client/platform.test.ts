// The generated client on a running platform: CHARTER_URL says where, CHARTER_KEY who.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect as dial, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { Client, Problem, reservation, seat, SocketClient } from "charter-gateway-client";
import { io } from "socket.io-client";

const [url, key] = [process.env["CHARTER_URL"], process.env["CHARTER_KEY"]];
assert(url && key, "expected the gateway's URL in CHARTER_URL and an API key in CHARTER_KEY");
const connect = (apiKey: string | undefined) => new Client({ baseUrl: url, credentials: { apiKey } });

async function refusal(ask: Promise<unknown>): Promise<unknown> {
  return ask.then(
    () => assert.fail("expected a refusal"),
    (error: unknown) => error,
  );
}

async function open(client: Client): Promise<string> {
  const showId = `client-${randomUUID().slice(0, 8)}`;
  const sections = [{ sectionId: "a", rows: 20, seatsPerRow: 25 }];
  await client.seat.openShow({ showId, title: "Gala", sections, holdSeconds: 300, maxSeatsPerHold: 8 });
  return showId;
}

test("hold, conflict, confirm, release", async () => {
  const client = connect(key);
  const showId = await open(client);
  const seatIds = ["a-row-1-seat-1", "a-row-1-seat-2"];
  const held = await client.seat.holdSeats({ showId }, { seatIds, holderId: "buyer-1" });
  assert.equal(held.events[0]?.type, "seat.held");
  // No cursor is handed around, and the read has seen the hold.
  assert.deepEqual(await client.seat.getShowStats({ showId }), { showId, seats: 500, available: 498, held: 2, reserved: 0 });

  const taken = await refusal(client.seat.holdSeats({ showId }, { seatIds: ["a-row-1-seat-2", "a-row-1-seat-3"], holderId: "buyer-2" }));
  assert(seat.isRejection(taken, "SEAT_TAKEN"), String(taken));
  assert.deepEqual(taken.details.seatIds, ["a-row-1-seat-2"]);
  assert(!seat.isRejection(taken, "NOT_HOLDER"));

  await client.seat.confirmSeats({ showId }, { seatIds, holderId: "buyer-1" });
  assert.equal((await client.seat.getSeat({ showId, seatId: "a-row-1-seat-1" })).status, "RESERVED");
  await client.seat.releaseSeats({ showId }, { seatIds, holderId: "buyer-1" });
  const reserved = [];
  for await (const row of client.seat.eachOfSeats({ showId, limit: 120 })) reserved.push(row.status);
  assert.deepEqual([reserved.length, new Set(reserved)], [500, new Set(["AVAILABLE"])]);
});

test("a key names a command", async () => {
  const client = connect(key);
  const showId = await open(client);
  const hold = (seatId: string) => client.seat.holdSeats({ showId }, { seatIds: [seatId], holderId: "buyer-1" }, { idempotencyKey: `order-${showId}` });
  const first = await hold("a-row-1-seat-1");
  assert.deepEqual(await hold("a-row-1-seat-1"), first);
  const reused = await refusal(hold("a-row-1-seat-2"));
  assert(reused instanceof Problem);
  assert.deepEqual([reused.status, reused.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
});

test("a room tells what another client does", async () => {
  const [watcher, buyer] = [connect(key), connect(key)];
  const showId = await open(buyer);
  const told = [];
  let last = "";
  for await (const message of watcher.seat.joinShow({ showId })) {
    if (message.name === "initial-load" && message.body.part === message.body.parts) {
      void buyer.seat.holdSeats({ showId }, { seatIds: ["a-row-2-seat-1"], holderId: "buyer-1" });
    }
    if (message.name === "seat.held") {
      told.push(message.body.payload.seatIds);
      last = message.cursor;
      break;
    }
  }
  assert.deepEqual(told, [["a-row-2-seat-1"]]);
  // Who comes back with the cursor gets what came after it.
  await buyer.seat.holdSeats({ showId }, { seatIds: ["a-row-2-seat-2"], holderId: "buyer-1" });
  for await (const message of watcher.seat.joinShow({ showId }, { cursor: last })) {
    assert(message.name === "seat.held", message.name);
    assert.deepEqual(message.body.payload.seatIds, ["a-row-2-seat-2"]);
    break;
  }
});

test("a stay is reserved and changed", async () => {
  const client = connect(key);
  const place = { tenantId: "acme", propertyId: `hotel-${randomUUID().slice(0, 8)}` };
  await client.reservation.openProperty({ tenantId: place.tenantId }, { propertyId: place.propertyId, name: "Old Town", roomTypes: [{ roomTypeId: "double", rooms: 1 }] });
  const night = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const stay = {
    reservationId: randomUUID(),
    guestId: "guest-1",
    roomTypeId: "double",
    checkInDate: night(30),
    checkOutDate: night(33),
    source: "WEBSITE",
    reservationType: "TRANSIENT",
    totalAmount: "438.00",
    currency: "EUR",
    notes: "Late",
  } as const;
  await client.reservation.createReservation(place, stay);
  const full = await refusal(client.reservation.createReservation(place, { ...stay, reservationId: randomUUID() }));
  assert(reservation.isRejection(full, "NO_AVAILABILITY"), String(full));
  assert.deepEqual(full.details.nights, [night(30), night(31), night(32)]);
  const at = { ...place, reservationId: stay.reservationId };
  await client.reservation.updateReservation(at, { notes: null, totalAmount: "400.00" });
  const found = await client.reservation.getReservation(at);
  assert.deepEqual([found.notes, found.totalAmount, found.guestId], [null, "400.00", "guest-1"]);
});

test("nobody is not let in", async () => {
  const error = await refusal(connect(undefined).seat.listShows());
  assert(error instanceof Problem);
  assert.deepEqual([error.status, error.code], [401, "UNAUTHENTICATED"]);
});

/** A way to the gateway that can be cut: what is under way is lost. */
async function way(): Promise<{ at: string; cut: () => void; close: () => void }> {
  const to = new URL(url ?? "");
  const ends = new Set<Socket>();
  const server = createServer((one) => {
    const other = dial(Number(to.port), to.hostname);
    for (const [from, into] of [[one, other], [other, one]] as const) {
      ends.add(from);
      from.on("error", () => into.destroy());
      from.on("close", () => (ends.delete(from), into.destroy()));
      from.pipe(into);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => ends.forEach((end) => end.destroy());
  return { at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, close: () => (cut(), server.close()) };
}

for (const transports of [["websocket"], ["polling"]] as const) {
  test(`a socket by ${transports[0]}: commands in flight, rooms, cuts, refusals`, async () => {
    const road = await way();
    const office = connect(key);
    const client = new Client({ baseUrl: road.at, credentials: { apiKey: key } });
    const live = new SocketClient(io, client, { transports: [...transports], reconnectionDelay: 20, reconnectionDelayMax: 100 });
    try {
      const showId = await open(office);
      const hold = (seat: number, idempotencyKey?: string) =>
        live.seat.holdSeats({ showId }, { seatIds: [`a-row-${1 + Math.floor(seat / 25)}-seat-${1 + (seat % 25)}`], holderId: "buyer-1" }, { idempotencyKey });

      // Fifty at once are more than a gateway takes of a socket; the connection is cut meanwhile, three times.
      const told: number[] = [];
      let read: Promise<void> | undefined;
      await new Promise<void>((loaded) => {
        read = (async () => {
          for await (const message of live.seat.joinShow({ showId })) {
            if (message.name === "initial-load") loaded();
            if (!("sequence" in message.body)) continue;
            told.push(message.body.sequence);
            if ([10, 20, 30].includes(told.length)) road.cut();
            if (message.body.sequence === 51) return;
          }
        })();
      });
      const held = await Promise.all(Array.from({ length: 50 }, (_, seat) => hold(seat, `${showId}-${seat}`)));
      assert.equal(new Set(held.map(({ commandId }) => commandId)).size, 50);
      await read;
      // Every event after the rows, once and in order; that which opened the show may be shown by them already.
      const first = told[0] ?? 0;
      assert(first <= 2, String(first));
      assert.deepEqual(told, Array.from({ length: 52 - first }, (_, index) => first + index));
      // Reads of its client have seen what the socket did.
      assert.deepEqual(await client.seat.getShowStats({ showId }), { showId, seats: 500, available: 450, held: 50, reserved: 0 });

      const taken = await refusal(hold(0));
      assert(seat.isRejection(taken, "SEAT_TAKEN"), String(taken));
      assert.deepEqual(taken.details.seatIds, ["a-row-1-seat-1"]);
      assert.deepEqual(await hold(0, `${showId}-0`), held[0]);
      const reused = await refusal(hold(60, `${showId}-0`));
      assert(reused instanceof Problem);
      assert.deepEqual([reused.status, reused.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
      const unheard = await refusal(live.seat.joinShow({ showId: "" }).next());
      assert(unheard instanceof Problem);
      assert.deepEqual([unheard.status, unheard.code], [404, "ROOM_UNKNOWN"]);

      // The room was left by leaving its loop, and is joined again from a cursor: an outcome's.
      for await (const message of live.seat.joinShow({ showId }, { cursor: held[0]?.cursor ?? "" })) {
        assert.equal(message.name, "seat.held");
        break;
      }
    } finally {
      live.close();
      road.close();
    }
  });
}

test("nobody is not let in on a socket", async () => {
  const live = new SocketClient(io, connect(undefined), { transports: ["websocket"] });
  for (const ask of [live.seat.joinShow({ showId: "any" }).next(), live.seat.releaseSeats({ showId: "any" }, { seatIds: ["a"], holderId: "b" })]) {
    const error = await refusal(ask);
    assert(error instanceof Problem);
    assert.deepEqual([error.status, error.code], [401, "UNAUTHENTICATED"]);
  }
  live.close();
});
