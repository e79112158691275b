// The keys on the screen, and a badge scanned on the way here.
const badge = document.getElementById("badge");
const pin = document.getElementById("pin");
let field = badge.value ? pin : badge;

const scanned = decodeURIComponent(location.hash.slice(1));
if (scanned) {
  history.replaceState(null, "", location.pathname + location.search);
  badge.value = scanned.slice(0, badge.maxLength);
  field = pin;
}
field.focus();

for (const one of [badge, pin]) {
  one.addEventListener("focus", () => {
    field = one;
  });
}

// A scanner ends the badge with Enter: go on to the PIN instead of sending half a form.
badge.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || pin.value) return;
  event.preventDefault();
  pin.focus();
});

for (const key of document.querySelectorAll("[data-key]")) {
  // The field keeps the focus, so that the next key goes to the same one.
  key.addEventListener("pointerdown", (event) => event.preventDefault());
  key.addEventListener("click", () => {
    const { key: digit } = key.dataset;
    const value = digit === "back" ? field.value.slice(0, -1) : field.value + digit;
    field.value = value.slice(0, field.maxLength);
    field.focus();
  });
}
