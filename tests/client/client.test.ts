// What the generated client does when things go wrong, against a host that says how.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Problem, type Settings } from "charter-gateway-client";
import { type Answer, Host, json, lost, silent, stream } from "./host.js";

const show = { showId: "gala" };
const seats = { seatIds: ["a-row-1-seat-1"], holderId: "buyer-1" };
const applied = (cursor: string) => ({ commandId: "c-1", type: "seat.holdRequest", status: "APPLIED", events: [], acceptedAt: "2026-11-22T09:30:00Z", cursor });
const pending = json(202, { commandId: "c-1", correlationId: "x", status: "PENDING" }, { location: "/v1/commands/c-1?at=0" });
const stats = (cursor: string) => json(200, { showId: "gala", seats: 1, available: 1, held: 0, reserved: 0 }, { "charter-cursor": cursor });

async function against(answers: Answer[], settings: Settings, ask: (client: Client, host: Host) => Promise<void>): Promise<void> {
  const host = new Host(answers);
  try {
    await ask(new Client({ baseUrl: await host.open(), timeoutMs: 20_000, ...settings }), host);
  } finally {
    host.close();
  }
}

async function refused(ask: Promise<unknown>): Promise<Problem> {
  const problem = await ask.then(
    () => assert.fail("expected a refusal"),
    (problem: unknown) => problem,
  );
  assert(problem instanceof Problem, String(problem));
  return problem;
}

test("a command whose connection breaks is sent again with its key", () =>
  against([lost, json(503, { code: "UNAVAILABLE" }, { "retry-after": "0" }), json(200, applied("one"))], {}, async (client, host) => {
    const outcome = await client.seat.holdSeats(show, seats);
    assert.equal(outcome.status, "APPLIED");
    const keys = host.asked.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 3);
    assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
    assert.equal(new Set(keys).size, 1);
    assert.deepEqual(host.asked.map(({ body }) => JSON.parse(body) as unknown), [seats, seats, seats]);
  }));

test("an undecided command is asked for again until it is decided, and reads have seen it", () =>
  against([pending, pending, json(200, applied("one")), stats("two"), stats("three")], {}, async (client, host) => {
    await client.seat.holdSeats(show, seats, { idempotencyKey: "order-4711", wait: 3 });
    assert.deepEqual(host.asked.map(({ headers }) => [headers["idempotency-key"], headers["prefer"]]), Array(3).fill(["order-4711", "wait=3"]));
    await client.seat.getShowStats(show);
    assert.equal(host.asked[3]?.headers["consistent-with"], "one");
    assert.deepEqual(client.seen(), ["two"]);
    await client.seat.getShowStats(show, { consistentWith: [] });
    assert.equal(host.asked[4]?.headers["consistent-with"], undefined);
  }));

test("a command that is not waited for gives what it was accepted as", () =>
  against([pending], {}, async (client, host) => {
    assert.equal((await client.seat.holdSeats(show, seats, { wait: 0 })).status, "PENDING");
    assert.equal(host.asked.length, 1);
    assert.equal(host.asked[0]?.headers["prefer"], undefined);
  }));

