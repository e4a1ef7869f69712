// Text with headings, lists and tables from the server's safe HTML, built again element by element: whatever is not on
// the list below is left out, and nothing is ever taken as markup by the page itself.

import { h } from "../../vendor/htm-3.1.1/standalone.module.js";

const KEPT = new Set([
  "a", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol",
  "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
]);
// The title above is of the second level.
const LOWER = { h1: "h3", h2: "h3", h3: "h4", h4: "h5", h5: "h6" };

function built(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent;
  const name = node.nodeName.toLowerCase();
  const children = Array.from(node.childNodes, built);
  if (!KEPT.has(name)) return children;
  const href = name === "a" && /^https?:|^mailto:/.test(node.getAttribute("href") ?? "") ? node.getAttribute("href") : null;
  return h(LOWER[name] ?? name, href ? { href, target: "_blank", rel: "noopener noreferrer" } : {}, children);
}

export function RichText({ source }) {
  const parsed = new DOMParser().parseFromString(source, "text/html");
  return h("div", { class: "rich" }, Array.from(parsed.body.childNodes, built));
}
