// A badge scanner types like a very fast person and ends with Enter: that must never press the
// button that has the focus, and it asks to sign in from anywhere. Scanners leave under 60 ms
// between keys; a slow panel adds to that, and nobody types anything else on this screen.
const LONGEST_GAP_MS = 250;
const SHORTEST_BADGE = 4;

export function onBadge(scanned) {
  let typed = "";
  let lastMs = 0;
  addEventListener("keydown", (event) => {
    const isFast = event.timeStamp - lastMs < LONGEST_GAP_MS;
    lastMs = event.timeStamp;
    if (event.key === "Enter" && isFast && typed.length >= SHORTEST_BADGE) {
      event.preventDefault();
      event.stopImmediatePropagation();
      scanned(typed);
      typed = "";
    } else if (event.key.length === 1) {
      typed = isFast ? typed + event.key : event.key;
    } else if (event.key !== "Shift") {
      typed = "";
    }
  }, { capture: true });
}
