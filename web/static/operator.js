// The operator screen: takes snapshots, paints them, and sends what people press.
import { Answers, SETTLE_MS } from "./answers.js";
import { onBadge } from "./badge.js";
import { Feed } from "./feed.js";
import { Pick } from "./pick.js";
import { put } from "./put.js";
import { Stage, backlog } from "./stage.js";
import { paintStations, paintStrip, symbol, worst } from "./stations.js";
import * as words from "./words.js";

const STALE_S = 2;
const TICK_MS = 100;
// A click follows its pointerup within this, even on slow touch panels.
const CLICK_FOLLOWS_MS = 350;

const body = document.body;
const byId = (id) => document.getElementById(id);
const keep = byId("keep");
const good = byId("good");
const station = body.dataset.station;

const answers = new Answers(body.dataset.csrf, said);
const stage = new Stage(byId("stage"), answers);
const pick = new Pick(byId("pick"), stage.root, answers);
const feed = new Feed(station, JSON.parse(body.dataset.state), paint);
let isStale = true;

// How long the outcome of a press stays in words.
const NOTICE_MS = 8000;
let noticeMs = -NOTICE_MS;

// --- painting ------------------------------------------------------------------------------------

function items() {
  return feed.state.stations.filter((one) => one.override).flatMap((one) => one.waiting);
}

function paint() {
  const { stations } = feed.state;
  isStale = feed.ageS() === null || feed.ageS() > STALE_S;
  body.classList.toggle("stale", isStale);
  paintStations(byId("stations"), stations, isStale);
  paintStrip(byId("strip"), rejects(stations));
  answers.follow(stations);
  stage.show(feed.state, items());
  put(byId("backlog"), "textContent", words.waiting(backlog(items(), answers).length));
  const person = feed.state.person?.name ?? (body.dataset.csrf ? "Signed out" : "Nobody signed in");
  put(byId("who"), "textContent", person);
  paintOverride(stations);
  tick();
}

// The last 8, those on their way to the reject station included.
function rejects(stations) {
  const all = stations.flatMap((one) => [...one.waiting, ...one.recent]);
  const byRecord = new Map(all.map((item) => [item.record, item]));
  return [...byRecord.values()].sort(newestFirst).slice(0, 8);
}

// Within a station by number; between stations by when they were or will be decided.
function newestFirst(a, b) {
  if (a.station === b.station) return (b.number ?? 0) - (a.number ?? 0);
  const when = (item) => (item.decided_at ? Date.parse(item.decided_at) : Date.now() + 1000 * (item.left_s ?? 0));
  return when(b) - when(a);
}

function paintOverride(stations) {
  const hasNone = stations.every((one) => !one.override);
  const travel_s = Math.max(...stations.map((one) => one.travel_s));
  byId("no-override").hidden = !hasNone;
  put(byId("no-override"), "textContent", hasNone ? words.noOverride(travel_s) : "");
  for (const button of [keep, good, byId("reject-one"), byId("undo")]) button.hidden = hasNone;
}

function tick() {
  const age_s = feed.ageS();
  const nowStale = age_s === null || age_s > STALE_S;
  if (nowStale !== isStale) {
    paint();
    return;
  }
  const shown = worst(feed.state.stations);
  const noData = isStale || shown.word === "NO DATA";
  put(byId("state").querySelector(".word"), "textContent", isStale ? words.noData(age_s) : shown.word);
  symbol(byId("state").querySelector(".symbol"), noData ? "failure" : shown.state);
  body.classList.toggle("odd", isStale || shown.word !== "RUNNING" || shown.state !== "good");
  put(byId("why"), "textContent", isStale ? words.oldData : whyOf(shown));
  const at = new Date(Date.parse(feed.state.at) + 1000 * feed.sinceS());
  put(byId("clock"), "textContent", at.toLocaleTimeString("en-GB"));
  paintNotice();
  stage.tick(feed.sinceS());
  pick.tick();
  paintButtons();
}

function paintNotice() {
  const isIdle = performance.now() - noticeMs > NOTICE_MS;
  byId("notice").classList.toggle("idle", isIdle);
  if (isIdle) put(byId("notice"), "textContent", words.lastRejects);
}

