// What the pages' scripts reckon, without a browser: bundled by esbuild, run by Node.
const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");
const esbuild = require("esbuild");

const root = path.join(__dirname, "../..");

/** The exports of a TypeScript module. */
function load(file) {
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [path.join(root, file)],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    tsconfig: path.join(root, "runtime/portal/pages/tsconfig.json"),
  });
  const module = { exports: {} };
  new Function("module", "exports", "require", outputFiles[0].text)(module, module.exports, require);
  return module.exports;
}

const { Parser } = load("codegen/templates/client-typescript/stream.ts");
const { parse, Look } = load("runtime/portal/pages/metrics.ts");
const { Layout } = load("services/gateway/pages/seat-map/layout.ts");
const { Hall, Kind } = load("services/gateway/pages/seat-map/hall.ts");
const { seatsInWords, timeLeft } = load("services/gateway/pages/seat-map/words.ts");

test("a stream is taken apart wherever it is cut", () => {
  const text = ':\n\nevent: seat.held\nid: a\ndata: {"x":\ndata: 1}\n\ndata: bare\r\n\r\nid: b\n\n';
  const whole = [
    { event: "seat.held", id: "a", data: '{"x":\n1}' },
    { event: "message", id: "a", data: "bare" },
  ];
  for (let at = 0; at <= text.length; at++) {
    const parser = new Parser();
    assert.deepEqual([...parser.push(text.slice(0, at)), ...parser.push(text.slice(at))], whole, `cut at ${at}`);
  }
});

test("metrics are read with labels, rates and quantiles", () => {
  const page = (count, fast) => `# TYPE a counter\na{context="seat",code="X\\"Y"} ${count}\nb 1.5e3\nnonsense\n
h_bucket{le="0.01"} ${fast}\nh_bucket{le="1"} ${count}\nh_bucket{le="+Inf"} ${count}`;
  const before = new Look(parse(page(10, 10)), 0);
  const now = new Look(parse(page(30, 15)), 2000);
  assert.deepEqual(now.of("a")[0].labels, { context: "seat", code: 'X"Y' });
  assert.equal(now.sum("b"), 1500);
  assert.equal(now.rate("a", before, { context: "seat" }), 10);
  assert.equal(now.quantile(0.5, "h", before), 1);
  assert.equal(now.quantile(0.2, "h", before), 0.01);
  assert.equal(now.quantile(0.5, "h", now), null);
});

const stadium = Array.from({ length: 100 }, (_, index) => ({ sectionId: `s-${index}`, rows: 25, seatsPerRow: 40 }));
const shapes = {
  "100,000 seats": stadium,
  "one section": [{ sectionId: "only", rows: 20, seatsPerRow: 25 }],
  "unequal sections": [3, 30, 7, 12, 25, 9].map((rows, index) => ({ sectionId: `u-${index}`, rows, seatsPerRow: 60 - rows })),
  "a single seat": [{ sectionId: "x", rows: 1, seatsPerRow: 1 }],
};
for (const [name, sections] of Object.entries(shapes)) {
  test(`no two seats stand in each other's place: ${name}`, () => {
    const layout = new Layout(sections);
    const cells = new Map();
    for (let seat = 0; seat < layout.seats; seat++) {
      const [x, y] = [layout.x[seat], layout.y[seat]];
      assert.ok(Number.isFinite(x) && Number.isFinite(y), `seat ${seat}`);
      for (let dx = -1; dx <= 1; dx++) {
        for (let dy = -1; dy <= 1; dy++) {
          for (const other of cells.get(`${Math.floor(x) + dx} ${Math.floor(y) + dy}`) ?? []) {
            const distance = Math.hypot(layout.x[other] - x, layout.y[other] - y);
            assert.ok(distance > 0.9, `${layout.idOf(seat)} and ${layout.idOf(other)}: ${distance}`);
          }
        }
      }
      const cell = `${Math.floor(x)} ${Math.floor(y)}`;
      cells.set(cell, [...(cells.get(cell) ?? []), seat]);
      assert.equal(layout.indexOf(layout.idOf(seat)), seat);
    }
    const drawn = layout.blocks.flatMap((block) => [...block.seats]);
    assert.equal(new Set(drawn).size, layout.seats);
  });
}

test("a seat is found where it stands, and its neighbours beside it", () => {
  const layout = new Layout(stadium);
  const seat = layout.indexOf("s-42-row-13-seat-20");
  assert.equal(layout.near(layout.x[seat] + 0.2, layout.y[seat] - 0.2), seat);
  assert.equal(layout.indexOf("s-42-row-26-seat-1"), -1);
  assert.equal(layout.indexOf("nobody-row-1-seat-1"), -1);
  const around = [[1, 0], [-1, 0], [0, 1], [0, -1]].map(([dx, dy]) => layout.beside(seat, dx, dy));
  assert.equal(new Set(around).size, 4);
});

test("events are folded as they come, and again without harm", () => {
  const layout = new Layout(shapes["one section"]);
  const hall = new Hall(layout, ["mine"], () => undefined);
  const [a, b] = ["only-row-1-seat-1", "only-row-1-seat-2"];
  const held = { holdId: "mine", seatIds: [a, b], expiresAt: "2026-11-22T09:35:00Z" };
  const reserved = { holdId: "mine", seatIds: [a] };
  const released = { holdId: "mine", seatIds: [b], previousStatus: "HELD", reason: "EXPIRED" };
  for (let round = 0; round < 2; round++) {
    hall.held(held);
    assert.deepEqual([hall.kind(0), hall.counts], [Kind.MY_HELD, { available: 498, held: 2, reserved: 0 }]);
    hall.reserved(reserved);
    hall.released(released);
    assert.deepEqual([hall.kind(0), hall.kind(1)], [Kind.MY_RESERVED, Kind.AVAILABLE]);
    assert.deepEqual(hall.counts, { available: 499, held: 0, reserved: 1 });
  }
  assert.deepEqual(hall.mySeats().map(({ id, seats, until }) => [id, seats, until]), [["mine", [0], null]]);
  hall.row({ seatId: a, status: "AVAILABLE", holdId: null, heldUntil: null });
  hall.clear();
  assert.deepEqual(hall.counts, { available: 500, held: 0, reserved: 0 });
});

test("a choice is dropped when somebody else holds it, and an event before the answer is no other's hold", () => {
  const hall = new Hall(new Layout(shapes["one section"]), [], () => undefined);
  hall.choose(0, true);
  hall.held({ holdId: "x", seatIds: ["only-row-1-seat-1"], expiresAt: "2026-11-22T09:35:00Z" });
  assert.deepEqual([hall.chosen.size, hall.kind(0)], [0, Kind.HELD]);
  hall.own("x");
  assert.equal(hall.kind(0), Kind.MY_HELD);
});

test("seats and times are said as people say them", () => {
  const layout = new Layout(shapes["one section"]);
  assert.equal(seatsInWords(layout, [1, 0, 25]), "only row 1 seats 1, 2 and only row 2 seat 1");
  assert.deepEqual([timeLeft(245_000), timeLeft(900), timeLeft(-5)], ["4:05", "0:01", "0:00"]);
});
