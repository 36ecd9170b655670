/** One show: its map, what one chose, what one holds, and what others do meanwhile. */

import type { Show } from "charter-gateway-client/schemas";
import type { Standing } from "charter-gateway-client/stream";
import { Problem } from "charter-gateway-client/transport";
import { CHANGED } from "charter-portal/access";
import * as api from "./api";
import { Camera } from "./camera";
import { Drawing } from "./drawing";
import { Hall, type Hold, Kind, type SeatEvent } from "./hall";
import { Hand } from "./hand";
import { Layout } from "./layout";
import { made, number, part } from "./page";
import { Room } from "./room";
import { kindInWords, refusalInWords, seatInWords, seatsInWords, timeLeft } from "./words";

/** Where this tab keeps which holds are its own. */
const kept = (showId: string): string => `charter.seat-map.holds.${showId}`;

/** How often countdowns are written anew, in milliseconds. */
const TICK = 250;

const STANDINGS: Record<Standing, string> = {
  connecting: "Connecting …",
  live: "Live",
  waiting: "Connection lost; it comes back by itself",
};

export class Map {
  private readonly section = part("map");
  private readonly notice = part("notice");
  private readonly end = new AbortController();
  private room: Room | null = null;
  private hall: Hall | null = null;
  private drawing: Drawing | null = null;
  private show: Show | null = null;
  private isBusy = false;

  constructor(private readonly showId: string) {
    this.section.hidden = false;
    this.say("");
    this.standing("connecting");
    addEventListener(CHANGED, () => location.reload(), { signal: this.end.signal });
    void this.load().catch((problem: unknown) => {
      part("title").textContent = this.showId;
      this.standing("waiting", "Not shown");
      this.say(refusalInWords(problem, null), "bad");
    });
  }

  close(): void {
    this.end.abort();
    this.room?.close();
    this.section.hidden = true;
  }

  private async load(): Promise<void> {
    const show = await api.seat.getShow({ showId: this.showId });
    // What is read from here on has seen at least this.
    const cursor = api.seen();
    if (this.end.signal.aborted) return;
    this.show = show;
    document.title = `${show.title} · Charter`;
    part("title").textContent = show.title;

    const layout = new Layout(show.sections);
    const camera = new Camera();
    const mine = JSON.parse(sessionStorage.getItem(kept(this.showId)) ?? "[]") as string[];
    const hall = new Hall(layout, mine, (seat) => this.changed(seat));
    const canvas = part<HTMLCanvasElement>("canvas");
    const drawing = new Drawing(canvas, layout, hall, camera, [...part("legend").querySelectorAll("i")]);
    this.hall = hall;
    this.drawing = drawing;
    new Hand(canvas, layout, camera, drawing, this.end.signal, {
      pressed: (seat) => this.toggle(seat),
      described: (seat) => `${seatInWords(layout, seat)}: ${kindInWords(hall.kind(seat))}`,
      hold: () => void this.hold(),
    });
    this.listen(layout, camera, drawing);
    camera.fit(layout.box);

    this.room = new Room(this.showId, hall, {
      standing: (standing) => this.standing(standing),
      refused: (problem) => {
        this.standing("waiting", "Not live");
        this.say(refusalInWords(problem, layout), "bad");
      },
      happened: (type, event) => this.happened(type, event),
      loaded: () => this.section.setAttribute("data-loaded", ""),
    });
    this.refresh();
    await this.room.open(cursor);
  }

