// People at the pages: each page looked at, two buyers on one map, and what happens when the network goes away.
//
//   node tests/browser/pages.cjs URL PICTURES
//
// GUARDED_URL and GUARDED_KEY name a platform that asks who one is, and an API key for it.
const assert = require("node:assert/strict");
const net = require("node:net");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { chromium } = require("playwright-core");

const [, , url, pictures] = process.argv;
const host = new URL(url);
/** Longer than anything takes on a busy machine, in milliseconds. */
const PATIENCE = 30_000;

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHARTER_BROWSER ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
});
after(() => browser?.close());

/** A person with a browser. What goes wrong in it, and every request to another host, is kept in `wrong`. */
async function person({ at = url, scheme = "light", isCut = false } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1400, height: 900 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A refusal and a lost connection are told as failed loads, by the browser itself.
    const isLoad = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !(isLoad && isCut)) wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol !== "data:" && to.host !== new URL(at).host) wrong.push(`elsewhere: ${request.url()}`);
  });
  const go = (where) => page.goto(new URL(where, at).href);
  const says = (selector, words) =>
    page.waitForFunction(
      ([selector, words]) => document.querySelector(selector)?.textContent?.includes(words),
      [selector, words],
    );
  const end = async () => {
    await context.close();
    assert.deepEqual(wrong, []);
  };
  return { page, go, says, end, context };
}

