// "Reject a part": the newest parts on their way that would pass, held still while one chooses.
import * as words from "./words.js";

export class Pick {
  constructor(root, stage, answers) {
    this.root = root;
    this.stage = stage;
    this.answers = answers;
    this.shown = [];
  }

  get isOpen() {
    return !this.root.hidden;
  }

  open(state, sinceS) {
    const items = state.stations
      .filter((station) => station.override)
      .flatMap((station) => station.in_flight.map((item) => ({ ...item, running: station.running })))
      .filter((item) => item.verdict === "pass" && item.operator !== "reject")
      .sort((a, b) => b.left_s - a.left_s)
      .slice(0, 5);
    this.openedMs = performance.now() - sinceS * 1000;
    this.shown = items.map((item) => this.tile(item, state));
    this.root.querySelector(".parts").replaceChildren(...this.shown.map(({ tile }) => tile));
    this.root.querySelector(".headline").textContent = items.length
      ? "Which part shall be rejected?"
      : "No passing part is on its way";
    this.root.hidden = false;
    this.stage.hidden = true;
  }

  close() {
    this.root.hidden = true;
    this.stage.hidden = false;
    this.shown = [];
  }

  tile(item, state) {
    const tile = document.createElement("button");
    tile.type = "button";
    const view = item.views.find((one) => one.picture);
    if (view) {
      const image = document.createElement("img");
      image.src = view.picture;
      image.alt = "";
      tile.append(image);
    }
    const text = document.createElement("span");
    text.className = "number";
    text.textContent = state.stations.length > 1 ? `${item.title} ${words.count(item.number)}` : words.part(item);
    const left = document.createElement("span");
    left.className = "left";
    tile.append(text, left);
    const painted = { item, at: state.at, shownMs: performance.now() };
    tile.addEventListener("pointerdown", () => tile.classList.add("pressed"));
    tile.addEventListener("click", () => {
      if (tile.getAttribute("aria-disabled") === "true") return;
      this.answers.press(painted, "reject");
      this.close();
    });
    return { tile, left, item };
  }

  // Parts that have gone too far can no longer be pressed; when all have, the screen comes back.
  tick() {
    const sinceS = (performance.now() - this.openedMs) / 1000;
    let inTime = 0;
    for (const { tile, left, item } of this.shown) {
      const leftS = item.left_s - (item.running ? sinceS : 0);
      left.textContent = leftS > 0 ? `${Math.ceil(leftS)} s` : words.tooLate;
      tile.setAttribute("aria-disabled", String(leftS <= 0));
      if (leftS > 0) inTime += 1;
    }
    if (this.isOpen && this.shown.length && !inTime) this.close();
  }
}
