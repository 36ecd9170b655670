/** Where the seats of a show stand: a stadium around a field, or a hall in front of a stage. */

/** A section as the contract has it. */
export interface Section {
  sectionId: string;
  rows: number;
  seatsPerRow: number;
}

/** Neighbouring seats that are drawn into one picture. */
export interface Block {
  /** Where its seats are, edges included. */
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Indices of its seats. */
  seats: Uint32Array;
  /** The seats in its corners, one after the other around it. */
  corners: number[];
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A place by section, row and number, counted from 1. */
export interface Place {
  section: number;
  row: number;
  number: number;
}

/** From one row to the next; seats of a row are 1 apart. */
const ROW = 1.12;
/** Between two sections, and between two tiers. */
const AISLE = 2.4;
const GANGWAY = 4;
/** The most seats of a block, by rows and by seats of a row. */
const BLOCK_ROWS = 13;
const BLOCK_SEATS = 50;
/** Up to so many sections or seats there is a stage instead of a field. */
const HALL_SECTIONS = 4;
const HALL_SEATS = 3_000;

/** A line that rows run along: it is `length` long, and each step outwards makes it longer by `turn`. */
interface Curve {
  length: number;
  turn: number;
  /** The place `along` the line that is `tier` steps outside of this one, and `out` steps farther. */
  at(along: number, tier: number, out: number): [number, number];
}

/** Two straights and two half circles, closed; it begins in the middle of the near straight and runs to the left. */
function stadium(length: number): Curve {
  const radius = length / (2.8 + 2 * Math.PI);
  const straight = radius * 1.4;
  const at = (along: number, tier: number, out: number): [number, number] => {
    const inner = radius + tier;
    const bend = Math.PI * inner;
    const r = inner + out;
    let rest = along;
    if (rest < straight / 2) return [-rest, r];
    rest -= straight / 2;
    if (rest < bend) return [-straight / 2 - r * Math.sin(rest / inner), r * Math.cos(rest / inner)];
    rest -= bend;
    if (rest < straight) return [rest - straight / 2, -r];
    rest -= straight;
    if (rest < bend) return [straight / 2 + r * Math.sin(rest / inner), -r * Math.cos(rest / inner)];
    return [straight / 2 - (rest - bend), r];
  };
  return { length, turn: 2 * Math.PI, at };
}

/** An arc that opens to a stage above it, from left to right. */
function hall(length: number, depth: number): Curve {
  const radius = Math.max(length / 2.2, depth * 1.5, 8);
  const turn = length / radius;
  const at = (along: number, tier: number, out: number): [number, number] => {
    const angle = along / (radius + tier) - turn / 2;
    const r = radius + tier + out;
    return [r * Math.sin(angle), r * Math.cos(angle)];
  };
  return { length, turn, at };
}

/** Sections side by side, one line of them behind the other. */
function tiersOf(sections: Section[], count: number): { tiers: Section[][]; depths: number[]; depth: number } {
  const width = (section: Section): number => section.seatsPerRow + AISLE;
  const whole = sections.reduce((sum, section) => sum + width(section), 0);
  const deepest = Math.max(...sections.map((section) => section.rows)) * ROW + GANGWAY;
  // Outer lines are longer: each gets its part of the whole.
  const turn = 2 * Math.PI;
  const grown = (turn * deepest * count * (count - 1)) / 2;
  const first = Math.max((whole - grown) / count, 1);
  const tiers: Section[][] = [[]];
  let used = 0;
  for (const section of sections) {
    const room = first + turn * deepest * (tiers.length - 1);
    if (used > 0 && used + width(section) / 2 > room && tiers.length < count) {
      tiers.push([]);
      used = 0;
    }
    tiers[tiers.length - 1]?.push(section);
    used += width(section);
  }
  const depths: number[] = [];
  let depth = 0;
  for (const tier of tiers) {
    depths.push(depth);
    depth += Math.max(...tier.map((section) => section.rows)) * ROW + GANGWAY;
  }
  return { tiers, depths, depth };
}

const widthOf = (tier: Section[]): number =>
  tier.reduce((sum, section) => sum + section.seatsPerRow + AISLE, 0);

/** All seats of a show, numbered in the order of its sections, their rows, and the rows' seats. */
export class Layout {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** The block that a seat is drawn in. */
  readonly blockOf: Uint32Array;
  readonly blocks: Block[] = [];
  /** The index of each section's first seat, and the number of all seats at the end. */
  readonly firsts: number[] = [];
  /** Where to write each section's name. */
  readonly labels: { text: string; x: number; y: number; width: number }[] = [];
  readonly box: Box;
  /** What people look at: the field, or the stage. */
  readonly middle: { kind: "field" | "stage"; box: Box };
  private readonly byId = new Map<string, number>();

