// The review screen: one picture, one key, the next picture.
import { put } from "./put.js";
import { ReviewDesk } from "./review_desk.js";
import { Keys } from "./review_keys.js";
import { Picture } from "./review_picture.js";
import * as words from "./review_words.js";

const ASK_AGAIN_MS = 5000;
const byId = (id) => document.getElementById(id);
const body = document.body;
const reason = byId("reason");

let state = JSON.parse(body.dataset.state);
let shown = null; // {item, sinceMs, openMs}: painted then, and can be answered from then on
let answeredHere = 0;
let isFirst = true;

const keys = new Keys(byId("keys"), paint);
const picture = new Picture(byId("picture"), byId("missing"), byId("views"), paintZoom);
const desk = new ReviewDesk(body.dataset.queue, body.dataset.csrf, told);

// --- what the desk says --------------------------------------------------------------------------

function told(event, facts) {
  if (event === "missed") notice(words.missedSeed, true);
  if (event === "refused") notice(words.notTaken(facts.why), true);
  if (event === "away") trouble(words.away(desk.sending.length));
  if (event === "back") trouble("");
  if (event === "signed-out") trouble(words.signedOut);
  if (event === "changed" && desk.isAway) trouble(words.away(desk.sending.length));
  show();
}

function trouble(text) {
  put(byId("trouble"), "hidden", !text);
  put(byId("trouble"), "textContent", text);
}

function notice(text, isGrave = false) {
  put(byId("notice"), "textContent", text);
  byId("notice").classList.toggle("grave", isGrave);
}

// --- painting ------------------------------------------------------------------------------------

async function show() {
  const item = desk.current;
  body.classList.toggle("empty", !item);
  paint();
  if (!item) {
    shown = null;
    picture.clear();
    return;
  }
  if (shown?.item === item) return;
  const mine = { item, sinceMs: Infinity, openMs: Infinity };
  shown = mine;
  reason.value = "";
  byId("title").focus({ preventScroll: true });
  paint();
  await picture.show(item);
  if (shown !== mine) return;
  mine.sinceMs = performance.now();
  mine.openMs = mine.sinceMs + item.wait_ms;
  setTimeout(paint, item.wait_ms + 5);
  paint();
}

function paint() {
  const item = desk.current;
  paintCounts();
  for (const button of document.querySelectorAll("[data-do]")) label(button, button.dataset.do);
  for (const key of document.querySelectorAll("kbd[data-key]")) put(key, "textContent", keys.label(key.dataset.key));
  paintEmpty();
  if (!item) return;
  put(byId("title"), "textContent", item.title);
  put(byId("blind"), "textContent", item.blind ? words.blind : words.open);
  paintTold(item);
  paintAnswers(item);
  const boxes = document.querySelector('[data-do="boxes"]');
  put(boxes, "hidden", item.blind || !item.findings.length);
  boxes.setAttribute("aria-pressed", String(picture.hasBoxes));
}

function label(button, action) {
  const title = action === "zoom" && !picture.isFit ? words.ACTIONS.fit : words.ACTIONS[action];
  const key = keys.label(action);
  if (button.dataset.label === title + key) return;
  button.dataset.label = title + key;
  const cap = document.createElement("kbd");
  cap.textContent = key;
  button.replaceChildren(title, cap);
}

function paintZoom() {
  put(byId("zoom"), "textContent", `${picture.percent()} %`);
  const button = document.querySelector('[data-do="zoom"]');
  if (button.dataset.label) label(button, "zoom");
}

function paintCounts() {
  for (const [name, one] of Object.entries(state.queues)) {
    const count = document.querySelector(`.queue[data-queue="${name}"] .count`);
    put(count, "textContent", words.count(one.for_you));
  }
  const waits = Math.max(0, state.queues[desk.queue].for_you);
  const all = waits + answeredHere;
  put(byId("progress"), "textContent", words.progress(state.answered, waits));
  put(byId("done"), "value", all ? answeredHere / all : 0);
}

function paintEmpty() {
  const { waiting, for_you } = state.queues[desk.queue];
  const nothing = document.querySelector(".nothing");
  put(nothing.querySelector(".headline"), "textContent", isFirst ? words.loading : words.emptyQueue);
  const others = waiting - for_you;
  put(nothing.querySelector(".more"), "textContent", others && !isFirst ? words.others(others) : "");
}

function paintTold(item) {
  const lines = item.blind ? [] : words.told(item);
  const key = item.claim + lines.join();
  if (byId("told").dataset.of === key) return;
  byId("told").dataset.of = key;
  byId("told").replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
}

