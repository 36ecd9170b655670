"use strict";
(() => {
  // runtime/portal/pages/metrics.ts
  var LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
  var LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
  function parse(text) {
    return text.split("\n").flatMap((line) => {
      const found2 = line.startsWith("#") ? null : LINE.exec(line);
      if (found2 === null) return [];
      const [, name = "", labels = "", value = ""] = found2;
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
      const wanted2 = Object.entries(labels);
      return this.of(name).filter((sample) => wanted2.every(([key, value]) => sample.labels[key] === value)).reduce((sum, { value }) => sum + value, 0);
    }
    /** By how much a counter rose each second since another look; 0 where it began anew. */
    rate(name, before, labels = {}) {
      const seconds2 = (this.at - before.at) / 1e3;
      return seconds2 <= 0 ? 0 : Math.max(0, this.sum(name, labels) - before.sum(name, labels)) / seconds2;
    }
    /** What a histogram grew by since another look stays below its upper bound for this part of it; null where it did not grow. */
    quantile(part2, name, before) {
      const bounds = /* @__PURE__ */ new Map();
      for (const [look3, sign] of [[this, 1], [before, -1]]) {
        for (const { labels, value } of look3.of(`${name}_bucket`)) {
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
  function secret() {
    const known = credentials();
    if (known === null) return {};
    return known.secret.split(".").length === 3 ? { token: known.secret } : { apiKey: known.secret };
  }
  function authorization() {
    const { apiKey, token } = secret();
    if (token !== void 0) return { Authorization: `Bearer ${token}` };
    return apiKey === void 0 ? {} : { "X-API-Key": apiKey };
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
      const found2 = dialog.querySelector(selector);
      if (found2 === null) throw new Error(`the dialog has no ${selector}`);
      return found2;
    };
    part2("#ask-reason").textContent = reason;
    const secret2 = part2("[name=secret]");
    const name = part2("[name=name]");
    name.value = credentials()?.name ?? "";
    part2("button.quiet").addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const given = dialog.returnValue === "given";
        if (given) {
          sessionStorage.setItem(KEPT, JSON.stringify({ secret: secret2.value.trim(), name: name.value.trim() }));
          window.dispatchEvent(new Event(CHANGED));
        }
        dialog.remove();
        resolve(given);
      });
    });
  }

  // runtime/portal/pages/parts.ts
  function part(id) {
    const found2 = document.getElementById(id);
    if (found2 === null) throw new Error(`the page has no #${id}`);
    return found2;
  }
  var whole = new Intl.NumberFormat("en");

  // runtime/portal/pages/care.ts
  var MOST = 50;
  function when(time) {
    return time === void 0 ? "–" : new Date(time).toLocaleString("en-GB");
  }
  function textOf({ value, problem }) {
    return value === void 0 ? `can't be read: ${problem ?? ""}` : JSON.stringify(value.payload);
  }
  async function found(path) {
    for (; ; ) {
      const response = await fetch(path, { headers: authorization() });
      if (response.ok) return await response.json();
      const problem = await response.json().catch(() => ({}));
      const said = problem.detail ?? `status ${response.status}`;
      if (response.status !== 401 || !await ask(said)) throw new Error(said);
    }
  }
  function say(kind, text) {
    const standing = part("care-standing");
    standing.className = `standing ${kind}`;
    standing.textContent = text;
  }
  function trying(act) {
    void act().catch((problem) => say("waiting", problem instanceof Error ? problem.message : String(problem)));
  }
  async function first(path) {
    const { items } = await found(`${path}?limit=${MOST + 1}`);
    return { items: items.slice(0, MOST), hasMore: items.length > MOST };
  }
  function fill(id, { items, hasMore }, none, texts, into) {
    const rows = items.map((entry) => {
      const row = document.createElement("tr");
      for (const text of texts(entry)) row.insertCell().textContent = text;
      if (into !== void 0) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet small";
        button.textContent = "Show";
        button.addEventListener("click", () => trying(() => into(entry)));
        row.insertCell().append(button);
      }
      return row;
    });
    if (rows.length === 0) rows.push(remark(none));
    if (hasMore) rows.push(remark(`These are the first ${MOST}; \`charterctl\` lists more.`));
    part(id).replaceChildren(...rows);
  }
  function remark(text) {
    const row = document.createElement("tr");
    const cell = row.insertCell();
    cell.colSpan = 9;
    cell.textContent = text;
    return row;
  }
  function show(title, messages) {
    part("care-detail").hidden = false;
    part("care-name").textContent = title;
    const items = messages.map(({ time, type, place, text }) => {
      const item = document.createElement("li");
      const texts = { time: when(time), b: type, span: place, code: text };
      for (const [name, text2] of Object.entries(texts)) item.appendChild(document.createElement(name)).textContent = text2;
      return item;
    });
    part("care-lines").replaceChildren(...items);
  }
  async function parked(entry) {
    const query = new URLSearchParams({ tenant: entry.tenantId, key: entry.key });
    if (entry.reactor !== void 0) query.set("reactor", entry.reactor);
    const { waiting, events } = await found(`/operations/parked/${encodeURIComponent(entry.context)}?${query}`);
    const shown = events.map(({ time, type, sequence, envelope }) => ({ time, type, place: `${sequence}`, text: textOf(envelope) }));
    show(`${entry.tenantId}/${entry.key}: the first ${events.length} of ${whole.format(waiting)} events that wait`, shown);
  }
  async function letter({ id }) {
    const { failedAt: time, type, reason, message } = await found(`/operations/dead-letters/${encodeURIComponent(id)}`);
    show(`Dead letter ${id}: ${reason}`, [{ time, type: type ?? "–", place: "", text: textOf(message) }]);
  }
  async function look() {
    say("", "Looking …");
    const aside = await first("/operations/parked");
    const letters = await first("/operations/dead-letters");
    const builds = await found("/operations/projections");
    fill(
      "care-parked",
      aside,
      "nothing is set aside",
      ({ context, reactor, tenantId, key, waiting, since, reason }) => [context, reactor ?? "views", `${tenantId}/${key}`, whole.format(waiting), when(since), reason],
      parked
    );
    fill("care-letters", letters, "there are none", ({ context, failedAt, type, code, reason }) => [context, when(failedAt), type ?? "–", code, reason], letter);
    fill("care-builds", builds, "no context has views", ({ context, number, state, lag, rows, parked: parked2, projectionVersion, begun }) => [
      `${context}`,
      `${number}`,
      state,
      ...[lag, rows, parked2, projectionVersion].map((count) => whole.format(count)),
      when(begun)
    ]);
    part("care-detail").hidden = true;
    part("care-tables").hidden = false;
    say("live", `As of ${(/* @__PURE__ */ new Date()).toLocaleTimeString("en-GB")}`);
  }
  function care() {
    part("care").addEventListener("submit", (event) => {
      event.preventDefault();
      trying(look);
    });
  }

  // runtime/portal/pages/lines.ts
  function lineOf({ name, body }) {
    if (name === "skipped") {
      const { count } = body;
      return { id: "", time: (/* @__PURE__ */ new Date()).toISOString(), context: "", type: "…", key: "", text: `${count} events came faster than they are shown` };
    }
    if (name === "event") {
      const { context, partition, offset, time: time2, type, key: key2, message } = body;
      const text = message.value === void 0 ? `can't be read: ${message.problem ?? ""}` : JSON.stringify(message.value.payload);
      return { id: `${context}/${partition}/${offset}`, time: time2, context, type, key: key2, text };
    }
    const { id, time, key, sequence, payload } = body;
    if (id === void 0 || time === void 0 || sequence === void 0) return null;
    return { id, time, context: name.split(".")[0] ?? "", type: name, key: key ?? "", text: `${sequence} ${JSON.stringify(payload)}` };
  }
  function isWanted(line, asked) {
    if (asked["context"] !== void 0 && asked["context"] !== "" && line.context !== asked["context"]) return false;
    return ["type", "key", "text"].every((name) => {
      const words = (asked[name] ?? "").toLowerCase().split(/\s+/).filter((word) => word !== "");
      return words.every((word) => line[name].toLowerCase().includes(word));
    });
  }

  // codegen/templates/client-typescript/transport.ts
  var Problem = class extends Error {
    name = "Problem";
    /** The HTTP status; 0 where nothing answered. */
    status;
    /** The stable code to act on. */
    code;
    /** What the code is about, in fields that belong to the code. */
    details;
    /** Every value that breaks the contract. */
    errors;
    commandId;
    correlationId;
    /** Seconds after which to ask again, where the answer says so. */
    retryAfter;
    /** The key that names the command; with it the call can be made again safely. */
    idempotencyKey;
    constructor(status, said, retryAfter, options) {
      super(said.detail ?? said.code ?? `status ${status}`, options);
      this.status = status;
      this.code = typeof said.code === "string" ? said.code : "UNKNOWN";
      this.details = said.details ?? {};
      this.errors = said.errors ?? [];
      this.commandId = said.commandId;
      this.correlationId = said.correlationId;
      this.retryAfter = retryAfter;
    }
  };
  var MOST_CURSORS = 16;
  var KEPT_CURSORS = 256;
  var PAUSES = [100, 5e3];
  var Transport = class {
    constructor(settings = {}) {
      this.settings = settings;
      this.send = settings.fetch ?? ((input, init) => fetch(input, init));
    }
    settings;
    send;
    /** What was written and read; opaque. */
    cursors = [];
    /** What this client has written and read, to be given to another one's `consistentWith`. */
    seen() {
      return this.cursors;
    }
    /** Remembers what somebody else has seen: reads wait for it from now on. */
    see(...cursors) {
      const known = new Set(this.cursors);
      this.cursors = [...this.cursors, ...cursors.filter((cursor) => !known.has(cursor))].slice(-KEPT_CURSORS);
    }
    /** Sends a command until it is decided; a refusal is a {@link Problem}. */
    async command(ask2, options = {}) {
      const idempotencyKey = options.idempotencyKey ?? unique();
      const wait = options.wait ?? this.settings.wait ?? 10;
      const headers = {
        ...ask2.headers,
        "Idempotency-Key": idempotencyKey,
        "If-Match": options.ifMatch === void 0 ? void 0 : `"${options.ifMatch}"`,
        Prefer: wait === 0 ? void 0 : `wait=${wait}`
      };
      const limit = this.limit(options);
      const fate = new Fate();
      try {
        for (let again2 = 0; ; again2++) {
          const answer = await this.answered({ ...ask2, headers }, options, limit, (problem) => fate.doubt(problem));
          const outcome = json(answer);
          if (answer.status !== 202 || wait === 0) {
            if (outcome.cursor !== void 0) this.see(outcome.cursor);
            return outcome;
          }
          fate.taken = outcome.commandId;
          if (!await limit.pause(delay(again2))) throw undecided(fate.taken);
        }
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const problem = fate.end(error);
        problem.idempotencyKey = idempotencyKey;
        throw problem;
      } finally {
        limit.end();
      }
    }
    /** Reads a view that has seen what the options ask for. */
    async read(ask2, options = {}) {
      const asked = [...options.consistentWith ?? this.cursors];
      let rest2 = asked;
      const limit = this.limit(options);
      try {
        for (; ; ) {
          const headers = { ...ask2.headers, "Consistent-With": rest2.slice(0, MOST_CURSORS).join(", ") || void 0 };
          const answer = await this.answered({ ...ask2, headers }, options, limit);
          const cursor = answer.headers.get("charter-cursor");
          rest2 = rest2.slice(MOST_CURSORS);
          if (rest2.length > 0 && cursor !== null) {
            rest2.unshift(cursor);
            continue;
          }
          if (cursor !== null) {
            const merged = new Set(asked);
            this.cursors = this.cursors.filter((known) => !merged.has(known));
            this.see(cursor);
          }
          return json(answer);
        }
      } finally {
        limit.end();
      }
    }
    /** Asks for something that no view tells. */
    async plain(ask2, options = {}) {
      const limit = this.limit(options);
      try {
        return json(await this.answered(ask2, options, limit));
      } finally {
        limit.end();
      }
    }
    /** The headers that say who asks. */
    async authorization() {
      const { apiKey, token } = await credentialsOf(this.settings);
      return {
        ...apiKey === void 0 ? {} : { "X-API-Key": apiKey },
        ...token === void 0 ? {} : { Authorization: `Bearer ${token}` }
      };
    }
    /** Opens a response whose body is read as it comes. */
    async open(path, headers, signal) {
      const who = await this.authorization();
      return await this.send(this.url({ method: "GET", path }), { headers: headersOf({ ...who, ...headers }), signal, cache: "no-store" });
    }
    limit(options) {
      return limitOf(this.settings, options);
    }
    /** The first answer that is no failure of the moment; throws what isn't in the 200s. `failed` is told of every try that was not. */
    async answered(ask2, options, limit, failed) {
      let isKnown = false;
      for (let again2 = 0; ; again2++) {
        let problem;
        try {
          const response = await this.once(ask2, options, limit);
          const answer = { status: response.status, headers: response.headers, text: await response.text() };
          if (response.ok) return answer;
          problem = problemIn(answer);
        } catch (cause) {
          options.signal?.throwIfAborted();
          problem = cause instanceof Problem ? cause : unanswered(`${ask2.method} ${ask2.path} was not answered`, cause);
        }
        failed?.(problem);
        if (problem.status === 401 && !isKnown && await this.settings.unauthenticated?.(problem) === true) {
          isKnown = true;
          continue;
        }
        const mayHelp = isMomentary(problem);
        const pause2 = problem.retryAfter === void 0 ? delay(again2) : problem.retryAfter * 1e3;
        if (!mayHelp || !await limit.pause(pause2)) throw problem;
      }
    }
    async once(ask2, options, limit) {
      const who = await this.authorization();
      const headers = headersOf({ Accept: "application/json", ...who, "X-Correlation-Id": options.correlationId, ...ask2.headers, "Content-Type": ask2.body?.mediaType });
      const body = ask2.body === void 0 ? null : JSON.stringify(ask2.body.value);
      return await this.send(this.url(ask2), { method: ask2.method, headers, body, signal: limit.signal });
    }
    url({ path, query = {} }) {
      const lost = path.split(/[/?]/).find((part2) => part2 === "." || part2 === "..");
      if (lost !== void 0) throw unsendable(`expected a part of a path, found \`${lost}\`, which no URL can carry`);
      const given = Object.entries(query).flatMap(([name, value]) => value === void 0 ? [] : [[name, String(value)]]);
      const search = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
      return `${(this.settings.baseUrl ?? "").replace(/\/+$/, "")}${path}${search}`;
    }
  };
  async function credentialsOf({ credentials: credentials2 }) {
    return (typeof credentials2 === "function" ? await credentials2() : credentials2) ?? {};
  }
  function limitOf(settings, options) {
    return new Limit(options.timeoutMs ?? settings.timeoutMs ?? 6e4, options.signal);
  }
  var Limit = class {
    constructor(ms, outer) {
      this.outer = outer;
      outer?.throwIfAborted();
      this.until = Date.now() + ms;
      this.timer = setTimeout(() => this.controller.abort(new Error(`no answer within ${ms} ms`)), ms);
      outer?.addEventListener("abort", this.stop);
    }
    outer;
    controller = new AbortController();
    until;
    timer;
    stop = () => this.controller.abort(this.outer?.reason);
    get signal() {
      return this.controller.signal;
    }
    /** Waits; false, at once, where the time would be over. */
    async pause(ms) {
      if (Date.now() + ms >= this.until) return false;
      await sleep(ms, this.signal);
      this.outer?.throwIfAborted();
      return !this.signal.aborted;
    }
    end() {
      clearTimeout(this.timer);
      this.outer?.removeEventListener("abort", this.stop);
    }
  };
  function sleep(ms, signal) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end);
    });
  }
  function delay(again2) {
    return Math.min(PAUSES[0] * 2 ** again2, PAUSES[1]) * (0.5 + Math.random() / 2);
  }
  function unique() {
    const bytes = new Uint8Array(16);
    if (globalThis.crypto === void 0) bytes.forEach((_, index) => bytes[index] = Math.floor(Math.random() * 256));
    else crypto.getRandomValues(bytes);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function isMomentary({ status, code }) {
    return status === 0 ? code === "NO_ANSWER" : [429, 502, 503, 504].includes(status);
  }
  var Fate = class {
    /** The command, once it is known to be taken. */
    taken;
    /** Whether a try may have been taken: nothing said so, and nothing said that it was not. */
    isUnknown = false;
    /** A try was answered with this. */
    doubt(problem) {
      this.isUnknown ||= leavesDoubt(problem);
    }
    /**
     * What the last answer says of the command. One about asking again, such as a limit or a token that is over, says nothing of a try
     * before: who took it for a refusal and sent the command under another key would have it done twice.
     */
    end(last) {
      if (isDecision(last) || last.code === "NOT_DECIDED" || last.code === "UNREADABLE") return last;
      if (this.taken !== void 0) return undecided(this.taken, last);
      if (!this.isUnknown || last.code === "VALIDATION_FAILED" || last.code === "NO_ANSWER") return last;
      const detail = `whether the command was taken is not known; call again with the same key${after(last)}`;
      return new Problem(0, { code: "NO_ANSWER", detail }, last.retryAfter, { cause: last });
    }
  };
  function isDecision(problem) {
    const isFailure = problem.status >= 500 && problem.code !== "COMMAND_FAILED";
    return problem.commandId !== void 0 && !isMomentary(problem) && !isFailure;
  }
  function leavesDoubt(problem) {
    if (problem.status === 0) return problem.code === "NO_ANSWER";
    if (problem.status === 503) return problem.code === "APPEND_UNKNOWN" || problem.code === "UNKNOWN";
    return problem.status >= 500 && !isDecision(problem);
  }
  function undecided(commandId, last) {
    const detail = `the command \`${commandId}\` is taken and was not decided in time; call again with the same key${after(last)}`;
    return new Problem(202, { code: "NOT_DECIDED", detail, commandId }, last?.retryAfter, { cause: last });
  }
  function after(last) {
    return last === void 0 ? "" : `; the last answer was ${last.code} (${last.status}): ${last.message}`;
  }
  function unanswered(what, cause) {
    const detail = cause === void 0 ? what : `${what}: ${String(cause)}`;
    return new Problem(0, { code: "NO_ANSWER", detail }, void 0, { cause });
  }
  function unsendable(detail, cause) {
    return new Problem(0, { code: "UNSENDABLE", detail }, void 0, { cause });
  }
  function headersOf(given) {
    const headers = new Headers();
    for (const [name, value] of Object.entries(given)) {
      try {
        if (value !== void 0) headers.set(name, value);
      } catch (cause) {
        throw unsendable(`expected a header \`${name}\` of visible characters`, cause);
      }
    }
    return headers;
  }
  function json({ status, text }) {
    try {
      return text === "" ? void 0 : JSON.parse(text);
    } catch (cause) {
      throw new Problem(status, { code: "UNREADABLE", detail: `expected JSON: ${String(cause)}` }, void 0, { cause });
    }
  }
  async function problemOf(response) {
    return problemIn({ status: response.status, headers: response.headers, text: await response.text() });
  }
  function problemIn({ status, headers, text }) {
    const after2 = headers.get("retry-after");
    const seconds2 = after2 === null ? Number.NaN : Number(after2);
    const retryAfter = Number.isFinite(seconds2) && seconds2 >= 0 ? seconds2 : void 0;
    try {
      return new Problem(status, JSON.parse(text), retryAfter);
    } catch {
      return new Problem(status, {}, retryAfter);
    }
  }

  // codegen/templates/client-typescript/stream.ts
  var SILENCE = 4e4;
  var LASTED = 5e3;
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
  var Streams = class extends Transport {
    /**
     * Every message of a room, once and in order, over as many connections as it takes. It ends when the signal says so, or the
     * loop that reads it; a refusal is thrown as a {@link Problem}.
     */
    join(room2, options = {}) {
      const whose = options.tenant === void 0 ? "" : `?tenant=${encodeURIComponent(options.tenant)}`;
      return this.follow(`/v1/streams/${encodeURIComponent(room2)}${whose}`, options);
    }
    /** Every message of the stream at this path, as of a room. */
    follow(path, options = {}) {
      return lasting(this.settings, options, (place, closing, live) => this.streamed(path, place, closing, live));
    }
    /** The messages of one connection. */
    async *streamed(path, place, closing, live) {
      const connection = new Connection(closing);
      try {
        const headers = { Accept: "text/event-stream", ...place.cursor === "" ? {} : { "Last-Event-ID": place.cursor } };
        const response = await this.open(path, headers, connection.signal);
        if (!response.ok || response.body === null) throw await problemOf(response);
        live();
        for await (const { event, id, data } of connection.messages(response.body)) {
          if (id !== "") place.cursor = id;
          yield { name: event, cursor: place.cursor, body: JSON.parse(data) };
        }
      } finally {
        connection.end();
      }
    }
  };
  async function* lasting(settings, options, connection) {
    const closing = new AbortController();
    const close = () => closing.abort();
    options.signal?.addEventListener("abort", close);
    if (options.signal?.aborted === true) close();
    const place = { cursor: options.cursor ?? "" };
    let lost = 0;
    let isKnown = false;
    let since = 0;
    const live = () => {
      options.standing?.("live");
      isKnown = false;
      since = Date.now();
    };
    try {
      while (!closing.signal.aborted) {
        options.standing?.("connecting");
        let pause2 = delay(lost++);
        let why;
        try {
          since = 0;
          for await (const message of connection(place, closing.signal, live)) {
            lost = 0;
            yield message;
          }
        } catch (problem) {
          if (closing.signal.aborted) return;
          if (problem instanceof SyntaxError) throw problem;
          why = problem instanceof Problem ? problem : unanswered("the connection was lost", problem);
          const isTransient = why.code !== "TOO_MANY_ROOMS" && (isMomentary(why) || why.status >= 500);
          if (why.status === 401 && !isKnown && await settings.unauthenticated?.(why) === true) isKnown = true;
          else if (!isTransient) throw why;
          if (why.retryAfter !== void 0) pause2 = why.retryAfter * 1e3;
        }
        if (closing.signal.aborted) return;
        if (since > 0 && Date.now() - since > LASTED) lost = 0;
        options.standing?.("waiting", why);
        await rest(pause2, closing.signal);
      }
    } finally {
      options.signal?.removeEventListener("abort", close);
      close();
    }
  }
  async function rest(ms, signal) {
    const waking = new AbortController();
    const wake = () => waking.abort();
    signal.addEventListener("abort", wake);
    globalThis.addEventListener?.("online", wake);
    if (signal.aborted) wake();
    await sleep(ms, waking.signal);
    signal.removeEventListener("abort", wake);
    globalThis.removeEventListener?.("online", wake);
  }
  var Connection = class {
    constructor(closing) {
      this.closing = closing;
      this.watch = setTimeout(this.cut, SILENCE);
      closing.addEventListener("abort", this.cut);
      globalThis.addEventListener?.("offline", this.cut);
    }
    closing;
    controller = new AbortController();
    cut = () => this.controller.abort();
    watch;
    get signal() {
      return this.controller.signal;
    }
    async *messages(body) {
      const parser = new Parser();
      const decoder = new TextDecoder();
      const reader = body.getReader();
      for (; ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(this.watch);
        this.watch = setTimeout(this.cut, SILENCE);
        yield* parser.push(decoder.decode(value, { stream: true }));
      }
    }
    end() {
      clearTimeout(this.watch);
      this.closing.removeEventListener("abort", this.cut);
      globalThis.removeEventListener?.("offline", this.cut);
      this.controller.abort();
    }
  };

  // runtime/portal/pages/rooms.ts
  var rooms = new Streams({ credentials: secret, unauthenticated: ({ message }) => ask(message) });
  var unasked = new Streams({ credentials: secret });

  // runtime/portal/pages/live.ts
  var PERIOD = 2e3;
  var LOOKS = 60;
  var MINUTE = 30;
  var EVENTS = 500;
  var SHOWN = 200;
  var figures = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
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
    const contexts2 = now.values("charter_events_published_total", "context");
    const rows = contexts2.map((context) => {
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
  async function look2() {
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
    const first2 = looks[0];
    if (first2 !== void 0) {
      part("decided").textContent = seconds(now.quantile(0.99, "charter_accepted_to_decided_seconds", first2));
      part("visible").textContent = seconds(now.quantile(0.99, "charter_accepted_to_visible_seconds", first2));
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
    showLines();
  });
  again(look2);
  again(lookAtParts);
  care();
  var following = new AbortController();
  var lines = [];
  var form = part("tail");
  var room = form.elements.namedItem("room");
  var filter = part("filter");
  var contexts = filter.elements.namedItem("context");
  function element({ time, type, key, text }) {
    const item = document.createElement("li");
    const texts = { time: new Date(time).toLocaleTimeString("en-GB"), b: type, span: key, code: text };
    for (const [name, text2] of Object.entries(texts)) item.appendChild(document.createElement(name)).textContent = text2;
    return item;
  }
  function wanted() {
    return Object.fromEntries([...new FormData(filter)].map(([name, value]) => [name, String(value)]));
  }
  var isDue = false;
  function showLines() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      const { length } = lines;
      if (isPaused) {
        part("shown").textContent = "Paused";
        return;
      }
      const asked = wanted();
      const found2 = lines.filter((line) => isWanted(line, asked));
      part("lines").replaceChildren(...found2.slice(0, SHOWN).map(element));
      part("shown").textContent = `${found2.length} of the last ${length}`;
    });
  }
  function follow(name, asks) {
    following.abort();
    const { signal } = following = new AbortController();
    lines = [];
    showLines();
    const standing = part("tail-standing");
    const say2 = (kind, text) => {
      standing.className = `standing ${kind}`;
      standing.textContent = text;
    };
    const words = { connecting: "Connecting …", live: `Following ${name === "" ? "all events" : name}`, waiting: "Connection lost" };
    const standingOf = (now, why) => say2(now, why === void 0 ? words[now] : `${words[now]}: ${why.message}`);
    const options = { signal, standing: standingOf };
    const messages = name === "" ? (asks ? rooms : unasked).follow("/operations/events", options) : rooms.join(name, options);
    const read = async () => {
      for await (const message of messages) take(message);
    };
    void read().catch((problem) => {
      const said = problem instanceof Error ? problem.message : String(problem);
      say2("waiting", name === "" ? `All events are for operators: ${said}. Follow asks who you are; a room's name follows that room.` : said);
    });
  }
  function take(message) {
    const line = lineOf(message);
    if (line === null || line.id !== "" && lines.some(({ id }) => id === line.id)) return;
    lines.unshift(line);
    lines.length = Math.min(lines.length, EVENTS);
    if (line.context !== "" && ![...contexts.options].some(({ value }) => value === line.context)) contexts.add(new Option(line.context));
    showLines();
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = room.value.trim();
    if (location.hash === `#${encodeURIComponent(name)}` || name === "" && location.hash === "") follow(name, true);
    else location.hash = encodeURIComponent(name);
  });
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", showLines);
  function fromAddress(asks) {
    const name = decodeURIComponent(location.hash.slice(1));
    room.value = name;
    follow(name, asks);
  }
  addEventListener("hashchange", () => fromAddress(true));
  fromAddress(false);
})();
