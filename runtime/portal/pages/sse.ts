/** Server-sent events by `fetch`, so that headers can say who asks; a stream that ends is opened again where it ended. */

import { ask, authorization } from "./access";
import { type Problem, problemOf } from "./http";

export interface Message {
  event: string;
  /** Where to go on after this message; empty where the stream never named a place. */
  id: string;
  data: string;
}

/** How a stream stands. */
export type Standing = "connecting" | "live" | "waiting";

/** What reads a stream gets. */
export interface Reader {
  message(message: Message): void;
  standing(standing: Standing): void;
  /** The host refuses; the stream is not opened again. */
  refused(problem: Problem): void;
}

/** The longest silence before a connection is held to be lost, in milliseconds; the host says something every 15 s. */
const SILENCE = 40_000;
/** The first and the longest pause before opening again, in milliseconds. */
const PAUSES: [number, number] = [300, 8_000];

/** Takes a stream apart (HTML Living Standard, section 9.2.6). */
export class Parser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  /** The messages that `text` completes. */
  push(text: string): Message[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): Message | null {
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

/** A stream that stays open until it is closed. */
export class Stream {
  private readonly closing = new AbortController();
  private connection = new AbortController();
  private wake: () => void = () => undefined;

  /** Reads `path` from after `lastId` on. */
  constructor(
    private readonly path: string,
    private lastId: string | null,
    private readonly reader: Reader,
  ) {
    addEventListener("online", this.again);
    addEventListener("offline", this.cut);
    void this.run();
  }

  close(): void {
    removeEventListener("online", this.again);
    removeEventListener("offline", this.cut);
    this.closing.abort();
    this.connection.abort();
    this.wake();
  }

  private readonly again = (): void => this.wake();
  private readonly cut = (): void => this.connection.abort();

  private async run(): Promise<void> {
    let pause = PAUSES[0];
    while (!this.closing.signal.aborted) {
      this.reader.standing("connecting");
      const outcome = await this.once().catch(() => "lost" as const);
      if (this.closing.signal.aborted || outcome === "refused") return;
      if (outcome === "ended") pause = PAUSES[0];
      this.reader.standing("waiting");
      // Not all at once after the host was away.
      await this.sleep(pause * (0.5 + Math.random()));
      pause = Math.min(pause * 2, PAUSES[1]);
    }
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One connection, until it ends: `ended` where it was open. */
  private async once(): Promise<"ended" | "lost" | "refused"> {
    this.connection = new AbortController();
    const connection = this.connection;
    let watch = setTimeout(() => connection.abort(), SILENCE);
    const after: Record<string, string> = this.lastId === null ? {} : { "Last-Event-ID": this.lastId };
    try {
      const response = await fetch(this.path, {
        headers: { Accept: "text/event-stream", ...authorization(), ...after },
        cache: "no-store",
        signal: connection.signal,
      });
      if (!response.ok || response.body === null) return await this.refusal(await problemOf(response));
      this.reader.standing("live");
      const parser = new Parser();
      const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await chunks.read();
        if (done) return "ended";
        clearTimeout(watch);
        watch = setTimeout(() => connection.abort(), SILENCE);
        for (const message of parser.push(value)) {
          this.reader.message(message);
          // Only what was taken is behind us.
          if (message.id !== "") this.lastId = message.id;
        }
      }
    } finally {
      clearTimeout(watch);
    }
  }

  private async refusal(problem: Problem): Promise<"ended" | "lost" | "refused"> {
    if (problem.status === 401 && (await ask(problem.detail))) return "ended";
    if (problem.status === 429 || problem.status >= 500) {
      await this.sleep((problem.retryAfter ?? 1) * 1000);
      return "lost";
    }
    this.reader.refused(problem);
    return "refused";
  }
}