  constructor(readonly sections: Section[]) {
    let seats = 0;
    sections.forEach((section, index) => {
      this.firsts.push(seats);
      this.byId.set(section.sectionId, index);
      seats += section.rows * section.seatsPerRow;
    });
    this.firsts.push(seats);
    this.x = new Float32Array(seats);
    this.y = new Float32Array(seats);
    this.blockOf = new Uint32Array(seats);

    const isHall = sections.length <= HALL_SECTIONS || seats <= HALL_SEATS;
    const { tiers, depths, curve } = isHall ? inHall(sections) : inStadium(sections);
    tiers.forEach((tier, number) => {
      const out = depths[number] ?? 0;
      // What is left over widens the aisles.
      const aisle = AISLE + (curve.length + curve.turn * out - widthOf(tier)) / tier.length;
      let along = aisle / 2;
      for (const section of tier) {
        const from = along;
        this.place(section, (step, row) => curve.at(from + step, out, row * ROW));
        along += section.seatsPerRow + aisle;
      }
    });
    this.box = this.blocks.reduce<Box>(around, { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });
    const front = curve.at(curve.length / 2, 0, 0);
    if (isHall) {
      const half = Math.max(curve.length / 4, 5);
      const depth = Math.max(3, half / 4);
      const top = Math.min(this.box.top, curve.at(0, 0, 0)[1]) - depth - 3;
      this.middle = { kind: "stage", box: { left: -half, right: half, top, bottom: top + depth } };
      this.box = around(this.box, this.middle.box);
    } else {
      const side = curve.at(curve.length / 4, 0, 0)[0];
      const inset = 5;
      this.middle = {
        kind: "field",
        box: { left: side + inset, right: -side - inset, top: front[1] + inset, bottom: -front[1] - inset },
      };
    }
  }

  /** How many seats there are. */
  get seats(): number {
    return this.x.length;
  }

  /** The index of a seat by its id, `{sectionId}-row-{r}-seat-{n}`; -1 where it is none of this show. */
  indexOf(seatId: string): number {
    const parts = /^(.+)-row-(\d+)-seat-(\d+)$/.exec(seatId);
    const section = parts === null ? undefined : this.byId.get(parts[1] ?? "");
    if (parts === null || section === undefined) return -1;
    return this.at({ section, row: Number(parts[2]), number: Number(parts[3]) });
  }

  /** The index of the seat at a place, -1 where there is none. */
  at({ section, row, number }: Place): number {
    const of = this.sections[section];
    if (of === undefined || row < 1 || row > of.rows || number < 1 || number > of.seatsPerRow) return -1;
    return (this.firsts[section] ?? 0) + (row - 1) * of.seatsPerRow + number - 1;
  }

