"use strict";
(() => {
  var __defProp = Object.defineProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };

  // runtime/portal/pages/access.ts
  var KEPT = "charter.credentials";
  var CHANGED = "charter-credentials";
  function credentials() {
    const kept2 = sessionStorage.getItem(KEPT);
    return kept2 === null ? null : JSON.parse(kept2);
  }
  function secret() {
    const known = credentials();
    if (known === null) return {};
    return known.secret.split(".").length === 3 ? { token: known.secret } : { apiKey: known.secret };
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

  // services/gateway/pages/seat-map/api.ts
  var api_exports = {};
  __export(api_exports, {
    PAGE: () => PAGE,
    ahead: () => ahead,
    confirm: () => confirm,
    hold: () => hold,
    holder: () => holder,
    openShow: () => openShow,
    release: () => release,
    seat: () => seat,
    seen: () => seen,
    shows: () => shows,
    stands: () => stands
  });

  // generated/client-typescript/src/transport.ts
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
        for (let again = 0; ; again++) {
          const answer = await this.answered({ ...ask2, headers }, options, limit, (problem) => fate.doubt(problem));
          const outcome = json(answer);
          if (answer.status !== 202 || wait === 0) {
            if (outcome.cursor !== void 0) this.see(outcome.cursor);
            return outcome;
          }
          fate.taken = outcome.commandId;
          if (!await limit.pause(delay(again))) throw undecided(fate.taken);
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
      for (let again = 0; ; again++) {
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
        const pause = problem.retryAfter === void 0 ? delay(again) : problem.retryAfter * 1e3;
        if (!mayHelp || !await limit.pause(pause)) throw problem;
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
  function delay(again) {
    return Math.min(PAUSES[0] * 2 ** again, PAUSES[1]) * (0.5 + Math.random() / 2);
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
    const seconds = after2 === null ? Number.NaN : Number(after2);
    const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : void 0;
    try {
      return new Problem(status, JSON.parse(text), retryAfter);
    } catch {
      return new Problem(status, {}, retryAfter);
    }
  }

  // generated/client-typescript/src/contexts/seat.ts
  var Operations = class {
    constructor(on) {
      this.on = on;
    }
    on;
    /**
     * `GET /v1/shows`: Shows.
     *
     * The shows that are open, by their ids.
     */
    listShows(params = {}, options) {
      return this.on.read({ method: "GET", path: `/v1/shows`, query: { limit: params.limit, pageToken: params.pageToken } }, options);
    }
    /**
     * `GET /v1/shows`: Shows. Every item, page by page as they are taken.
     *
     * The shows that are open, by their ids.
     */
    async *eachOfShows(params = {}, options) {
      let pageToken = params.pageToken;
      do {
        const page = await this.listShows({ ...params, pageToken: pageToken ?? void 0 }, options);
        yield* page.items;
        pageToken = page.nextPageToken;
      } while (pageToken !== null && pageToken !== void 0);
    }
    openShow(body, options) {
      return this.on.command({ method: "POST", path: `/v1/shows`, body: { mediaType: "application/json", value: body } }, options);
    }
    /**
     * `GET /v1/shows/{showId}`: A show.
     *
     * The show as it was opened.
     */
    getShow(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}` }, options);
    }
    confirmSeats(params, body, options) {
      return this.on.command({ method: "POST", path: `/v1/shows/${encodeURIComponent(params.showId)}/confirmations`, body: { mediaType: "application/json", value: body } }, options);
    }
    /**
     * `GET /v1/shows/{showId}/history`: History of reserved seats.
     *
     * Every reservation of a seat, newest first. One that was given back stays, with `releasedAt`.
     */
    listReservedSeats(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}/history`, query: { from: params.from, to: params.to, limit: params.limit, pageToken: params.pageToken } }, options);
    }
    /**
     * `GET /v1/shows/{showId}/history`: History of reserved seats. Every item, page by page as
     * they are taken.
     *
     * Every reservation of a seat, newest first. One that was given back stays, with `releasedAt`.
     */
    async *eachOfReservedSeats(params, options) {
      let pageToken = params.pageToken;
      do {
        const page = await this.listReservedSeats({ ...params, pageToken: pageToken ?? void 0 }, options);
        yield* page.items;
        pageToken = page.nextPageToken;
      } while (pageToken !== null && pageToken !== void 0);
    }
    holdSeats(params, body, options) {
      return this.on.command({ method: "POST", path: `/v1/shows/${encodeURIComponent(params.showId)}/holds`, body: { mediaType: "application/json", value: body } }, options);
    }
    releaseSeats(params, body, options) {
      return this.on.command({ method: "POST", path: `/v1/shows/${encodeURIComponent(params.showId)}/releases`, body: { mediaType: "application/json", value: body } }, options);
    }
    /**
     * `GET /v1/shows/{showId}/seats`: Seats of a show.
     *
     * The seats of a show by section, row and number; of an unknown show, none.
     */
    listSeats(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}/seats`, query: { sectionId: params.sectionId, status: params.status, limit: params.limit, pageToken: params.pageToken } }, options);
    }
    /**
     * `GET /v1/shows/{showId}/seats`: Seats of a show. Every item, page by page as they are taken.
     *
     * The seats of a show by section, row and number; of an unknown show, none.
     */
    async *eachOfSeats(params, options) {
      let pageToken = params.pageToken;
      do {
        const page = await this.listSeats({ ...params, pageToken: pageToken ?? void 0 }, options);
        yield* page.items;
        pageToken = page.nextPageToken;
      } while (pageToken !== null && pageToken !== void 0);
    }
    /**
     * `GET /v1/shows/{showId}/seats/{seatId}`: A seat.
     *
     * Where one seat stands. Who holds it is not told.
     */
    getSeat(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}/seats/${encodeURIComponent(params.seatId)}` }, options);
    }
    /**
     * `GET /v1/shows/{showId}/sections/{sectionId}/stats`: Counts of a section.
     *
     * How many seats of the section stand where.
     */
    getSectionStats(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}/sections/${encodeURIComponent(params.sectionId)}/stats` }, options);
    }
    /**
     * `GET /v1/shows/{showId}/stats`: Counts of a show.
     *
     * How many seats of the show stand where.
     */
    getShowStats(params, options) {
      return this.on.read({ method: "GET", path: `/v1/shows/${encodeURIComponent(params.showId)}/stats` }, options);
    }
    /**
     * The room `show:{showId}`: its rows, then every event after them, once and in order, over as
     * many connections as it takes. It goes on until the loop that reads it ends, or the signal
     * says so.
     */
    joinShow(params, options) {
      return this.on.join(`show:${params.showId}`, options);
    }
  };

  // generated/client-typescript/src/stream.ts
  var SILENCE = 4e4;
  var LASTED = 5e3;
  var Parser = class {
    rest = "";
    event = "";
    data = [];
    id = "";
    /** The messages that `text` completes. */
    push(text) {
      const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
      this.rest = lines.pop() ?? "";
      return lines.flatMap((line) => this.line(line) ?? []);
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
    join(room, options = {}) {
      const whose = options.tenant === void 0 ? "" : `?tenant=${encodeURIComponent(options.tenant)}`;
      return this.follow(`/v1/streams/${encodeURIComponent(room)}${whose}`, options);
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
        let pause = delay(lost++);
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
          if (why.retryAfter !== void 0) pause = why.retryAfter * 1e3;
        }
        if (closing.signal.aborted) return;
        if (since > 0 && Date.now() - since > LASTED) lost = 0;
        options.standing?.("waiting", why);
        await rest(pause, closing.signal);
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

  // services/gateway/pages/seat-map/api.ts
  var PATIENCE = 3e4;
  var PAGE = 1e3;
  var SHOWS = 500;
  var NAME = "charter.seat-map.name";
  var clock = 0;
  function ahead() {
    return Math.abs(clock) > 2e3 ? clock : 0;
  }
  var streams = new Streams({
    credentials: secret,
    unauthenticated: ({ message }) => ask(message),
    timeoutMs: PATIENCE,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const at = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(at)) clock = at - Date.now();
      return response;
    }
  });
  var seat = new Operations(streams);
  function seen() {
    return streams.seen().at(-1);
  }
  function unique2() {
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function holder() {
    const known = credentials()?.name ?? sessionStorage.getItem(NAME);
    if (known !== null && known !== void 0 && known !== "") return known;
    const made2 = `guest-${unique2()}`;
    sessionStorage.setItem(NAME, made2);
    return made2;
  }
  async function shows() {
    const found = [];
    for await (const show of seat.eachOfShows({ limit: 100 })) {
      found.push(show);
      if (found.length === SHOWS) break;
    }
    return found;
  }
  async function hold(showId, seatIds) {
    return (await seat.holdSeats({ showId }, { seatIds, holderId: holder() })).commandId;
  }
  async function confirm(showId, seatIds) {
    await seat.confirmSeats({ showId }, { seatIds, holderId: holder() });
  }
  async function release(showId, seatIds) {
    await seat.releaseSeats({ showId }, { seatIds, holderId: holder() });
  }
  async function openShow(title, count, holdSeconds) {
    const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
    const showId = `${slug || "show"}-${unique2().slice(0, 4)}`.slice(-64);
    await seat.openShow({ showId, title, holdSeconds, maxSeatsPerHold: 8, sections: stands(count) });
    return showId;
  }
  function stands(count) {
    const [rows, seatsPerRow] = count <= 1e3 ? [10, 10] : count <= 1e4 ? [10, 20] : count <= 5e4 ? [20, 25] : [25, 40];
    const whole = Math.max(1, Math.round(count / (rows * seatsPerRow)));
    return Array.from({ length: whole }, (_, index) => ({ sectionId: sectionName(index), rows, seatsPerRow }));
  }
  function sectionName(index) {
    const letter = String.fromCharCode(65 + index % 26);
    return index < 26 ? letter : `${sectionName(Math.floor(index / 26) - 1)}${letter}`;
  }

  // services/gateway/pages/seat-map/page.ts
  function part(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`the page has no #${id}`);
    return found;
  }
  var number = new Intl.NumberFormat("en");
  function made(tag, text = "", className = "") {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = className;
    return element;
  }

  // services/gateway/pages/seat-map/hall.ts
  var Kind = { AVAILABLE: 0, HELD: 1, RESERVED: 2, CHOSEN: 3, MY_HELD: 4, MY_RESERVED: 5 };
  var STATUS = { AVAILABLE: 0, HELD: 1, RESERVED: 2 };
  var Hall = class {
    /** `mine` are the ids of the holds that this tab made. */
    constructor(layout, mine, changed) {
      this.layout = layout;
      this.changed = changed;
      this.status = new Uint8Array(layout.seats);
      this.isMine = new Uint8Array(layout.seats);
      this.mine = new Set(mine);
      this.counts.available = layout.seats;
    }
    layout;
    changed;
    counts = { available: 0, held: 0, reserved: 0 };
    /** Seats that the person wants. */
    chosen = /* @__PURE__ */ new Set();
    status;
    isMine;
    /** Every hold that was seen and is not over, and what is reserved, each by the hold's id. */
    holds = /* @__PURE__ */ new Map();
    reservations = /* @__PURE__ */ new Map();
    mine;
    kind(seat2) {
      if (this.chosen.has(seat2)) return Kind.CHOSEN;
      const status = this.status[seat2] ?? 0;
      if (status === 0) return Kind.AVAILABLE;
      if (this.isMine[seat2] === 1) return status === 1 ? Kind.MY_HELD : Kind.MY_RESERVED;
      return status === 1 ? Kind.HELD : Kind.RESERVED;
    }
    /** What this tab holds and has reserved, oldest first. */
    mySeats() {
      return [...this.mine].flatMap(
        (id) => [this.holds.get(id), this.reservations.get(id)].filter((hold2) => hold2 !== void 0)
      );
    }
    /** Every seat is available again, until rows say otherwise. */
    clear() {
      this.holds.clear();
      this.reservations.clear();
      for (let seat2 = 0; seat2 < this.status.length; seat2++) {
        if (this.status[seat2] !== 0) this.set(seat2, "AVAILABLE", null);
      }
    }
    row(row) {
      const seat2 = this.layout.indexOf(row.seatId);
      if (seat2 < 0) return;
      if (row.holdId !== null) {
        const until = row.heldUntil === null ? null : Date.parse(row.heldUntil);
        if (row.status === "HELD") join(this.holds, row.holdId, seat2, until);
        if (row.status === "RESERVED") join(this.reservations, row.holdId, seat2, null);
      }
      this.set(seat2, row.status, row.holdId);
    }
    held(event) {
      const until = event.expiresAt === void 0 ? null : Date.parse(event.expiresAt);
      this.each(event, (seat2) => {
        join(this.holds, event.holdId, seat2, until);
        this.set(seat2, "HELD", event.holdId);
        this.choose(seat2, false);
      });
    }
    reserved(event) {
      this.each(event, (seat2) => {
        leave(this.holds, event.holdId, seat2);
        join(this.reservations, event.holdId, seat2, null);
        this.set(seat2, "RESERVED", event.holdId);
      });
    }
    released(event) {
      this.each(event, (seat2) => {
        leave(this.holds, event.holdId, seat2);
        leave(this.reservations, event.holdId, seat2);
        this.set(seat2, "AVAILABLE", null);
      });
    }
    /** From now on the hold is this tab's; its event may have come before. */
    own(id) {
      this.mine.add(id);
      for (const seat2 of this.holds.get(id)?.seats ?? []) {
        this.isMine[seat2] = 1;
        this.changed(seat2);
      }
    }
    isOwn(id) {
      return this.mine.has(id);
    }
    /** The latest of this tab's holds, by id, to be kept. */
    ownIds() {
      return [...this.mine].slice(-200);
    }
    choose(seat2, wanted) {
      const did = wanted ? this.status[seat2] === 0 && !this.chosen.has(seat2) : this.chosen.has(seat2);
      if (!did) return;
      if (wanted) this.chosen.add(seat2);
      else this.chosen.delete(seat2);
      this.changed(seat2);
    }
    each(event, change) {
      for (const id of event.seatIds) {
        const seat2 = this.layout.indexOf(id);
        if (seat2 >= 0) change(seat2);
      }
    }
    set(seat2, status, holdId) {
      const names = ["available", "held", "reserved"];
      const before = names[this.status[seat2] ?? 0];
      this.status[seat2] = STATUS[status];
      const after2 = names[STATUS[status]];
      if (before !== void 0) this.counts[before]--;
      if (after2 !== void 0) this.counts[after2]++;
      this.isMine[seat2] = holdId !== null && this.mine.has(holdId) ? 1 : 0;
      this.changed(seat2);
    }
  };
  function join(holds, id, seat2, until) {
    const hold2 = holds.get(id);
    if (hold2 === void 0) holds.set(id, { id, seats: [seat2], until });
    else if (!hold2.seats.includes(seat2)) hold2.seats.push(seat2);
  }
  function leave(holds, id, seat2) {
    const hold2 = holds.get(id);
    if (hold2 === void 0) return;
    hold2.seats = hold2.seats.filter((other) => other !== seat2);
    if (hold2.seats.length === 0) holds.delete(id);
  }

  // services/gateway/pages/seat-map/words.ts
  var KINDS = {
    [Kind.AVAILABLE]: "available",
    [Kind.HELD]: "held by somebody else",
    [Kind.RESERVED]: "reserved",
    [Kind.CHOSEN]: "available, chosen by you",
    [Kind.MY_HELD]: "held by you",
    [Kind.MY_RESERVED]: "reserved by you"
  };
  function kindInWords(kind) {
    return KINDS[kind];
  }
  function seatInWords(layout, seat2) {
    const { section, row, number: number2 } = layout.placeOf(seat2);
    return `${layout.sections[section]?.sectionId ?? ""} row ${row} seat ${number2}`;
  }
  function seatsInWords(layout, seats) {
    const rows = /* @__PURE__ */ new Map();
    for (const seat2 of seats) {
      const { section, row, number: number2 } = layout.placeOf(seat2);
      const name = `${layout.sections[section]?.sectionId ?? ""} row ${row}`;
      rows.set(name, [...rows.get(name) ?? [], number2]);
    }
    const parts = [...rows].map(([name, numbers]) => {
      const sorted = numbers.sort((one, other) => one - other);
      return `${name} ${sorted.length === 1 ? "seat" : "seats"} ${sorted.join(", ")}`;
    });
    return listed(parts.slice(0, 4).concat(parts.length > 4 ? [`${parts.length - 4} more rows`] : []));
  }
  function listed(parts) {
    if (parts.length < 2) return parts.join("");
    return `${parts.slice(0, -1).join("; ")} and ${parts[parts.length - 1] ?? ""}`;
  }
  function refusalInWords(problem, layout) {
    if (!(problem instanceof Problem)) return `Something went wrong here: ${String(problem)}`;
    const named = problem.details["seatIds"];
    const ids = Array.isArray(named) ? named.filter((id) => typeof id === "string") : [];
    const seats = layout === null ? [] : ids.map((id) => layout.indexOf(id)).filter((seat2) => seat2 >= 0);
    const which = layout !== null && seats.length > 0 ? seatsInWords(layout, seats) : "a seat of your choice";
    const wait = problem.retryAfter === void 0 ? "a moment" : `${problem.retryAfter} s`;
    switch (problem.code) {
      case "SEAT_TAKEN":
        return `Somebody was faster: ${which} is taken. None of your choice was held; choose others.`;
      case "TOO_MANY_SEATS":
        return `One hold may have ${String(problem.details["maximum"] ?? "fewer")} seats at most here. Choose fewer.`;
      case "HOLD_EXPIRED":
        return `Your hold on ${which} has run out. Hold it again if it is still free.`;
      case "NOT_HOLDER":
        return `Somebody else has ${which} now.`;
      case "SHOW_UNKNOWN":
      case "NOT_FOUND":
        return "There is no such show any more.";
      case "SEAT_UNKNOWN":
        return `The show has no ${which}.`;
      case "SHOW_EXISTS":
        return "A show with this name is open already. Choose another name.";
      case "UNAUTHENTICATED":
        return "You are not signed in, so nothing was done.";
      case "FORBIDDEN":
        return `You may not do this: ${problem.message}`;
      case "RATE_LIMITED":
        return `That were too many requests. Try again in ${wait}.`;
      case "NOT_DECIDED":
      case "UNAVAILABLE":
      case "VIEW_BEHIND":
        return `The server has much to do. Try again in ${wait}.`;
      case "NO_ANSWER":
        return "The server does not answer. Look at your connection; nothing is lost, and you can send it again.";
      default:
        return `${problem.message} (${problem.code})`;
    }
  }
  function timeLeft(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1e3));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  // services/gateway/pages/seat-map/start.ts
  var Start = class {
    section = part("start");
    list = part("shows");
    form = part("open");
    notice = part("start-notice");
    constructor() {
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        void this.open();
      });
      addEventListener(CHANGED, () => {
        if (!this.section.hidden) void this.load();
      });
    }
    show() {
      this.section.hidden = false;
      document.title = "Seat map · Charter";
      void this.load();
    }
    hide() {
      this.section.hidden = true;
    }
    async load() {
      try {
        const shows2 = await shows();
        const cards = shows2.map(({ showId, title, seats, sections }) => {
          const card = made("a", "", "show");
          card.href = `#${encodeURIComponent(showId)}`;
          const inside = `${number.format(seats)} seats in ${number.format(sections.length)} ${sections.length === 1 ? "section" : "sections"}`;
          card.append(made("strong", title), made("span", inside), made("code", showId));
          return card;
        });
        const none = made("p", "No show is open yet.", "none");
        this.list.replaceChildren(...cards.length === 0 ? [none] : cards);
      } catch (problem) {
        this.list.replaceChildren(made("p", refusalInWords(problem, null), "none"));
      }
    }
    async open() {
      const given = new FormData(this.form);
      const button = this.form.querySelector("button");
      if (button !== null) button.disabled = true;
      this.notice.textContent = "";
      try {
        const title = String(given.get("title"));
        const showId = await openShow(title, Number(given.get("seats")), Number(given.get("holdSeconds")));
        location.hash = encodeURIComponent(showId);
      } catch (problem) {
        this.notice.textContent = refusalInWords(problem, null);
      } finally {
        if (button !== null) button.disabled = false;
      }
    }
  };

  // services/gateway/pages/seat-map/camera.ts
  var CLOSEST = 64;
  var Camera = class {
    /** The point in the middle of the canvas. */
    x = 0;
    y = 0;
    /** CSS pixels from a seat to the next. */
    scale = 1;
    width = 1;
    height = 1;
    box = { left: 0, top: 0, right: 1, bottom: 1 };
    /** Shows all of `box`. */
    fit(box) {
      this.box = box;
      this.x = (box.left + box.right) / 2;
      this.y = (box.top + box.bottom) / 2;
      this.scale = Math.min(this.farthest(), CLOSEST);
    }
    resize(width, height) {
      const wasWhole = this.scale <= this.farthest() * 1.001;
      this.width = Math.max(width, 1);
      this.height = Math.max(height, 1);
      if (wasWhole) this.fit(this.box);
      else this.keep();
    }
    move(dx, dy) {
      this.x -= dx / this.scale;
      this.y -= dy / this.scale;
      this.keep();
    }
    /** Comes nearer by `factor` where the point (CSS pixels) stays where it is. */
    zoom(factor, px = this.width / 2, py = this.height / 2) {
      const [x, y] = this.world(px, py);
      this.scale = Math.min(CLOSEST, Math.max(this.farthest(), this.scale * factor));
      this.x = x - (px - this.width / 2) / this.scale;
      this.y = y - (py - this.height / 2) / this.scale;
      this.keep();
    }
    /** Brings a point into the canvas, near enough to tell seats apart. */
    show(x, y) {
      this.scale = Math.max(this.scale, Math.min(18, CLOSEST));
      const [px, py] = this.screen(x, y);
      const edge = 60;
      if (px < edge || py < edge || px > this.width - edge || py > this.height - edge) {
        this.x = x;
        this.y = y;
      }
      this.keep();
    }
    world(px, py) {
      return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
    }
    screen(x, y) {
      return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
    }
    farthest() {
      const { left, top, right, bottom } = this.box;
      return 0.94 * Math.min(this.width / (right - left), this.height / (bottom - top));
    }
    /** Something of the map always is in sight. */
    keep() {
      this.x = Math.min(this.box.right, Math.max(this.box.left, this.x));
      this.y = Math.min(this.box.bottom, Math.max(this.box.top, this.y));
    }
  };

  // services/gateway/pages/seat-map/drawing.ts
  var NEAR = 26;
  var BUDGET = 2;
  var MOST_PIXELS = 2e7;
  var STEP = 40;
  var MOST_SIZES = 64;
  var MANY = 200;
  var Drawing = class {
    constructor(canvas, layout, hall2, camera, legend) {
      this.canvas = canvas;
      this.layout = layout;
      this.hall = hall2;
      this.camera = camera;
      this.legend = legend;
      const context = canvas.getContext("2d", { alpha: false });
      if (context === null) throw new Error("this browser draws on no canvas");
      this.context = context;
      this.recolour();
    }
    canvas;
    layout;
    hall;
    camera;
    legend;
    /** The seat that the keyboard is on, -1 for none. */
    cursor = -1;
    context;
    pictures = /* @__PURE__ */ new Map();
    /** What the last frames did not finish, all of one scale. */
    making = /* @__PURE__ */ new Map();
    makingScale = 0;
    /** A seat of each kind, by size. */
    sprites = /* @__PURE__ */ new Map();
    looks = [];
    ground = "";
    text = "";
    field = "";
    accent = "";
    pixels = 0;
    frames = 0;
    asked = false;
    ratio = 1;
    /** Takes the colours of the page, which may have gone from light to dark. */
    recolour() {
      const around2 = getComputedStyle(this.canvas.parentElement ?? this.canvas);
      this.ground = around2.backgroundColor;
      this.text = around2.color;
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
    changed(seat2) {
      const block = this.layout.blockOf[seat2] ?? -1;
      for (const picture of [this.pictures.get(block), this.making.get(block)?.picture]) {
        if (picture === void 0 || picture.isStale) continue;
        picture.changed.push(seat2);
        picture.isStale = picture.changed.length > MANY;
      }
      this.ask();
    }
    /** Draws with the next frame. */
    ask() {
      if (this.asked) return;
      this.asked = true;
      requestAnimationFrame(() => {
        this.asked = false;
        this.frame();
      });
    }
    frame() {
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
      const visible = [];
      this.layout.blocks.forEach((block, index) => {
        const isOut = block.right * scale + left < 0 || block.left * scale + left > width || block.bottom * scale + top < 0 || block.top * scale + top > height;
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
    drawPictures(blocks, left, top, scale) {
      const wanted = 2 ** Math.ceil(Math.log2(Math.max(scale, 1)));
      const end = performance.now() + BUDGET;
      if (this.makingScale !== wanted) this.making.clear();
      this.makingScale = wanted;
      let isLate = false;
      for (const index of blocks) {
        let picture = this.pictures.get(index);
        if (picture === void 0 || picture.isStale || picture.scale !== wanted) {
          const made2 = performance.now() < end ? this.make(index, wanted, end) : void 0;
          isLate ||= made2 === void 0;
          picture = made2 ?? picture;
        }
        if (picture !== void 0 && picture.changed.length > 0 && !picture.isStale) this.mend(picture, index);
        const block = this.layout.blocks[index];
        if (block === void 0) continue;
        if (picture === void 0) {
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
    drawOutline(block, left, top, scale) {
      const { context } = this;
      context.beginPath();
      for (const seat2 of block.corners) {
        context.lineTo((this.layout.x[seat2] ?? 0) * scale + left, (this.layout.y[seat2] ?? 0) * scale + top);
      }
      context.globalAlpha = 0.4;
      context.fillStyle = this.looks[Kind.AVAILABLE]?.fill ?? "";
      context.fill();
      context.globalAlpha = 1;
    }
    /** Draws a block anew, until `end` at the most: the rest is for the next frame. Gives the picture once it is whole. */
    make(index, scale, end) {
      const block = this.layout.blocks[index];
      if (block === void 0) return void 0;
      const width = Math.ceil((block.right - block.left) * scale);
      const height = Math.ceil((block.bottom - block.top) * scale);
      let making = this.making.get(index);
      if (making === void 0 || making.picture.isStale) {
        const canvas = new OffscreenCanvas(width, height);
        making = { picture: { canvas, scale, isStale: false, changed: [], shown: this.frames }, drawn: 0 };
        this.making.set(index, making);
      }
      const { picture } = making;
      const context = picture.canvas.getContext("2d", { willReadFrequently: true });
      if (context === null) return void 0;
      const sprites = this.spritesOf(scale * 0.8);
      while (making.drawn < block.seats.length) {
        const until = Math.min(making.drawn + STEP, block.seats.length);
        for (; making.drawn < until; making.drawn++) {
          this.stamp(context, block, scale, block.seats[making.drawn] ?? 0, sprites);
        }
        context.getImageData(0, 0, 1, 1);
        if (making.drawn < block.seats.length && performance.now() >= end) return void 0;
      }
      this.making.delete(index);
      const last = this.pictures.get(index);
      if (last !== void 0) this.pixels -= last.canvas.width * last.canvas.height;
      this.pictures.delete(index);
      this.makeRoom(width * height);
      this.pictures.set(index, picture);
      this.pixels += width * height;
      return picture;
    }
    /** Draws the seats of a block that changed. */
    mend(picture, index) {
      const context = picture.canvas.getContext("2d");
      const block = this.layout.blocks[index];
      if (context === null || block === void 0) return;
      const half = Math.ceil(picture.scale * 0.4) + 1;
      const sprites = this.spritesOf(picture.scale * 0.8);
      for (const seat2 of picture.changed) {
        const x = ((this.layout.x[seat2] ?? 0) - block.left) * picture.scale;
        const y = ((this.layout.y[seat2] ?? 0) - block.top) * picture.scale;
        context.clearRect(x - half, y - half, 2 * half, 2 * half);
        this.stamp(context, block, picture.scale, seat2, sprites);
      }
      picture.changed = [];
    }
    stamp(context, block, scale, seat2, sprites) {
      const x = ((this.layout.x[seat2] ?? 0) - block.left) * scale;
      const y = ((this.layout.y[seat2] ?? 0) - block.top) * scale;
      const size = scale * 0.8;
      const kind = this.hall.kind(seat2);
      const sprite = sprites[kind];
      if (size < 5 || sprite === void 0) {
        context.fillStyle = this.looks[kind]?.fill ?? "";
        context.fillRect(x - size / 2, y - size / 2, size, size);
      } else {
        context.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
      }
    }
    /** Forgets pictures that nobody has seen for longest. */
    makeRoom(pixels) {
      if (this.pixels + pixels <= MOST_PIXELS) return;
      const oldest = [...this.pictures].sort(([, one], [, other]) => one.shown - other.shown);
      for (const [index, picture] of oldest) {
        if (this.pixels + pixels <= MOST_PIXELS || picture.shown >= this.frames - 1) return;
        this.pixels -= picture.canvas.width * picture.canvas.height;
        this.pictures.delete(index);
      }
    }
    drawSeats(index, left, top, scale, width, height) {
      const block = this.layout.blocks[index];
      if (block === void 0) return;
      const size = Math.round(scale * 0.8);
      const hasNumbers = scale >= 34 * this.ratio;
      if (hasNumbers) {
        this.context.font = `600 ${Math.round(size * 0.42)}px system-ui, sans-serif`;
        this.context.textAlign = "center";
        this.context.textBaseline = "middle";
      }
      const sprites = this.spritesOf(size);
      for (const seat2 of block.seats) {
        const x = (this.layout.x[seat2] ?? 0) * scale + left;
        const y = (this.layout.y[seat2] ?? 0) * scale + top;
        if (x < -size || y < -size || x > width + size || y > height + size) continue;
        const kind = this.hall.kind(seat2);
        const sprite = sprites[kind];
        if (sprite === void 0) continue;
        this.context.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
        if (hasNumbers && kind !== Kind.MY_RESERVED && kind !== Kind.CHOSEN) {
          this.context.fillStyle = this.looks[kind]?.mark ?? "";
          this.context.fillText(String(this.layout.placeOf(seat2).number), x, y);
        }
      }
    }
    spritesOf(size) {
      const known = this.sprites.get(size);
      if (known !== void 0) return known;
      if (this.sprites.size >= MOST_SIZES) this.sprites.clear();
      const made2 = Object.values(Kind).map((kind) => this.sprite(kind, size));
      this.sprites.set(size, made2);
      return made2;
    }
    /** A seat of a kind, `size` pixels wide: told apart by form as well as by colour. */
    sprite(kind, size) {
      const whole = Math.ceil(size) + 4;
      const sprite = new OffscreenCanvas(whole, whole);
      const context = sprite.getContext("2d");
      const look = this.looks[kind];
      if (context === null || look === void 0) return sprite;
      context.translate(whole / 2, whole / 2);
      const part2 = kind === Kind.RESERVED ? 0.7 : kind === Kind.HELD ? 0.86 : 1;
      const half = size * part2 / 2;
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
    drawMiddle(left, top, scale) {
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
    drawLabels(left, top, scale) {
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
    drawCursor(left, top, scale) {
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
  };

  // services/gateway/pages/seat-map/hand.ts
  var STILL = 5;
  var TELLING = 7;
  var Hand = class {
    constructor(canvas, layout, camera, drawing, signal, hearer) {
      this.canvas = canvas;
      this.layout = layout;
      this.camera = camera;
      this.drawing = drawing;
      this.hearer = hearer;
      const on = (type, act) => canvas.addEventListener(type, act, { signal, passive: false });
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
        camera.zoom(Math.exp(-event.deltaY * lines * 16e-4), event.offsetX, event.offsetY);
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
    canvas;
    layout;
    camera;
    drawing;
    hearer;
    pointers = /* @__PURE__ */ new Map();
    moved = 0;
    move(event) {
      const before = this.pointers.get(event.pointerId);
      const here = { x: event.offsetX, y: event.offsetY };
      if (before === void 0) {
        const [x, y] = this.camera.world(here.x, here.y);
        this.tip(this.camera.scale < TELLING ? -1 : this.layout.near(x, y), here.x, here.y);
        return;
      }
      const [dx, dy] = [here.x - before.x, here.y - before.y];
      this.moved += Math.abs(dx) + Math.abs(dy);
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other !== void 0) {
        const far = (point) => Math.hypot(point.x - other.x, point.y - other.y);
        this.camera.zoom(far(here) / Math.max(far(before), 1), (here.x + other.x) / 2, (here.y + other.y) / 2);
        this.camera.move(dx / 2, dy / 2);
      } else if (this.moved > STILL) {
        this.camera.move(dx, dy);
      }
      this.pointers.set(event.pointerId, here);
      this.drawing.ask();
    }
    up(event) {
      this.pointers.delete(event.pointerId);
      if (this.moved > STILL || this.pointers.size > 0) return;
      if (this.camera.scale < TELLING) {
        this.camera.zoom(16 / this.camera.scale, event.offsetX, event.offsetY);
        this.drawing.ask();
        return;
      }
      const seat2 = this.layout.near(...this.camera.world(event.offsetX, event.offsetY));
      if (seat2 < 0) return;
      this.drawing.cursor = -1;
      this.hearer.pressed(seat2);
      this.tip(seat2, event.offsetX, event.offsetY);
    }
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { camera, drawing, layout } = this;
      const steps = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, -1],
        ArrowDown: [0, 1]
      };
      const step = steps[event.key];
      if (step !== void 0) this.go(...step);
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
    go(dx, dy) {
      const { camera, drawing, layout } = this;
      const from = drawing.cursor;
      const seat2 = from < 0 ? this.middle() : layout.beside(from, dx, dy);
      if (seat2 < 0) return;
      drawing.cursor = seat2;
      camera.show(layout.x[seat2] ?? 0, layout.y[seat2] ?? 0);
      this.tell(seat2);
    }
    /** Says where the keyboard is, to eyes and ears. */
    tell(seat2) {
      part("said").textContent = this.hearer.described(seat2);
      this.tip(seat2, ...this.camera.screen(this.layout.x[seat2] ?? 0, this.layout.y[seat2] ?? 0));
    }
    /** The seat that is nearest to the middle of what one sees. */
    middle() {
      let best = -1;
      let least = Infinity;
      for (let seat2 = 0; seat2 < this.layout.seats; seat2++) {
        const distance = Math.hypot((this.layout.x[seat2] ?? 0) - this.camera.x, (this.layout.y[seat2] ?? 0) - this.camera.y);
        if (distance < least) {
          least = distance;
          best = seat2;
        }
      }
      return best;
    }
    tip(seat2, x, y) {
      const tip = part("tip");
      tip.hidden = seat2 < 0;
      this.canvas.classList.toggle("over", seat2 >= 0);
      if (seat2 < 0) return;
      tip.textContent = this.hearer.described(seat2);
      tip.style.left = `${Math.min(x + 14, this.camera.width - 240)}px`;
      tip.style.top = `${Math.max(y - 40, 4)}px`;
    }
  };

  // services/gateway/pages/seat-map/layout.ts
  var ROW = 1.12;
  var AISLE = 2.4;
  var GANGWAY = 4;
  var BLOCK_ROWS = 13;
  var BLOCK_SEATS = 50;
  var HALL_SECTIONS = 4;
  var HALL_SEATS = 3e3;
  function stadium(length) {
    const radius = length / (2.8 + 2 * Math.PI);
    const straight = radius * 1.4;
    const at = (along, tier, out) => {
      const inner = radius + tier;
      const bend = Math.PI * inner;
      const r = inner + out;
      let rest2 = along;
      if (rest2 < straight / 2) return [-rest2, r];
      rest2 -= straight / 2;
      if (rest2 < bend) return [-straight / 2 - r * Math.sin(rest2 / inner), r * Math.cos(rest2 / inner)];
      rest2 -= bend;
      if (rest2 < straight) return [rest2 - straight / 2, -r];
      rest2 -= straight;
      if (rest2 < bend) return [straight / 2 + r * Math.sin(rest2 / inner), -r * Math.cos(rest2 / inner)];
      return [straight / 2 - (rest2 - bend), r];
    };
    return { length, turn: 2 * Math.PI, at };
  }
  function hall(length, depth) {
    const radius = Math.max(length / 2.2, depth * 1.5, 8);
    const turn = length / radius;
    const at = (along, tier, out) => {
      const angle = along / (radius + tier) - turn / 2;
      const r = radius + tier + out;
      return [r * Math.sin(angle), r * Math.cos(angle)];
    };
    return { length, turn, at };
  }
  function tiersOf(sections, count) {
    const width = (section) => section.seatsPerRow + AISLE;
    const whole = sections.reduce((sum, section) => sum + width(section), 0);
    const deepest = Math.max(...sections.map((section) => section.rows)) * ROW + GANGWAY;
    const turn = 2 * Math.PI;
    const grown = turn * deepest * count * (count - 1) / 2;
    const first = Math.max((whole - grown) / count, 1);
    const tiers = [[]];
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
    const depths = [];
    let depth = 0;
    for (const tier of tiers) {
      depths.push(depth);
      depth += Math.max(...tier.map((section) => section.rows)) * ROW + GANGWAY;
    }
    return { tiers, depths, depth };
  }
  var widthOf = (tier) => tier.reduce((sum, section) => sum + section.seatsPerRow + AISLE, 0);
  var Layout = class {
    constructor(sections) {
      this.sections = sections;
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
      tiers.forEach((tier, number2) => {
        const out = depths[number2] ?? 0;
        const aisle = AISLE + (curve.length + curve.turn * out - widthOf(tier)) / tier.length;
        let along = aisle / 2;
        for (const section of tier) {
          const from = along;
          this.place(section, (step, row) => curve.at(from + step, out, row * ROW));
          along += section.seatsPerRow + aisle;
        }
      });
      this.box = this.blocks.reduce(around, { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });
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
          box: { left: side + inset, right: -side - inset, top: front[1] + inset, bottom: -front[1] - inset }
        };
      }
    }
    sections;
    x;
    y;
    /** The block that a seat is drawn in. */
    blockOf;
    blocks = [];
    /** The index of each section's first seat, and the number of all seats at the end. */
    firsts = [];
    /** Where to write each section's name. */
    labels = [];
    box;
    /** What people look at: the field, or the stage. */
    middle;
    byId = /* @__PURE__ */ new Map();
    /** How many seats there are. */
    get seats() {
      return this.x.length;
    }
    /** The index of a seat by its id, `{sectionId}-row-{r}-seat-{n}`; -1 where it is none of this show. */
    indexOf(seatId) {
      const parts = /^(.+)-row-(\d+)-seat-(\d+)$/.exec(seatId);
      const section = parts === null ? void 0 : this.byId.get(parts[1] ?? "");
      if (parts === null || section === void 0) return -1;
      return this.at({ section, row: Number(parts[2]), number: Number(parts[3]) });
    }
    /** The index of the seat at a place, -1 where there is none. */
    at({ section, row, number: number2 }) {
      const of = this.sections[section];
      if (of === void 0 || row < 1 || row > of.rows || number2 < 1 || number2 > of.seatsPerRow) return -1;
      return (this.firsts[section] ?? 0) + (row - 1) * of.seatsPerRow + number2 - 1;
    }
    placeOf(seat2) {
      let low = 0;
      let high = this.sections.length - 1;
      while (low < high) {
        const middle = low + high + 1 >> 1;
        if ((this.firsts[middle] ?? 0) <= seat2) low = middle;
        else high = middle - 1;
      }
      const perRow = this.sections[low]?.seatsPerRow ?? 1;
      const within = seat2 - (this.firsts[low] ?? 0);
      return { section: low, row: Math.floor(within / perRow) + 1, number: within % perRow + 1 };
    }
    idOf(seat2) {
      const { section, row, number: number2 } = this.placeOf(seat2);
      return `${this.sections[section]?.sectionId ?? ""}-row-${row}-seat-${number2}`;
    }
    /** The seat at a point, -1 where there is none. */
    near(x, y) {
      let best = -1;
      let least = 0.62 ** 2;
      for (const block of this.blocks) {
        if (x < block.left || x > block.right || y < block.top || y > block.bottom) continue;
        for (const seat2 of block.seats) {
          const distance = ((this.x[seat2] ?? 0) - x) ** 2 + ((this.y[seat2] ?? 0) - y) ** 2;
          if (distance < least) {
            least = distance;
            best = seat2;
          }
        }
      }
      return best;
    }
    /** The next seat in a direction as it looks on the map, -1 where there is none. */
    beside(from, dx, dy) {
      const [x, y] = [this.x[from] ?? 0, this.y[from] ?? 0];
      let best = -1;
      let least = Infinity;
      for (let seat2 = 0; seat2 < this.seats; seat2++) {
        const [ox, oy] = [(this.x[seat2] ?? 0) - x, (this.y[seat2] ?? 0) - y];
        const ahead2 = ox * dx + oy * dy;
        if (ahead2 < 0.4) continue;
        const aside = Math.abs(ox * dy - oy * dx);
        const distance = ahead2 + aside * 3;
        if (distance < least) {
          least = distance;
          best = seat2;
        }
      }
      return best;
    }
    place(section, point) {
      const index = this.byId.get(section.sectionId) ?? 0;
      for (let row = 1; row <= section.rows; row++) {
        for (let number2 = 1; number2 <= section.seatsPerRow; number2++) {
          const seat2 = this.at({ section: index, row, number: number2 });
          const [x2, y2] = point(number2 - 0.5, row - 1);
          this.x[seat2] = x2;
          this.y[seat2] = y2;
        }
      }
      const [x, y] = point(section.seatsPerRow / 2, (section.rows - 1) / 2);
      this.labels.push({ text: section.sectionId, x, y, width: Math.min(section.seatsPerRow, section.rows * 2.2) });
      for (let row = 1; row <= section.rows; row += BLOCK_ROWS) {
        for (let number2 = 1; number2 <= section.seatsPerRow; number2 += BLOCK_SEATS) {
          this.block(index, row, number2);
        }
      }
    }
    block(section, row, number2) {
      const seats = [];
      const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
      for (let r = row; r < row + BLOCK_ROWS; r++) {
        for (let n = number2; n < number2 + BLOCK_SEATS; n++) {
          const seat2 = this.at({ section, row: r, number: n });
          if (seat2 < 0) continue;
          seats.push(seat2);
          this.blockOf[seat2] = this.blocks.length;
          const [x, y] = [this.x[seat2] ?? 0, this.y[seat2] ?? 0];
          box.left = Math.min(box.left, x - 0.7);
          box.right = Math.max(box.right, x + 0.7);
          box.top = Math.min(box.top, y - 0.7);
          box.bottom = Math.max(box.bottom, y + 0.7);
        }
      }
      const { rows = row, seatsPerRow = number2 } = this.sections[section] ?? {};
      const [lastRow, last] = [Math.min(row + BLOCK_ROWS - 1, rows), Math.min(number2 + BLOCK_SEATS - 1, seatsPerRow)];
      const corners = [[row, number2], [row, last], [lastRow, last], [lastRow, number2]].map(
        ([r = 0, n = 0]) => this.at({ section, row: r, number: n })
      );
      this.blocks.push({ ...box, seats: Uint32Array.from(seats), corners });
    }
  };
  function inStadium(sections) {
    let best = null;
    for (let count = 1; count <= Math.min(6, sections.length); count++) {
      const { tiers, depths, depth } = tiersOf(sections, count);
      const lengths = tiers.map((tier, number2) => widthOf(tier) - 2 * Math.PI * (depths[number2] ?? 0));
      const length = Math.max(...lengths, 40);
      const off = Math.abs(Math.log(depth * 9.08 / length));
      if (best === null || off < best.off) best = { tiers, depths, curve: stadium(length), off };
    }
    if (best === null) throw new Error("a show has sections");
    return best;
  }
  function inHall(sections) {
    const wide = sections.reduce((sum, section) => sum + section.seatsPerRow, 0);
    const deepest = Math.max(...sections.map((section) => section.rows));
    const count = Math.min(sections.length, Math.max(1, Math.round(Math.sqrt(wide / (deepest * 2.5)))));
    const perTier = Math.ceil(sections.length / count);
    const tiers = [];
    for (let from = 0; from < sections.length; from += perTier) tiers.push(sections.slice(from, from + perTier));
    const depths = [];
    let depth = 0;
    for (const tier of tiers) {
      depths.push(depth);
      depth += Math.max(...tier.map((section) => section.rows)) * ROW + GANGWAY;
    }
    const length = Math.max(...tiers.map(widthOf));
    return { tiers, depths, curve: hall(length, depth) };
  }
  function around(box, other) {
    return {
      left: Math.min(box.left, other.left),
      top: Math.min(box.top, other.top),
      right: Math.max(box.right, other.right),
      bottom: Math.max(box.bottom, other.bottom)
    };
  }

  // services/gateway/pages/seat-map/room.ts
  var MOST_READ = 5e3;
  var Room = class {
    constructor(showId, hall2, watcher) {
      this.showId = showId;
      this.hall = hall2;
      this.watcher = watcher;
    }
    showId;
    hall;
    watcher;
    closing = new AbortController();
    /** Reads the seats as they stand after `cursor` was seen, and follows what happens from there on. */
    async open(cursor) {
      const { showId, watcher } = this;
      const { held, reserved } = await seat.getShowStats({ showId });
      const isRead = cursor !== void 0 && held + reserved <= MOST_READ;
      if (isRead) {
        for (const status of ["HELD", "RESERVED"]) {
          for await (const row of seat.eachOfSeats({ showId, status, limit: PAGE })) this.hall.row(row);
        }
        watcher.loaded();
      }
      void this.follow(isRead ? cursor : void 0).catch((problem) => watcher.refused(problem));
    }
    close() {
      this.closing.abort();
    }
    async follow(cursor) {
      const standing = (standing2) => this.watcher.standing(standing2);
      const messages = seat.joinShow({ showId: this.showId }, { cursor, signal: this.closing.signal, standing });
      for await (const message of messages) this.take(message);
    }
    take(message) {
      switch (message.name) {
        case "initial-load":
          if (message.body.part === 1) this.hall.clear();
          for (const row of message.body.seats ?? []) this.hall.row(row);
          this.watcher.loaded();
          break;
        case "seat.held":
          return this.happened("held", message.body.payload);
        case "seat.reserved":
          return this.happened("reserved", message.body.payload);
        case "seat.released":
          return this.happened("released", message.body.payload);
        case "seat.showOpened":
        case "stats-updated":
        case "dropped":
          break;
      }
    }
    happened(type, event) {
      this.hall[type](event);
      this.watcher.happened(type, event);
    }
  };

  // services/gateway/pages/seat-map/map.ts
  var kept = (showId) => `charter.seat-map.holds.${showId}`;
  var TICK = 250;
  var STANDINGS = {
    connecting: "Connecting …",
    live: "Live",
    waiting: "Connection lost; it comes back by itself"
  };
  var Map2 = class {
    constructor(showId) {
      this.showId = showId;
      this.section.hidden = false;
      this.say("");
      this.standing("connecting");
      addEventListener(CHANGED, () => location.reload(), { signal: this.end.signal });
      void this.load().catch((problem) => {
        part("title").textContent = this.showId;
        this.standing("waiting", "Not shown");
        this.say(refusalInWords(problem, null), "bad");
      });
    }
    showId;
    section = part("map");
    notice = part("notice");
    end = new AbortController();
    room = null;
    hall = null;
    drawing = null;
    show = null;
    isBusy = false;
    close() {
      this.end.abort();
      this.room?.close();
      this.section.hidden = true;
    }
    async load() {
      const show = await seat.getShow({ showId: this.showId });
      const cursor = seen();
      if (this.end.signal.aborted) return;
      this.show = show;
      document.title = `${show.title} · Charter`;
      part("title").textContent = show.title;
      const layout = new Layout(show.sections);
      const camera = new Camera();
      const mine = JSON.parse(sessionStorage.getItem(kept(this.showId)) ?? "[]");
      const hall2 = new Hall(layout, mine, (seat2) => this.changed(seat2));
      const canvas = part("canvas");
      const drawing = new Drawing(canvas, layout, hall2, camera, [...part("legend").querySelectorAll("i")]);
      this.hall = hall2;
      this.drawing = drawing;
      new Hand(canvas, layout, camera, drawing, this.end.signal, {
        pressed: (seat2) => this.toggle(seat2),
        described: (seat2) => `${seatInWords(layout, seat2)}: ${kindInWords(hall2.kind(seat2))}`,
        hold: () => void this.hold()
      });
      this.listen(layout, camera, drawing);
      camera.fit(layout.box);
      this.room = new Room(this.showId, hall2, {
        standing: (standing) => this.standing(standing),
        refused: (problem) => {
          this.standing("waiting", "Not live");
          this.say(refusalInWords(problem, layout), "bad");
        },
        happened: (type, event) => this.happened(type, event),
        loaded: () => this.section.setAttribute("data-loaded", "")
      });
      this.refresh();
      await this.room.open(cursor);
    }
    listen(layout, camera, drawing) {
      const { signal } = this.end;
      const press = (id, act) => part(id).addEventListener("click", act, { signal });
      press("hold", () => void this.hold());
      press("forget", () => {
        for (const seat2 of [...this.hall?.chosen ?? []]) this.hall?.choose(seat2, false);
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
      const find = part("find");
      const field = (name) => find.elements.namedItem(name);
      field("section").replaceChildren(
        ...layout.sections.map(({ sectionId }, index) => {
          const option = made("option", sectionId);
          option.value = String(index);
          return option;
        })
      );
      const show = (seat2) => {
        if (seat2 < 0) return this.say("There is no such seat in this section.", "bad");
        const { section, row, number: at } = layout.placeOf(seat2);
        field("section").value = String(section);
        field("row").value = String(row);
        field("number").value = String(at);
        drawing.cursor = seat2;
        camera.show(layout.x[seat2] ?? 0, layout.y[seat2] ?? 0);
        drawing.ask();
        this.tell(seat2);
        part("canvas").focus();
      };
      const wanted = () => layout.at({ section: Number(field("section").value), row: Number(field("row").value), number: Number(field("number").value) });
      find.addEventListener(
        "submit",
        (event) => {
          event.preventDefault();
          show(wanted());
        },
        { signal }
      );
      press("next-free", () => {
        const from = Math.max(wanted(), 0);
        for (let step = 1; step <= layout.seats; step++) {
          const seat2 = (from + step) % layout.seats;
          if (this.hall?.kind(seat2) === Kind.AVAILABLE) return show(seat2);
        }
        this.say("No seat is free.", "bad");
      });
      const timer = setInterval(() => this.tick(), TICK);
      signal.addEventListener("abort", () => clearInterval(timer));
    }
    /** Chooses a seat, or no longer; says why not where it can't be had. */
    toggle(seat2) {
      const { hall: hall2, show } = this;
      if (hall2 === null || show === null) return;
      const kind = hall2.kind(seat2);
      if (kind === Kind.CHOSEN) hall2.choose(seat2, false);
      else if (kind !== Kind.AVAILABLE) this.say(`${seatInWords(hall2.layout, seat2)} is ${kindInWords(kind)}.`);
      else if (hall2.chosen.size >= show.maxSeatsPerHold) {
        this.say(`One hold may have ${show.maxSeatsPerHold} seats at most here. Hold these first.`, "bad");
      } else {
        hall2.choose(seat2, true);
        this.say("");
      }
      this.tell(seat2);
    }
    async hold() {
      const { hall: hall2 } = this;
      if (hall2 === null || hall2.chosen.size === 0) return;
      const seats = [...hall2.chosen];
      await this.busy(async () => {
        try {
          const id = await hold(this.showId, seats.map((seat2) => hall2.layout.idOf(seat2)));
          hall2.own(id);
          this.keep(hall2);
          for (const seat2 of seats) hall2.choose(seat2, false);
          this.say(`You hold ${seatsInWords(hall2.layout, seats)}. Confirm before the time is up.`, "good");
        } catch (problem) {
          if (problem instanceof Problem && Array.isArray(problem.details["seatIds"])) {
            for (const id of problem.details["seatIds"]) hall2.choose(hall2.layout.indexOf(id), false);
          }
          throw problem;
        }
      });
    }
    async finish(hold2, act) {
      const { hall: hall2 } = this;
      if (hall2 === null) return;
      const ids = hold2.seats.map((seat2) => hall2.layout.idOf(seat2));
      const words = seatsInWords(hall2.layout, hold2.seats);
      await this.busy(async () => {
        await api_exports[act](this.showId, ids);
        this.say(act === "confirm" ? `${words}: yours.` : `${words}: given back.`, "good");
      });
    }
    /** Does one thing at a time, and says it where it is refused. */
    async busy(act) {
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
    happened(type, event) {
      const { hall: hall2 } = this;
      if (hall2 === null || type !== "released" || !hall2.isOwn(event.holdId) || event.reason !== "EXPIRED") return;
      const seats = event.seatIds.map((id) => hall2.layout.indexOf(id));
      this.say(`Your hold has run out: ${seatsInWords(hall2.layout, seats)} can be had by everybody again.`, "bad");
    }
    changed(seat2) {
      this.drawing?.changed(seat2);
      this.refresh();
    }
    asked = false;
    /** Writes the side anew, once for all that changed in one go. */
    refresh() {
      if (this.asked) return;
      this.asked = true;
      requestAnimationFrame(() => {
        this.asked = false;
        this.write();
      });
    }
    write() {
      const { hall: hall2 } = this;
      if (hall2 === null || this.end.signal.aborted) return;
      const { available, held, reserved } = hall2.counts;
      part("available").textContent = number.format(available);
      part("held").textContent = number.format(held);
      part("reserved").textContent = number.format(reserved);
      const chosen = hall2.chosen.size;
      part("choice").textContent = chosen === 0 ? "Click seats on the map, or find one below." : seatsInWords(hall2.layout, hall2.chosen);
      const button = part("hold");
      button.textContent = chosen === 0 ? "Hold" : `Hold ${chosen} ${chosen === 1 ? "seat" : "seats"}`;
      button.disabled = chosen === 0 || this.isBusy;
      part("forget").disabled = chosen === 0;
      this.writeMine(hall2);
    }
    written = "";
    writeMine(hall2) {
      const mine = hall2.mySeats();
      const now = JSON.stringify([mine, this.isBusy]);
      if (now === this.written) return;
      this.written = now;
      const list = part("mine");
      const had = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["for"] : void 0;
      const items = mine.map((hold2) => {
        const item = made("li", "", hold2.until === null ? "reserved" : "held");
        const seats = seatsInWords(hall2.layout, hold2.seats);
        item.append(made("span", seats, "seats"));
        const act = (label, what, className) => {
          const button = made("button", label, className);
          button.type = "button";
          button.ariaDisabled = String(this.isBusy);
          button.ariaLabel = `${label}: ${seats}`;
          button.dataset["for"] = `${what} ${hold2.id}`;
          button.addEventListener("click", () => void (this.isBusy || this.finish(hold2, what)));
          row.append(button);
        };
        const row = made("div", "", "row");
        if (hold2.until !== null) {
          const left = made("span", "", "left");
          left.dataset["until"] = String(hold2.until);
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
      list.replaceChildren(...items.length === 0 ? [made("li", "None yet.", "none")] : items);
      if (had !== void 0) {
        const buttons = [...list.querySelectorAll("[data-for]")];
        const of = (is) => buttons.find(({ dataset }) => is(dataset["for"] ?? ""));
        (of((name) => name === had) ?? of((name) => name.split(" ")[1] === had.split(" ")[1]) ?? part("canvas")).focus();
      }
      this.tick();
    }
    /** Countdowns. */
    tick() {
      for (const left of part("mine").querySelectorAll("[data-until]")) {
        const ms = Number(left.dataset["until"]) - (Date.now() + ahead());
        left.textContent = ms > 0 ? `${timeLeft(ms)} left` : "time is up";
        left.classList.toggle("soon", ms < 15e3);
      }
    }
    keep(hall2) {
      sessionStorage.setItem(kept(this.showId), JSON.stringify(hall2.ownIds()));
    }
    standing(standing, text = STANDINGS[standing]) {
      const place = part("standing");
      place.textContent = text;
      place.className = `standing ${standing}`;
    }
    /** Says something to everybody, once. */
    say(text, kind = "") {
      this.notice.textContent = text;
      this.notice.className = `notice ${kind}`;
    }
    /** Says to those who don't see the map where they are on it. */
    tell(seat2) {
      const { hall: hall2 } = this;
      if (hall2 !== null) part("said").textContent = `${seatInWords(hall2.layout, seat2)}: ${kindInWords(hall2.kind(seat2))}`;
    }
  };

  // services/gateway/pages/seat-map/seat-map.ts
  var map = null;
  function follow() {
    map?.close();
    map = null;
    const showId = decodeURIComponent(location.hash.slice(1));
    if (showId === "") start.show();
    else {
      start.hide();
      map = new Map2(showId);
    }
  }
  var start = new Start();
  addEventListener("hashchange", follow);
  follow();
})();
