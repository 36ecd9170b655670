// How much script a frame of the seat map takes with 100,000 seats, while one zooms and pans and others hold seats.
//
//   NODE_PATH=DIR/node_modules node tests/browser/frames.cjs URL [SEATS]
//
// DIR is what `tests/browser/install` prints, URL a platform's. Its pages are what is measured; the show, its seats and what
// happens to them are told to the browser here, so that nothing else is. Script is all time in callbacks: of frames, events,
// timers and messages.
const { chromium } = require("playwright-core");

const [, , url, seats = "100000"] = process.argv;
const rows = 25;
const seatsPerRow = 40;
const sections = Array.from({ length: Math.ceil(Number(seats) / (rows * seatsPerRow)) }, (_, index) => ({
  sectionId: `s-${index}`,
  rows,
  seatsPerRow,
}));
const show = {
  showId: "bench",
  title: "Bench",
  sections,
  seats: sections.length * rows * seatsPerRow,
  holdSeconds: 300,
  maxSeatsPerHold: 8,
};

/** Runs in the page before its scripts: adds up what they take from one frame to the next. */
function measure() {
  const frames = [];
  let script = 0;
  let depth = 0;
  const timed = (act) =>
    typeof act !== "function"
      ? act
      : function (...given) {
          const begin = performance.now();
          depth++;
          try {
            return act.apply(this, given);
          } finally {
            depth--;
            if (depth === 0) script += performance.now() - begin;
          }
        };
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (act) => request(timed(act));
  const timeout = window.setTimeout.bind(window);
  window.setTimeout = (act, ...rest) => timeout(timed(act), ...rest);
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, act, options) {
    return listen.call(this, type, timed(act), options);
  };
  const then = Promise.prototype.then;
  Promise.prototype.then = function (done, failed) {
    return then.call(this, timed(done), timed(failed));
  };
  const frame = () => {
    frames.push(script);
    script = 0;
    request(frame);
  };
  request(frame);
  window.take = () => frames.splice(0);
}

/** Runs in the page: half the stadium is taken already, and 50 holds a second come in while one looks. */
function tell(sections) {
  const real = window.fetch.bind(window);
  window.fetch = (path, ...rest) => {
    if (!String(path).startsWith("/v1/streams/")) return real(path, ...rest);
    const encoder = new TextEncoder();
    let count = 0;
    const body = new ReadableStream({
      start: (controller) => {
        const send = (event, data) =>
          controller.enqueue(encoder.encode(`event: ${event}\nid: ${count++}\ndata: ${JSON.stringify(data)}\n\n`));
        const taken = [];
        for (const { sectionId, rows, seatsPerRow } of sections) {
          for (let row = 1; row <= rows; row++) {
            for (let number = 1; number <= seatsPerRow; number += 2) {
              taken.push({ seatId: `${sectionId}-row-${row}-seat-${number}`, status: "RESERVED", holdId: `${sectionId}-${row}`, heldUntil: null });
            }
          }
        }
        send("initial-load", { seats: taken });
        setInterval(() => {
          const { sectionId, rows, seatsPerRow } = sections[count % sections.length];
          const seatIds = [`${sectionId}-row-${(count % rows) + 1}-seat-${2 + 2 * (count % (seatsPerRow / 2))}`];
          const expiresAt = new Date(Date.now() + 60_000).toISOString();
          send("seat.held", { payload: { holdId: `h-${count}`, seatIds, expiresAt } });
        }, 20);
      },
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  };
}

const answer = (body) => ({ contentType: "application/json", headers: { "Charter-Cursor": "c" }, body: JSON.stringify(body) });

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHARTER_BROWSER ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  await page.route("**/v1/shows/bench", (route) => route.fulfill(answer(show)));
  await page.route("**/v1/shows/bench/stats", (route) => route.fulfill(answer({ available: 0, held: 0, reserved: show.seats })));
  await page.addInitScript(measure);
  await page.addInitScript(tell, sections);
  await page.goto(`${url}/seat-map#bench`);
  await page.waitForSelector("#map[data-loaded]");
  await page.waitForTimeout(3000);
  const { mouse } = page;
  const runs = {
    "standing still": async () => page.waitForTimeout(3000),
    "zooming in": async () => {
      for (let step = 0; step < 60; step++) await mouse.wheel(0, -60);
    },
    "panning near by": async () => {
      await mouse.down();
      for (let step = 0; step < 60; step++) await mouse.move(1000 + 250 * Math.sin(step / 6), 500 + 200 * Math.cos(step / 6));
      await mouse.up();
    },
    "zooming out": async () => {
      for (let step = 0; step < 60; step++) await mouse.wheel(0, 60);
    },
    "panning half way": async () => {
      for (let step = 0; step < 12; step++) await mouse.wheel(0, -60);
      await mouse.down();
      for (let step = 0; step < 60; step++) await mouse.move(1000 + 250 * Math.sin(step / 6), 500 + 200 * Math.cos(step / 6));
      await mouse.up();
    },
  };
  await mouse.move(1000, 500);
  console.log(`${show.seats} seats, script in ms a frame\n`);
  console.log("| | frames | p50 | p95 | p99 | most |\n|---|---|---|---|---|---|");
  for (const [name, act] of Object.entries(runs)) {
    await page.evaluate(() => window.take());
    await act();
    await page.waitForTimeout(500);
    const frames = (await page.evaluate(() => window.take())).sort((one, other) => one - other);
    const at = (part) => (frames[Math.min(frames.length - 1, Math.floor(frames.length * part))] ?? 0).toFixed(1);
    console.log(`| ${name} | ${frames.length} | ${at(0.5)} | ${at(0.95)} | ${at(0.99)} | ${at(1)} |`);
  }
  await browser.close();
}

main();
