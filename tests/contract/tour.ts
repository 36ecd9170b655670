// The README's tour by a client that is generated from the contract: what it sends and reads is typed by openapi-typescript,
// so that the compiler holds this file against the contract and the platform is held against both.
//
//   node tour.js URL KEY

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Status = components["schemas"]["CommandStatus"];
type Problem = components["schemas"]["Problem"];

const [url, key] = process.argv.slice(2);
assert(url && key, "expected the gateway's URL and an API key");

const api = createClient<paths>({ baseUrl: url });
const identify: Middleware = {
  onRequest({ request }) {
    request.headers.set("X-API-Key", key);
    return request;
  },
};
api.use(identify);

const show = `tour-${randomUUID().slice(0, 8)}`;
const wait = { Prefer: "wait=10" };

/** The outcome of a command that was to be applied. A 202 has no `events`, so the compiler asks for this. */
function applied(answer: { data?: unknown; error?: unknown; response: Response }): Status {
  assert.equal(answer.response.status, 200, JSON.stringify(answer.error));
  const status = answer.data as Status;
  assert.equal(status.status, "APPLIED");
  return status;
}

function refused(answer: { error?: Problem; response: Response }, status: number, code: string): Problem {
  assert.equal(answer.response.status, status);
  assert(answer.error, "expected a problem");
  assert.equal(answer.error.code, code);
  return answer.error;
}

function hold(seatIds: string[], holderId: string, idempotencyKey?: string) {
  return api.POST("/v1/shows/{showId}/holds", {
    params: { path: { showId: show }, header: { ...wait, "Idempotency-Key": idempotencyKey } },
    body: { seatIds, holderId },
  });
}

// Hold a seat.
applied(
  await api.POST("/v1/shows", {
    params: { header: wait },
    body: {
      showId: show,
      title: "Spring concert",
      sections: [{ sectionId: "up-section-1", rows: 20, seatsPerRow: 25 }],
      holdSeconds: 300,
      maxSeatsPerHold: 8,
    },
  }),
);
const held = applied(await hold(["up-section-1-row-1-seat-1"], "buyer-1"));
assert.equal(held.events[0]?.type, "seat.held");
const stats = await api.GET("/v1/shows/{showId}/stats", {
  params: { path: { showId: show }, header: { "Consistent-With": held.cursor } },
});
assert.deepEqual(stats.data, { showId: show, seats: 500, available: 499, held: 1, reserved: 0 });

// A second buyer is refused, wholly.
const taken = refused(
  await hold(["up-section-1-row-1-seat-1", "up-section-1-row-1-seat-2"], "buyer-2"),
  409,
  "SEAT_TAKEN",
);
assert.deepEqual(taken.details, { seatIds: ["up-section-1-row-1-seat-1"] });

// A request that breaks the contract is told everything at once.
const broken = refused(
  await api.POST("/v1/shows/{showId}/holds", {
    params: { path: { showId: show } },
    // @ts-expect-error: the compiler says so already.
    body: { seatIds: [], holder: "buyer 1" },
  }),
  422,
  "VALIDATION_FAILED",
);
assert.deepEqual(broken.errors?.map((error) => error.pointer).sort(), ["/holder", "/holderId", "/seatIds"]);

// Repeat a request safely.
const once = applied(await hold(["up-section-1-row-2-seat-7"], "buyer-3", `order-${show}`));
assert.deepEqual(applied(await hold(["up-section-1-row-2-seat-7"], "buyer-3", `order-${show}`)), once);
refused(await hold(["up-section-1-row-2-seat-8"], "buyer-3", `order-${show}`), 422, "IDEMPOTENCY_KEY_REUSED");

// Don't wait, ask later.
const accepted = await api.POST("/v1/shows/{showId}/holds", {
  params: { path: { showId: show } },
  body: { seatIds: ["up-section-1-row-3-seat-1"], holderId: "buyer-4" },
});
assert.equal(accepted.response.status, 202);
const location = accepted.response.headers.get("location") ?? "";
assert(accepted.data && location.startsWith(`/v1/commands/${accepted.data.commandId}?at=`));
const at = new URL(location, url).searchParams.get("at") ?? "";
async function ask(commandId: string): Promise<Status> {
  const asked = await api.GET("/v1/commands/{commandId}", { params: { path: { commandId }, query: { at } } });
  assert(asked.data, JSON.stringify(asked.error));
  return asked.data;
}
let outcome = await ask(accepted.data.commandId);
for (const end = Date.now() + 10_000; outcome.status === "PENDING" && Date.now() < end; ) {
  outcome = await ask(accepted.data.commandId);
}
assert.equal(outcome.status, "APPLIED");

// Pages, and an answer that is known already.
const first = await api.GET("/v1/shows/{showId}/seats", {
  params: { path: { showId: show }, query: { limit: 300 }, header: { "Consistent-With": outcome.cursor } },
});
assert(first.data?.nextPageToken);
const second = await api.GET("/v1/shows/{showId}/seats", {
  params: { path: { showId: show }, query: { limit: 300, pageToken: first.data.nextPageToken } },
});
const seats = new Set([...first.data.items, ...(second.data?.items ?? [])].map((seat) => seat.seatId));
assert.deepEqual([seats.size, second.data?.nextPageToken], [500, null]);
const again = await api.GET("/v1/shows/{showId}/seats", {
  params: {
    path: { showId: show },
    query: { limit: 300 },
    header: { "If-None-Match": first.response.headers.get("etag") ?? "" },
  },
});
assert.equal(again.response.status, 304);

// A hotel.
const tenant = { tenantId: "acme", propertyId: show };
applied(
  await api.POST("/v1/tenants/{tenantId}/properties", {
    params: { path: { tenantId: tenant.tenantId }, header: wait },
    body: { propertyId: show, name: "Old Town Hotel", roomTypes: [{ roomTypeId: "double", rooms: 1 }] },
  }),
);
const night = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const reserve = () =>
  api.POST("/v1/tenants/{tenantId}/properties/{propertyId}/reservations", {
    params: { path: tenant, header: wait },
    body: {
      guestId: "guest-1",
      roomTypeId: "double",
      guaranteed: true,
      checkInDate: night(30),
      checkOutDate: night(33),
      source: "WEBSITE",
      reservationType: "TRANSIENT",
      totalAmount: "438.00",
      currency: "EUR",
    },
  });
const reserved = applied(await reserve());
const full = refused(await reserve(), 409, "NO_AVAILABILITY");
assert.deepEqual(full.details, { roomTypeId: "double", nights: [night(30), night(31), night(32)] });
const free = await api.GET("/v1/tenants/{tenantId}/properties/{propertyId}/availability", {
  params: {
    path: tenant,
    query: { roomTypeId: "double", from: night(32), to: night(34) },
    header: { "Consistent-With": reserved.cursor },
  },
});
assert.deepEqual(free.data?.items.map((item) => item.free), [0, 1]);

console.log("the tour went as the contract says");
