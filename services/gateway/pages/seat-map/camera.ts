/** What part of the map the canvas shows. */

import type { Box } from "./layout";

/** The largest distance of two seats on the screen, in CSS pixels. */
const CLOSEST = 64;

export class Camera {
  /** The point in the middle of the canvas. */
  x = 0;
  y = 0;
  /** CSS pixels from a seat to the next. */
  scale = 1;
  width = 1;
  height = 1;
  private box: Box = { left: 0, top: 0, right: 1, bottom: 1 };

  /** Shows all of `box`. */
  fit(box: Box): void {
    this.box = box;
    this.x = (box.left + box.right) / 2;
    this.y = (box.top + box.bottom) / 2;
    this.scale = Math.min(this.farthest(), CLOSEST);
  }

  resize(width: number, height: number): void {
    const wasWhole = this.scale <= this.farthest() * 1.001;
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    if (wasWhole) this.fit(this.box);
    else this.keep();
  }

  move(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.keep();
  }

  /** Comes nearer by `factor` where the point (CSS pixels) stays where it is. */
  zoom(factor: number, px = this.width / 2, py = this.height / 2): void {
    const [x, y] = this.world(px, py);
    this.scale = Math.min(CLOSEST, Math.max(this.farthest(), this.scale * factor));
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
    this.keep();
  }

  /** Brings a point into the canvas, near enough to tell seats apart. */
  show(x: number, y: number): void {
    this.scale = Math.max(this.scale, Math.min(18, CLOSEST));
    const [px, py] = this.screen(x, y);
    const edge = 60;
    if (px < edge || py < edge || px > this.width - edge || py > this.height - edge) {
      this.x = x;
      this.y = y;
    }
    this.keep();
  }

  world(px: number, py: number): [number, number] {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }

  screen(x: number, y: number): [number, number] {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  private farthest(): number {
    const { left, top, right, bottom } = this.box;
    return 0.94 * Math.min(this.width / (right - left), this.height / (bottom - top));
  }

  /** Something of the map always is in sight. */
  private keep(): void {
    this.x = Math.min(this.box.right, Math.max(this.box.left, this.x));
    this.y = Math.min(this.box.bottom, Math.max(this.box.top, this.y));
  }
}
