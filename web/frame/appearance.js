// Switching the language and between light and dark.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { Icon } from "./icons.js";
import { language, setLanguage, words } from "./words.js";

const t = words({
  // The other language in its own words, for those who cannot read this one.
  other: ["中文", "English"],
  dark: ["Dark", "深色"],
  light: ["Light", "浅色"],
});

const isDark = () => document.documentElement.dataset.theme === "dark";

export function Appearance({ look = "button bare" }) {
  const [dark, setDark] = useState(isDark);
  const turn = () => {
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("fieldbeat.theme", theme);
    setDark(!dark);
    dispatchEvent(new Event("fieldbeat:theme"));
  };
  const next = language() === "en" ? "zh-CN" : "en";
  return html`
    <button class=${look} lang=${next} onClick=${() => setLanguage(next)}><${Icon} name="language" /><span>${t("other")}</span></button>
    <button class=${look} onClick=${turn}><${Icon} name=${dark ? "light" : "dark"} /><span>${dark ? t("light") : t("dark")}</span></button>`;
}
