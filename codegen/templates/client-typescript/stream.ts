/** Rooms as server-sent events, by `fetch`, so that headers can say who asks; a stream that ends is opened again where it ended. */

import { delay, isMomentary, Problem, problemOf, type Settings, sleep, Transport, unanswered } from "./transport.js";

/** A message of a room. */
export interface Message<Name extends string = string, Body = unknown> {
  name: Name;
  /** Where to go on after this message; opaque, and good for reads too. Empty where the stream never named a place. */
  cursor: string;
  body: Body;
}

/** How a stream stands. */
export type Standing = "connecting" | "live" | "waiting";

/** What may be said when a room is joined. */
export interface JoinOptions {
  /** Go on after this cursor; without it the room's rows come first. */
  cursor?: string | undefined;
  /** Whose room it is, where the client is of every tenant. */
  tenant?: string | undefined;
  /** Ends the stream. */
  signal?: AbortSignal | undefined;
  /** Told how the stream stands, each time that changes; of one that waits, also why, unless its connection just ended. */
  standing?: ((standing: Standing, why?: Problem) => void) | undefined;
}

/** The longest silence before a connection is held to be lost, in milliseconds; the server says something every 15 s. */
const SILENCE = 40_000;
/** How long a connection must have held to be a good one where nothing was said on it, in milliseconds. */
const LASTED = 5_000;

/** Takes a stream apart (HTML Living Standard, section 9.2.6). */
export class Parser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  /** The messages that `text` completes. */
  push(text: string): { event: string; id: string; data: string }[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): { event: string; id: string; data: string } | null {
    if (line === "") {
      const message = { event: this.event || "message", id: this.id, data: this.data.join("\n") };
      const isWhole = this.data.length > 0;
      this.event = "";
      this.data = [];
      return isWhole ? message : null;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id") this.id = value;
    return null;
  }
}

/** Where a reader of a room stands. */
export interface Place {
  cursor: string;
}

/** A transport that joins rooms. */
export class Streams extends Transport {
  /**
   * Every message of a room, once and in order, over as many connections as it takes. It ends when the signal says so, or the
   * loop that reads it; a refusal is thrown as a {@link Problem}.
   */
  join<M extends Message>(room: string, options: JoinOptions = {}): AsyncGenerator<M, void, undefined> {
    const whose = options.tenant === undefined ? "" : `?tenant=${encodeURIComponent(options.tenant)}`;
    return this.follow<M>(`/v1/streams/${encodeURIComponent(room)}${whose}`, options);
  }

  /** Every message of the stream at this path, as of a room. */
  follow<M extends Message>(path: string, options: JoinOptions = {}): AsyncGenerator<M, void, undefined> {
    return lasting<M>(this.settings, options, (place, closing, live) => this.streamed<M>(path, place, closing, live));
  }

  /** The messages of one connection. */
  private async *streamed<M extends Message>(path: string, place: Place, closing: AbortSignal, live: () => void): AsyncGenerator<M> {
    const connection = new Connection(closing);
    try {
      const headers = { Accept: "text/event-stream", ...(place.cursor === "" ? {} : { "Last-Event-ID": place.cursor }) };
      const response = await this.open(path, headers, connection.signal);
      if (!response.ok || response.body === null) throw await problemOf(response);
      live();
      for await (const { event, id, data } of connection.messages(response.body)) {
        if (id !== "") place.cursor = id;
        yield { name: event, cursor: place.cursor, body: JSON.parse(data) as unknown } as M;
      }
    } finally {
      connection.end();
    }
  }
}

/**
 * Messages over as many connections as it takes. `connection` gives those of one from a place on, moves the place with what it
 * gives, and says when it is live.
 */
export async function* lasting<M extends Message>(
  settings: Settings,
  options: JoinOptions,
  connection: (place: Place, closing: AbortSignal, live: () => void) => AsyncGenerator<M>,
): AsyncGenerator<M, void, undefined> {
  const closing = new AbortController();
  const close = (): void => closing.abort();
  options.signal?.addEventListener("abort", close);
  if (options.signal?.aborted === true) close();
  const place = { cursor: options.cursor ?? "" };
  let lost = 0;
  let isKnown = false;
  let since = 0;
  const live = (): void => {
    options.standing?.("live");
    isKnown = false;
    since = Date.now();
  };
  try {
    while (!closing.signal.aborted) {
      options.standing?.("connecting");
      let pause = delay(lost++);
      let why: Problem | undefined;
      try {
        since = 0;
        for await (const message of connection(place, closing.signal, live)) {
          lost = 0;
          yield message;
        }
      } catch (problem) {
        if (closing.signal.aborted) return;
        if (problem instanceof SyntaxError) throw problem;
        why = problem instanceof Problem ? problem : unanswered("the connection was lost", problem);
        // A room more than a connection may have is none in a moment either.
        const isTransient = why.code !== "TOO_MANY_ROOMS" && (isMomentary(why) || why.status >= 500);
        if (why.status === 401 && !isKnown && (await settings.unauthenticated?.(why)) === true) isKnown = true;
        else if (!isTransient) throw why;
        if (why.retryAfter !== undefined) pause = why.retryAfter * 1000;
      }
      if (closing.signal.aborted) return;
      // One that ends at once is opened less and less often; one that held was good, with something to say or without.
      if (since > 0 && Date.now() - since > LASTED) lost = 0;
      options.standing?.("waiting", why);
      await rest(pause, closing.signal);
    }
  } finally {
    options.signal?.removeEventListener("abort", close);
    close();
  }
}

/** Waits so long, or until a browser says that there is a network again. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  const waking = new AbortController();
  const wake = (): void => waking.abort();
  signal.addEventListener("abort", wake);
  globalThis.addEventListener?.("online", wake);
  if (signal.aborted) wake();
  await sleep(ms, waking.signal);
  signal.removeEventListener("abort", wake);
  globalThis.removeEventListener?.("online", wake);
}

/** One connection, held to be lost when it is silent, and cut when a browser says that there is no network. */
class Connection {
  private readonly controller = new AbortController();
  private readonly cut = (): void => this.controller.abort();
  private watch: ReturnType<typeof setTimeout>;

  constructor(private readonly closing: AbortSignal) {
    this.watch = setTimeout(this.cut, SILENCE);
    closing.addEventListener("abort", this.cut);
    globalThis.addEventListener?.("offline", this.cut);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  async *messages(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; id: string; data: string }> {
    const parser = new Parser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(this.watch);
      this.watch = setTimeout(this.cut, SILENCE);
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  }

  end(): void {
    clearTimeout(this.watch);
    this.closing.removeEventListener("abort", this.cut);
    globalThis.removeEventListener?.("offline", this.cut);
    this.controller.abort();
  }
}
