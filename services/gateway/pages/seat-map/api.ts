/** What the seat map asks of the API. */

import { credentials } from "charter-portal/access";
import { type Answer, call, Problem } from "charter-portal/http";
import type { SeatRow } from "./hall";
import type { Section } from "./layout";

export interface Show {
  showId: string;
  title: string;
  sections: Section[];
  seats: number;
  holdSeconds: number;
  maxSeatsPerHold: number;
}

interface Page<T> {
  items: T[];
  nextPageToken: string | null;
  cursor: string;
}

/** What became of a command. */
interface Outcome {
  commandId: string;
  status: "PENDING" | "APPLIED" | "REJECTED" | "FAILED";
  cursor?: string;
}

/** How long a command waits for its outcome before it is asked for again, in seconds. */
const WAIT = 10;
/** How often something is asked for before it is given up. */
const TRIES = 5;
/** The most seats of a page. */
const PAGE = 1000;

const NAME = "charter.seat-map.name";

/** What this tab's last command changed: reads wait until they have seen it. */
let written: string | null = null;

/** Reads once the view has seen this tab's commands; a large show takes a while to be laid out. */
async function read<T>(path: string): Promise<Answer<T>> {
  const headers: Record<string, string> = written === null ? {} : { "Consistent-With": written, Prefer: `wait=${WAIT}` };
  return patiently(() => call<T>("GET", path, { headers }));
}

/** Asks again where there was no answer, or none in time. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await ask();
    } catch (problem) {
      const mayHelp = problem instanceof Problem && [0, 202, 503].includes(problem.status);
      if (!mayHelp || tried >= TRIES) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 1000 * (problem.retryAfter ?? tried)));
    }
  }
}

/** Some text that nobody else has. */
export function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** In whose name this tab holds seats. */
export function holder(): string {
  const known = credentials()?.name ?? sessionStorage.getItem(NAME);
  if (known !== null && known !== undefined && known !== "") return known;
  const made = `guest-${unique().slice(0, 8)}`;
  sessionStorage.setItem(NAME, made);
  return made;
}

export async function shows(): Promise<Show[]> {
  const found: Show[] = [];
  let token: string | null = null;
  do {
    const after: string = token === null ? "" : `&pageToken=${encodeURIComponent(token)}`;
    const { body }: Answer<Page<Show>> = await read(`/v1/shows?limit=100${after}`);
    found.push(...body.items);
    token = body.nextPageToken;
  } while (token !== null && found.length < 500);
  return found;
}

export function show(showId: string): Promise<Answer<Show>> {
  return read(`/v1/shows/${encodeURIComponent(showId)}`);
}

/** The seats of a show that stand so, page by page. */
export async function seats(showId: string, status: "HELD" | "RESERVED", each: (row: SeatRow) => void): Promise<void> {
  let token: string | null = null;
  do {
    const after: string = token === null ? "" : `&pageToken=${encodeURIComponent(token)}`;
    const path = `/v1/shows/${encodeURIComponent(showId)}/seats?status=${status}&limit=${PAGE}${after}`;
    const { body }: Answer<Page<SeatRow>> = await read(path);
    body.items.forEach(each);
    token = body.nextPageToken;
  } while (token !== null);
}

export interface Stats {
  available: number;
  held: number;
  reserved: number;
}

export function stats(showId: string): Promise<Answer<Stats>> {
  return read(`/v1/shows/${encodeURIComponent(showId)}/stats`);
}

/** Sends a command until its outcome is known. Sent again after a loss, it still is the same command, by its key. */
async function command(path: string, body: unknown): Promise<Outcome> {
  const headers = { "Idempotency-Key": unique(), Prefer: `wait=${WAIT}` };
  const outcome = await patiently(async () => {
    const { body: outcome } = await call<Outcome>("POST", path, { body, headers });
    if (outcome.status !== "APPLIED") throw new Problem(202, "UNAVAILABLE", "it is not decided yet");
    return outcome;
  });
  written = outcome.cursor ?? written;
  return outcome;
}

/** Holds seats, all or none, and gives the hold's id. */
export async function hold(showId: string, seatIds: string[]): Promise<string> {
  const path = `/v1/shows/${encodeURIComponent(showId)}/holds`;
  return (await command(path, { seatIds, holderId: holder() })).commandId;
}

export async function confirm(showId: string, seatIds: string[]): Promise<void> {
  await command(`/v1/shows/${encodeURIComponent(showId)}/confirmations`, { seatIds, holderId: holder() });
}

export async function release(showId: string, seatIds: string[]): Promise<void> {
  await command(`/v1/shows/${encodeURIComponent(showId)}/releases`, { seatIds, holderId: holder() });
}

/** Opens a show of about so many seats, in sections that look like a stadium's. */
export async function openShow(title: string, count: number, holdSeconds: number): Promise<string> {
  const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const showId = `${slug || "show"}-${unique().slice(0, 4)}`.slice(-64);
  await command("/v1/shows", { showId, title, holdSeconds, maxSeatsPerHold: 8, sections: stands(count) });
  return showId;
}

/** Sections of at most 1,000 seats; together exactly `count`, where it is a multiple of 100. */
export function stands(count: number): Section[] {
  const [rows, seatsPerRow] = count <= 1_000 ? [10, 10] : count <= 10_000 ? [10, 20] : count <= 50_000 ? [20, 25] : [25, 40];
  const whole = Math.max(1, Math.round(count / (rows * seatsPerRow)));
  return Array.from({ length: whole }, (_, index) => ({ sectionId: sectionName(index), rows, seatsPerRow }));
}

/** A to Z, then AA. */
function sectionName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${sectionName(Math.floor(index / 26) - 1)}${letter}`;
}
