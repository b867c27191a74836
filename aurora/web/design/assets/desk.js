// Keys of every page: "/" goes to its search; the menu of narrow screens is open on wide ones.
(() => {
  const wide = matchMedia("(min-width: 60rem)");
  const settle = () => document.querySelectorAll("details.menu").forEach((menu) => { menu.open = wide.matches; });
  wide.addEventListener("change", settle);
  new MutationObserver((_, watch) => {
    if (document.querySelector("details.menu")) { settle(); watch.disconnect(); }
  }).observe(document.documentElement, { childList: true, subtree: true });
  const reach = () => document.querySelectorAll(".q-table__middle:not([tabindex])").forEach((part) => {
    part.tabIndex = 0; // it scrolls, so the keyboard must reach it
    part.setAttribute("role", "group");
    part.setAttribute("aria-label", part.closest("[aria-label]")?.getAttribute("aria-label") || "Table");
  });
  new MutationObserver(reach).observe(document.documentElement, { childList: true, subtree: true });
  addEventListener("keydown", (event) => {
    const target = event.target;
    const writes = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = [...document.querySelectorAll("[data-search] input, input[data-search]")].find((e) => e.offsetParent);
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu");
      if (menu && menu.open && !wide.matches) { menu.open = false; menu.querySelector("summary").focus(); }
    }
  });
})();
