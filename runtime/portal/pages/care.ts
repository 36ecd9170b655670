/** What operators look after: aggregates that were set aside, dead letters, builds of views. It shows, and changes nothing. */

import { ask, authorization } from "./access";
import { part, whole } from "./parts";

/** The most entries of a list. */
const MOST = 50;

/** A message as far as it can be read. */
interface Decoded {
  value?: { payload: unknown };
  problem?: string;
}

interface Parked {
  context: string;
  /** None where the views have set it aside. */
  reactor?: string;
  tenantId: string;
  key: string;
  position: number;
  waiting: number;
  reason: string;
  since: string;
}

interface Waiting {
  type: string;
  sequence: number;
  time: string;
  envelope: Decoded;
}

interface Letter {
  id: string;
  context: string;
  failedAt: string;
  code: string;
  reason: string;
  type: string | null;
}

interface Build {
  context: string;
  number: number;
  state: string;
  lag: number;
  rows: number;
  parked: number;
  projectionVersion: number;
  begun?: string;
}

/** A list as it is shown. */
interface Found<T> {
  items: T[];
  hasMore?: boolean;
}

/** A message in a line. */
interface Shown {
  time: string;
  type: string;
  place: string;
  text: string;
}

function when(time: string | undefined): string {
  return time === undefined ? "–" : new Date(time).toLocaleString("en-GB");
}

function textOf({ value, problem }: Decoded): string {
  return value === undefined ? `can't be read: ${problem ?? ""}` : JSON.stringify(value.payload);
}

/** Asks as who one is, and asks a person who that is where it has to be known. */
async function found<T>(path: string): Promise<T> {
  for (;;) {
    const response = await fetch(path, { headers: authorization() });
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    const said = problem.detail ?? `status ${response.status}`;
    if (response.status !== 401 || !(await ask(said))) throw new Error(said);
  }
}

function say(kind: string, text: string): void {
  const standing = part("care-standing");
  standing.className = `standing ${kind}`;
  standing.textContent = text;
}

/** Does what asks the host; what goes wrong is said. */
function trying(act: () => Promise<void>): void {
  void act().catch((problem: unknown) => say("waiting", problem instanceof Error ? problem.message : String(problem)));
}

/** Asks for a list, as long as it is shown; one entry more tells whether there are more. */
async function first<T>(path: string): Promise<Found<T>> {
  const { items } = await found<{ items: T[] }>(`${path}?limit=${MOST + 1}`);
  return { items: items.slice(0, MOST), hasMore: items.length > MOST };
}

/** Fills a table; a row that can be looked into has a button. */
function fill<T>(id: string, { items, hasMore }: Found<T>, none: string, texts: (entry: T) => string[], into?: (entry: T) => Promise<void>): void {
  const rows = items.map((entry) => {
    const row = document.createElement("tr");
    for (const text of texts(entry)) row.insertCell().textContent = text;
    if (into !== undefined) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet small";
      button.textContent = "Show";
      button.addEventListener("click", () => trying(() => into(entry)));
      row.insertCell().append(button);
    }
    return row;
  });
  if (rows.length === 0) rows.push(remark(none));
  if (hasMore) rows.push(remark(`These are the first ${MOST}; \`charterctl\` lists more.`));
  part(id).replaceChildren(...rows);
}

/** A row that says something about the list. */
function remark(text: string): HTMLTableRowElement {
  const row = document.createElement("tr");
  const cell = row.insertCell();
  cell.colSpan = 9;
  cell.textContent = text;
  return row;
}

function show(title: string, messages: Shown[]): void {
  part("care-detail").hidden = false;
  part("care-name").textContent = title;
  const items = messages.map(({ time, type, place, text }) => {
    const item = document.createElement("li");
    const texts = { time: when(time), b: type, span: place, code: text };
    for (const [name, text] of Object.entries(texts)) item.appendChild(document.createElement(name)).textContent = text;
    return item;
  });
  part("care-lines").replaceChildren(...items);
}

async function parked(entry: Parked): Promise<void> {
  const query = new URLSearchParams({ tenant: entry.tenantId, key: entry.key });
  if (entry.reactor !== undefined) query.set("reactor", entry.reactor);
  const { waiting, events } = await found<{ waiting: number; events: Waiting[] }>(`/operations/parked/${encodeURIComponent(entry.context)}?${query}`);
  const shown = events.map(({ time, type, sequence, envelope }) => ({ time, type, place: `${sequence}`, text: textOf(envelope) }));
  show(`${entry.tenantId}/${entry.key}: the first ${events.length} of ${whole.format(waiting)} events that wait`, shown);
}

async function letter({ id }: Letter): Promise<void> {
  const { failedAt: time, type, reason, message } = await found<Letter & { message: Decoded }>(`/operations/dead-letters/${encodeURIComponent(id)}`);
  show(`Dead letter ${id}: ${reason}`, [{ time, type: type ?? "–", place: "", text: textOf(message) }]);
}

async function look(): Promise<void> {
  say("", "Looking …");
  // One after the other: who is not known is asked once.
  const aside = await first<Parked>("/operations/parked");
  const letters = await first<Letter>("/operations/dead-letters");
  const builds = await found<Found<Build>>("/operations/projections");
  fill(
    "care-parked",
    aside,
    "nothing is set aside",
    ({ context, reactor, tenantId, key, waiting, since, reason }) => [context, reactor ?? "views", `${tenantId}/${key}`, whole.format(waiting), when(since), reason],
    parked,
  );
  fill("care-letters", letters, "there are none", ({ context, failedAt, type, code, reason }) => [context, when(failedAt), type ?? "–", code, reason], letter);
  fill("care-builds", builds, "no context has views", ({ context, number, state, lag, rows, parked, projectionVersion, begun }) => [
    `${context}`,
    `${number}`,
    state,
    ...[lag, rows, parked, projectionVersion].map((count) => whole.format(count)),
    when(begun),
  ]);
  part("care-detail").hidden = true;
  part("care-tables").hidden = false;
  say("live", `As of ${new Date().toLocaleTimeString("en-GB")}`);
}

/** Looks when one asks for it: what it shows is counted for it. */
export function care(): void {
  part("care").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(look);
  });
}