  placeOf(seat: number): Place {
    let low = 0;
    let high = this.sections.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.firsts[middle] ?? 0) <= seat) low = middle;
      else high = middle - 1;
    }
    const perRow = this.sections[low]?.seatsPerRow ?? 1;
    const within = seat - (this.firsts[low] ?? 0);
    return { section: low, row: Math.floor(within / perRow) + 1, number: (within % perRow) + 1 };
  }

  idOf(seat: number): string {
    const { section, row, number } = this.placeOf(seat);
    return `${this.sections[section]?.sectionId ?? ""}-row-${row}-seat-${number}`;
  }

  /** The seat at a point, -1 where there is none. */
  near(x: number, y: number): number {
    let best = -1;
    let least = 0.62 ** 2;
    for (const block of this.blocks) {
      if (x < block.left || x > block.right || y < block.top || y > block.bottom) continue;
      for (const seat of block.seats) {
        const distance = ((this.x[seat] ?? 0) - x) ** 2 + ((this.y[seat] ?? 0) - y) ** 2;
        if (distance < least) {
          least = distance;
          best = seat;
        }
      }
    }
    return best;
  }

  /** The next seat in a direction as it looks on the map, -1 where there is none. */
  beside(from: number, dx: number, dy: number): number {
    const [x, y] = [this.x[from] ?? 0, this.y[from] ?? 0];
    let best = -1;
    let least = Infinity;
    for (let seat = 0; seat < this.seats; seat++) {
      const [ox, oy] = [(this.x[seat] ?? 0) - x, (this.y[seat] ?? 0) - y];
      const ahead = ox * dx + oy * dy;
      if (ahead < 0.4) continue;
      // What lies aside counts more than what lies ahead.
      const aside = Math.abs(ox * dy - oy * dx);
      const distance = ahead + aside * 3;
      if (distance < least) {
        least = distance;
        best = seat;
      }
    }
    return best;
  }

  private place(section: Section, point: (step: number, row: number) => [number, number]): void {
    const index = this.byId.get(section.sectionId) ?? 0;
    for (let row = 1; row <= section.rows; row++) {
      for (let number = 1; number <= section.seatsPerRow; number++) {
        const seat = this.at({ section: index, row, number });
        const [x, y] = point(number - 0.5, row - 1);
        this.x[seat] = x;
        this.y[seat] = y;
      }
    }
    const [x, y] = point(section.seatsPerRow / 2, (section.rows - 1) / 2);
    this.labels.push({ text: section.sectionId, x, y, width: Math.min(section.seatsPerRow, section.rows * 2.2) });
    for (let row = 1; row <= section.rows; row += BLOCK_ROWS) {
      for (let number = 1; number <= section.seatsPerRow; number += BLOCK_SEATS) {
        this.block(index, row, number);
      }
    }
  }

  private block(section: number, row: number, number: number): void {
    const seats: number[] = [];
    const box: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (let r = row; r < row + BLOCK_ROWS; r++) {
      for (let n = number; n < number + BLOCK_SEATS; n++) {
        const seat = this.at({ section, row: r, number: n });
        if (seat < 0) continue;
        seats.push(seat);
        this.blockOf[seat] = this.blocks.length;
        const [x, y] = [this.x[seat] ?? 0, this.y[seat] ?? 0];
        box.left = Math.min(box.left, x - 0.7);
        box.right = Math.max(box.right, x + 0.7);
        box.top = Math.min(box.top, y - 0.7);
        box.bottom = Math.max(box.bottom, y + 0.7);
      }
    }
    const { rows = row, seatsPerRow = number } = this.sections[section] ?? {};
    const [lastRow, last] = [Math.min(row + BLOCK_ROWS - 1, rows), Math.min(number + BLOCK_SEATS - 1, seatsPerRow)];
    const corners = [[row, number], [row, last], [lastRow, last], [lastRow, number]].map(([r = 0, n = 0]) =>
      this.at({ section, row: r, number: n }),
    );
    this.blocks.push({ ...box, seats: Uint32Array.from(seats), corners });
  }
}

interface Plan {
  tiers: Section[][];
  depths: number[];
  curve: Curve;
}

/** The tiers whose stands are about as deep as the field's corners are round. */
function inStadium(sections: Section[]): Plan {
  let best: (Plan & { off: number }) | null = null;
  for (let count = 1; count <= Math.min(6, sections.length); count++) {
    const { tiers, depths, depth } = tiersOf(sections, count);
    const lengths = tiers.map((tier, number) => widthOf(tier) - 2 * Math.PI * (depths[number] ?? 0));
    const length = Math.max(...lengths, 40);
    const off = Math.abs(Math.log((depth * 9.08) / length));
    if (best === null || off < best.off) best = { tiers, depths, curve: stadium(length), off };
  }
  if (best === null) throw new Error("a show has sections");
  return best;
}

/** All sections side by side, or one behind the other where they are wide. */
function inHall(sections: Section[]): Plan {
  const wide = sections.reduce((sum, section) => sum + section.seatsPerRow, 0);
  const deepest = Math.max(...sections.map((section) => section.rows));
  const count = Math.min(sections.length, Math.max(1, Math.round(Math.sqrt(wide / (deepest * 2.5)))));
  const perTier = Math.ceil(sections.length / count);
  const tiers: Section[][] = [];
  for (let from = 0; from < sections.length; from += perTier) tiers.push(sections.slice(from, from + perTier));
  const depths: number[] = [];
  let depth = 0;
  for (const tier of tiers) {
    depths.push(depth);
    depth += Math.max(...tier.map((section) => section.rows)) * ROW + GANGWAY;
  }
  const length = Math.max(...tiers.map(widthOf));
  return { tiers, depths, curve: hall(length, depth) };
}

function around(box: Box, other: Box): Box {
  return {
    left: Math.min(box.left, other.left),
    top: Math.min(box.top, other.top),
    right: Math.max(box.right, other.right),
    bottom: Math.max(box.bottom, other.bottom),
  };
}
