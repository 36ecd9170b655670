/** What people are told, in words. */

import { Problem } from "charter-gateway-client/transport";
import { Kind } from "./hall";
import type { Layout } from "./layout";

const KINDS: Record<Kind, string> = {
  [Kind.AVAILABLE]: "available",
  [Kind.HELD]: "held by somebody else",
  [Kind.RESERVED]: "reserved",
  [Kind.CHOSEN]: "available, chosen by you",
  [Kind.MY_HELD]: "held by you",
  [Kind.MY_RESERVED]: "reserved by you",
};

export function kindInWords(kind: Kind): string {
  return KINDS[kind];
}

/** A seat as people say it. */
export function seatInWords(layout: Layout, seat: number): string {
  const { section, row, number } = layout.placeOf(seat);
  return `${layout.sections[section]?.sectionId ?? ""} row ${row} seat ${number}`;
}

/** Seats as people say them, those of a row together. */
export function seatsInWords(layout: Layout, seats: Iterable<number>): string {
  const rows = new Map<string, number[]>();
  for (const seat of seats) {
    const { section, row, number } = layout.placeOf(seat);
    const name = `${layout.sections[section]?.sectionId ?? ""} row ${row}`;
    rows.set(name, [...(rows.get(name) ?? []), number]);
  }
  const parts = [...rows].map(([name, numbers]) => {
    const sorted = numbers.sort((one, other) => one - other);
    return `${name} ${sorted.length === 1 ? "seat" : "seats"} ${sorted.join(", ")}`;
  });
  return listed(parts.slice(0, 4).concat(parts.length > 4 ? [`${parts.length - 4} more rows`] : []));
}

export function listed(parts: string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join("; ")} and ${parts[parts.length - 1] ?? ""}`;
}

/** Why something was refused, and what to do. */
export function refusalInWords(problem: unknown, layout: Layout | null): string {
  if (!(problem instanceof Problem)) return `Something went wrong here: ${String(problem)}`;
  const named = problem.details["seatIds"];
  const ids = Array.isArray(named) ? named.filter((id): id is string => typeof id === "string") : [];
  const seats = layout === null ? [] : ids.map((id) => layout.indexOf(id)).filter((seat) => seat >= 0);
  const which = layout !== null && seats.length > 0 ? seatsInWords(layout, seats) : "a seat of your choice";
  const wait = problem.retryAfter === undefined ? "a moment" : `${problem.retryAfter} s`;
  switch (problem.code) {
    case "SEAT_TAKEN":
      return `Somebody was faster: ${which} is taken. None of your choice was held; choose others.`;
    case "TOO_MANY_SEATS":
      return `One hold may have ${String(problem.details["maximum"] ?? "fewer")} seats at most here. Choose fewer.`;
    case "HOLD_EXPIRED":
      return `Your hold on ${which} has run out. Hold it again if it is still free.`;
    case "NOT_HOLDER":
      return `Somebody else has ${which} now.`;
    case "SHOW_UNKNOWN":
    case "NOT_FOUND":
      return "There is no such show any more.";
    case "SEAT_UNKNOWN":
      return `The show has no ${which}.`;
    case "SHOW_EXISTS":
      return "A show with this name is open already. Choose another name.";
    case "UNAUTHENTICATED":
      return "You are not signed in, so nothing was done.";
    case "FORBIDDEN":
      return `You may not do this: ${problem.message}`;
    case "RATE_LIMITED":
      return `That were too many requests. Try again in ${wait}.`;
    case "NOT_DECIDED":
    case "UNAVAILABLE":
    case "VIEW_BEHIND":
      return `The server has much to do. Try again in ${wait}.`;
    case "NO_ANSWER":
      return "The server does not answer. Look at your connection; nothing is lost, and you can send it again.";
    default:
      return `${problem.message} (${problem.code})`;
  }
}

/** Time left, as `4:05`. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
