"use strict";
(() => {
  // runtime/portal/pages/metrics.ts
  var LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
  var LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
  function parse(text) {
    return text.split("\n").flatMap((line) => {
      const found = line.startsWith("#") ? null : LINE.exec(line);
      if (found === null) return [];
      const [, name = "", labels = "", value = ""] = found;
      const named = [...labels.matchAll(LABEL)].map(([, key = "", text2 = ""]) => [key, text2.replace(/\\(.)/g, "$1")]);
      return [{ name, labels: Object.fromEntries(named), value: Number(value) }];
    });
  }
  var Look = class {
    constructor(samples, at) {
      this.samples = samples;
      this.at = at;
    }
    samples;
    at;
    of(name) {
      return this.samples.filter((sample) => sample.name === name);
    }
    sum(name, labels = {}) {
      const wanted = Object.entries(labels);
      return this.of(name).filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value)).reduce((sum, { value }) => sum + value, 0);
    }
    /** By how much a counter rose each second since another look; 0 where it began anew. */
    rate(name, before, labels = {}) {
      const seconds2 = (this.at - before.at) / 1e3;
      return seconds2 <= 0 ? 0 : Math.max(0, this.sum(name, labels) - before.sum(name, labels)) / seconds2;
    }
    /** What a histogram grew by since another look stays below its upper bound for this part of it; null where it did not grow. */
    quantile(part2, name, before) {
      const bounds = /* @__PURE__ */ new Map();
      for (const [look2, sign] of [[this, 1], [before, -1]]) {
        for (const { labels, value } of look2.of(`${name}_bucket`)) {
          const bound = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]);
          bounds.set(bound, (bounds.get(bound) ?? 0) + sign * value);
        }
      }
      const all = bounds.get(Infinity) ?? 0;
      if (all <= 0) return null;
      const sorted = [...bounds].sort(([one], [other]) => one - other);
      return sorted.find(([, count]) => count >= part2 * all)?.[0] ?? null;
    }
    /** The values of a label. */
    values(name, label) {
      return [...new Set(this.of(name).map((sample) => sample.labels[label] ?? ""))].sort();
    }
  };

  // runtime/portal/pages/access.ts
  var KEPT = "charter.credentials";
  var CHANGED = "charter-credentials";
  function credentials() {
    const kept = sessionStorage.getItem(KEPT);
    return kept === null ? null : JSON.parse(kept);
  }
  function authorization() {
    const known = credentials();
    if (known === null) return {};
    const isToken = known.secret.split(".").length === 3;
    return isToken ? { Authorization: `Bearer ${known.secret}` } : { "X-API-Key": known.secret };
  }
  var asking = null;
  function ask(reason) {
    asking ??= open(reason).finally(() => {
      asking = null;
    });
    return asking;
  }
  function open(reason) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "ask-title");
    dialog.innerHTML = `<form method="dialog">
    <h2 id="ask-title">Who are you?</h2>
    <p id="ask-reason"></p>
    <label>API key or token <input name="secret" type="password" autocomplete="off" required></label>
    <label>The name it was given to <input name="name" autocomplete="off" required pattern="[A-Za-z0-9_\\-]{1,64}"></label>
    <p>Kept in this tab until it is closed, and sent to this host only.</p>
    <div class="row"><button type="button" class="quiet">Not now</button><button value="given">Continue</button></div>
  </form>`;
    const part2 = (selector) => {
      const found = dialog.querySelector(selector);
      if (found === null) throw new Error(`the dialog has no ${selector}`);
      return found;
    };
    part2("#ask-reason").textContent = reason;
    const secret = part2("[name=secret]");
    const name = part2("[name=name]");
    name.value = credentials()?.name ?? "";
    part2("button.quiet").addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const given = dialog.returnValue === "given";
        if (given) {
          sessionStorage.setItem(KEPT, JSON.stringify({ secret: secret.value.trim(), name: name.value.trim() }));
          window.dispatchEvent(new Event(CHANGED));
        }
        dialog.remove();
        resolve(given);
      });
    });
  }

  // runtime/portal/pages/http.ts
  var Problem = class extends Error {
    constructor(status, code, detail, details = {}, retryAfter = null) {
      super(detail);
      this.status = status;
      this.code = code;
      this.detail = detail;
      this.details = details;
      this.retryAfter = retryAfter;
    }
    status;
    code;
    detail;
    details;
    retryAfter;
  };
  async function problemOf(response) {
    const after = Number(response.headers.get("retry-after"));
    const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
    try {
      const said = await response.json();
      return new Problem(response.status, said.code ?? "UNKNOWN", said.detail ?? response.statusText, said.details, retryAfter);
    } catch {
      return new Problem(response.status, "UNKNOWN", response.statusText, {}, retryAfter);
    }
  }

  // runtime/portal/pages/sse.ts
  var SILENCE = 4e4;
  var PAUSES = [300, 8e3];
  var Parser = class {
    rest = "";
    event = "";
    data = [];
    id = "";
    /** The messages that `text` completes. */
    push(text) {
      const lines2 = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
      this.rest = lines2.pop() ?? "";
      return lines2.flatMap((line) => this.line(line) ?? []);
    }
    line(line) {
      if (line === "") {
        const message = { event: this.event || "message", id: this.id, data: this.data.join("\n") };
        const isWhole = this.data.length > 0;
        this.event = "";
        this.data = [];
        return isWhole ? message : null;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") this.event = value;
      else if (field === "data") this.data.push(value);
      else if (field === "id") this.id = value;
      return null;
    }
  };
  var Stream = class {
    /** Reads `path` from after `lastId` on. */
    constructor(path, lastId, reader) {
      this.path = path;
      this.lastId = lastId;
      this.reader = reader;
      addEventListener("online", this.again);
      addEventListener("offline", this.cut);
      void this.run();
    }
    path;
    lastId;
    reader;
    closing = new AbortController();
    connection = new AbortController();
    wake = () => void 0;
    close() {
      removeEventListener("online", this.again);
      removeEventListener("offline", this.cut);
      this.closing.abort();
      this.connection.abort();
      this.wake();
    }
    again = () => this.wake();
    cut = () => this.connection.abort();
    async run() {
      let pause2 = PAUSES[0];
      while (!this.closing.signal.aborted) {
        this.reader.standing("connecting");
        const outcome = await this.once().catch(() => "lost");
        if (this.closing.signal.aborted || outcome === "refused") return;
        if (outcome === "ended") pause2 = PAUSES[0];
        this.reader.standing("waiting");
        await this.sleep(pause2 * (0.5 + Math.random()));
        pause2 = Math.min(pause2 * 2, PAUSES[1]);
      }
    }
    sleep(ms) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    /** One connection, until it ends: `ended` where it was open. */
    async once() {
      this.connection = new AbortController();
      const connection = this.connection;
      let watch = setTimeout(() => connection.abort(), SILENCE);
      const after = this.lastId === null ? {} : { "Last-Event-ID": this.lastId };
      try {
        const response = await fetch(this.path, {
          headers: { Accept: "text/event-stream", ...authorization(), ...after },
          cache: "no-store",
          signal: connection.signal
        });
        if (!response.ok || response.body === null) return await this.refusal(await problemOf(response));
        this.reader.standing("live");
        const parser = new Parser();
        const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (; ; ) {
          const { done, value } = await chunks.read();
          if (done) return "ended";
          clearTimeout(watch);
          watch = setTimeout(() => connection.abort(), SILENCE);
          for (const message of parser.push(value)) {
            this.reader.message(message);
            if (message.id !== "") this.lastId = message.id;
          }
        }
      } finally {
        clearTimeout(watch);
      }
    }
    async refusal(problem) {
      if (problem.status === 401 && await ask(problem.detail)) return "ended";
      if (problem.status === 429 || problem.status >= 500) {
        await this.sleep((problem.retryAfter ?? 1) * 1e3);
        return "lost";
      }
      this.reader.refused(problem);
      return "refused";
    }
  };

  // runtime/portal/pages/live.ts
  var PERIOD = 2e3;
  var LOOKS = 60;
  var MINUTE = 30;
  var EVENTS = 500;
  function part(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`the page has no #${id}`);
    return found;
  }
  var figures = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
  var whole = new Intl.NumberFormat("en");
  function cells(texts, className = "") {
    const row = document.createElement("tr");
    row.className = className;
    for (const text of texts) row.insertCell().textContent = text;
    return row;
  }
  var looks = [];
  var histories = {};
  var isPaused = false;
  function seconds(value) {
    if (value === null) return "–";
    if (!Number.isFinite(value)) return "> 30 s";
    return value < 1 ? `≤ ${figures.format(value * 1e3)} ms` : `≤ ${figures.format(value)} s`;
  }
  function showRate(id, rate) {
    part(id).textContent = figures.format(rate);
    const history = histories[id] ??= [];
    history.push(rate);
    if (history.length > LOOKS) history.shift();
    const most = Math.max(...history, 1);
    const points = history.map((value, index) => {
      const x = 120 - (history.length - 1 - index) * (120 / (LOOKS - 1));
      return `${x.toFixed(1)},${(30 - value / most * 28).toFixed(1)}`;
    });
    part(`${id}-line`).firstElementChild?.setAttribute("points", points.join(" "));
  }
  function showContexts(now) {
    const contexts = now.values("charter_events_published_total", "context");
    const rows = contexts.map((context) => {
      const sums = ["charter_commands_undecided", "charter_events_unprojected", "charter_dead_letters", "charter_parked_aggregates"];
      const values = sums.map((name) => now.sum(name, { context }));
      const isBad = (values[2] ?? 0) > 0 || (values[3] ?? 0) > 0;
      return cells([context, ...values.map((value) => whole.format(value))], isBad ? "bad" : "");
    });
    part("contexts").replaceChildren(...rows);
  }
  function showOutcomes(now, before) {
    const name = "charter_commands_total";
    const rows = now.of(name).filter(({ value }) => value > 0);
    rows.sort((one, other) => other.value - one.value);
    const shown = rows.slice(0, 20).map(({ labels, value }) => {
      const { context = "", outcome = "", code = "" } = labels;
      const rate = now.rate(name, before, labels);
      return cells([context, outcome, code, whole.format(value), figures.format(rate)], outcome.toLowerCase());
    });
    part("outcomes").replaceChildren(...shown.length === 0 ? [cells(["none yet", "", "", "", ""])] : shown);
  }
  async function look() {
    if (isPaused) return;
    const response = await fetch("/metrics");
    const now = new Look(parse(await response.text()), performance.now());
    const before = looks[looks.length - 1];
    looks.push(now);
    if (looks.length > MINUTE + 1) looks.shift();
    showContexts(now);
    if (before !== void 0) {
      showRate("commands", now.rate("charter_commands_total", before));
      showRate("events", now.rate("charter_events_published_total", before));
      showRate("requests", now.rate("charter_http_requests_total", before));
      showOutcomes(now, before);
    }
    const first = looks[0];
    if (first !== void 0) {
      part("decided").textContent = seconds(now.quantile(0.99, "charter_accepted_to_decided_seconds", first));
      part("visible").textContent = seconds(now.quantile(0.99, "charter_accepted_to_visible_seconds", first));
    }
  }
  async function lookAtParts() {
    if (isPaused) return;
    const { parts } = await (await fetch("/health/ready")).json();
    const shown = parts.map(({ name, ready, reason }) => {
      const element2 = document.createElement("span");
      element2.className = ready ? "good" : "bad";
      element2.textContent = ready ? name : `${name}: ${reason ?? "not ready"}`;
      return element2;
    });
    part("parts").replaceChildren(...shown);
  }
  function again(act) {
    const lost = () => {
      const gone = document.createElement("span");
      gone.className = "bad";
      gone.textContent = "no answer";
      part("parts").replaceChildren(gone);
    };
    void act().catch(lost).finally(() => setTimeout(() => again(act), PERIOD));
  }
  var pause = part("pause");
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(isPaused));
  });
  again(look);
  again(lookAtParts);
  var stream = null;
  var lines = [];
  var form = part("tail");
  var room = form.elements.namedItem("room");
  var filter = form.elements.namedItem("filter");
  function element(line) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = line.time;
    const type = document.createElement("b");
    type.textContent = line.type;
    const code = document.createElement("code");
    code.textContent = line.text;
    item.append(time, type, code);
    return item;
  }
  function isWanted(line) {
    const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const said = `${line.type} ${line.text}`.toLowerCase();
    return words.every((word) => said.includes(word));
  }
  function showLines() {
    part("lines").replaceChildren(...lines.filter(isWanted).slice(0, 200).map(element));
  }
  function follow(name) {
    stream?.close();
    lines = [];
    showLines();
    const standing = part("tail-standing");
    const say = (kind, text) => {
      standing.className = `standing ${kind}`;
      standing.textContent = text;
    };
    stream = new Stream(`/v1/streams/${encodeURIComponent(name)}`, null, {
      standing: (now) => say(now, { connecting: "Connecting …", live: `Following ${name}`, waiting: "Connection lost" }[now]),
      refused: (problem) => say("waiting", problem.detail),
      message: ({ event, data }) => {
        if (event === "initial-load" || event === "stats-updated" || event === "dropped") return;
        const { time, sequence, payload } = JSON.parse(data);
        const clock = time === void 0 ? "" : new Date(time).toLocaleTimeString("en-GB");
        const line = { time: clock, type: event, text: `${sequence ?? ""} ${JSON.stringify(payload)}` };
        lines.unshift(line);
        lines.length = Math.min(lines.length, EVENTS);
        if (isPaused || !isWanted(line)) return;
        const list = part("lines");
        list.prepend(element(line));
        if (list.children.length > 200) list.lastElementChild?.remove();
      }
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = encodeURIComponent(room.value.trim());
  });
  filter.addEventListener("input", showLines);
  function fromAddress() {
    const name = decodeURIComponent(location.hash.slice(1));
    if (name === "") return;
    room.value = name;
    follow(name);
  }
  addEventListener("hashchange", fromAddress);
  fromAddress();
})();
