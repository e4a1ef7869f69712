// A report as a table; a cell that adds up records of one day opens them.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { words } from "../../frame/words.js";
import { sayDimension, sayLabel, sayValue, valueOf } from "./words.js";

const t = words({
  open: ["{value}: show the records", "{value}：查看明细"],
  draw: ["Draw {measure}", "图示{measure}"],
});

/** The day whose records are behind a cell of the line, or null where it adds up several days. */
const dayOf = (row, by, oneDay) => (by.includes("DAY") ? row.labels.find((each) => each.dimension === "DAY")?.value : oneDay);

function Cell({ row, measure, by, oneDay, onOpen }) {
  const value = valueOf(row, measure.key);
  const said = sayValue(value, measure.unit);
  const day = dayOf(row, by, oneDay);
  if (measure.over !== null || !value || !day) return html`<td class="number">${said}</td>`;
  const labels = row.labels.filter((each) => each.dimension !== "DAY");
  const about = by.map((each) => sayLabel(row, each)).join(", ");
  return html`<td class="number"><button class="cell" aria-label=${t("open", { value: `${about}, ${said}` })} onClick=${() => onOpen({ measure, day, labels, about })}>${said}</button></td>`;
}

export function Table({ table, by, measures, shown, titleOf, onMeasure, onOpen, oneDay }) {
  return html`
    <div class="wide" tabindex="0">
      <table class="table figures">
        <thead><tr>
          ${by.map((each) => html`<th scope="col" key=${each}>${sayDimension(each)}</th>`)}
          ${measures.map((each) => html`<th scope="col" class="number" key=${each.key}>
            <button aria-pressed=${each.key === shown} aria-label=${t("draw", { measure: titleOf(each) })} onClick=${() => onMeasure(each.key)}>${titleOf(each)}</button></th>`)}
        </tr></thead>
        <tbody>${table.rows.map((row, number) => html`
          <tr key=${number}>
            ${by.map((each) => html`<th scope="row" key=${each}>${sayLabel(row, each)}</th>`)}
            ${measures.map((each) => html`<${Cell} row=${row} measure=${each} by=${by} oneDay=${oneDay} onOpen=${onOpen} key=${each.key} />`)}
          </tr>`)}
        </tbody>
      </table>
    </div>`;
}
