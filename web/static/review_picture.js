// The picture, with its zoom and boxes, which stay as they are from one part to the next.
import { draw } from "./drawing.js";
import { put } from "./put.js";
import * as words from "./review_words.js";

const MOST = 16;
const STEP = 1.25;
const FIT = { scale: 1, x: 0.5, y: 0.5 };

export class Picture {
  constructor(svg, missing, thumbs, zoomed) {
    this.svg = svg;
    this.missing = missing;
    this.thumbs = thumbs;
    this.zoomed = zoomed;
    this.look = { ...FIT };
    this.hasBoxes = true;
    this.item = null;
    this.at = 0;
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.drag(event));
    addEventListener("resize", () => this.paint());
  }

  // Resolves when the picture is painted, or cannot be.
  show(item) {
    this.item = item;
    this.at = Math.min(this.at, Math.max(item.views.length - 1, 0));
    this.paintThumbs();
    return this.paint();
  }

  clear() {
    this.item = null;
    this.svg.replaceChildren();
    delete this.svg.dataset.key;
    this.thumbs.replaceChildren();
    put(this.missing, "textContent", "");
  }

  nextView() {
    if (!this.item?.views.length) return;
    this.at = (this.at + 1) % this.item.views.length;
    this.paintThumbs();
    this.paint();
  }

  toggleBoxes() {
    this.hasBoxes = !this.hasBoxes;
    this.paint();
  }

  get isFit() {
    return this.look.scale === 1;
  }

  // 100 %: a pixel of the picture is a pixel of the screen.
  toggleZoom() {
    this.look = this.isFit ? { ...this.look, scale: this.full() } : { ...FIT };
    this.frame();
  }

  async paint() {
    const view = this.item?.views[this.at];
    if (!view) {
      this.svg.replaceChildren();
      delete this.svg.dataset.key;
      put(this.missing, "textContent", this.item ? words.gone : "");
      return;
    }
    const found = this.hasBoxes ? (this.item.findings ?? []).filter((one) => one.view === view.view) : [];
    draw(this.svg, view, found, this.missing);
    this.frame();
    const image = new Image();
    image.src = view.picture;
    await image.decode().catch(() => put(this.missing, "textContent", words.gone));
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  }

  paintThumbs() {
    const views = this.item.views.length > 1 ? this.item.views : [];
    this.thumbs.replaceChildren(...views.map((view, n) => this.thumb(view, n)));
  }

  thumb(view, n) {
    const made = document.createElement("button");
    made.type = "button";
    made.setAttribute("aria-pressed", String(n === this.at));
    const image = document.createElement("img");
    image.src = view.picture;
    image.alt = "";
    const name = document.createElement("span");
    name.textContent = view.view;
    made.append(image, name);
    made.addEventListener("click", () => {
      this.at = n;
      this.paintThumbs();
      this.paint();
    });
    return made;
  }

  size() {
    const view = this.item?.views[this.at];
    return { width: view?.width_px || 400, height: view?.height_px || 400 };
  }

  // Screen pixels for one of the picture when all of it is seen.
  fitted() {
    const { width, height } = this.size();
    const room = this.svg.getBoundingClientRect();
    return Math.min(room.width / width, room.height / height) || 1;
  }

  // Of a picture that is seen larger than it is already, twice.
  full() {
    const scale = 1 / this.fitted();
    return scale > 1.05 ? Math.min(scale, MOST) : 2;
  }

  frame() {
    const { width, height } = this.size();
    const { scale, x, y } = this.look;
    const seen = { width: width / scale, height: height / scale };
    const left = clamp(x * width - seen.width / 2, 0, width - seen.width);
    const top = clamp(y * height - seen.height / 2, 0, height - seen.height);
    this.look = { scale, x: (left + seen.width / 2) / width, y: (top + seen.height / 2) / height };
    this.svg.setAttribute("viewBox", `${left} ${top} ${seen.width} ${seen.height}`);
    this.zoomed();
  }

  percent() {
    return Math.round(100 * this.fitted() * this.look.scale);
  }

  // The point under the cursor stays where it is.
  wheel(event) {
    event.preventDefault();
    const scale = clamp(this.look.scale * (event.deltaY < 0 ? STEP : 1 / STEP), 1, MOST);
    const at = this.point(event);
    const share = this.look.scale / scale;
    this.look = { scale, x: at.x + (this.look.x - at.x) * share, y: at.y + (this.look.y - at.y) * share };
    this.frame();
  }

  point(event) {
    const { width, height } = this.size();
    const room = this.svg.getBoundingClientRect();
    const scale = this.fitted() * this.look.scale;
    return {
      x: this.look.x + (event.clientX - room.x - room.width / 2) / scale / width,
      y: this.look.y + (event.clientY - room.y - room.height / 2) / scale / height,
    };
  }

  drag(down) {
    if (this.isFit) return;
    this.svg.setPointerCapture(down.pointerId);
    const from = this.look;
    const move = (event) => {
      const { width, height } = this.size();
      const scale = this.fitted() * from.scale;
      const x = from.x - (event.clientX - down.clientX) / scale / width;
      const y = from.y - (event.clientY - down.clientY) / scale / height;
      this.look = { ...from, x, y };
      this.frame();
    };
    this.svg.addEventListener("pointermove", move);
    this.svg.addEventListener("lostpointercapture", () => this.svg.removeEventListener("pointermove", move), { once: true });
  }
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
