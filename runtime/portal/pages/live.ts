/** The live view: how the parts are, rates, lag, outcomes and dead letters from the metrics, and the events as they happen. */

import type { Message, Standing } from "charter-client/stream";
import type { Problem } from "charter-client/transport";
import { Look, parse } from "./metrics";
import { care } from "./care";
import { type Line, isWanted, lineOf } from "./lines";
import { part, whole } from "./parts";
import { rooms, unasked } from "./rooms";

/** How often the metrics are looked at, in milliseconds, and how many looks a line shows. */
const PERIOD = 2_000;
const LOOKS = 60;
/** How many looks make the minute that quantiles are of. */
const MINUTE = 30;
/** The most events that are kept to be filtered, and that are shown. */
const EVENTS = 500;
const SHOWN = 200;

const figures = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function cells(texts: string[], className = ""): HTMLTableRowElement {
  const row = document.createElement("tr");
  row.className = className;
  for (const text of texts) row.insertCell().textContent = text;
  return row;
}

// Metrics

const looks: Look[] = [];
const histories: Record<string, number[]> = {};
let isPaused = false;

function seconds(value: number | null): string {
  if (value === null) return "–";
  if (!Number.isFinite(value)) return "> 30 s";
  return value < 1 ? `≤ ${figures.format(value * 1000)} ms` : `≤ ${figures.format(value)} s`;
}

function showRate(id: string, rate: number): void {
  part(id).textContent = figures.format(rate);
  const history = (histories[id] ??= []);
  history.push(rate);
  if (history.length > LOOKS) history.shift();
  const most = Math.max(...history, 1);
  const points = history.map((value, index) => {
    const x = 120 - (history.length - 1 - index) * (120 / (LOOKS - 1));
    return `${x.toFixed(1)},${(30 - (value / most) * 28).toFixed(1)}`;
  });
  part<SVGElement>(`${id}-line`).firstElementChild?.setAttribute("points", points.join(" "));
}

function showContexts(now: Look): void {
  const contexts = now.values("charter_events_published_total", "context");
  const rows = contexts.map((context) => {
    const sums = ["charter_commands_undecided", "charter_events_unprojected", "charter_dead_letters", "charter_parked_aggregates"];
    const values = sums.map((name) => now.sum(name, { context }));
    const isBad = (values[2] ?? 0) > 0 || (values[3] ?? 0) > 0;
    return cells([context, ...values.map((value) => whole.format(value))], isBad ? "bad" : "");
  });
  part("contexts").replaceChildren(...rows);
}

function showOutcomes(now: Look, before: Look): void {
  const name = "charter_commands_total";
  const rows = now.of(name).filter(({ value }) => value > 0);
  rows.sort((one, other) => other.value - one.value);
  const shown = rows.slice(0, 20).map(({ labels, value }) => {
    const { context = "", outcome = "", code = "" } = labels;
    const rate = now.rate(name, before, labels);
    return cells([context, outcome, code, whole.format(value), figures.format(rate)], outcome.toLowerCase());
  });
  part("outcomes").replaceChildren(...(shown.length === 0 ? [cells(["none yet", "", "", "", ""])] : shown));
}

async function look(): Promise<void> {
  if (isPaused) return;
  const response = await fetch("/metrics");
  const now = new Look(parse(await response.text()), performance.now());
  const before = looks[looks.length - 1];
  looks.push(now);
  if (looks.length > MINUTE + 1) looks.shift();
  showContexts(now);
  if (before !== undefined) {
    showRate("commands", now.rate("charter_commands_total", before));
    showRate("events", now.rate("charter_events_published_total", before));
    showRate("requests", now.rate("charter_http_requests_total", before));
    showOutcomes(now, before);
  }
  const first = looks[0];
  if (first !== undefined) {
    part("decided").textContent = seconds(now.quantile(0.99, "charter_accepted_to_decided_seconds", first));
    part("visible").textContent = seconds(now.quantile(0.99, "charter_accepted_to_visible_seconds", first));
  }
}

interface Readiness {
  parts: { name: string; ready: boolean; reason?: string }[];
}

