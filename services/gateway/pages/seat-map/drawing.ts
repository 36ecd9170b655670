/** The map on its canvas. Far away, each block of seats is a picture that was drawn before; near by, seats are drawn one by
 * one. A frame draws at new pictures only for a few milliseconds and leaves the rest to the next, so that moving stays smooth. */

import type { Camera } from "./camera";
import { type Hall, Kind } from "./hall";
import type { Block, Layout } from "./layout";

/** From this distance of two seats on, in device pixels, seats are drawn one by one; a screen has some thousands then. */
const NEAR = 26;
/** The longest that a frame spends on new pictures, in milliseconds. */
const BUDGET = 2;
/** The most pixels that all pictures have together: 80 MB. */
const MOST_PIXELS = 20_000_000;

/** So many seats are drawn between two looks at the clock. */
const STEP = 40;
/** So many sizes of seats are kept. */
const MOST_SIZES = 64;
/** From so many changed seats on, a block is drawn anew instead of seat by seat. */
const MANY = 200;

/** Colours of a kind of seat, light and dark. */
interface Look {
  fill: string;
  edge: string;
  mark: string;
}

/** A block's picture. */
interface Picture {
  canvas: OffscreenCanvas;
  /** Pixels from a seat to the next. */
  scale: number;
  /** All of it is to be drawn anew. */
  isStale: boolean;
  /** Seats that are, where it is not all of them. */
  changed: number[];
  /** The frame that showed it last. */
  shown: number;
}

/** A picture in the making. */
interface Making {
  picture: Picture;
  /** How many of the block's seats are on it. */
  drawn: number;
}

