/** What the seat map asks of the API, by the client that is generated from the contract. */

import { ask, credentials, secret } from "charter-portal/access";
import { Operations } from "charter-gateway-client/contexts/seat";
import type { Section, Show } from "charter-gateway-client/schemas";
import { Streams } from "charter-gateway-client/stream";

/** The longest that anything is asked for, in milliseconds. */
const PATIENCE = 30_000;
/** The most seats of a page. */
export const PAGE = 1000;
/** The most shows that are listed. */
const SHOWS = 500;

const NAME = "charter.seat-map.name";

let clock = 0;

/** How far the host's clock is ahead of this one, in milliseconds; whole seconds are all that is known. */
export function ahead(): number {
  return Math.abs(clock) > 2_000 ? clock : 0;
}

const streams = new Streams({
  credentials: secret,
  unauthenticated: ({ message }) => ask(message),
  timeoutMs: PATIENCE,
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    const at = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(at)) clock = at - Date.now();
    return response;
  },
});

/** What can be asked of the context `seat`. */
export const seat = new Operations(streams);

/** What this page has seen. */
export function seen(): string | undefined {
  return streams.seen().at(-1);
}

/** Some text that nobody else has. */
function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** In whose name this tab holds seats. */
export function holder(): string {
  const known = credentials()?.name ?? sessionStorage.getItem(NAME);
  if (known !== null && known !== undefined && known !== "") return known;
  const made = `guest-${unique()}`;
  sessionStorage.setItem(NAME, made);
  return made;
}

export async function shows(): Promise<Show[]> {
  const found: Show[] = [];
  for await (const show of seat.eachOfShows({ limit: 100 })) {
    found.push(show);
    if (found.length === SHOWS) break;
  }
  return found;
}

/** Holds seats, all or none, and gives the hold's id. */
export async function hold(showId: string, seatIds: string[]): Promise<string> {
  return (await seat.holdSeats({ showId }, { seatIds, holderId: holder() })).commandId;
}

export async function confirm(showId: string, seatIds: string[]): Promise<void> {
  await seat.confirmSeats({ showId }, { seatIds, holderId: holder() });
}

export async function release(showId: string, seatIds: string[]): Promise<void> {
  await seat.releaseSeats({ showId }, { seatIds, holderId: holder() });
}

/** Opens a show of about so many seats, in sections that look like a stadium's. */
export async function openShow(title: string, count: number, holdSeconds: number): Promise<string> {
  const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const showId = `${slug || "show"}-${unique().slice(0, 4)}`.slice(-64);
  await seat.openShow({ showId, title, holdSeconds, maxSeatsPerHold: 8, sections: stands(count) });
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
