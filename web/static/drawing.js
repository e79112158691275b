// A picture of a part with its boxes, as one SVG, so that the boxes lie where they belong.
const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function draw(svg, view, findings, missing) {
  const width = view.width_px || 400;
  const height = view.height_px || 400;
  const key = JSON.stringify([view.picture, findings]);
  if (svg.dataset.key === key) return;
  svg.dataset.key = key;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const image = element("image", { href: view.picture, width, height });
  image.addEventListener("error", () => {
    missing.textContent = "The picture is not there any more";
  });
  missing.textContent = "";
  svg.replaceChildren(image, ...findings.flatMap((f, i) => box(f, i, findings.length, width, height)));
}

// Two lines, dark under light: seen on any picture. Numbers only where there are several. Around what
// has an outline, that is drawn and not the box.
function box(finding, index, count, width, height) {
  if (!finding.box) return [];
  const margin = Math.max(width, height) * 0.012;
  const [x, y, w, h] = finding.box;
  const at = { x: x - margin, y: y - margin, width: w + 2 * margin, height: h + 2 * margin };
  const [name, shape] = finding.outline ? ["polygon", { points: finding.outline.join(" ") }] : ["rect", at];
  const made = [element(name, { class: "halo", ...shape }), element(name, { class: "box", ...shape })];
  if (count > 1) {
    const label = element("text", { class: "tag", x: at.x, y: Math.max(at.y - margin, height * 0.07) });
    label.setAttribute("font-size", height * 0.07);
    label.textContent = String(index + 1);
    made.push(label);
  }
  return made;
}
