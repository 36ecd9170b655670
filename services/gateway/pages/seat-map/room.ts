/** A show as it happens: rows are read, then the stream tells what comes after them. */

import type { ShowMessage } from "charter-gateway-client/contexts/seat";
import type { Standing } from "charter-gateway-client/stream";
import { PAGE, seat } from "./api";
import type { Hall, SeatEvent } from "./hall";

/** Up to so many held and reserved seats are read page by page; beyond, the stream brings all seats. */
const MOST_READ = 5_000;

/** Whoever watches a room is told. */
export interface Watcher {
  standing(standing: Standing): void;
  /** The stream was refused, and is not opened again. */
  refused(problem: unknown): void;
  /** Seats of the hold changed; `reason` where they are available again. */
  happened(type: "held" | "reserved" | "released", event: SeatEvent): void;
  /** All seats were set anew. */
  loaded(): void;
}

export class Room {
  private readonly closing = new AbortController();

  constructor(
    private readonly showId: string,
    private readonly hall: Hall,
    private readonly watcher: Watcher,
  ) {}

  /** Reads the seats as they stand after `cursor` was seen, and follows what happens from there on. */
  async open(cursor: string | undefined): Promise<void> {
    const { showId, watcher } = this;
    const { held, reserved } = await seat.getShowStats({ showId });
    const isRead = cursor !== undefined && held + reserved <= MOST_READ;
    if (isRead) {
      // The cursor is older than what is read: what happened meanwhile comes again, in order, and ends the same.
      for (const status of ["HELD", "RESERVED"] as const) {
        for await (const row of seat.eachOfSeats({ showId, status, limit: PAGE })) this.hall.row(row);
      }
      watcher.loaded();
    }
    void this.follow(isRead ? cursor : undefined).catch((problem: unknown) => watcher.refused(problem));
  }

  close(): void {
    this.closing.abort();
  }

  private async follow(cursor: string | undefined): Promise<void> {
    const standing = (standing: Standing): void => this.watcher.standing(standing);
    const messages = seat.joinShow({ showId: this.showId }, { cursor, signal: this.closing.signal, standing });
    for await (const message of messages) this.take(message);
  }

  private take(message: ShowMessage): void {
    switch (message.name) {
      case "initial-load":
        if (message.body.part === 1) this.hall.clear();
        for (const row of message.body.seats ?? []) this.hall.row(row);
        this.watcher.loaded();
        break;
      case "seat.held":
        return this.happened("held", message.body.payload);
      case "seat.reserved":
        return this.happened("reserved", message.body.payload);
      case "seat.released":
        return this.happened("released", message.body.payload);
      case "seat.showOpened":
      case "stats-updated":
      case "dropped":
        break;
    }
  }

  private happened(type: "held" | "reserved" | "released", event: SeatEvent): void {
    this.hall[type](event);
    this.watcher.happened(type, event);
  }
}
