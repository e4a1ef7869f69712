// Language and light or dark, before anything is drawn. A classic script, so that the page never flashes.
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(`fieldbeat.${name}`);
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const language = kept("language") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en");
  root.lang = language;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    root.dataset.theme = kept("theme") ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("fieldbeat:theme"));
  };
  system.addEventListener("change", show);
  show();
})();