export class Drawing {
  /** The seat that the keyboard is on, -1 for none. */
  cursor = -1;
  private readonly context: CanvasRenderingContext2D;
  private readonly pictures = new Map<number, Picture>();
  /** What the last frames did not finish, all of one scale. */
  private readonly making = new Map<number, Making>();
  private makingScale = 0;
  /** A seat of each kind, by size. */
  private readonly sprites = new Map<number, OffscreenCanvas[]>();
  private looks: Look[] = [];
  private ground = "";
  private text = "";
  private field = "";
  private accent = "";
  private pixels = 0;
  private frames = 0;
  private asked = false;
  private ratio = 1;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly layout: Layout,
    private readonly hall: Hall,
    private readonly camera: Camera,
    /** An element for each kind of seat, in their order, that has its colours. */
    private readonly legend: Element[],
  ) {
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser draws on no canvas");
    this.context = context;
    this.recolour();
  }

  /** Takes the colours of the page, which may have gone from light to dark. */
  recolour(): void {
    const around = getComputedStyle(this.canvas.parentElement ?? this.canvas);
    this.ground = around.backgroundColor;
    this.text = around.color;
    const own = getComputedStyle(this.canvas);
    this.field = own.backgroundColor;
    this.accent = own.color;
    this.looks = this.legend.map((swatch) => {
      const style = getComputedStyle(swatch);
      return { fill: style.backgroundColor, edge: style.borderTopColor, mark: style.color };
    });
    this.sprites.clear();
    this.making.clear();
    for (const picture of this.pictures.values()) picture.isStale = true;
    this.ask();
  }

  /** A seat is shown otherwise. */
  changed(seat: number): void {
    const block = this.layout.blockOf[seat] ?? -1;
    for (const picture of [this.pictures.get(block), this.making.get(block)?.picture]) {
      if (picture === undefined || picture.isStale) continue;
      picture.changed.push(seat);
      picture.isStale = picture.changed.length > MANY;
    }
    this.ask();
  }

  /** Draws with the next frame. */
  ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.frame();
    });
  }

  private frame(): void {
    const { canvas, camera, context } = this;
    this.frames++;
    this.ratio = Math.min(devicePixelRatio, 2);
    const width = Math.round(camera.width * this.ratio);
    const height = Math.round(camera.height * this.ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const scale = camera.scale * this.ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.ground;
    context.fillRect(0, 0, width, height);
    const left = width / 2 - camera.x * scale;
    const top = height / 2 - camera.y * scale;
    this.drawMiddle(left, top, scale);

    const visible: number[] = [];
    this.layout.blocks.forEach((block, index) => {
      const isOut =
        block.right * scale + left < 0 ||
        block.left * scale + left > width ||
        block.bottom * scale + top < 0 ||
        block.top * scale + top > height;
      if (!isOut) visible.push(index);
    });
    if (scale >= NEAR) {
      for (const block of visible) this.drawSeats(block, left, top, scale, width, height);
    } else {
      this.drawPictures(visible, left, top, scale);
    }
    if (camera.scale < 16) this.drawLabels(left, top, scale);
    this.drawCursor(left, top, scale);
  }

  private drawPictures(blocks: number[], left: number, top: number, scale: number): void {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(scale, 1)));
    const end = performance.now() + BUDGET;
    if (this.makingScale !== wanted) this.making.clear();
    this.makingScale = wanted;
    let isLate = false;
    for (const index of blocks) {
      let picture = this.pictures.get(index);
      if (picture === undefined || picture.isStale || picture.scale !== wanted) {
        // The last picture, though it is of another scale, stands until the new one is whole.
        const made = performance.now() < end ? this.make(index, wanted, end) : undefined;
        isLate ||= made === undefined;
        picture = made ?? picture;
      }
      if (picture !== undefined && picture.changed.length > 0 && !picture.isStale) this.mend(picture, index);
      const block = this.layout.blocks[index];
      if (block === undefined) continue;
      if (picture === undefined) {
        this.drawOutline(block, left, top, scale);
        continue;
      }
      picture.shown = this.frames;
      const x = block.left * scale + left;
      const y = block.top * scale + top;
      const ratio = scale / picture.scale;
      this.context.drawImage(picture.canvas, x, y, picture.canvas.width * ratio, picture.canvas.height * ratio);
    }
    if (isLate) this.ask();
  }

  /** Where a block's picture is going to be. */
  private drawOutline(block: Block, left: number, top: number, scale: number): void {
    const { context } = this;
    context.beginPath();
    for (const seat of block.corners) {
      context.lineTo((this.layout.x[seat] ?? 0) * scale + left, (this.layout.y[seat] ?? 0) * scale + top);
    }
    context.globalAlpha = 0.4;
    context.fillStyle = this.looks[Kind.AVAILABLE]?.fill ?? "";
    context.fill();
    context.globalAlpha = 1;
  }

  /** Draws a block anew, until `end` at the most: the rest is for the next frame. Gives the picture once it is whole. */
  private make(index: number, scale: number, end: number): Picture | undefined {
    const block = this.layout.blocks[index];
    if (block === undefined) return undefined;
    const width = Math.ceil((block.right - block.left) * scale);
    const height = Math.ceil((block.bottom - block.top) * scale);
    let making = this.making.get(index);
    if (making === undefined || making.picture.isStale) {
      const canvas = new OffscreenCanvas(width, height);
      making = { picture: { canvas, scale, isStale: false, changed: [], shown: this.frames }, drawn: 0 };
      this.making.set(index, making);
    }
    const { picture } = making;
    const context = picture.canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) return undefined;
    const sprites = this.spritesOf(scale * 0.8);
    while (making.drawn < block.seats.length) {
      const until = Math.min(making.drawn + STEP, block.seats.length);
      for (; making.drawn < until; making.drawn++) {
        this.stamp(context, block, scale, block.seats[making.drawn] ?? 0, sprites);
      }
      // The browser only takes down what to draw and does it all where somebody looks: so the clock tells of this step.
      context.getImageData(0, 0, 1, 1);
      if (making.drawn < block.seats.length && performance.now() >= end) return undefined;
    }
    this.making.delete(index);
    const last = this.pictures.get(index);
    if (last !== undefined) this.pixels -= last.canvas.width * last.canvas.height;
    this.pictures.delete(index);
    this.makeRoom(width * height);
    this.pictures.set(index, picture);
    this.pixels += width * height;
    return picture;
  }

  /** Draws the seats of a block that changed. */
  private mend(picture: Picture, index: number): void {
    const context = picture.canvas.getContext("2d");
    const block = this.layout.blocks[index];
    if (context === null || block === undefined) return;
    const half = Math.ceil(picture.scale * 0.4) + 1;
    const sprites = this.spritesOf(picture.scale * 0.8);
    for (const seat of picture.changed) {
      const x = ((this.layout.x[seat] ?? 0) - block.left) * picture.scale;
      const y = ((this.layout.y[seat] ?? 0) - block.top) * picture.scale;
      context.clearRect(x - half, y - half, 2 * half, 2 * half);
      this.stamp(context, block, picture.scale, seat, sprites);
    }
    picture.changed = [];
  }

  private stamp(
    context: OffscreenCanvasRenderingContext2D,
    block: Block,
    scale: number,
    seat: number,
    sprites: OffscreenCanvas[],
  ): void {
    const x = ((this.layout.x[seat] ?? 0) - block.left) * scale;
    const y = ((this.layout.y[seat] ?? 0) - block.top) * scale;
    const size = scale * 0.8;
    const kind = this.hall.kind(seat);
    const sprite = sprites[kind];
    if (size < 5 || sprite === undefined) {
      context.fillStyle = this.looks[kind]?.fill ?? "";
      context.fillRect(x - size / 2, y - size / 2, size, size);
    } else {
      context.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
    }
  }

  /** Forgets pictures that nobody has seen for longest. */
  private makeRoom(pixels: number): void {
    if (this.pixels + pixels <= MOST_PIXELS) return;
    const oldest = [...this.pictures].sort(([, one], [, other]) => one.shown - other.shown);
    for (const [index, picture] of oldest) {
      if (this.pixels + pixels <= MOST_PIXELS || picture.shown >= this.frames - 1) return;
      this.pixels -= picture.canvas.width * picture.canvas.height;
      this.pictures.delete(index);
    }
  }

  private drawSeats(index: number, left: number, top: number, scale: number, width: number, height: number): void {
    const block = this.layout.blocks[index];
    if (block === undefined) return;
    const size = Math.round(scale * 0.8);
    const hasNumbers = scale >= 34 * this.ratio;
    if (hasNumbers) {
      this.context.font = `600 ${Math.round(size * 0.42)}px system-ui, sans-serif`;
      this.context.textAlign = "center";
      this.context.textBaseline = "middle";
    }
    const sprites = this.spritesOf(size);
    for (const seat of block.seats) {
      const x = (this.layout.x[seat] ?? 0) * scale + left;
      const y = (this.layout.y[seat] ?? 0) * scale + top;
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      const kind = this.hall.kind(seat);
      const sprite = sprites[kind];
      if (sprite === undefined) continue;
      this.context.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
      if (hasNumbers && kind !== Kind.MY_RESERVED && kind !== Kind.CHOSEN) {
        this.context.fillStyle = this.looks[kind]?.mark ?? "";
        this.context.fillText(String(this.layout.placeOf(seat).number), x, y);
      }
    }
  }

  private spritesOf(size: number): OffscreenCanvas[] {
    const known = this.sprites.get(size);
    if (known !== undefined) return known;
    if (this.sprites.size >= MOST_SIZES) this.sprites.clear();
    const made = Object.values(Kind).map((kind) => this.sprite(kind, size));
    this.sprites.set(size, made);
    return made;
  }

  /** A seat of a kind, `size` pixels wide: told apart by form as well as by colour. */
  private sprite(kind: Kind, size: number): OffscreenCanvas {
    const whole = Math.ceil(size) + 4;
    const sprite = new OffscreenCanvas(whole, whole);
    const context = sprite.getContext("2d");
    const look = this.looks[kind];
    if (context === null || look === undefined) return sprite;
    context.translate(whole / 2, whole / 2);
    // What is not to be had is smaller; held ones are round.
    const part = kind === Kind.RESERVED ? 0.7 : kind === Kind.HELD ? 0.86 : 1;
    const half = (size * part) / 2;
    context.beginPath();
    if (kind === Kind.HELD || kind === Kind.MY_HELD) context.arc(0, 0, half, 0, 2 * Math.PI);
    else context.roundRect(-half, -half, 2 * half, 2 * half, half * 0.55);
    context.fillStyle = look.fill;
    context.fill();
    if (size >= 7) {
      const line = Math.max(1, size / 12);
      context.lineWidth = kind === Kind.CHOSEN || kind === Kind.MY_HELD ? line * 1.6 : line;
      context.strokeStyle = look.edge;
      context.stroke();
    }
    if (size >= 9 && (kind === Kind.CHOSEN || kind === Kind.MY_RESERVED)) {
      context.beginPath();
      context.moveTo(-half * 0.45, half * 0.05);
      context.lineTo(-half * 0.1, half * 0.4);
      context.lineTo(half * 0.5, -half * 0.38);
      context.lineWidth = Math.max(1.4, size / 8);
      context.lineCap = "round";
      context.lineJoin = "round";
      context.strokeStyle = look.mark;
      context.stroke();
    }
    return sprite;
  }

  private drawMiddle(left: number, top: number, scale: number): void {
    const { context } = this;
    const { kind, box } = this.layout.middle;
    const [x, y] = [box.left * scale + left, box.top * scale + top];
    const [width, height] = [(box.right - box.left) * scale, (box.bottom - box.top) * scale];
    context.fillStyle = this.field;
    context.strokeStyle = this.accent;
    context.lineWidth = Math.max(1, this.ratio);
    context.beginPath();
    context.roundRect(x, y, width, height, kind === "field" ? height / 2.2 : Math.min(height / 3, 14));
    context.fill();
    context.stroke();
    if (kind === "field") {
      context.beginPath();
      context.moveTo(x + width / 2, y);
      context.lineTo(x + width / 2, y + height);
      context.moveTo(x + width / 2 + height / 6, y + height / 2);
      context.arc(x + width / 2, y + height / 2, height / 6, 0, 2 * Math.PI);
      context.stroke();
    } else {
      context.fillStyle = this.accent;
      context.font = `600 ${Math.max(10, Math.min(height * 0.4, 28))}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText("Stage", x + width / 2, y + height / 2);
    }
  }

  /** Names of sections, where there is room for them. */
  private drawLabels(left: number, top: number, scale: number): void {
    const { context } = this;
    const size = 12 * this.ratio;
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const { text, x, y, width } of this.layout.labels) {
      const room = width * scale * 0.9;
      const needed = text.length * size * 0.6;
      if (room < needed) continue;
      const [px, py] = [x * scale + left, y * scale + top];
      context.fillStyle = this.ground;
      context.globalAlpha = 0.82;
      context.beginPath();
      context.roundRect(px - needed / 2 - 4, py - size * 0.8, needed + 8, size * 1.6, size * 0.5);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = this.text;
      context.fillText(text, px, py);
    }
  }

  private drawCursor(left: number, top: number, scale: number): void {
    if (this.cursor < 0) return;
    const { context } = this;
    const x = (this.layout.x[this.cursor] ?? 0) * scale + left;
    const y = (this.layout.y[this.cursor] ?? 0) * scale + top;
    const half = Math.max(scale * 0.56, 5 * this.ratio);
    context.lineWidth = 2.5 * this.ratio;
    context.strokeStyle = this.text;
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, half * 0.5);
    context.stroke();
  }
}