  private listen(layout: Layout, camera: Camera, drawing: Drawing): void {
    const { signal } = this.end;
    const press = (id: string, act: () => void): void => part(id).addEventListener("click", act, { signal });
    press("hold", () => void this.hold());
    press("forget", () => {
      for (const seat of [...(this.hall?.chosen ?? [])]) this.hall?.choose(seat, false);
    });
    press("nearer", () => {
      camera.zoom(1.6);
      drawing.ask();
    });
    press("farther", () => {
      camera.zoom(1 / 1.6);
      drawing.ask();
    });
    press("whole", () => {
      camera.fit(layout.box);
      drawing.ask();
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => drawing.recolour(), { signal });

    const find = part<HTMLFormElement>("find");
    const field = (name: string): HTMLInputElement => find.elements.namedItem(name) as HTMLInputElement;
    field("section").replaceChildren(
      ...layout.sections.map(({ sectionId }, index) => {
        const option = made("option", sectionId);
        option.value = String(index);
        return option;
      }),
    );
    const show = (seat: number): void => {
      if (seat < 0) return this.say("There is no such seat in this section.", "bad");
      const { section, row, number: at } = layout.placeOf(seat);
      field("section").value = String(section);
      field("row").value = String(row);
      field("number").value = String(at);
      drawing.cursor = seat;
      camera.show(layout.x[seat] ?? 0, layout.y[seat] ?? 0);
      drawing.ask();
      this.tell(seat);
      part("canvas").focus();
    };
    const wanted = (): number =>
      layout.at({ section: Number(field("section").value), row: Number(field("row").value), number: Number(field("number").value) });
    find.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        show(wanted());
      },
      { signal },
    );
    press("next-free", () => {
      const from = Math.max(wanted(), 0);
      for (let step = 1; step <= layout.seats; step++) {
        const seat = (from + step) % layout.seats;
        if (this.hall?.kind(seat) === Kind.AVAILABLE) return show(seat);
      }
      this.say("No seat is free.", "bad");
    });
    const timer = setInterval(() => this.tick(), TICK);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Chooses a seat, or no longer; says why not where it can't be had. */
  private toggle(seat: number): void {
    const { hall, show } = this;
    if (hall === null || show === null) return;
    const kind = hall.kind(seat);
    if (kind === Kind.CHOSEN) hall.choose(seat, false);
    else if (kind !== Kind.AVAILABLE) this.say(`${seatInWords(hall.layout, seat)} is ${kindInWords(kind)}.`);
    else if (hall.chosen.size >= show.maxSeatsPerHold) {
      this.say(`One hold may have ${show.maxSeatsPerHold} seats at most here. Hold these first.`, "bad");
    } else {
      hall.choose(seat, true);
      this.say("");
    }
    this.tell(seat);
  }

  private async hold(): Promise<void> {
    const { hall } = this;
    if (hall === null || hall.chosen.size === 0) return;
    const seats = [...hall.chosen];
    await this.busy(async () => {
      try {
        const id = await api.hold(this.showId, seats.map((seat) => hall.layout.idOf(seat)));
        hall.own(id);
        this.keep(hall);
        // The command is done; the map follows with its event, which may have come already.
        for (const seat of seats) hall.choose(seat, false);
        this.say(`You hold ${seatsInWords(hall.layout, seats)}. Confirm before the time is up.`, "good");
      } catch (problem) {
        // What others have is no choice any more.
        if (problem instanceof Problem && Array.isArray(problem.details["seatIds"])) {
          for (const id of problem.details["seatIds"] as string[]) hall.choose(hall.layout.indexOf(id), false);
        }
        throw problem;
      }
    });
  }

  private async finish(hold: Hold, act: "confirm" | "release"): Promise<void> {
    const { hall } = this;
    if (hall === null) return;
    const ids = hold.seats.map((seat) => hall.layout.idOf(seat));
    const words = seatsInWords(hall.layout, hold.seats);
    await this.busy(async () => {
      await api[act](this.showId, ids);
      this.say(act === "confirm" ? `${words}: yours.` : `${words}: given back.`, "good");
    });
  }

  /** Does one thing at a time, and says it where it is refused. */
  private async busy(act: () => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.refresh();
    try {
      await act();
    } catch (problem) {
      this.say(refusalInWords(problem, this.hall?.layout ?? null), "bad");
    } finally {
      this.isBusy = false;
      this.refresh();
    }
  }

  private happened(type: "held" | "reserved" | "released", event: SeatEvent): void {
    const { hall } = this;
    if (hall === null || type !== "released" || !hall.isOwn(event.holdId) || event.reason !== "EXPIRED") return;
    const seats = event.seatIds.map((id) => hall.layout.indexOf(id));
    this.say(`Your hold has run out: ${seatsInWords(hall.layout, seats)} can be had by everybody again.`, "bad");
  }

  private changed(seat: number): void {
    this.drawing?.changed(seat);
    this.refresh();
  }