async function lookAtParts(): Promise<void> {
  if (isPaused) return;
  const { parts } = (await (await fetch("/health/ready")).json()) as Readiness;
  const shown = parts.map(({ name, ready, reason }) => {
    const element = document.createElement("span");
    element.className = ready ? "good" : "bad";
    element.textContent = ready ? name : `${name}: ${reason ?? "not ready"}`;
    return element;
  });
  part("parts").replaceChildren(...shown);
}

/** Does something again and again, one at a time. */
function again(act: () => Promise<void>): void {
  const lost = (): void => {
    const gone = document.createElement("span");
    gone.className = "bad";
    gone.textContent = "no answer";
    part("parts").replaceChildren(gone);
  };
  void act()
    .catch(lost)
    .finally(() => setTimeout(() => again(act), PERIOD));
}

const pause = part<HTMLButtonElement>("pause");
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Go on" : "Pause";
  pause.setAttribute("aria-pressed", String(isPaused));
  showLines();
});
again(look);
again(lookAtParts);
care();

// Events

let following = new AbortController();
let lines: Line[] = [];
const form = part<HTMLFormElement>("tail");
const room = form.elements.namedItem("room") as HTMLInputElement;
const filter = part<HTMLFormElement>("filter");
const contexts = filter.elements.namedItem("context") as HTMLSelectElement;

function element({ time, type, key, text }: Line): HTMLLIElement {
  const item = document.createElement("li");
  const texts = { time: new Date(time).toLocaleTimeString("en-GB"), b: type, span: key, code: text };
  for (const [name, text] of Object.entries(texts)) item.appendChild(document.createElement(name)).textContent = text;
  return item;
}

/** What the filter asks for; every word of each has to be there. */
function wanted(): Record<string, string> {
  return Object.fromEntries([...new FormData(filter)].map(([name, value]) => [name, String(value)]));
}

let isDue = false;
/** Shows what there is, once for all that comes at a time. While the page pauses nothing moves. */
function showLines(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    const { length } = lines;
    if (isPaused) {
      part("shown").textContent = "Paused";
      return;
    }
    const asked = wanted();
    const found = lines.filter((line) => isWanted(line, asked));
    part("lines").replaceChildren(...found.slice(0, SHOWN).map(element));
    part("shown").textContent = `${found.length} of the last ${length}`;
  });
}

/** Follows a room, or all events; `asks` says whether a person may be asked who they are. */
function follow(name: string, asks: boolean): void {
  following.abort();
  const { signal } = (following = new AbortController());
  lines = [];
  showLines();
  const standing = part("tail-standing");
  const say = (kind: string, text: string): void => {
    standing.className = `standing ${kind}`;
    standing.textContent = text;
  };
  const words = { connecting: "Connecting …", live: `Following ${name === "" ? "all events" : name}`, waiting: "Connection lost" };
  const standingOf = (now: Standing, why?: Problem): void => say(now, why === undefined ? words[now] : `${words[now]}: ${why.message}`);
  const options = { signal, standing: standingOf };
  const messages = name === "" ? (asks ? rooms : unasked).follow("/operations/events", options) : rooms.join(name, options);
  const read = async (): Promise<void> => {
    for await (const message of messages) take(message);
  };
  void read().catch((problem: unknown) => {
    const said = problem instanceof Error ? problem.message : String(problem);
    say("waiting", name === "" ? `All events are for operators: ${said}. Follow asks who you are; a room's name follows that room.` : said);
  });
}

function take(message: Message): void {
  const line = lineOf(message);
  // What came before a connection was lost may come again from another process.
  if (line === null || (line.id !== "" && lines.some(({ id }) => id === line.id))) return;
  lines.unshift(line);
  lines.length = Math.min(lines.length, EVENTS);
  if (line.context !== "" && ![...contexts.options].some(({ value }) => value === line.context)) contexts.add(new Option(line.context));
  showLines();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = room.value.trim();
  if (location.hash === `#${encodeURIComponent(name)}` || (name === "" && location.hash === "")) follow(name, true);
  else location.hash = encodeURIComponent(name);
});
filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", showLines);
function fromAddress(asks: boolean): void {
  const name = decodeURIComponent(location.hash.slice(1));
  room.value = name;
  follow(name, asks);
}
addEventListener("hashchange", () => fromAddress(true));
fromAddress(false);