// --- answers -------------------------------------------------------------------------------------

// Good, the classes of this station, another defect, unsure.
function choices(item) {
  const kinds = item.kinds.map((kind, n) => ({ action: `kind${n + 1}`, verdict: "NOK", kind, title: words.kind(kind) }));
  return [
    { action: "ok", verdict: "OK", title: words.ACTIONS.ok },
    ...kinds,
    { action: "other", verdict: "NOK", title: kinds.length ? words.ACTIONS.other : words.ACTIONS.defect },
    { action: "unsure", verdict: "UNSURE", title: words.ACTIONS.unsure },
  ];
}

const canAnswer = () => Boolean(shown) && shown.item === desk.current && performance.now() >= shown.openMs;

function paintAnswers(item) {
  const of = choices(item);
  const key = JSON.stringify(of.map((one) => [one.title, keys.label(one.action)]));
  if (byId("answers").dataset.of !== key) {
    byId("answers").dataset.of = key;
    byId("answers").replaceChildren(...of.map(choiceButton));
  }
  const isOpen = canAnswer();
  byId("answers").classList.toggle("waiting", !isOpen);
  for (const button of byId("answers").children) button.setAttribute("aria-disabled", String(!isOpen));
}

function choiceButton(choice) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.verdict = choice.verdict;
  made.dataset.action = choice.action;
  const title = Object.assign(document.createElement("span"), { textContent: choice.title });
  const key = Object.assign(document.createElement("kbd"), { textContent: keys.label(choice.action) });
  made.append(key, title);
  made.addEventListener("click", () => answer(choice.action));
  return made;
}

function answer(action) {
  const item = desk.current;
  const choice = item && choices(item).find((one) => one.action === action);
  if (!choice) return;
  if (!canAnswer()) {
    notice(words.looking);
    return;
  }
  const now = performance.now();
  const fields = {
    verdict: choice.verdict,
    kind: choice.kind ?? "",
    reason: reason.value.trim(),
    shown_ms: Math.round(shown.openMs - shown.sinceMs),
    decided_ms: Math.round(now - shown.openMs),
  };
  answeredHere += 1;
  state.answered += 1;
  const queue = state.queues[desk.queue];
  queue.for_you = Math.max(0, queue.for_you - 1);
  queue.waiting = Math.max(0, queue.waiting - 1);
  notice(words.last(choice.verdict, choice.kind));
  desk.answer(fields);
}

async function undo() {
  const item = await desk.undo();
  if (!item) {
    if (!byId("notice").classList.contains("grave")) notice(words.nothingToUndo);
    return;
  }
  answeredHere = Math.max(0, answeredHere - 1);
  state.answered = Math.max(0, state.answered - 1);
  state.queues[desk.queue].for_you += 1;
  notice(words.undone);
  paint();
}

// --- keys ----------------------------------------------------------------------------------------

// One after the other, however fast they are pressed.
let undoing = Promise.resolve();

const DEEDS = {
  next: () => desk.later(),
  back: () => desk.earlier(),
  undo: () => {
    undoing = undoing.then(undo);
  },
  zoom: () => picture.toggleZoom(),
  view: () => picture.nextView(),
  comment: () => reason.focus(),
  help: () => keys.open(),
  boxes: () => {
    picture.toggleBoxes();
    paint();
  },
};

addEventListener("keydown", (event) => {
  if (byId("keys").open) return;
  if (event.target === reason) {
    if (event.key === "Escape" || event.key === "Enter") byId("title").focus();
    return;
  }
  const isPress = event.target.closest?.("button, a") && ["Enter", "Space"].includes(event.code);
  const action = keys.action(event);
  if (event.repeat || isPress || !action) return;
  event.preventDefault();
  if (DEEDS[action]) DEEDS[action]();
  else answer(action);
});

for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => {
    DEEDS[button.dataset.do]();
    if (button.dataset.do !== "help") byId("title").focus({ preventScroll: true });
  });
}

addEventListener("beforeunload", (event) => {
  if (desk.sending.length) event.preventDefault();
});

// --- what waits ----------------------------------------------------------------------------------

async function ask() {
  const found = desk.sending.length ? null : await desk.waiting();
  if (found && !desk.sending.length) state = found;
  if (desk.items.length < 2) await desk.fill();
  paint();
}

await desk.fill();
isFirst = false;
show();
setInterval(ask, ASK_AGAIN_MS);
