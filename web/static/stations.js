// The live tiles and the strip of the last rejects.
import { put } from "./put.js";
import * as words from "./words.js";

const ORDER = ["RUNNING", "BELT STANDS", "HELD", "NO PLC", "FAILURE", "NO DATA"];
const rank = (word) => (ORDER.includes(word) ? ORDER.indexOf(word) : ORDER.indexOf("HELD"));

// The station that the state word at the top speaks of: the worst.
export function worst(stations) {
  return [...stations].sort((a, b) => rank(b.word) - rank(a.word) || STATES(b) - STATES(a))[0];
}
const STATES = (station) => Object.keys(words.STATE).indexOf(station.state);

export function symbol(element, state) {
  put(element, "textContent", words.STATE[state]?.[0] ?? "");
  put(element.dataset, "state", state);
}

export function paintStations(root, stations, isStale) {
  for (const station of stations) {
    const card = root.querySelector(`[data-station="${station.name}"]`);
    if (!card) continue;
    const isOdd = isStale || station.word !== "RUNNING" || station.state !== "good";
    card.classList.toggle("odd", isOdd);
    symbol(card.querySelector(".name .symbol"), station.state);
    put(card.querySelector(".counts"), "textContent", isOdd ? trouble(station, isStale) : counts(station.counts));
    for (const view of station.views) paintView(card, view, isStale);
  }
}

function trouble(station, isStale) {
  if (isStale) return words.noData(null);
  return station.word === "RUNNING" ? station.state_why : station.word;
}

function counts(said) {
  const { triggered, rejected, fail_safe } = said;
  const rejects = rejected === undefined ? fail_safe : rejected + (fail_safe ?? 0);
  return `${words.count(triggered)} parts · ${words.count(rejects)} rejected`;
}

function paintView(card, view, isStale) {
  const tile = card.querySelector(`[data-view="${view.name}"]`);
  const image = tile.querySelector("img");
  const isBad = isStale || !view.ok;
  tile.classList.toggle("bad", isBad);
  put(tile.querySelector(".fault"), "textContent", isStale ? "" : view.why);
  if (view.picture && image.dataset.src !== view.picture && !isStale) {
    image.dataset.src = view.picture;
    image.src = view.picture;
  }
}

// The last rejects, the newest first; a part keeps its element, so nothing flickers.
export function paintStrip(list, items) {
  const known = new Map([...list.children].map((entry) => [entry.dataset.record, entry]));
  const wanted = items.map((item) => {
    const entry = known.get(item.record) ?? made(item);
    outcome(entry, item);
    return entry;
  });
  const isSame = wanted.length === list.children.length && wanted.every((e, i) => e === list.children[i]);
  if (!isSame) list.replaceChildren(...wanted);
}

function made(item) {
  const entry = document.createElement("li");
  entry.dataset.record = item.record;
  const best = item.findings[0]?.view;
  const view = item.views.find((one) => one.view === best && one.picture) ?? item.views.find((one) => one.picture);
  if (view) {
    const image = document.createElement("img");
    image.src = view.picture;
    image.alt = "";
    const box = item.findings.find((f) => f.view === view.view)?.box;
    if (box && view.width_px) {
      const share = (from, size, whole) => `${Math.round((100 * (from + size / 2)) / whole)}%`;
      image.style.objectPosition = `${share(box[0], box[2], view.width_px)} ${share(box[1], box[3], view.height_px)}`;
    }
    entry.append(image);
  }
  for (const name of ["glyph", "number"]) {
    const span = document.createElement("span");
    span.className = name;
    entry.append(span);
  }
  return entry;
}

function outcome(entry, item) {
  const passed = item.action ? [1, 4, 6].includes(item.action) : item.operator === "pass";
  const kind = passed ? "pass" : item.verdict === "unknown" ? "unknown" : "reject";
  put(entry.dataset, "kind", kind);
  put(entry.querySelector(".glyph"), "textContent", words.GLYPH[kind]);
  put(entry.querySelector(".number"), "textContent", words.count(item.number));
  put(entry, "title", [words.part(item), words.ACTION[item.action] ?? "on its way", ...item.reasons].join(" · "));
  entry.classList.toggle("waiting", !item.action);
}
