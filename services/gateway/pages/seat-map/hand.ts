/** Mouse, fingers and keys on the map. */

import type { Camera } from "./camera";
import type { Drawing } from "./drawing";
import type { Layout } from "./layout";
import { part } from "./page";

/** How far a press may move and still mean a seat, in CSS pixels. */
const STILL = 5;
/** From this distance of two seats on (CSS pixels), a press means a seat; farther away it comes nearer. */
const TELLING = 7;

export interface Hearer {
  pressed(seat: number): void;
  /** A seat in words. */
  described(seat: number): string;
  hold(): void;
}

export class Hand {
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private moved = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly layout: Layout,
    private readonly camera: Camera,
    private readonly drawing: Drawing,
    signal: AbortSignal,
    private readonly hearer: Hearer,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void): void =>
      canvas.addEventListener(type, act, { signal, passive: false });
    on("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      if (this.pointers.size === 1) this.moved = 0;
    });
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.pointers.delete(event.pointerId));
    on("pointerleave", () => this.tip(-1, 0, 0));
    on("blur", () => this.tip(-1, 0, 0));
    on("wheel", (event) => {
      event.preventDefault();
      this.tip(-1, 0, 0);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      camera.zoom(Math.exp(-event.deltaY * lines * 0.0016), event.offsetX, event.offsetY);
      drawing.ask();
    });
    on("keydown", (event) => this.key(event));
    const sizes = new ResizeObserver(() => {
      camera.resize(canvas.clientWidth, canvas.clientHeight);
      drawing.ask();
    });
    sizes.observe(canvas);
    signal.addEventListener("abort", () => sizes.disconnect());
    camera.resize(canvas.clientWidth, canvas.clientHeight);
  }

  private move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    const here = { x: event.offsetX, y: event.offsetY };
    if (before === undefined) {
      const [x, y] = this.camera.world(here.x, here.y);
      this.tip(this.camera.scale < TELLING ? -1 : this.layout.near(x, y), here.x, here.y);
      return;
    }
    const [dx, dy] = [here.x - before.x, here.y - before.y];
    this.moved += Math.abs(dx) + Math.abs(dy);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      const far = (point: { x: number; y: number }): number => Math.hypot(point.x - other.x, point.y - other.y);
      this.camera.zoom(far(here) / Math.max(far(before), 1), (here.x + other.x) / 2, (here.y + other.y) / 2);
      this.camera.move(dx / 2, dy / 2);
    } else if (this.moved > STILL) {
      this.camera.move(dx, dy);
    }
    this.pointers.set(event.pointerId, here);
    this.drawing.ask();
  }

  private up(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    if (this.moved > STILL || this.pointers.size > 0) return;
    if (this.camera.scale < TELLING) {
      this.camera.zoom(16 / this.camera.scale, event.offsetX, event.offsetY);
      this.drawing.ask();
      return;
    }
    const seat = this.layout.near(...this.camera.world(event.offsetX, event.offsetY));
    if (seat < 0) return;
    this.drawing.cursor = -1;
    this.hearer.pressed(seat);
    this.tip(seat, event.offsetX, event.offsetY);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { camera, drawing, layout } = this;
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[event.key];
    if (step !== undefined) this.go(...step);
    else if (event.key === "Enter" || event.key === " ") {
      if (drawing.cursor >= 0) {
        this.hearer.pressed(drawing.cursor);
        this.tell(drawing.cursor);
      }
    } else if (event.key === "+" || event.key === "=") camera.zoom(1.5);
    else if (event.key === "-") camera.zoom(1 / 1.5);
    else if (event.key === "0") camera.fit(layout.box);
    else if (event.key === "h" || event.key === "H") this.hearer.hold();
    else return;
    event.preventDefault();
    drawing.ask();
  }

  /** To the nearest seat in a direction, as it looks on the map. */
  private go(dx: number, dy: number): void {
    const { camera, drawing, layout } = this;
    const from = drawing.cursor;
    const seat = from < 0 ? this.middle() : layout.beside(from, dx, dy);
    if (seat < 0) return;
    drawing.cursor = seat;
    camera.show(layout.x[seat] ?? 0, layout.y[seat] ?? 0);
    this.tell(seat);
  }

  /** Says where the keyboard is, to eyes and ears. */
  private tell(seat: number): void {
    part("said").textContent = this.hearer.described(seat);
    this.tip(seat, ...this.camera.screen(this.layout.x[seat] ?? 0, this.layout.y[seat] ?? 0));
  }

  /** The seat that is nearest to the middle of what one sees. */
  private middle(): number {
    let best = -1;
    let least = Infinity;
    for (let seat = 0; seat < this.layout.seats; seat++) {
      const distance = Math.hypot((this.layout.x[seat] ?? 0) - this.camera.x, (this.layout.y[seat] ?? 0) - this.camera.y);
      if (distance < least) {
        least = distance;
        best = seat;
      }
    }
    return best;
  }

  private tip(seat: number, x: number, y: number): void {
    const tip = part("tip");
    tip.hidden = seat < 0;
    this.canvas.classList.toggle("over", seat >= 0);
    if (seat < 0) return;
    tip.textContent = this.hearer.described(seat);
    tip.style.left = `${Math.min(x + 14, this.camera.width - 240)}px`;
    tip.style.top = `${Math.max(y - 40, 4)}px`;
  }
}
