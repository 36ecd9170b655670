// What the generated client does on a socket when things go wrong, with a socket that says how.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, type Io, Problem, type Settings, type Socket, SocketClient } from "charter-gateway-client";
import { io } from "socket.io-client";

type Acknowledge = (answer: unknown) => void;
interface Asked {
  name: string;
  body: Record<string, unknown>;
  acknowledge: Acknowledge;
}

/** A socket whose gateway is the test. */
class Fake implements Socket {
  connected = false;
  active = false;
  readonly auths: unknown[] = [];
  readonly asked: Asked[] = [];
  private readonly listeners = new Map<string, (given?: unknown) => void>();
  private any: (name: string, body: unknown) => void = () => undefined;
  private more: () => void = () => undefined;
  /** Whether who connects is let in, and why not. */
  refusal: object | undefined;
  auth: (give: (auth: object) => void) => void = () => undefined;

  connect(): void {
    this.active = true;
    this.auth((auth) => {
      this.auths.push(auth);
      if (this.refusal !== undefined) {
        this.active = false;
        return this.listeners.get("connect_error")?.(new Error(JSON.stringify(this.refusal)));
      }
      this.connected = true;
      this.listeners.get("connect")?.();
    });
  }

  disconnect(): void {
    this.active = false;
    this.cut();
  }

  /** The connection is lost; one that is active is there again once somebody asks. */
  cut(): void {
    if (!this.connected) return;
    this.connected = this.active = false;
    this.listeners.get("disconnect")?.();
  }

  on(event: string, listener: (...given: any[]) => void): void {
    this.listeners.set(event, listener);
  }

  onAny(listener: (...given: any[]) => void): void {
    this.any = listener;
  }

  emit(name: string, body: Record<string, unknown>, acknowledge: Acknowledge): void {
    this.asked.push({ name, body, acknowledge });
    this.more();
  }

  /** What the gateway says to the rooms. */
  push(name: string, body: object): void {
    this.any(name, body);
  }

  /** What was asked for as this number, from 0. */
  async at(number: number): Promise<Asked> {
    while (this.asked[number] === undefined) await new Promise<void>((resolve) => (this.more = resolve));
    return this.asked[number];
  }
}

const show = { showId: "gala" };
const room = "show:gala";
const seats = { seatIds: ["a-row-1-seat-1"], holderId: "buyer-1" };
const applied = { commandId: "c-1", status: "APPLIED", cursor: "one" };

function made(settings: Settings = {}): { socket: Fake; client: Client; live: SocketClient; opened: Parameters<Io>[] } {
  const socket = new Fake();
  const opened: Parameters<Io>[] = [];
  const client = new Client({ baseUrl: "http://host/base/", timeoutMs: 20_000, ...settings });
  const live = new SocketClient((...given) => {
    opened.push(given);
    socket.auth = given[1].auth;
    return socket;
  }, client);
  return { socket, client, live, opened };
}

async function refused(ask: Promise<unknown>): Promise<Problem> {
  const problem = await ask.then(
    () => assert.fail("expected a refusal"),
    (problem: unknown) => problem,
  );
  assert(problem instanceof Problem, String(problem));
  return problem;
}

test("what the contract does not have is no program", () => {
  // The compiler holds these; nothing is sent.
  const typed = (live: SocketClient) => {
    // @ts-expect-error -- a command that may not come on a socket
    void live.seat.openShow;
    // @ts-expect-error -- the seats are missing
    void live.seat.holdSeats(show, { holderId: "buyer-1" });
    // @ts-expect-error -- the room is named by its show
    void live.seat.joinShow({ room });
  };
  assert.equal(typeof typed, "function");
  assert(new SocketClient(io, new Client(), { transports: ["websocket"] }) instanceof SocketClient);
});

test("commands are in flight together, and each gets its own outcome; reads have seen them", async () => {
  const { socket, client, live, opened } = made({ credentials: { apiKey: "secret" } });
  const [first, second] = [live.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }), live.seat.releaseSeats(show, seats)];
  const asked = [await socket.at(0), await socket.at(1)];
  assert.deepEqual(asked.map(({ name }) => name), ["seat.holdRequest", "seat.releaseRequest"]);
  assert.deepEqual(asked[0]?.body, { ...seats, ...show, idempotencyKey: "order-4711" });
  assert.match(String(asked[1]?.body["idempotencyKey"]), /^[0-9a-f]{32}$/);
  const problem = { status: 409, code: "NOT_HOLDER", detail: "It is not yours.", details: { seatIds: ["a"] }, commandId: "c-2" };
  asked[1]?.acknowledge({ status: "REJECTED", commandId: "c-2", cursor: "two", problem });
  const not = await refused(second);
  assert.deepEqual([not.status, not.code, not.message, not.details, not.commandId], [409, "NOT_HOLDER", "It is not yours.", { seatIds: ["a"] }, "c-2"]);
  asked[0]?.acknowledge(applied);
  assert.deepEqual(await first, applied);
  assert.deepEqual(client.seen(), ["two", "one"]);
  assert.equal(socket.asked.length, 2);
  assert.deepEqual(socket.auths, [{ key: "secret", token: undefined }]);
  assert.deepEqual([opened.length, opened[0]?.[0], opened[0]?.[1].path], [1, "http://host", "/base/socket.io/"]);
});

