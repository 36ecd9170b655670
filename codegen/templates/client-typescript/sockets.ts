/** Rooms and commands on one socket of Socket.IO. What is lost with a connection comes with the next one. */

import { type JoinOptions, lasting, type Message, type Place } from "./stream.js";
import { credentialsOf, delay, Fate, isMomentary, limitOf, Problem, type Transport, unanswered, unique } from "./transport.js";

/** What is used of a socket of `socket.io-client` 4. */
export interface Socket {
  readonly connected: boolean;
  readonly active: boolean;
  connect(): unknown;
  disconnect(): unknown;
  // As `socket.io-client` has it: what comes is whatever was sent.
  on(event: string, listener: (...given: any[]) => void): unknown;
  onAny(listener: (...given: any[]) => void): unknown;
  emit(event: string, ...given: unknown[]): unknown;
}

/** What may be said to `io` besides; see `socket.io-client`. */
export interface SocketOptions {
  transports?: ("polling" | "websocket")[];
  /** The first and the longest pause before a lost connection is opened again, in milliseconds. */
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  /** How long opening a connection may take, in milliseconds. */
  timeout?: number;
}

/** `io` of `socket.io-client` 4: nothing else of it is needed, so that who has no sockets does not need it. */
export type Io = (url: string, options: SocketOptions & { auth: (give: (auth: object) => void) => void; autoConnect: boolean; forceNew: boolean; path: string }) => Socket;

/** What may be said of a command on a socket. */
export interface SendOptions {
  /** Names the command: sent again with the same key it is carried out once. One is made where it is absent. */
  idempotencyKey?: string | undefined;
  /** Ends the call: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The longest that this call may take with all its connections, in milliseconds. */
  timeoutMs?: number | undefined;
}

/** What a command that was carried out is acknowledged with. */
export interface Applied {
  commandId: string;
  status: "APPLIED";
  /** What a read must have seen to show it; those of the socket's client have. */
  cursor: string;
}

interface Acknowledged {
  commandId?: string;
  status: "APPLIED" | "REJECTED" | "FAILED" | "PENDING" | "REFUSED";
  cursor?: string;
  problem?: Refusal;
}

interface Answered {
  ok: boolean;
  problem?: Refusal;
}

interface Refusal {
  status: number;
  code: string;
  detail: string;
}

/** A message's body, as far as it matters where it stands. */
interface Body {
  room?: string;
  cursor?: string;
  sequence?: number;
  part?: number;
  parts?: number;
}

const CLOSED = "the socket was closed";
/** Messages that wait for a slow loop; beyond them the room is left, and joined again where the loop has come to. */
const MOST_WAITING = 1_000;

/** A socket that sends commands and joins rooms; `SocketClient` has a method for each. */
export class Sockets {
  private socket: Socket | undefined;
  private hasEnded = false;
  private readonly inboxes = new Map<string, Inbox>();
  /** Rooms that were left, until that is acknowledged. */
  private readonly leaving = new Map<string, Promise<unknown>>();
  /** Told that there is a connection, or why there is none. */
  private readonly waiting = new Set<(refused?: Problem) => void>();
  /** Told that the connection is lost. */
  private readonly losing = new Set<() => void>();
  /** Told that all is to end. */
  private readonly ending = new Set<() => void>();

  /**
   * `client` says where, who and how long, and its reads have seen what is done here. The first call opens the connection; a
   * lost one is opened again, until {@link close}.
   */
  constructor(
    private readonly io: Io,
    private readonly client: Transport,
    private readonly options: SocketOptions = {},
  ) {}

  /** Ends the connection: loops over rooms end, and commands that are not acknowledged reject. */
  close(): void {
    this.hasEnded = true;
    for (const end of this.ending) end();
    this.socket?.disconnect();
    this.tell(unanswered(CLOSED));
    this.lose();
  }

