// Which physical key does what (event.code, so that a layout changes nothing), and changing it.
import * as words from "./review_words.js";

const STORE = "inspector.review.keys";
const FIRST = {
  ok: "Digit1",
  kind1: "Digit2",
  kind2: "Digit3",
  kind3: "Digit4",
  kind4: "Digit5",
  kind5: "Digit6",
  kind6: "Digit7",
  kind7: "Digit8",
  other: "Digit9",
  unsure: "Digit0",
  next: "Space",
  back: "KeyK",
  undo: "KeyU",
  zoom: "KeyZ",
  boxes: "KeyB",
  view: "KeyV",
  comment: "KeyC",
  help: "Slash",
};
// Always there as well: the number block, Ctrl+Z, and a second key for what one does all day.
const ALSO = { Numpad1: "Digit1", Numpad0: "Digit0", KeyJ: "Space", KeyS: "Digit0" };
for (let n = 2; n <= 9; n += 1) ALSO[`Numpad${n}`] = `Digit${n}`;

function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([name, code]) => name in FIRST && typeof code === "string"));
  } catch {
    return {};
  }
}

export class Keys {
  // `changed()` is called when the keys are others than before.
  constructor(dialog, changed) {
    this.dialog = dialog;
    this.changed = changed;
    this.of = { ...FIRST, ...stored() };
    this.asking = "";
    dialog.querySelector("#keys-reset").addEventListener("click", () => this.keep({ ...FIRST }));
    dialog.addEventListener("keydown", (event) => this.take(event));
    dialog.addEventListener("close", () => this.ask(""));
  }

  // The action of a key press, or "" for none.
  action(event) {
    if (event.ctrlKey && event.code === "KeyZ") return "undo";
    if (event.ctrlKey || event.altKey || event.metaKey) return "";
    const direct = Object.keys(this.of).find((name) => this.of[name] === event.code);
    return direct ?? Object.keys(this.of).find((name) => this.of[name] === ALSO[event.code]) ?? "";
  }

  label(name) {
    return words.key(this.of[name]);
  }

  open() {
    this.paint();
    this.dialog.showModal();
  }

  paint() {
    const rows = Object.keys(this.of).map((name) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.action = name;
      const title = document.createElement("span");
      title.textContent = words.ACTIONS[name];
      const key = document.createElement("kbd");
      key.textContent = name === this.asking ? "…" : this.label(name);
      button.append(title, key);
      button.addEventListener("click", () => this.ask(name));
      row.append(button);
      return row;
    });
    this.dialog.querySelector("ol").replaceChildren(...rows);
  }

  ask(name) {
    this.asking = name;
    this.paint();
    this.dialog.querySelector(`[data-action="${name}"]`)?.focus();
  }

  // The key that an action shall have; the action that had it gets the other's.
  take(event) {
    if (!this.asking || ["Tab", "Escape", "Enter"].includes(event.key)) return;
    event.preventDefault();
    const name = this.asking;
    const other = Object.keys(this.of).find((one) => this.of[one] === event.code);
    const before = this.of[name];
    this.asking = "";
    this.keep({ ...this.of, ...(other ? { [other]: before } : {}), [name]: event.code });
    this.dialog.querySelector(`[data-action="${name}"]`).focus();
  }

  keep(keys) {
    this.of = keys;
    localStorage.setItem(STORE, JSON.stringify(keys));
    this.paint();
    this.changed();
  }
}