test("what is not decided in time can be asked for again by its key", () =>
  against([pending, pending, silent], { timeoutMs: 2_000 }, async (client) => {
    const problem = await refused(client.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
    assert.deepEqual([problem.status, problem.code, problem.commandId, problem.idempotencyKey], [202, "NOT_DECIDED", "c-1", "order-4711"]);
  }));

// A command that is taken is not refused by a limit, a token that is over or a gateway of another contract: who took it for
// refused and sent it again under another key would have it done twice.
for (const [status, code] of [[429, "RATE_LIMITED"], [401, "UNAUTHENTICATED"], [404, "ROUTE_UNKNOWN"]] as const) {
  test(`what is taken stays taken where asking again is answered ${status}`, () =>
    against([pending, json(status, { code }, { "retry-after": "3600" })], {}, async (client, host) => {
      const problem = await refused(client.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
      assert.deepEqual([problem.status, problem.code, problem.commandId, problem.idempotencyKey], [202, "NOT_DECIDED", "c-1", "order-4711"]);
      assert.ok(problem.message.includes(code), problem.message);
      assert.equal(host.asked.length, 2);
    }));
}

test("a decision is one after any number of questions", () =>
  against([pending, json(500, { code: "COMMAND_FAILED", commandId: "c-1" })], {}, async (client) => {
    const problem = await refused(client.seat.holdSeats(show, seats));
    assert.deepEqual([problem.status, problem.code], [500, "COMMAND_FAILED"]);
  }));

// Of a try that was lost, or failed where nobody knows how far it came, an answer to the next one says nothing: who took it for a
// refusal and sent the command again under another key would have it done twice.
const now = { "retry-after": "0" };
const doubtful: [string, Answer][] = [
  ["a lost try", lost],
  ["APPEND_UNKNOWN", json(503, { code: "APPEND_UNKNOWN", commandId: "c-1" }, now)],
  ["a proxy's 502", (_, response) => void response.writeHead(502, now).end("<h1>Bad Gateway</h1>")],
  ["a proxy's 503", (_, response) => void response.writeHead(503, now).end("<h1>Unavailable</h1>")],
];
for (const [name, first] of doubtful) {
  for (const [status, code] of [[429, "RATE_LIMITED"], [401, "UNAUTHENTICATED"], [403, "FORBIDDEN"]] as const) {
    test(`what may be taken after ${name} is not refused by ${status}`, () =>
      against([first, json(status, { code }, { "retry-after": "3600" })], {}, async (client, host) => {
        const problem = await refused(client.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
        assert.deepEqual([problem.status, problem.code, problem.retryAfter, problem.idempotencyKey], [0, "NO_ANSWER", 3_600, "order-4711"]);
        assert.ok(problem.message.includes(code), problem.message);
        assert.equal(host.asked.length, 2);
      }));
  }
}

const broken = json(500, { code: "INTERNAL", commandId: "c-1" });
for (const [name, answers, code] of [
  ["a gateway that fails says nothing of the command", [broken], "NO_ANSWER"],
  ["a gateway that fails does not decide what is taken", [pending, broken], "NOT_DECIDED"],
  ["what cannot have been taken is refused as it is", [json(503, { code: "UNAVAILABLE" }, now), json(401, { code: "UNAUTHENTICATED" })], "UNAUTHENTICATED"],
  ["a decision is one after a lost try", [lost, json(409, { code: "SEAT_TAKEN", commandId: "c-1" })], "SEAT_TAKEN"],
  ["a request that is wrong is wrong after a lost try", [lost, json(422, { code: "VALIDATION_FAILED" })], "VALIDATION_FAILED"],
] as const)
  test(name, () => against([...answers], {}, async (client) => assert.equal((await refused(client.seat.holdSeats(show, seats))).code, code)));

test("what cannot be written is not sent", async () => {
  await against([stats("one")], {}, async (client, host) => {
    for (const showId of ["..", "."]) assert.equal((await refused(client.seat.getShowStats({ showId }))).code, "UNSENDABLE");
    assert.equal((await refused(client.follow("/v1/../v2").next())).code, "UNSENDABLE");
    assert.equal(host.asked.length, 0);
  });
  await against([stats("one")], { credentials: { apiKey: "a\nb" } }, async (client, host) => {
    assert.equal((await refused(client.seat.getShow(show))).code, "UNSENDABLE");
    assert.equal((await refused(client.seat.holdSeats(show, seats))).code, "UNSENDABLE");
    assert.equal((await refused(client.seat.joinShow(show).next())).code, "UNSENDABLE");
    assert.equal(host.asked.length, 0);
  });
});

test("an answer that is no JSON has the key of its command", () =>
  against([(_, response) => void response.writeHead(200, { "content-type": "application/json" }).end("{")], {}, async (client) => {
    const problem = await refused(client.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
    assert.deepEqual([problem.status, problem.code, problem.idempotencyKey], [200, "UNREADABLE", "order-4711"]);
  }));

test("silence ends with the call's time", () =>
  against([silent], { timeoutMs: 300 }, async (client) => {
    const problem = await refused(client.seat.getShow(show));
    assert.deepEqual([problem.status, problem.code], [0, "NO_ANSWER"]);
  }));

test("a refusal by the contract is not tried again", () =>
  against([json(409, { code: "SEAT_TAKEN", detail: "It is taken.", details: { seatIds: ["a"] }, commandId: "c-1" })], {}, async (client, host) => {
    const problem = await refused(client.seat.holdSeats(show, seats));
    assert.deepEqual([problem.status, problem.code, problem.message, problem.details], [409, "SEAT_TAKEN", "It is taken.", { seatIds: ["a"] }]);
    assert.equal(host.asked.length, 1);
  }));

test("a signal ends a call with its reason", () =>
  against([silent], {}, async (client) => {
    const controller = new AbortController();
    const reading = client.seat.getShow(show, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(reading, /enough/);
  }));

test("more cursors than a request may carry become one by reading", () => {
  const writes = Array.from({ length: 20 }, (_, index) => json(200, applied(`w${index}`)));
  return against([...writes, stats("merged"), stats("all")], {}, async (client, host) => {
    for (let index = 0; index < 20; index++) await client.seat.holdSeats(show, seats);
    await client.seat.getShowStats(show);
    const [first, second] = host.asked.slice(20).map(({ headers }) => String(headers["consistent-with"]).split(", "));
    assert.deepEqual(first, Array.from({ length: 16 }, (_, index) => `w${index}`));
    assert.deepEqual(second, ["merged", "w16", "w17", "w18", "w19"]);
    assert.deepEqual(client.seen(), ["all"]);
  });
});

test("who is not known is asked, once", () => {
  let key = "old";
  const who: Settings = { credentials: () => ({ apiKey: key }), unauthenticated: async () => ((key = "new"), true) };
  return against([json(401, { code: "UNAUTHENTICATED" }), stats("one"), json(401, { code: "UNAUTHENTICATED" })], who, async (client, host) => {
    await client.seat.getShowStats(show);
    assert.deepEqual(host.asked.map(({ headers }) => headers["x-api-key"]), ["old", "new"]);
    assert.equal((await refused(client.seat.getShowStats(show))).status, 401);
    assert.equal(host.asked.length, 4);
  });
});

test("a list is taken page by page", () => {
  const page = (ids: string[], next: string | null) => json(200, { items: ids.map((showId) => ({ showId })), nextPageToken: next, cursor: "c" });
  return against([page(["a", "b"], "next"), page(["c"], null)], {}, async (client, host) => {
    const found: string[] = [];
    for await (const { showId } of client.seat.eachOfShows({ limit: 2 })) found.push(showId);
    assert.deepEqual(found, ["a", "b", "c"]);
    assert.deepEqual(host.asked.map(({ url }) => url), ["/v1/shows?limit=2", "/v1/shows?limit=2&pageToken=next"]);
  });
});

test("parts of paths are encoded", () =>
  against([stats("one")], {}, async (client, host) => {
    await client.seat.getShowStats({ showId: "a/../b?c" });
    assert.equal(host.asked[0]?.url, "/v1/shows/a%2F..%2Fb%3Fc/stats");
  }));

const held = (cursor: string, sequence: number) => `event: seat.held\nid: ${cursor}\ndata: {"sequence":${sequence},"payload":{"seatIds":["é"]}}\n\n`;

test("a stream that breaks goes on where it was, nothing twice", () =>
  against([stream([": hello\n\n", held("c1", 1), held("c2", 2).slice(0, -10)]), json(503, { code: "UNAVAILABLE" }, { "retry-after": "0" }), stream([held("c2", 2), held("c3", 3)], true)], {}, async (client, host) => {
    const standings: string[] = [];
    const found: unknown[] = [];
    const standing = (standing: string, why?: Problem) => standings.push(why === undefined ? standing : `${standing}: ${why.code}`);
    for await (const message of client.seat.joinShow(show, { standing })) {
      assert(message.name === "seat.held");
      found.push([message.cursor, message.body.sequence, message.body.payload.seatIds[0]]);
      if (found.length === 3) break;
    }
    assert.deepEqual(found, [["c1", 1, "é"], ["c2", 2, "é"], ["c3", 3, "é"]]);
    assert.deepEqual(host.asked.map(({ url, headers }) => [url, headers["last-event-id"]]), [
      ["/v1/streams/show%3Agala", undefined],
      ["/v1/streams/show%3Agala", "c1"],
      ["/v1/streams/show%3Agala", "c1"],
    ]);
    assert.deepEqual(standings, ["connecting", "live", "waiting", "connecting", "waiting: UNAVAILABLE", "connecting", "live"]);
  }));

test("a room that ends at once is asked for less and less often", () =>
  against([...Array<Answer>(4).fill(stream([": hello\n\n"])), json(403, { code: "FORBIDDEN" })], {}, async (client, host) => {
    const begun: number[] = [];
    const problem = await refused(client.seat.joinShow(show, { standing: (standing) => standing === "connecting" && begun.push(performance.now()) }).next());
    assert.deepEqual([problem.code, host.asked.length], ["FORBIDDEN", 5]);
    begun.slice(1).forEach((time, again) => {
      // At least half of a pause of 0.1 s that doubles, as exact as timers are.
      assert(time - begun[again]! >= 50 * 2 ** again - 2, `${again}: ${begun}`);
    });
  }));

test("a loop that ends closes its stream", () => {
  let closed: () => void;
  const isClosed = new Promise<void>((resolve) => (closed = resolve));
  const answer: Answer = (asked, response) => {
    response.on("close", closed);
    stream([held("c1", 1)], true)(asked, response);
  };
  return against([answer], {}, async (client) => {
    for await (const _ of client.seat.joinShow(show)) break;
    await isClosed;
  });
});

test("a signal ends a stream", () =>
  against([stream([held("c1", 1)], true)], {}, async (client) => {
    const controller = new AbortController();
    let count = 0;
    for await (const _ of client.seat.joinShow(show, { signal: controller.signal })) {
      count++;
      controller.abort();
    }
    assert.equal(count, 1);
  }));

test("a room that is refused says why", () =>
  against([json(403, { code: "FORBIDDEN", detail: "Not yours." })], {}, async (client) => {
    const problem = await refused(client.seat.joinShow(show).next());
    assert.deepEqual([problem.status, problem.code], [403, "FORBIDDEN"]);
  }));