  private asked = false;
  /** Writes the side anew, once for all that changed in one go. */
  private refresh(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.write();
    });
  }

  private write(): void {
    const { hall } = this;
    if (hall === null || this.end.signal.aborted) return;
    const { available, held, reserved } = hall.counts;
    part("available").textContent = number.format(available);
    part("held").textContent = number.format(held);
    part("reserved").textContent = number.format(reserved);

    const chosen = hall.chosen.size;
    part("choice").textContent =
      chosen === 0 ? "Click seats on the map, or find one below." : seatsInWords(hall.layout, hall.chosen);
    const button = part<HTMLButtonElement>("hold");
    button.textContent = chosen === 0 ? "Hold" : `Hold ${chosen} ${chosen === 1 ? "seat" : "seats"}`;
    button.disabled = chosen === 0 || this.isBusy;
    part<HTMLButtonElement>("forget").disabled = chosen === 0;
    this.writeMine(hall);
  }

  private written = "";
  private writeMine(hall: Hall): void {
    const mine = hall.mySeats();
    const now = JSON.stringify([mine, this.isBusy]);
    // Left alone while it is the same, so that nobody loses the button under the finger.
    if (now === this.written) return;
    this.written = now;
    const list = part("mine");
    const had = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["for"] : undefined;
    const items = mine.map((hold) => {
      const item = made("li", "", hold.until === null ? "reserved" : "held");
      const seats = seatsInWords(hall.layout, hold.seats);
      item.append(made("span", seats, "seats"));
      const act = (label: string, what: "confirm" | "release", className: string): void => {
        const button = made("button", label, className);
        button.type = "button";
        // One that is really disabled would lose the focus.
        button.ariaDisabled = String(this.isBusy);
        button.ariaLabel = `${label}: ${seats}`;
        button.dataset["for"] = `${what} ${hold.id}`;
        button.addEventListener("click", () => void (this.isBusy || this.finish(hold, what)));
        row.append(button);
      };
      const row = made("div", "", "row");
      if (hold.until !== null) {
        const left = made("span", "", "left");
        left.dataset["until"] = String(hold.until);
        left.setAttribute("role", "timer");
        item.append(left);
        act("Confirm", "confirm", "small");
        act("Release", "release", "quiet small");
      } else {
        item.append(made("span", "reserved", "left"));
        act("Give back", "release", "quiet small");
      }
      item.append(row);
      return item;
    });
    list.replaceChildren(...(items.length === 0 ? [made("li", "None yet.", "none")] : items));
    if (had !== undefined) {
      // Where the button is gone, the hold's other one has the focus, or the map.
      const buttons = [...list.querySelectorAll<HTMLElement>("[data-for]")];
      const of = (is: (name: string) => boolean): HTMLElement | undefined => buttons.find(({ dataset }) => is(dataset["for"] ?? ""));
      (of((name) => name === had) ?? of((name) => name.split(" ")[1] === had.split(" ")[1]) ?? part("canvas")).focus();
    }
    this.tick();
  }

  /** Countdowns. */
  private tick(): void {
    for (const left of part("mine").querySelectorAll<HTMLElement>("[data-until]")) {
      const ms = Number(left.dataset["until"]) - (Date.now() + api.ahead());
      left.textContent = ms > 0 ? `${timeLeft(ms)} left` : "time is up";
      left.classList.toggle("soon", ms < 15_000);
    }
  }

  private keep(hall: Hall): void {
    sessionStorage.setItem(kept(this.showId), JSON.stringify(hall.ownIds()));
  }

  private standing(standing: Standing, text = STANDINGS[standing]): void {
    const place = part("standing");
    place.textContent = text;
    place.className = `standing ${standing}`;
  }

  /** Says something to everybody, once. */
  private say(text: string, kind: "good" | "bad" | "" = ""): void {
    this.notice.textContent = text;
    this.notice.className = `notice ${kind}`;
  }

  /** Says to those who don't see the map where they are on it. */
  private tell(seat: number): void {
    const { hall } = this;
    if (hall !== null) part("said").textContent = `${seatInWords(hall.layout, seat)}: ${kindInWords(hall.kind(seat))}`;
  }
}
