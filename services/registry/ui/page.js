"use strict";

const $ = (id) => document.getElementById(id);
/** Longer texts are shown without marks: comparing takes lines times lines. */
const MOST_LINES = 3000;

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

const subjectPath = (subject) => `/subjects/${encodeURIComponent(subject)}`;

/** For each line of both texts whether the other text has it too, in order. */
function compare(left, right) {
  const common = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i][j] = left[i] === right[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const marks = { left: left.map(() => "gone"), right: right.map(() => "new") };
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) {
      marks.left[i++] = "";
      marks.right[j++] = "";
    } else if (common[i + 1][j] >= common[i][j + 1]) i++;
    else j++;
  }
  return marks;
}

function show(pre, lines, marks) {
  pre.replaceChildren(
    ...lines.map((line, index) => {
      const span = document.createElement("span");
      span.textContent = line;
      if (marks[index]) span.className = marks[index];
      return span;
    }),
  );
}

function link(text, subject) {
  const anchor = document.createElement("a");
  anchor.href = `#${encodeURIComponent(subject)}`;
  anchor.textContent = text;
  return anchor;
}

function listed(place, links) {
  place.replaceChildren();
  if (links.length === 0) place.textContent = "none";
  links.forEach((anchor, index) => place.append(index ? ", " : "", anchor));
}

let subjects = [];
let opened = 0;

function list() {
  const wanted = $("filter").value.toLowerCase();
  const current = decodeURIComponent(location.hash.slice(1));
  const found = subjects.filter((subject) => subject.toLowerCase().includes(wanted));
  $("count").textContent = `${found.length} of ${subjects.length} subjects`;
  $("subjects").replaceChildren(
    ...found.map((subject) => {
      const item = document.createElement("li");
      const anchor = link(subject, subject);
      if (subject === current) anchor.setAttribute("aria-current", "page");
      item.append(anchor);
      return item;
    }),
  );
}

const pretty = (schema) => JSON.stringify(JSON.parse(schema), null, 2).split("\n");

async function open() {
  const subject = decodeURIComponent(location.hash.slice(1));
  const turn = ++opened;
  $("problem").hidden = true;
  $("subject").hidden = true;
  list();
  if (!subject) return;
  const path = subjectPath(subject);
  const [versions, config, mode] = await Promise.all([
    get(`${path}/versions`),
    get(`/config/${encodeURIComponent(subject)}?defaultToGlobal=true`),
    get(`/mode/${encodeURIComponent(subject)}?defaultToGlobal=true`),
  ]);
  if (turn !== opened) return;
  $("name").textContent = subject;
  $("level").textContent = config.compatibilityLevel;
  $("mode").textContent = mode.mode;
  for (const side of ["left", "right"]) {
    $(side).replaceChildren(...versions.map((version) => new Option(String(version))));
    $(side).onchange = () => compareVersions(path).catch(fail);
  }
  $("right").value = versions.at(-1);
  $("left").value = versions.at(-2) ?? versions.at(-1);
  await compareVersions(path);
  if (turn === opened) $("subject").hidden = false;
}

async function compareVersions(path) {
  const turn = opened;
  const [left, right] = await Promise.all(
    ["left", "right"].map((side) => get(`${path}/versions/${$(side).value}`)),
  );
  const referrers = await get(`${path}/versions/${right.version}/referencedby`);
  const places = await Promise.all(referrers.map((id) => get(`/schemas/ids/${id}/versions`)));
  if (turn !== opened) return;
  const lines = { left: pretty(left.schema), right: pretty(right.schema) };
  const isShort = Math.max(lines.left.length, lines.right.length) <= MOST_LINES;
  const marks = isShort ? compare(lines.left, lines.right) : { left: [], right: [] };
  show($("left-text"), lines.left, marks.left);
  show($("right-text"), lines.right, marks.right);
  listed(
    $("references"),
    (right.references ?? []).map((one) => link(`${one.name} (${one.subject} ${one.version})`, one.subject)),
  );
  listed(
    $("referrers"),
    places.flat().map((place) => link(`${place.subject} ${place.version}`, place.subject)),
  );
}

function fail(error) {
  $("problem").textContent = error.message;
  $("problem").hidden = false;
}

async function start() {
  const [names, config, mode] = await Promise.all([get("/subjects"), get("/config"), get("/mode")]);
  subjects = names;
  $("global").textContent = `${config.compatibilityLevel}, ${mode.mode}`;
  $("filter").oninput = list;
  window.onhashchange = () => open().catch(fail);
  await open();
}

start().catch(fail);
