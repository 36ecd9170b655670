/** The seats of a show as they stand: what was read, and what the stream said since. */

import type { Layout } from "./layout";

/** How a seat is shown. */
export const Kind = { AVAILABLE: 0, HELD: 1, RESERVED: 2, CHOSEN: 3, MY_HELD: 4, MY_RESERVED: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A row of the view `seat.SeatView`, the parts that are shown. */
export interface SeatRow {
  seatId: string;
  status: "AVAILABLE" | "HELD" | "RESERVED";
  holdId: string | null;
  heldUntil: string | null;
}

/** Seats that were held together. */
export interface Hold {
  id: string;
  seats: number[];
  /** When it runs out, in milliseconds; null for reserved seats. */
  until: number | null;
}

/** What an event of the show's room carries. */
export interface SeatEvent {
  holdId: string;
  seatIds: string[];
  expiresAt?: string;
  previousStatus?: SeatRow["status"];
  reason?: "RELEASED" | "EXPIRED";
}

/** A bit above the kinds that rows and events know. */
const STATUS: Record<SeatRow["status"], 0 | 1 | 2> = { AVAILABLE: 0, HELD: 1, RESERVED: 2 };

export class Hall {
  readonly counts = { available: 0, held: 0, reserved: 0 };
  /** Seats that the person wants. */
  readonly chosen = new Set<number>();
  private readonly status: Uint8Array;
  private readonly isMine: Uint8Array;
  /** Every hold that was seen and is not over, and what is reserved, each by the hold's id. */
  private readonly holds = new Map<string, Hold>();
  private readonly reservations = new Map<string, Hold>();
  private readonly mine: Set<string>;

  /** `mine` are the ids of the holds that this tab made. */
  constructor(
    readonly layout: Layout,
    mine: Iterable<string>,
    /** Called for each seat that is shown otherwise from now on. */
    private readonly changed: (seat: number) => void,
  ) {
    this.status = new Uint8Array(layout.seats);
    this.isMine = new Uint8Array(layout.seats);
    this.mine = new Set(mine);
    this.counts.available = layout.seats;
  }

  kind(seat: number): Kind {
    if (this.chosen.has(seat)) return Kind.CHOSEN;
    const status = this.status[seat] ?? 0;
    if (status === 0) return Kind.AVAILABLE;
    if (this.isMine[seat] === 1) return status === 1 ? Kind.MY_HELD : Kind.MY_RESERVED;
    return status === 1 ? Kind.HELD : Kind.RESERVED;
  }

  /** What this tab holds and has reserved, oldest first. */
  mySeats(): Hold[] {
    return [...this.mine].flatMap((id) =>
      [this.holds.get(id), this.reservations.get(id)].filter((hold) => hold !== undefined),
    );
  }

  /** Every seat is available again, until rows say otherwise. */
  clear(): void {
    this.holds.clear();
    this.reservations.clear();
    for (let seat = 0; seat < this.status.length; seat++) {
      if (this.status[seat] !== 0) this.set(seat, "AVAILABLE", null);
    }
  }

  row(row: SeatRow): void {
    const seat = this.layout.indexOf(row.seatId);
    if (seat < 0) return;
    if (row.holdId !== null) {
      const until = row.heldUntil === null ? null : Date.parse(row.heldUntil);
      if (row.status === "HELD") join(this.holds, row.holdId, seat, until);
      if (row.status === "RESERVED") join(this.reservations, row.holdId, seat, null);
    }
    this.set(seat, row.status, row.holdId);
  }

  held(event: SeatEvent): void {
    const until = event.expiresAt === undefined ? null : Date.parse(event.expiresAt);
    this.each(event, (seat) => {
      join(this.holds, event.holdId, seat, until);
      this.set(seat, "HELD", event.holdId);
      this.choose(seat, false);
    });
  }

  reserved(event: SeatEvent): void {
    this.each(event, (seat) => {
      leave(this.holds, event.holdId, seat);
      join(this.reservations, event.holdId, seat, null);
      this.set(seat, "RESERVED", event.holdId);
    });
  }

  released(event: SeatEvent): void {
    this.each(event, (seat) => {
      leave(this.holds, event.holdId, seat);
      leave(this.reservations, event.holdId, seat);
      this.set(seat, "AVAILABLE", null);
    });
  }

  /** From now on the hold is this tab's; its event may have come before. */
  own(id: string): void {
    this.mine.add(id);
    for (const seat of this.holds.get(id)?.seats ?? []) {
      this.isMine[seat] = 1;
      this.changed(seat);
    }
  }

  isOwn(id: string): boolean {
    return this.mine.has(id);
  }

  /** The latest of this tab's holds, by id, to be kept. */
  ownIds(): string[] {
    return [...this.mine].slice(-200);
  }

  choose(seat: number, wanted: boolean): void {
    const did = wanted ? this.status[seat] === 0 && !this.chosen.has(seat) : this.chosen.has(seat);
    if (!did) return;
    if (wanted) this.chosen.add(seat);
    else this.chosen.delete(seat);
    this.changed(seat);
  }

  private each(event: SeatEvent, change: (seat: number) => void): void {
    for (const id of event.seatIds) {
      const seat = this.layout.indexOf(id);
      if (seat >= 0) change(seat);
    }
  }

  private set(seat: number, status: SeatRow["status"], holdId: string | null): void {
    const names = ["available", "held", "reserved"] as const;
    const before = names[this.status[seat] ?? 0];
    this.status[seat] = STATUS[status];
    const after = names[STATUS[status]];
    if (before !== undefined) this.counts[before]--;
    if (after !== undefined) this.counts[after]++;
    this.isMine[seat] = holdId !== null && this.mine.has(holdId) ? 1 : 0;
    this.changed(seat);
  }
}

function join(holds: Map<string, Hold>, id: string, seat: number, until: number | null): void {
  const hold = holds.get(id);
  if (hold === undefined) holds.set(id, { id, seats: [seat], until });
  else if (!hold.seats.includes(seat)) hold.seats.push(seat);
}

function leave(holds: Map<string, Hold>, id: string, seat: number): void {
  const hold = holds.get(id);
  if (hold === undefined) return;
  hold.seats = hold.seats.filter((other) => other !== seat);
  if (hold.seats.length === 0) holds.delete(id);
}