test("a command whose connection breaks, that is undecided, or refused for a moment is sent again with its key", async () => {
  const { socket, live } = made();
  const outcome = live.seat.holdSeats(show, seats);
  await socket.at(0);
  socket.cut();
  (await socket.at(1)).acknowledge({ status: "PENDING", commandId: "c-1", location: "/v1/commands/c-1" });
  (await socket.at(2)).acknowledge({ status: "REFUSED", problem: { status: 429, code: "TOO_MANY_IN_HAND" } });
  (await socket.at(3)).acknowledge(applied);
  assert.deepEqual(await outcome, applied);
  assert.equal(new Set(socket.asked.map(({ body }) => body["idempotencyKey"])).size, 1);
});

test("what may be taken is not refused by who may not connect again", async () => {
  const { socket, live } = made();
  const outcome = refused(live.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
  await socket.at(0);
  socket.refusal = { status: 401, code: "UNAUTHENTICATED", detail: "It is over." };
  socket.cut();
  const problem = await outcome;
  assert.deepEqual([problem.status, problem.code, problem.idempotencyKey], [0, "NO_ANSWER", "order-4711"]);
  assert.ok(problem.message.includes("UNAUTHENTICATED (401): It is over."), problem.message);
});

test("what is not decided in time says so, with its key", async () => {
  const { socket, live } = made({ timeoutMs: 1_000 });
  const outcome = refused(live.seat.holdSeats(show, seats, { idempotencyKey: "order-4711" }));
  (await socket.at(0)).acknowledge({ status: "PENDING", commandId: "c-1" });
  const problem = await outcome;
  assert.deepEqual([problem.status, problem.code, problem.commandId, problem.idempotencyKey], [202, "NOT_DECIDED", "c-1", "order-4711"]);
});

test("a signal ends a command with its reason", async () => {
  const { socket, live } = made();
  const controller = new AbortController();
  const outcome = live.seat.holdSeats(show, seats, { signal: controller.signal });
  await socket.at(0);
  controller.abort(new Error("enough"));
  await assert.rejects(outcome, /enough/);
});

test("who is not known is asked, once, and says it with the next connection", async () => {
  let key = "old";
  const { socket, live } = made({ credentials: () => ({ apiKey: key }), unauthenticated: async () => ((key += "-new"), true) });
  const outcome = live.seat.holdSeats(show, seats);
  (await socket.at(0)).acknowledge({ status: "REFUSED", problem: { status: 401, code: "UNAUTHENTICATED" } });
  (await socket.at(1)).acknowledge(applied);
  await outcome;
  assert.deepEqual(socket.auths, [{ key: "old", token: undefined }, { key: "old-new", token: undefined }]);
  socket.cut();
  socket.refusal = { status: 401, code: "UNAUTHENTICATED" };
  assert.equal((await refused(live.seat.holdSeats(show, seats))).code, "UNAUTHENTICATED");
  assert.equal((await refused(live.seat.joinShow(show).next())).code, "UNAUTHENTICATED");
  assert.equal(key, "old-new-new-new");
});

const event = (sequence: number) => ({ room, cursor: `c${sequence}`, sequence, type: "seat.held", payload: { seatIds: ["é"] } });
const load = (part: number, parts: number) => ({ room, cursor: "c0", reason: "JOINED", part, parts, seats: [] });

test("a room goes on where it was, over a lost connection and over being dropped", async () => {
  const { socket, live } = made();
  const standings: string[] = [];
  const found: unknown[] = [];
  const reading = (async () => {
    for await (const { name, cursor } of live.seat.joinShow(show, { standing: (standing) => standings.push(standing) })) {
      found.push([name, cursor]);
      if (cursor === "c4") break;
    }
  })();
  const first = await socket.at(0);
  assert.deepEqual([first.name, first.body], ["event.join", { room, tenant: undefined, cursor: undefined }]);
  first.acknowledge({ ok: true, room });
  socket.push("initial-load", load(1, 2));
  socket.push("seat.held", { ...event(9), room: "show:other" });
  socket.cut();
  // Half of the rows are none: they come again.
  const second = await socket.at(1);
  assert.equal(second.body["cursor"], undefined);
  second.acknowledge({ ok: true, room });
  socket.push("initial-load", load(1, 2));
  socket.push("initial-load", load(2, 2));
  socket.push("seat.held", event(1));
  socket.push("stats-updated", { room, cursor: "later", stats: [] });
  socket.push("dropped", { room, code: "SLOW_READER", detail: "…" });
  socket.push("seat.held", event(2));
  const third = await socket.at(2);
  assert.deepEqual([third.name, third.body["cursor"]], ["event.join", "c1"]);
  third.acknowledge({ ok: false, room, problem: { status: 503, code: "VIEW_BUILDING", detail: "…" } });
  const fourth = await socket.at(3);
  fourth.acknowledge({ ok: true, room });
  for (const sequence of [2, 3, 4, 5]) socket.push("seat.held", event(sequence));
  await reading;
  assert.deepEqual(found, [
    ["initial-load", ""],
    ["initial-load", ""],
    ["initial-load", "c0"],
    ["seat.held", "c1"],
    ["stats-updated", "c1"],
    ["dropped", "c1"],
    ["seat.held", "c2"],
    ["seat.held", "c3"],
    ["seat.held", "c4"],
  ]);
  assert.deepEqual(standings, ["connecting", "live", "waiting", "connecting", "live", "waiting", "connecting", "waiting", "connecting", "live"]);
  assert.deepEqual([socket.asked[4]?.name, socket.asked[4]?.body], ["event.leave", { room }]);
  // It is joined anew only once the gateway has let it out.
  const again = live.seat.joinShow(show, { cursor: "c4" }).next();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(socket.asked.length, 5);
  socket.asked[4]?.acknowledge({ ok: true, room });
  assert.equal((await socket.at(5)).body["cursor"], "c4");
  live.close();
  assert.deepEqual(await again, { value: undefined, done: true });
});

test("a loop that is slow leaves the room, and misses nothing", async () => {
  const { socket, live } = made();
  const messages = live.seat.joinShow(show, { cursor: "c0" });
  const first = messages.next();
  (await socket.at(0)).acknowledge({ ok: true, room });
  for (let sequence = 1; sequence <= 1_500; sequence++) socket.push("seat.held", event(sequence));
  assert.equal((await first).value?.cursor, "c1");
  for (let sequence = 2; sequence <= 1_000; sequence++) assert.equal((await messages.next()).value?.cursor, `c${sequence}`);
  const next = messages.next();
  const left = await socket.at(1);
  assert.equal(left.name, "event.leave");
  left.acknowledge({ ok: true, room });
  const back = await socket.at(2);
  assert.deepEqual([back.name, back.body["cursor"]], ["event.join", "c1000"]);
  back.acknowledge({ ok: true, room });
  socket.push("seat.held", event(1_001));
  assert.equal((await next).value?.cursor, "c1001");
  live.close();
});

test("what is refused for good is thrown, and a room is joined once at a time", async () => {
  const { socket, live } = made();
  const stranger = refused(live.seat.joinShow(show, { tenant: "other" }).next());
  const asked = await socket.at(0);
  assert.equal(asked.body["tenant"], "other");
  asked.acknowledge({ ok: false, room, problem: { status: 403, code: "FORBIDDEN", detail: "Not yours." } });
  assert.deepEqual(await stranger.then(({ status, code, message }) => [status, code, message]), [403, "FORBIDDEN", "Not yours."]);
  const messages = live.seat.joinShow(show);
  const first = messages.next();
  (await socket.at(1)).acknowledge({ ok: true, room });
  assert.equal((await refused(live.seat.joinShow(show).next())).code, "ROOM_JOINED");
  const crowded = refused(live.seat.joinShow({ showId: "more" }).next());
  (await socket.at(2)).acknowledge({ ok: false, room: "show:more", problem: { status: 429, code: "TOO_MANY_ROOMS", detail: "…" } });
  assert.equal((await crowded).code, "TOO_MANY_ROOMS");
  const waiting = refused(live.seat.holdSeats(show, seats));
  await socket.at(3);
  live.close();
  // With its key the command can be sent again by another one.
  assert.deepEqual(await waiting.then(({ code, idempotencyKey }) => [code, idempotencyKey]), ["NO_ANSWER", socket.asked[3]?.body["idempotencyKey"]]);
  assert.equal((await first).done, true);
});
