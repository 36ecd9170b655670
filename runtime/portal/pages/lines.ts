/** Events as lines, whichever stream they come from, and which of them a filter wants. */

import type { Message } from "charter-client/stream";

/** An event as it is shown. */
export interface Line {
  /** Tells it from others; empty where nothing is to be told apart. */
  id: string;
  /** When, RFC 3339. */
  time: string;
  context: string;
  type: string;
  key: string;
  /** What it says. */
  text: string;
}

/** What operators get of an event. */
interface Seen {
  context: string;
  partition: number;
  offset: number;
  time: string;
  type: string;
  key: string;
  message: { value?: { payload: unknown }; problem?: string };
}

/** What members of a room get of one. */
interface Fact {
  id: string;
  time: string;
  key: string;
  sequence: number;
  payload: unknown;
}

/** A message's line; `null` where it is no event. */
export function lineOf({ name, body }: Message): Line | null {
  if (name === "skipped") {
    const { count } = body as { count: number };
    return { id: "", time: new Date().toISOString(), context: "", type: "…", key: "", text: `${count} events came faster than they are shown` };
  }
  if (name === "event") {
    const { context, partition, offset, time, type, key, message } = body as Seen;
    const text = message.value === undefined ? `can't be read: ${message.problem ?? ""}` : JSON.stringify(message.value.payload);
    return { id: `${context}/${partition}/${offset}`, time, context, type, key, text };
  }
  const { id, time, key, sequence, payload } = body as Partial<Fact>;
  // Rows, and the end, are none.
  if (id === undefined || time === undefined || sequence === undefined) return null;
  return { id, time, context: name.split(".")[0] ?? "", type: name, key: key ?? "", text: `${sequence} ${JSON.stringify(payload)}` };
}

/** Whether each part of a line has every word that is asked for of it; a context is asked for as a whole. */
export function isWanted(line: Line, asked: Record<string, string>): boolean {
  if (asked["context"] !== undefined && asked["context"] !== "" && line.context !== asked["context"]) return false;
  return (["type", "key", "text"] as const).every((name) => {
    const words = (asked[name] ?? "").toLowerCase().split(/\s+/).filter((word) => word !== "");
    return words.every((word) => line[name].toLowerCase().includes(word));
  });
}
