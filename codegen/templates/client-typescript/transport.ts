/** Requests with retries, idempotency keys and cursors. Needs `fetch`: browsers, Node 18 or newer, Deno, Bun. */

/** Who asks. */
export interface Credentials {
  /** An API key, sent as `X-API-Key`. */
  apiKey?: string | undefined;
  /** A token, sent as `Authorization: Bearer`. */
  token?: string | undefined;
}

/** How a client asks. */
export interface Settings {
  /** Where the API is: `https://api.example.com`. In a browser the page's own host where it is absent. */
  baseUrl?: string;
  /** Who asks; a function is asked before every request. */
  credentials?: Credentials | (() => Credentials | Promise<Credentials>);
  /** Called when a request was answered 401. True: ask again, with what `credentials` says then. */
  unauthenticated?: (problem: Problem) => Promise<boolean>;
  /** The longest that a call may take with all its retries, in milliseconds. Default: 60,000. */
  timeoutMs?: number;
  /** The longest that the server keeps a command's request open for its outcome, in whole seconds, 1 to 30. Default: 10. */
  wait?: number;
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/** What may be said of every call. */
export interface CallOptions {
  /** Ends the call: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The longest that this call may take with all its retries, in milliseconds. */
  timeoutMs?: number | undefined;
  /** Joins everything that the request sets in motion; found again in logs and traces. */
  correlationId?: string | undefined;
}

/** What may be said of a command. */
export interface CommandOptions extends CallOptions {
  /** Names the command: sent again with the same key it is carried out once. One is made where it is absent. */
  idempotencyKey?: string | undefined;
  /** The longest that the server keeps the request open for the outcome, in whole seconds. 0: it is not waited for. */
  wait?: number | undefined;
}

/** What may be said of a command that takes `If-Match`. */
export interface ConditionalOptions extends CommandOptions {
  /** The sequence that the aggregate must stand at. */
  ifMatch?: number | undefined;
}

/** A command whose outcome is not waited for. */
export interface Unawaited extends CommandOptions {
  wait: 0;
}

/** What may be said of a read. */
export interface ReadOptions extends CallOptions {
  /** What the read must have seen. Where it is absent: all that this client has written and read. Empty: nothing. */
  consistentWith?: readonly string[] | undefined;
}

/** A value that breaks the contract. */
export interface Violation {
  /** A JSON Pointer (RFC 6901) into the body, or `path/`, `query/`, `header/` and a parameter's name. */
  pointer: string;
  detail: string;
}

/**
 * A refusal: a problem document (RFC 9457), or one of the client's own codes.
 *
 * | code | status | |
 * |---|---|---|
 * | `NO_ANSWER` | 0 | nothing answered within the call's time, or of a command nothing that says whether it was taken: call again with its `idempotencyKey` |
 * | `NOT_DECIDED` | 202 | the command is taken and not decided yet; call again with its `idempotencyKey` |
 * | `UNREADABLE` | the answer's | the answer is no JSON; of a command the same holds as of `NO_ANSWER` |
 * | `UNSENDABLE` | 0 | the request cannot be written: an id `..`, a header with a line break |
 * | `UNKNOWN` | the answer's | the answer is no problem document |
 */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status; 0 where nothing answered. */
  readonly status: number;
  /** The stable code to act on. */
  readonly code: string;
  /** What the code is about, in fields that belong to the code. */
  readonly details: Record<string, unknown>;
  /** Every value that breaks the contract. */
  readonly errors: readonly Violation[];
  readonly commandId: string | undefined;
  readonly correlationId: string | undefined;
  /** Seconds after which to ask again, where the answer says so. */
  readonly retryAfter: number | undefined;
  /** The key that names the command; with it the call can be made again safely. */
  idempotencyKey: string | undefined;

  constructor(status: number, said: Partial<Document>, retryAfter?: number, options?: ErrorOptions) {
    super(said.detail ?? said.code ?? `status ${status}`, options);
    this.status = status;
    // Something between may have codes of its own.
    this.code = typeof said.code === "string" ? said.code : "UNKNOWN";
    this.details = said.details ?? {};
    this.errors = said.errors ?? [];
    this.commandId = said.commandId;
    this.correlationId = said.correlationId;
    this.retryAfter = retryAfter;
  }
}