  /** Sends a command until it is decided; a refusal is a {@link Problem}. */
  async send(type: string, payload: object, options: SendOptions = {}): Promise<Applied> {
    const { settings } = this.client;
    const idempotencyKey = options.idempotencyKey ?? unique();
    const limit = limitOf(settings, options);
    const fate = new Fate();
    let isKnown = false;
    try {
      for (let again = 0; ; again++) {
        const answer = await this.ask<Acknowledged>(type, { ...payload, idempotencyKey }, limit.signal).catch(problemOnly);
        options.signal?.throwIfAborted();
        let isDecided = false;
        let problem: Problem;
        if (answer instanceof Problem) {
          problem = answer;
        } else {
          if (answer.cursor !== undefined) this.client.see(answer.cursor);
          if (answer.status === "APPLIED") return answer as Applied;
          if (answer.status === "PENDING") fate.taken = answer.commandId;
          isDecided = answer.status === "REJECTED" || answer.status === "FAILED";
          problem = answer.problem === undefined ? unacknowledged(type) : this.refused(answer.problem);
        }
        if (!isDecided) fate.doubt(problem);
        if (problem.status === 401 && !isKnown && (await settings.unauthenticated?.(problem)) === true) isKnown = true;
        else if (isDecided) throw problem;
        else if (this.hasEnded || !isMomentary(problem) || !(await limit.pause(delay(again)))) throw fate.end(problem);
      }
    } catch (error) {
      if (error instanceof Problem) error.idempotencyKey = idempotencyKey;
      throw error;
    } finally {
      limit.end();
    }
  }

  /**
   * Every message of a room, once and in order, over as many connections as it takes. It ends when the signal says so, the loop
   * that reads it, or {@link close}; a refusal is thrown as a {@link Problem}. A room is joined once at a time.
   */
  async *join<M extends Message>(room: string, options: JoinOptions = {}): AsyncGenerator<M, void, undefined> {
    const closing = new AbortController();
    const close = (): void => closing.abort();
    this.ending.add(close);
    options.signal?.addEventListener("abort", close);
    if (this.hasEnded || options.signal?.aborted === true) close();
    try {
      yield* lasting<M>(this.client.settings, { ...options, signal: closing.signal }, (place, signal, live) => this.member<M>(room, options.tenant, place, signal, live));
    } finally {
      this.ending.delete(close);
      options.signal?.removeEventListener("abort", close);
    }
  }

  /** The messages of one stay in a room. */
  private async *member<M extends Message>(room: string, tenant: string | undefined, place: Place, closing: AbortSignal, live: () => void): AsyncGenerator<M> {
    await this.leaving.get(room);
    if (this.inboxes.has(room)) throw new Problem(409, { code: "ROOM_JOINED", detail: `\`${room}\` is joined already` });
    const inbox = new Inbox();
    const end = (): void => inbox.end();
    this.inboxes.set(room, inbox);
    closing.addEventListener("abort", end);
    try {
      const asked = { room, tenant, cursor: place.cursor === "" ? undefined : place.cursor };
      const socket = await this.connected("event.join", closing);
      const answer = await this.acknowledged<Answered>(socket, "event.join", asked, ({ ok }) => ok && inbox.begin());
      if (answer.problem !== undefined) throw this.refused(answer.problem);
      live();
      yield* inbox.messages<M>(place);
    } finally {
      closing.removeEventListener("abort", end);
      this.inboxes.delete(room);
      if (inbox.isIn) this.leave(room);
    }
  }

  private leave(room: string): void {
    if (this.socket === undefined) return;
    const left = this.acknowledged(this.socket, "event.leave", { room })
      // With the connection the room is left too.
      .catch(problemOnly)
      .finally(() => this.leaving.delete(room));
    this.leaving.set(room, left);
  }

  private async ask<A>(name: string, body: object, signal: AbortSignal): Promise<A> {
    const socket = await this.connected(name, signal);
    return await this.acknowledged<A>(socket, name, body, undefined, signal);
  }

  /** What something is acknowledged with; `taken` is told before the socket's next message. */
  private acknowledged<A>(socket: Socket, name: string, body: object, taken?: (answer: A) => unknown, signal?: AbortSignal): Promise<A> {
    return new Promise<A>((resolve, reject) => {
      const end = (): void => {
        this.losing.delete(lost);
        signal?.removeEventListener("abort", lost);
      };
      const lost = (): void => {
        end();
        reject(unacknowledged(name));
      };
      // It would be sent by the next connection, and perhaps twice.
      if (!socket.connected || signal?.aborted === true) return lost();
      this.losing.add(lost);
      signal?.addEventListener("abort", lost);
      socket.emit(name, body, (answer: A) => {
        end();
        taken?.(answer);
        resolve(answer);
      });
    });
  }

