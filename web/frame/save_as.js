// Two buttons that save what is shown as a file for spreadsheets.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { download } from "../api/download.js";
import { explain } from "./parts.js";
import { words } from "./words.js";

const t = words({ save: ["Save as", "导出"], CSV: ["Save as CSV", "导出为 CSV"], XLSX: ["Save as XLSX", "导出为 XLSX"] });

export function SaveAs({ name, parameters }) {
  const [problem, setProblem] = useState(null);
  const save = async (kind) => {
    setProblem(null);
    await download(`${name}.${kind}`, parameters).catch((error) => setProblem(explain(error)));
  };
  return html`
    <span class="save-as" role="group" aria-label=${t("save")}>
      ${problem && html`<span class="tag warn" role="alert">${problem}</span>`}
      ${["csv", "xlsx"].map((kind) => html`<button class="button tight" aria-label=${t(kind.toUpperCase())} onClick=${() => save(kind)} key=${kind}>${kind.toUpperCase()}</button>`)}
    </span>`;
}
