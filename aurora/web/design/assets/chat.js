// The chat page: keeps the newest part in view, moves the focus, and folds the list of conversations on narrow screens.
window.auroraChat = {
  focus(id, scrolls) {
    setTimeout(() => {
      const element = document.getElementById(id);
      if (element) element.focus({ preventScroll: !scrolls });
    }, 60);
  },
};
(() => {
  const wide = matchMedia("(min-width: 75rem)");
  const settle = () => document.querySelectorAll("details[data-sessions]").forEach((list) => { list.open = wide.matches; });
  wide.addEventListener("change", settle);
  const start = (log) => {
    settle();
    const frame = log.closest(".q-page-container");
    let follows = true;
    frame.addEventListener("scroll", () => {
      follows = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 160;
    });
    const follow = () => { if (follows) frame.scrollTop = frame.scrollHeight; };
    new MutationObserver(follow).observe(log.parentElement, { childList: true, subtree: true, characterData: true });
    if (log.children.length) follow();
  };
  new MutationObserver((_, watch) => {
    const log = document.querySelector("[data-log]");
    if (log) { watch.disconnect(); start(log); }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
