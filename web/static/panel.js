// How large a millimetre is on this panel: every size in the style sheets is a multiple of --mm.
(() => {
  "use strict";
  // Screens we know, px per mm. Two panels share 1280x800: the denser one's value makes the
  // buttons of the other 24 mm instead of 20, never smaller.
  const KNOWN = { "1024x600": 6.68, "1280x800": 5.88, "1920x1080": 5.56 };
  const DESKTOP = 96 / 25.4;
  // The screens are laid out for at least this much room.
  const LEAST_MM = { width: 152, height: 89 };

  function pxPerMm() {
    const given = Number(document.body.dataset.widthMm);
    const known = KNOWN[`${screen.width}x${screen.height}`] || DESKTOP;
    const wanted = given > 0 ? screen.width / given : known;
    return Math.min(wanted, innerWidth / LEAST_MM.width, innerHeight / LEAST_MM.height);
  }

  function measure() {
    const mm = pxPerMm();
    const root = document.documentElement;
    root.style.setProperty("--mm", `${mm}px`);
    root.classList.toggle("low", innerHeight / mm < 110);
    root.classList.toggle("wide", innerWidth / mm > 300);
  }

  addEventListener("resize", measure);
  document.addEventListener("DOMContentLoaded", measure);
})();