/** What is read of a problem document. */
interface Document {
  code: string;
  detail: string;
  details: Record<string, unknown>;
  errors: Violation[];
  commandId: string;
  correlationId: string;
}

/** A request as an operation makes it. */
export interface Ask {
  method: string;
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string | undefined>;
  body?: { mediaType: string; value: unknown };
}

/** An answer, read whole. */
interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

interface Pending {
  commandId: string;
  status: string;
}

/** The most cursors that one request may carry. */
const MOST_CURSORS = 16;
/** The most cursors that are kept; who writes this much and reads nothing sees all but the oldest at once. */
const KEPT_CURSORS = 256;
/** The first and the longest pause before a request is sent again, in milliseconds. */
const PAUSES: readonly [number, number] = [100, 5_000];

/** Sends requests; `Client` has a method for each operation. */
export class Transport {
  private readonly send: typeof fetch;
  /** What was written and read; opaque. */
  private cursors: string[] = [];

  constructor(readonly settings: Settings = {}) {
    this.send = settings.fetch ?? ((input, init) => fetch(input, init));
  }

  /** What this client has written and read, to be given to another one's `consistentWith`. */
  seen(): readonly string[] {
    return this.cursors;
  }

  /** Remembers what somebody else has seen: reads wait for it from now on. */
  see(...cursors: readonly string[]): void {
    const known = new Set(this.cursors);
    this.cursors = [...this.cursors, ...cursors.filter((cursor) => !known.has(cursor))].slice(-KEPT_CURSORS);
  }