function whyOf(shown) {
  const why = shown.state_why || (shown.word === "NO PLC" ? feed.state.plc_down : "");
  return why && !station && feed.state.stations.length > 1 ? `${shown.title}: ${why}` : why;
}

function paintButtons() {
  const painted = stage.painted;
  const left_s = stage.leftS(feed.sinceS());
  const canPress = Boolean(painted) && !isStale && left_s > 0 && !pick.isOpen;
  const answer = painted && (answers.isSettled(painted.item) ? answers.on(painted.item).verdict : painted.item.operator);
  enable(keep, canPress);
  enable(good, canPress && painted.item.can_pass);
  good.classList.toggle("gone", Boolean(painted) && painted.item.verdict === "unknown");
  keep.classList.toggle("chosen", answer === "reject");
  good.classList.toggle("chosen", answer === "pass");
  put(good.querySelector("kbd"), "textContent", body.dataset.csrf ? "F2" : words.signInFirst);
  enable(byId("undo"), Boolean(lastAnswered()) && !isStale);
  enable(byId("reject-one"), !isStale);
  put(byId("reject-one"), "textContent", pick.isOpen ? "Back" : "Reject a part");
}

function enable(button, isOn) {
  put(button, "disabled", false);
  const now = String(!isOn);
  if (button.getAttribute("aria-disabled") !== now) button.setAttribute("aria-disabled", now);
}

const isOn = (button) => button.getAttribute("aria-disabled") === "false" && !button.hidden;

// --- answers -------------------------------------------------------------------------------------

function said(item, verdict, outcome) {
  put(byId("notice"), "textContent", words.outcome(item, verdict, outcome));
  noticeMs = performance.now();
  if (outcome.state !== "changed") paint();
}

function lastAnswered() {
  const open = new Map(items().map((item) => [item.record, item]));
  const mine = [...answers.of.values()].filter((a) => open.has(a.item.record) && answers.isSettled(a.item));
  return mine.sort((a, b) => b.atMs - a.atMs).map((a) => open.get(a.item.record))[0];
}

// The answer is about the part that was painted when the press began.
function press(button, painted) {
  button.classList.remove("pressed");
  stage.release();
  if (!painted || !isOn(button)) return;
  if (button === good && !body.dataset.csrf) {
    location.assign(`/sign-in?next=${encodeURIComponent(body.dataset.here)}`);
    return;
  }
  answers.press(painted, button === good ? "pass" : "reject");
}

for (const button of [keep, good]) {
  button.addEventListener("pointerdown", (event) => {
    const hasSettled = stage.painted && performance.now() - stage.painted.shownMs >= SETTLE_MS;
    if (event.button !== 0 || !isOn(button) || !hasSettled) return;
    stage.hold();
    button.classList.add("pressed");
  });
  button.addEventListener("click", () => press(button, stage.held ?? stage.painted));
  button.addEventListener("keydown", (event) => {
    if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault();
  });
}

for (const ending of ["pointerup", "pointercancel"]) {
  addEventListener(ending, () => setTimeout(() => {
    stage.release();
    for (const button of [keep, good]) button.classList.remove("pressed");
  }, ending === "pointerup" ? CLICK_FOLLOWS_MS : 0));
}

addEventListener("keydown", (event) => {
  const button = { F1: keep, F2: good }[event.key];
  if (!button) return;
  event.preventDefault();
  if (!event.repeat) press(button, stage.painted);
});

byId("undo").addEventListener("click", () => {
  const item = isOn(byId("undo")) && lastAnswered();
  if (item) answers.reopen(item);
  paint();
});

byId("reject-one").addEventListener("click", () => {
  if (pick.isOpen) pick.close();
  else if (isOn(byId("reject-one"))) pick.open(feed.state, feed.sinceS());
  paint();
});

onBadge((badge) => {
  const next = encodeURIComponent(body.dataset.here);
  location.assign(`/sign-in?next=${next}#${encodeURIComponent(badge)}`);
});

setInterval(tick, TICK_MS);
paint();
