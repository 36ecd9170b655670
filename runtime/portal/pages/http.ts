/** Requests to this host: who asks is said in each, and a refusal is a problem with a code. */

import { ask, authorization } from "./access";

/** The longest that a request may take, in milliseconds: a command waits 15 s for its outcome at most. */
const PATIENCE = 30_000;

/** A refusal: a problem document (RFC 9457), or no answer at all (`code` NO_ANSWER). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly details: Record<string, unknown> = {},
    /** Seconds after which to ask again, where the answer says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

export interface Answer<T> {
  status: number;
  body: T;
  /** What was seen, to be given back as `Consistent-With`. */
  cursor: string | null;
  /** The host's clock, in milliseconds; whole seconds. */
  at: number;
}

export interface Ask {
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request; asks for credentials where they are missing, and sends it again. */
export async function call<T>(method: string, path: string, { body, headers = {} }: Ask = {}): Promise<Answer<T>> {
  for (let asked = false; ; asked = true) {
    const response = await send(method, path, body, headers);
    if (response.ok) {
      const text = await response.text();
      return {
        status: response.status,
        body: (text === "" ? null : JSON.parse(text)) as T,
        cursor: response.headers.get("charter-cursor"),
        at: Date.parse(response.headers.get("date") ?? "") || Date.now(),
      };
    }
    const problem = await problemOf(response);
    if (problem.status !== 401 || asked || !(await ask(problem.detail))) throw problem;
  }
}

async function send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  const content: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    return await fetch(path, {
      method,
      headers: { Accept: "application/json", ...content, ...authorization(), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Problem(0, "NO_ANSWER", "The server did not answer.");
  }
}

/** The problem that a response is. */
export async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get("retry-after"));
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  try {
    const said = (await response.json()) as { code?: string; detail?: string; details?: Record<string, unknown> };
    return new Problem(response.status, said.code ?? "UNKNOWN", said.detail ?? response.statusText, said.details, retryAfter);
  } catch {
    return new Problem(response.status, "UNKNOWN", response.statusText, {}, retryAfter);
  }
}
