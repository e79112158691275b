// The part that waits for an answer: chosen, painted, and never changed under a finger.
import { draw } from "./drawing.js";
import { put } from "./put.js";
import * as words from "./words.js";

const LINGER_MS = 1500;
const MOST_LINES = 3;

const byTime = (a, b) => a.left_s - b.left_s;
const isInTime = (item) => item.left_s > 0;
// Somebody has answered, and this panel has not called the part back.
const hasAnswer = (item, answers) =>
  !answers.on(item)?.reopened && (item.operator || answers.isSettled(item));

// Rejects that wait for an answer, the oldest first.
export function backlog(items, answers) {
  return items
    .filter((item) => item.verdict === "reject" && isInTime(item) && !hasAnswer(item, answers))
    .sort(byTime);
}

// The part to show: the one just answered for a moment, the one called back, then the queue.
export function choose(items, painted, answers) {
  const current = painted && items.find((item) => item.record === painted.item.record);
  const answer = current && answers.on(current);
  if (answer?.state === "sending") return current;
  if (answer && !answer.reopened && performance.now() - answer.atMs < LINGER_MS) return current;
  const open = items.filter(isInTime);
  const reopened = open.find((item) => answers.on(item)?.reopened);
  if (reopened) return reopened;
  const unknown = open.filter((item) => item.verdict === "unknown" && !hasAnswer(item, answers));
  const answered = open.filter((item) => hasAnswer(item, answers)).sort(byTime).reverse();
  return backlog(items, answers)[0] ?? current ?? unknown.sort(byTime)[0] ?? answered[0] ?? null;
}

export class Stage {
  constructor(root, answers) {
    this.root = root;
    this.answers = answers;
    this.painted = null; // {item, at, shownMs, travel_s, running}
    this.held = null; // the same, as it was when the press began
    this.thumbs = [];
  }

  hold() {
    this.held = this.painted;
    return this.held;
  }

  release() {
    this.held = null;
  }

  // Paint the state; nothing moves while a finger is down.
  show(state, items) {
    if (this.held) return;
    const item = choose(items, this.painted, this.answers);
    this.root.classList.toggle("calm", !item);
    if (!item) {
      this.painted = null;
      this.calm(state.stations);
      return;
    }
    const isSame = this.painted?.item.record === item.record;
    const station = state.stations.find((one) => one.name === item.station);
    this.painted = {
      item,
      at: state.at,
      shownMs: isSame ? this.painted.shownMs : performance.now(),
      travel_s: station.travel_s,
      running: station.running,
    };
    this.paint(item, state.stations.length > 1);
  }

  calm(stations) {
    for (const station of stations) {
      for (const cell of this.root.querySelectorAll(`tr[data-station="${station.name}"] [data-count]`)) {
        put(cell, "textContent", words.count(station.counts[cell.dataset.count]));
      }
      for (const cell of this.root.querySelectorAll(`tr[data-station="${station.name}"] [data-model]`)) {
        const key = cell.dataset.model;
        put(cell, "textContent", words.MODEL[key](station.model));
        cell.classList.toggle("odd", words.isModelOdd[key]?.(station.model) ?? false);
      }
    }
  }

  paint(item, isOneOfMany) {
    const verdict = item.operator || item.verdict;
    this.root.dataset.verdict = verdict;
    this.root.dataset.record = item.record;
    put(this.find(".verdict .glyph"), "textContent", words.GLYPH[verdict] ?? "");
    put(this.find(".verdict .word"), "textContent", words.VERDICT[verdict] ?? verdict);
    const said = item.operator ? words.saidBy(item.operator, item.by, item.operator_state) : "";
    put(this.find(".said"), "textContent", said);
    this.find(".part").textContent = words.part(item) + (isOneOfMany ? ` · ${item.title}` : "");
    const lines = item.findings.map(words.finding);
    const causes = item.verdict === "unknown" || !lines.length ? item.reasons : [];
    this.list([...causes, ...lines]);
    this.pictures(item);
  }

  list(lines) {
    const list = this.find(".findings");
    const text = JSON.stringify(lines);
    if (list.dataset.text === text) return;
    list.dataset.text = text;
    const shown = lines.length > MOST_LINES
      ? [...lines.slice(0, MOST_LINES - 1), words.more(lines.length - MOST_LINES + 1)]
      : lines;
    list.replaceChildren(...shown.map((line, i) => {
      const entry = document.createElement("li");
      const isMore = shown !== lines && i === shown.length - 1;
      entry.classList.toggle("more", isMore);
      entry.textContent = line;
      return entry;
    }));
  }

  // The view with the best finding large, the others small beside it.
  pictures(item) {
    const best = item.findings[0]?.view;
    const views = [...item.views].sort((a, b) => (b.view === best) - (a.view === best));
    const first = views.find((view) => view.picture) ?? views[0];
    const missing = this.find(".missing");
    const svg = this.find("svg.main");
    svg.classList.toggle("empty", !first?.picture);
    if (first?.picture) {
      draw(svg, first, item.findings.filter((f) => f.view === first.view), missing);
    } else {
      delete svg.dataset.key;
      svg.replaceChildren();
      missing.textContent = `No picture: ${first?.missed || item.reasons[0] || "view missing"}`;
    }
    this.small(views.filter((view) => view !== first));
  }

  small(views) {
    const box = this.find(".others");
    const shown = views.filter((view) => view.picture);
    const key = JSON.stringify(shown);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    box.replaceChildren(...shown.map((view) => {
      const frame = document.createElement("figure");
      const image = document.createElement("img");
      image.src = view.picture;
      image.alt = "";
      const caption = document.createElement("figcaption");
      caption.textContent = view.view;
      frame.append(image, caption);
      return frame;
    }));
  }

  // Seconds left to change the painted part.
  leftS(sinceS) {
    if (!this.painted) return null;
    const { item, running } = this.painted;
    return Math.max(0, (item.left_s ?? 0) - (running ? sinceS : 0));
  }

  tick(sinceS) {
    const left = this.leftS(sinceS);
    if (left === null) return;
    const time = this.find(".time");
    time.classList.toggle("short", left < 3);
    this.find(".seconds").textContent = left > 0 ? `${Math.ceil(left)} s` : "0 s";
    this.find(".bar").style.setProperty("--share", Math.min(1, left / this.painted.travel_s));
    this.find(".time .note").textContent = left > 0 ? this.note() : words.tooLate;
  }

  note() {
    if (!this.painted.running) return words.beltStands;
    return this.painted.item.verdict === "unknown" ? words.untilRejected : words.toChange;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }
}