  /** The socket once it is connected. */
  private async connected(name: string, signal: AbortSignal): Promise<Socket> {
    if (this.hasEnded) throw unanswered(CLOSED);
    const socket = (this.socket ??= this.open());
    if (!socket.active) socket.connect();
    if (socket.connected) return socket;
    await new Promise<void>((resolve, reject) => {
      const told = (refused?: Problem): void => {
        this.waiting.delete(told);
        signal.removeEventListener("abort", stop);
        if (refused === undefined) resolve();
        else reject(refused);
      };
      const stop = (): void => told(unacknowledged(name));
      this.waiting.add(told);
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
    });
    return socket;
  }

  private open(): Socket {
    const { settings } = this.client;
    const { origin, pathname } = new URL(`${(settings.baseUrl ?? "").replace(/\/+$/, "")}/socket.io/`, globalThis.location?.href);
    const auth = (give: (auth: object) => void): void => {
      const unknown = (cause: unknown): void => {
        socket.disconnect();
        this.tell(unanswered("the credentials are not there", cause));
      };
      void credentialsOf(settings).then(({ apiKey, token }) => give({ key: apiKey, token }), unknown);
    };
    const socket = this.io(origin, { ...this.options, auth, autoConnect: false, forceNew: true, path: pathname });
    socket.on("connect", () => this.tell());
    socket.on("disconnect", () => this.lose());
    socket.on("connect_error", ({ message }: Error) => {
      // Where nothing answered it tries again by itself.
      if (!socket.active) this.tell(refusalOf(message));
    });
    socket.onAny((name: string, body: Body | undefined) => {
      if (body?.room !== undefined) this.inboxes.get(body.room)?.put(name, body);
    });
    return socket;
  }

  private tell(refused?: Problem): void {
    for (const told of [...this.waiting]) told(refused);
  }

  private lose(): void {
    for (const lost of [...this.losing]) lost();
    for (const inbox of this.inboxes.values()) inbox.lose();
  }

  /** The problem of an acknowledgement. Who asks is said when a connection begins, so that another one has to. */
  private refused(problem: Refusal): Problem {
    if (problem.status === 401) this.socket?.disconnect();
    return refusal(problem);
  }
}

/** The messages of a room that wait for its loop. */
class Inbox {
  private readonly waiting: [string, Body][] = [];
  private isOpen = true;
  private wake: () => void = () => undefined;
  /** Whether the gateway has the socket in the room. */
  isIn = false;

  begin(): void {
    this.isIn = true;
  }

  put(name: string, body: Body): void {
    if (!this.isIn || !this.isOpen) return;
    this.waiting.push([name, body]);
    if (name === "dropped") this.isIn = false;
    this.isOpen = this.isIn && this.waiting.length < MOST_WAITING;
    this.wake();
  }

  /** What came until now is read still. */
  lose(): void {
    this.isIn = this.isOpen = false;
    this.wake();
  }

  end(): void {
    this.waiting.length = 0;
    this.isOpen = false;
    this.wake();
  }

  async *messages<M extends Message>(place: Place): AsyncGenerator<M> {
    for (;;) {
      const next = this.waiting.shift();
      if (next !== undefined) {
        const [name, body] = next;
        // Rows come in parts, and stand for a place all together.
        if (body.cursor !== undefined && (body.sequence !== undefined || (body.part !== undefined && body.part === body.parts))) place.cursor = body.cursor;
        yield { name, cursor: place.cursor, body } as unknown as M;
      } else if (this.isOpen) {
        await new Promise<void>((resolve) => (this.wake = resolve));
      } else {
        return;
      }
    }
  }
}

function refusal(problem: Refusal): Problem {
  return new Problem(problem.status, problem);
}

/** What a gateway says to a socket that may not connect. */
function refusalOf(text: string): Problem {
  try {
    return refusal(JSON.parse(text) as Refusal);
  } catch {
    return unanswered(text);
  }
}

function unacknowledged(name: string): Problem {
  return unanswered(`\`${name}\` was not acknowledged`);
}

/** Lets problems be answers; what else is thrown stays thrown. */
function problemOnly(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}
