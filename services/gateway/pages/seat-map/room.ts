/** A show as it happens: rows are read, then the stream tells what comes after them. */

import { type Message, type Standing, Stream } from "charter-portal/sse";
import type { Problem } from "charter-portal/http";
import * as api from "./api";
import type { Hall, SeatEvent, SeatRow } from "./hall";

/** Up to so many held and reserved seats are read page by page; beyond, the stream brings all seats. */
const MOST_READ = 5_000;

/** Whoever watches a room is told. */
export interface Watcher {
  standing(standing: Standing): void;
  refused(problem: Problem): void;
  /** Seats of the hold changed; `reason` where they are available again. */
  happened(type: "held" | "reserved" | "released", event: SeatEvent): void;
  /** All seats were set anew. */
  loaded(): void;
}

/** Part of what the stream says when one joins. */
interface InitialLoad {
  seats?: SeatRow[];
  part?: number;
}

export class Room {
  private stream: Stream | null = null;
  private isClosed = false;

  constructor(
    private readonly showId: string,
    private readonly hall: Hall,
    private readonly watcher: Watcher,
  ) {}

  /** Reads the seats as they stand after `cursor` was seen, and follows what happens from there on. */
  async open(cursor: string | null): Promise<void> {
    const path = `/v1/streams/${encodeURIComponent(`show:${this.showId}`)}`;
    const { body } = await api.stats(this.showId);
    const isRead = cursor !== null && body.held + body.reserved <= MOST_READ;
    if (isRead) {
      // The cursor is older than what is read: what happened meanwhile comes again, in order, and ends the same.
      await api.seats(this.showId, "HELD", (row) => this.hall.row(row));
      await api.seats(this.showId, "RESERVED", (row) => this.hall.row(row));
      this.watcher.loaded();
    }
    if (this.isClosed) return;
    this.stream = new Stream(path, isRead ? cursor : null, {
      message: (message) => this.message(message),
      standing: (standing) => this.watcher.standing(standing),
      refused: (problem) => this.watcher.refused(problem),
    });
  }

  close(): void {
    this.isClosed = true;
    this.stream?.close();
  }

  private message({ event, data }: Message): void {
    if (event === "initial-load") {
      const load = JSON.parse(data) as InitialLoad;
      if ((load.part ?? 1) === 1) this.hall.clear();
      for (const row of load.seats ?? []) this.hall.row(row);
      this.watcher.loaded();
      return;
    }
    const type = event.replace(/^seat\./, "");
    if (type !== "held" && type !== "reserved" && type !== "released") return;
    const { payload } = JSON.parse(data) as { payload: SeatEvent };
    this.hall[type](payload);
    this.watcher.happened(type, payload);
  }
}
