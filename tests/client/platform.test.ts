// The generated client on a running platform: CHARTER_URL says where, CHARTER_KEY who.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Client, Problem, reservation, seat } from "charter-gateway-client";

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