  /** Sends a command until it is decided; a refusal is a {@link Problem}. */
  async command<T, A>(ask: Ask, options: ConditionalOptions = {}): Promise<T | A> {
    const idempotencyKey = options.idempotencyKey ?? unique();
    const wait = options.wait ?? this.settings.wait ?? 10;
    const headers = {
      ...ask.headers,
      "Idempotency-Key": idempotencyKey,
      "If-Match": options.ifMatch === undefined ? undefined : `"${options.ifMatch}"`,
      Prefer: wait === 0 ? undefined : `wait=${wait}`,
    };
    const limit = this.limit(options);
    const fate = new Fate();
    try {
      for (let again = 0; ; again++) {
        const answer = await this.answered({ ...ask, headers }, options, limit, (problem) => fate.doubt(problem));
        const outcome = json<Pending & { cursor?: string }>(answer);
        if (answer.status !== 202 || wait === 0) {
          if (outcome.cursor !== undefined) this.see(outcome.cursor);
          return outcome as unknown as T | A;
        }
        fate.taken = outcome.commandId;
        if (!(await limit.pause(delay(again)))) throw undecided(fate.taken);
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const problem = fate.end(error);
      problem.idempotencyKey = idempotencyKey;
      throw problem;
    } finally {
      limit.end();
    }
  }

  /** Reads a view that has seen what the options ask for. */
  async read<T>(ask: Ask, options: ReadOptions = {}): Promise<T> {
    const asked = [...(options.consistentWith ?? this.cursors)];
    let rest = asked;
    const limit = this.limit(options);
    try {
      for (;;) {
        const headers = { ...ask.headers, "Consistent-With": rest.slice(0, MOST_CURSORS).join(", ") || undefined };
        const answer = await this.answered({ ...ask, headers }, options, limit);
        const cursor = answer.headers.get("charter-cursor");
        rest = rest.slice(MOST_CURSORS);
        if (rest.length > 0 && cursor !== null) {
          // What a read has seen is in its own cursor, so that many become one.
          rest.unshift(cursor);
          continue;
        }
        if (cursor !== null) {
          const merged = new Set(asked);
          this.cursors = this.cursors.filter((known) => !merged.has(known));
          this.see(cursor);
        }
        return json<T>(answer);
      }
    } finally {
      limit.end();
    }
  }

  /** Asks for something that no view tells. */
  async plain<T>(ask: Ask, options: CallOptions = {}): Promise<T> {
    const limit = this.limit(options);
    try {
      return json<T>(await this.answered(ask, options, limit));
    } finally {
      limit.end();
    }
  }

  /** The headers that say who asks. */
  protected async authorization(): Promise<Record<string, string>> {
    const { apiKey, token } = await credentialsOf(this.settings);
    return {
      ...(apiKey === undefined ? {} : { "X-API-Key": apiKey }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
  }

  /** Opens a response whose body is read as it comes. */
  protected async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const who = await this.authorization();
    return await this.send(this.url({ method: "GET", path }), { headers: headersOf({ ...who, ...headers }), signal, cache: "no-store" });
  }

  private limit(options: CallOptions): Limit {
    return limitOf(this.settings, options);
  }

  /** The first answer that is no failure of the moment; throws what isn't in the 200s. `failed` is told of every try that was not. */
  private async answered(ask: Ask, options: CallOptions, limit: Limit, failed?: (problem: Problem) => void): Promise<Answer> {
    let isKnown = false;
    for (let again = 0; ; again++) {
      let problem: Problem;
      try {
        const response = await this.once(ask, options, limit);
        // An answer that breaks off is none.
        const answer = { status: response.status, headers: response.headers, text: await response.text() };
        if (response.ok) return answer;
        problem = problemIn(answer);
      } catch (cause) {
        options.signal?.throwIfAborted();
        problem = cause instanceof Problem ? cause : unanswered(`${ask.method} ${ask.path} was not answered`, cause);
      }
      failed?.(problem);
      if (problem.status === 401 && !isKnown && (await this.settings.unauthenticated?.(problem)) === true) {
        isKnown = true;
        continue;
      }
      const mayHelp = isMomentary(problem);
      const pause = problem.retryAfter === undefined ? delay(again) : problem.retryAfter * 1000;
      if (!mayHelp || !(await limit.pause(pause))) throw problem;
    }
  }

  private async once(ask: Ask, options: CallOptions, limit: Limit): Promise<Response> {
    const who = await this.authorization();
    const headers = headersOf({ Accept: "application/json", ...who, "X-Correlation-Id": options.correlationId, ...ask.headers, "Content-Type": ask.body?.mediaType });
    const body = ask.body === undefined ? null : JSON.stringify(ask.body.value);
    return await this.send(this.url(ask), { method: ask.method, headers, body, signal: limit.signal });
  }

  private url({ path, query = {} }: Ask): string {
    // A URL goes up by them, and another resource would be asked for.
    const lost = path.split(/[/?]/).find((part) => part === "." || part === "..");
    if (lost !== undefined) throw unsendable(`expected a part of a path, found \`${lost}\`, which no URL can carry`);
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
    return `${(this.settings.baseUrl ?? "").replace(/\/+$/, "")}${path}${search}`;
  }
}

/** Who asks now. */
export async function credentialsOf({ credentials }: Settings): Promise<Credentials> {
  return (typeof credentials === "function" ? await credentials() : credentials) ?? {};
}

/** The time that a call has by its own options, or by the client's settings. */
export function limitOf(settings: Settings, options: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined }): Limit {
  return new Limit(options.timeoutMs ?? settings.timeoutMs ?? 60_000, options.signal);
}

/** The time that a call has. */
export class Limit {
  private readonly controller = new AbortController();
  private readonly until: number;
  private readonly timer: ReturnType<typeof setTimeout>;
  private readonly stop = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    ms: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    outer?.throwIfAborted();
    this.until = Date.now() + ms;
    this.timer = setTimeout(() => this.controller.abort(new Error(`no answer within ${ms} ms`)), ms);
    outer?.addEventListener("abort", this.stop);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Waits; false, at once, where the time would be over. */
  async pause(ms: number): Promise<boolean> {
    if (Date.now() + ms >= this.until) return false;
    await sleep(ms, this.signal);
    this.outer?.throwIfAborted();
    return !this.signal.aborted;
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener("abort", this.stop);
  }
}

/** Waits so long, or until the signal says otherwise. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}

/** How long to wait before the next try, in milliseconds: longer each time, and not all clients at once. */
export function delay(again: number): number {
  return Math.min(PAUSES[0] * 2 ** again, PAUSES[1]) * (0.5 + Math.random() / 2);
}

/** Some text that nobody else has. */
export function unique(): string {
  const bytes = new Uint8Array(16);
  // Nobody has to be kept from guessing it. `randomUUID` is missing in pages that came without TLS, and Node 18 has no `crypto`.
  if (globalThis.crypto === undefined) bytes.forEach((_, index) => (bytes[index] = Math.floor(Math.random() * 256)));
  else crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether it may help to ask again. */
export function isMomentary({ status, code }: Problem): boolean {
  return status === 0 ? code === "NO_ANSWER" : [429, 502, 503, 504].includes(status);
}

/** What is known of a command between its tries. */
export class Fate {
  /** The command, once it is known to be taken. */
  taken: string | undefined;
  /** Whether a try may have been taken: nothing said so, and nothing said that it was not. */
  private isUnknown = false;

  /** A try was answered with this. */
  doubt(problem: Problem): void {
    this.isUnknown ||= leavesDoubt(problem);
  }

  /**
   * What the last answer says of the command. One about asking again, such as a limit or a token that is over, says nothing of a try
   * before: who took it for a refusal and sent the command under another key would have it done twice.
   */
  end(last: Problem): Problem {
    if (isDecision(last) || last.code === "NOT_DECIDED" || last.code === "UNREADABLE") return last;
    if (this.taken !== undefined) return undecided(this.taken, last);
    // The one is about the request itself, and every try would be answered with it; the other says the same.
    if (!this.isUnknown || last.code === "VALIDATION_FAILED" || last.code === "NO_ANSWER") return last;
    const detail = `whether the command was taken is not known; call again with the same key${after(last)}`;
    return new Problem(0, { code: "NO_ANSWER", detail }, last.retryAfter, { cause: last });
  }
}

/** Whether a problem decides a command. A decision names it; so does a gateway that fails on it. */
function isDecision(problem: Problem): boolean {
  const isFailure = problem.status >= 500 && problem.code !== "COMMAND_FAILED";
  return problem.commandId !== undefined && !isMomentary(problem) && !isFailure;
}

/** Whether a command that was answered so may be taken all the same. */
function leavesDoubt(problem: Problem): boolean {
  if (problem.status === 0) return problem.code === "NO_ANSWER";
  // A gateway that refuses says why; something between does not.
  if (problem.status === 503) return problem.code === "APPEND_UNKNOWN" || problem.code === "UNKNOWN";
  return problem.status >= 500 && !isDecision(problem);
}

/** The command is taken, and its outcome not known; `last` is what was answered last. */
function undecided(commandId: string, last?: Problem): Problem {
  const detail = `the command \`${commandId}\` is taken and was not decided in time; call again with the same key${after(last)}`;
  return new Problem(202, { code: "NOT_DECIDED", detail, commandId }, last?.retryAfter, { cause: last });
}

function after(last: Problem | undefined): string {
  return last === undefined ? "" : `; the last answer was ${last.code} (${last.status}): ${last.message}`;
}

/** Nothing answered, and why. */
export function unanswered(what: string, cause?: unknown): Problem {
  const detail = cause === undefined ? what : `${what}: ${String(cause)}`;
  return new Problem(0, { code: "NO_ANSWER", detail }, undefined, { cause });
}

function unsendable(detail: string, cause?: unknown): Problem {
  return new Problem(0, { code: "UNSENDABLE", detail }, undefined, { cause });
}

/** Headers of those that have a value. */
function headersOf(given: Record<string, string | undefined>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      if (value !== undefined) headers.set(name, value);
    } catch (cause) {
      throw unsendable(`expected a header \`${name}\` of visible characters`, cause);
    }
  }
  return headers;
}

function json<T>({ status, text }: Answer): T {
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch (cause) {
    throw new Problem(status, { code: "UNREADABLE", detail: `expected JSON: ${String(cause)}` }, undefined, { cause });
  }
}

/** The problem that a response is. */
export async function problemOf(response: Response): Promise<Problem> {
  return problemIn({ status: response.status, headers: response.headers, text: await response.text() });
}

function problemIn({ status, headers, text }: Answer): Problem {
  const after = headers.get("retry-after");
  const seconds = after === null ? Number.NaN : Number(after);
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  try {
    return new Problem(status, JSON.parse(text) as Document, retryAfter);
  } catch {
    return new Problem(status, {}, retryAfter);
  }
}