/** Opens a show by the API. */
async function open(showId, holdSeconds) {
  const response = await fetch(new URL("/v1/shows", url), {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "wait=20" },
    body: JSON.stringify({
      showId,
      title: `The ${showId}`,
      holdSeconds,
      sections: [
        { sectionId: "A", rows: 10, seatsPerRow: 12 },
        { sectionId: "B", rows: 10, seatsPerRow: 12 },
      ],
    }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** Goes to a show's map and waits until it is live. */
async function watch(one, showId) {
  await one.go(`/seat-map#${showId}`);
  await one.page.waitForSelector("#map[data-loaded]");
  await one.says("#standing", "Live");
}

/** Chooses a seat through the form. */
async function choose(one, section, row, number) {
  await one.page.selectOption("#find [name=section]", { label: section });
  await one.page.fill("#find [name=row]", String(row));
  await one.page.fill("#find [name=number]", String(number));
  await one.page.click("#find button[type=submit]");
  await one.page.focus("#canvas");
  await one.page.keyboard.press("Enter");
}

/** What the map says of a seat. */
async function seat(one, section, row, number) {
  await one.page.selectOption("#find [name=section]", { label: section });
  await one.page.fill("#find [name=row]", String(row));
  await one.page.fill("#find [name=number]", String(number));
  await one.page.click("#find button[type=submit]");
  return one.page.textContent("#said");
}

/** A way to the host that can be cut. */
async function way() {
  const sockets = new Set();
  let isCut = false;
  const server = net.createServer((socket) => {
    if (isCut) return socket.destroy();
    const on = net.connect(Number(host.port), host.hostname);
    for (const [one, other] of [[socket, on], [on, socket]]) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

for (const scheme of ["light", "dark"]) {
  test(`every page is whole, ${scheme}`, async () => {
    const one = await person({ scheme });
    const shown = {
      "/": ["front", "#state.good, #state.warn"],
      "/reference": ["reference", "#reference[data-ready] .opblock"],
      "/catalogue/": ["events", "main svg .box"],
      "/catalogue/seat.html": ["events-seat", "#seat\\.seatsheld details"],
      "/live": ["live", "#parts .good"],
      "/seat-map": ["shows", "#shows > *"],
    };
    for (const [where, [name, selector]] of Object.entries(shown)) {
      await one.go(where);
      await one.page.waitForSelector(selector);
      await one.page.screenshot({ path: path.join(pictures, `${name}-${scheme}.png`) });
      const missing = await one.page.evaluate(() => [
        document.querySelectorAll("main").length === 1 ? [] : "there is not one main",
        document.querySelector("h1") === null ? "no heading" : [],
        [...document.querySelectorAll("button, a, input, select")]
          .filter((element) => element.closest("#reference") === null && element.checkVisibility())
          .filter((element) => !(element.textContent?.trim() || element.ariaLabel || element.labels?.length))
          .map((element) => `no name: ${element.outerHTML}`),
      ].flat());
      assert.deepEqual(missing, [], where);
    }
    await one.end();
  });
}

test("the API reference sends what one tries", async () => {
  const one = await person();
  await one.go("/reference");
  await one.page.click("#operations-Shows-listShows .opblock-summary-control");
  await one.page.click("#operations-Shows-listShows .try-out__btn");
  await one.page.click("#operations-Shows-listShows .execute");
  await one.says("#operations-Shows-listShows .live-responses-table tbody .response-col_status", "200");
  await one.end();
});

test("a newcomer opens a show and finds it in the list", async () => {
  const one = await person();
  await one.go("/seat-map");
  await one.page.fill("#open [name=title]", "First try");
  await one.page.selectOption("#open [name=seats]", "500");
  await one.page.click("#open button");
  await one.page.waitForSelector("#map[data-loaded]");
  await one.says("#title", "First try");
  await one.says("#available", "500");
  await one.page.screenshot({ path: path.join(pictures, "hall.png") });
  await one.go("/seat-map");
  await one.says("#shows", "First try");
  await one.end();
});

test("two buyers see each other: hold, refusal in words, confirmation, giving back", async () => {
  await open("evening", 600);
  const [anna, ben] = [await person(), await person({ scheme: "dark" })];
  await Promise.all([watch(anna, "evening"), watch(ben, "evening")]);
  await choose(anna, "A", 3, 4);
  await choose(anna, "A", 3, 5);
  await anna.page.click("#hold");
  await anna.says("#notice", "You hold A row 3 seats 4, 5");
  await anna.says("#mine .left", "left");
  await anna.page.screenshot({ path: path.join(pictures, "held-light.png") });

  await ben.says("#held", "2");
  assert.equal(await seat(ben, "A", 3, 4), "A row 3 seat 4: held by somebody else");
  await choose(ben, "A", 3, 5);
  await ben.says("#notice", "A row 3 seat 5 is held by somebody else.");
  await ben.page.screenshot({ path: path.join(pictures, "held-dark.png") });

  await anna.page.click("#mine button:has-text('Confirm')");
  await anna.says("#mine .left", "reserved");
  await ben.says("#reserved", "2");
  await ben.says("#held", "0");
  assert.equal(await seat(ben, "A", 3, 4), "A row 3 seat 4: reserved");

  // The tab knows its seats after it was loaded again.
  await anna.page.reload();
  await anna.says("#mine", "A row 3 seats 4, 5");
  await anna.page.click("#mine button:has-text('Give back')");
  await ben.says("#available", "240");
  await anna.says("#mine", "None yet.");
  await Promise.all([anna.end(), ben.end()]);
});

test("who is too late is told so, and keeps the rest of the choice", async () => {
  await open("matinee", 600);
  const [anna, ben] = [await person(), await person({ isCut: true })];
  // Ben's map doesn't hear of what happens.
  await ben.context.route("**/v1/streams/**", (route) => route.abort());
  await ben.go("/seat-map#matinee");
  await ben.page.waitForSelector("#map[data-loaded]");
  await choose(ben, "B", 1, 1);
  await choose(ben, "B", 1, 2);
  await watch(anna, "matinee");
  await choose(anna, "B", 1, 1);
  await anna.page.click("#hold");
  await anna.says("#notice", "You hold");
  await ben.page.click("#hold");
  await ben.says("#notice", "Somebody was faster: B row 1 seat 1 is taken.");
  await ben.says("#choice", "B row 1 seat 2");
  assert.equal((await ben.page.textContent("#choice")).includes("seat 1"), false);
  await Promise.all([anna.end(), ben.end()]);
});

test("a hold that runs out is free for both", async () => {
  await open("short", 3);
  const [anna, ben] = [await person(), await person()];
  await Promise.all([watch(anna, "short"), watch(ben, "short")]);
  await choose(anna, "A", 1, 1);
  await anna.page.click("#hold");
  await ben.says("#held", "1");
  await anna.says("#notice", "Your hold has run out: A row 1 seat 1");
  await ben.says("#available", "240");
  await anna.says("#mine", "None yet.");
  await Promise.all([anna.end(), ben.end()]);
});

test("what happened while the network was away is there once it is back", async () => {
  await open("cut", 600);
  const road = await way();
  const [anna, ben] = [await person(), await person({ at: road.url, isCut: true })];
  await Promise.all([watch(anna, "cut"), watch(ben, "cut")]);
  road.cut();
  await ben.says("#standing", "Connection lost");
  await ben.page.screenshot({ path: path.join(pictures, "cut.png") });
  for (const number of [1, 2, 3]) {
    await choose(anna, "B", 5, number);
    await anna.page.click("#hold");
    await anna.says("#held", String(number));
  }
  await anna.page.locator("#mine button:has-text('Release')").first().click();
  await anna.says("#held", "2");
  assert.equal(await ben.page.textContent("#held"), "0");
  road.mend();
  await ben.says("#standing", "Live");
  await ben.says("#held", "2");
  // And it goes on.
  await choose(ben, "B", 5, 1);
  await ben.page.click("#hold");
  await anna.says("#held", "3");
  await Promise.all([anna.end(), ben.end()]);
  road.close();
});

test("the map is used with the keyboard alone", async () => {
  await open("keys", 600);
  const one = await person();
  await watch(one, "keys");
  const { keyboard } = one.page;
  const at = () => one.page.evaluate(() => document.activeElement?.id);
  for (let step = 0; step < 40 && (await at()) !== "canvas"; step++) await keyboard.press("Tab");
  assert.equal(await at(), "canvas");
  await keyboard.press("ArrowDown");
  const first = await one.page.textContent("#said");
  assert.match(first, /^[AB] row \d+ seat \d+: available$/);
  await keyboard.press("Enter");
  assert.match(await one.page.textContent("#said"), /chosen by you$/);
  await keyboard.press("ArrowRight");
  assert.notEqual(await one.page.textContent("#said"), first);
  await keyboard.press("Enter");
  await keyboard.press("h");
  await one.says("#mine .seats", "seat");
  for (let step = 0; step < 60; step++) {
    await keyboard.press("Shift+Tab");
    if ((await one.page.evaluate(() => document.activeElement?.textContent)) === "Confirm") break;
  }
  assert.match(await one.page.evaluate(() => document.activeElement.ariaLabel), /^Confirm: [AB] row \d+ seat/);
  await keyboard.press("Enter");
  await one.says("#reserved", "2");
  await one.page.screenshot({ path: path.join(pictures, "keys.png") });
  // The focus goes where one goes on: to the same seats' next button, and to the map where they are gone.
  await one.page.waitForFunction(() => document.activeElement?.textContent === "Give back");
  await keyboard.press("Enter");
  await one.says("#available", "240");
  await one.page.waitForFunction(() => document.activeElement?.id === "canvas");
  await one.end();
});

/** Holds a seat by the API. */
async function hold(showId, seatId, holderId) {
  const response = await fetch(new URL(`/v1/shows/${showId}/holds`, url), {
    method: "POST",
    headers: { "Content-Type": "application/json", Prefer: "wait=20" },
    body: JSON.stringify({ seatIds: [seatId], holderId }),
  });
  assert.equal(response.status, 200, await response.text());
}

test("an operator sees all events as they happen, finds some of them, and stops to read", async () => {
  await open("watched", 600);
  const one = await person({ scheme: "dark" });
  const rows = () => one.page.$$eval("#lines li", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  /** Waits until the lines that are shown are of these types, newest first. */
  const shows = (...types) =>
    one.page.waitForFunction(
      (types) => JSON.stringify([...document.querySelectorAll("#lines b")].map((type) => type.textContent)) === JSON.stringify(types),
      types,
    );
  await one.go("/live");
  await one.says("#tail-standing", "Following all events");
  await one.page.fill("#filter [name=key]", "watched");
  await shows("seat.showOpened");
  await hold("watched", "A-row-1-seat-1", "nobodys-business");
  await hold("watched", "A-row-1-seat-2", "nobodys-business");
  await shows("seat.held", "seat.held", "seat.showOpened");
  await one.page.fill("#filter [name=type]", "held");
  await shows("seat.held", "seat.held");
  await one.page.fill("#filter [name=text]", "row-1 seat-2");
  await shows("seat.held");
  const [[, type, key, text]] = await rows();
  assert.deepEqual([type, key], ["seat.held", "default/watched"]);
  assert.match(text, /"A-row-1-seat-2"/);
  assert.doesNotMatch(text, /nobodys-business/);
  await one.page.fill("#filter [name=text]", "");
  await one.page.selectOption("#filter [name=context]", "seat");
  await shows("seat.held", "seat.held");

  await one.page.click("#pause");
  await one.says("#shown", "Paused");
  await hold("watched", "A-row-1-seat-3", "nobodys-business");
  assert.equal((await rows()).length, 2);
  await one.page.click("#pause");
  await shows("seat.held", "seat.held", "seat.held");
  await one.page.fill("#filter [name=key]", "");
  await one.page.fill("#filter [name=type]", "");
  await one.page.selectOption("#filter [name=context]", "");
  await one.page.screenshot({ path: path.join(pictures, "live-events-dark.png"), fullPage: true });

  // A room's own events, as anybody may follow them who may read it.
  await one.page.fill("#tail [name=room]", "show:watched");
  await one.page.click("#tail button");
  await one.says("#tail-standing", "Following show:watched");
  await hold("watched", "A-row-2-seat-1", "nobodys-business");
  await shows("seat.held");
  await one.end();
});

test("operators look at what was set aside, at dead letters and at builds of views", async () => {
  const one = await person();
  const rows = (id) => one.page.$$eval(`#${id} tr`, (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  const look = async () => {
    await one.page.click("#care button");
    await one.says("#care-standing", "As of");
  };
  await one.go("/live");
  await look();
  assert.deepEqual(await rows("care-parked"), [["nothing is set aside"]]);
  assert.deepEqual(await rows("care-letters"), [["there are none"]]);
  const builds = await rows("care-builds");
  assert.deepEqual(builds.map(([context]) => context), ["housekeeping", "reservation", "seat"]);
  for (const [, number, state, , , parked] of builds) assert.deepEqual([number, state, parked], ["1", "READ", "0"]);

  // A platform without faults sets nothing aside: these are answers as tests/end_to_end/operations.rs has them.
  const summary = {
    context: "seat", tenantId: "acme", key: "a & b", partition: 3, position: 41, waiting: 1200,
    reason: "<b>told to</b>", since: "2026-11-23T04:00:00Z",
  };
  const event = (sequence, envelope) => ({ type: "seat.held", sequence, position: 40 + sequence, time: "2026-11-23T04:00:00Z", envelope });
  const events = [event(1, { value: { payload: { seatIds: ["A-row-1-seat-1"] } }, bytes: 9 }), event(2, { problem: "no schema", bytes: 4, hex: "00" })];
  const letter = {
    id: "01934f6e-7c1b-7d2a-9a55-0c7b7b6f1d20", context: "seat", failedAt: "2026-11-23T04:00:00Z", code: "PANICKED", reason: "told to", type: null,
  };
  const answers = {
    "/operations/parked": { items: [summary, { ...summary, reactor: "housekeeping" }] },
    "/operations/parked/seat": { ...summary, events },
    "/operations/dead-letters": { items: [letter] },
    [`/operations/dead-letters/${letter.id}`]: { ...letter, message: { problem: "not framed", bytes: 1, hex: "7b" } },
  };
  const asked = [];
  await one.page.route(/\/operations\/(parked|dead-letters)/, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    assert.equal(route.request().method(), "GET");
    asked.push([pathname, Object.fromEntries(searchParams)]);
    return route.fulfill({ json: answers[pathname] });
  });
  await look();
  const aside = await rows("care-parked");
  assert.deepEqual(aside.map(([context, by, aggregate, waiting, , why]) => [context, by, aggregate, waiting, why]), [
    ["seat", "views", "acme/a & b", "1,200", "<b>told to</b>"],
    ["seat", "housekeeping", "acme/a & b", "1,200", "<b>told to</b>"],
  ]);
  await one.page.click("#care-parked tr:nth-child(2) button");
  await one.says("#care-name", "acme/a & b: the first 2 of 1,200 events that wait");
  assert.deepEqual(asked.at(-1), ["/operations/parked/seat", { tenant: "acme", key: "a & b", reactor: "housekeeping" }]);
  const shown = () => one.page.$$eval("#care-lines li", (rows) => rows.map((row) => [...row.children].slice(1).map((cell) => cell.textContent)));
  assert.deepEqual(await shown(), [
    ["seat.held", "1", '{"seatIds":["A-row-1-seat-1"]}'],
    ["seat.held", "2", "can't be read: no schema"],
  ]);
  await one.page.screenshot({ path: path.join(pictures, "live-operators.png"), fullPage: true });
  await one.page.click("#care-letters button");
  await one.says("#care-name", `Dead letter ${letter.id}: told to`);
  assert.deepEqual(await shown(), [["–", "", "can't be read: not framed"]]);
  await one.end();
});

test("who is asked for a key gives it once, and signs out again", async () => {
  const { GUARDED_URL: at, GUARDED_KEY: key } = process.env;
  assert.ok(at && key, "GUARDED_URL and GUARDED_KEY are missing");
  const one = await person({ at, isCut: true });
  await one.go("/seat-map");
  await one.page.fill("dialog [name=secret]", key.trim());
  await one.page.fill("dialog [name=name]", "anna");
  await one.page.screenshot({ path: path.join(pictures, "who.png") });
  await one.page.click("dialog button[value=given]");
  await one.says("#shows", "No show is open yet.");
  await one.says("#credentials", "Sign out anna");
  await one.page.selectOption("#open [name=seats]", "500");
  await one.page.click("#open button");
  await one.says("#standing", "Live");
  await choose(one, "A", 1, 1);
  await one.page.click("#hold");
  await one.says("#notice", "You hold A row 1 seat 1.");
  // This key is an operator's.
  await one.go("/live");
  await one.says("#tail-standing", "Following all events");
  await one.page.goBack();
  await one.says("#standing", "Live");
  await one.page.click("#credentials");
  await one.page.waitForSelector("dialog [name=secret]");
  await one.page.click("dialog button.quiet");
  await one.says("#notice", "You are not signed in");
  // Nobody is asked by a page that is only looked at.
  await one.go("/live");
  await one.says("#tail-standing", "All events are for operators");
  for (const form of ["#tail", "#care"]) {
    await one.page.click(`${form} button`);
    await one.page.waitForSelector("dialog [name=secret]");
    await one.page.click("dialog button.quiet");
    await one.page.waitForSelector("dialog", { state: "detached" });
  }
  await one.page.waitForSelector("#care-standing.waiting");
  assert.ok(await one.page.isHidden("#care-tables"));
  await one.page.click("#care button");
  await one.page.fill("dialog [name=secret]", key.trim());
  await one.page.fill("dialog [name=name]", "anna");
  await one.page.click("dialog button[value=given]");
  await one.says("#care-standing", "As of");
  await one.end();
});

test("on a telephone the map comes first, and nothing is wider than the screen", async () => {
  const one = await person();
  await one.page.setViewportSize({ width: 390, height: 844 });
  await watch(one, "keys");
  for (const where of ["/seat-map#keys", "/", "/live", "/catalogue/seat.html"]) {
    await one.go(where);
    await one.page.waitForLoadState("load");
    const wide = await one.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `${where} is ${wide} wide`);
    await one.page.screenshot({ path: path.join(pictures, `telephone${where.replace(/\W+/g, "-")}.png`) });
  }
  await one.end();
});
