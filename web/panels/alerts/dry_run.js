// What rules would have fired in the last eight weeks; nobody is told of it.

import { html, useEffect, useRef } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { words } from "../../frame/words.js";
import { named, sayFigure, whoOf } from "./words.js";

const t = words({
  title: ["The last eight weeks", "过去八周"],
  lead: ["What these rules would have fired. Nobody has been told.", "这些规则会触发的预警，未通知任何人。"],
  none: ["Nothing would have fired", "不会触发任何预警"],
  noneWhy: ["No figure of these weeks crosses a threshold, or the weeks have not been counted.", "这些周内没有数值越过阈值，或尚未统计。"],
  close: ["Close", "关闭"],
});
const WEEKS = 8;

export function DryRun({ rules, reports, span, onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const read = useRead(async () => (await ask("alerts/DryRun", { rules, weeks: WEEKS })).dryRunAlerts.filter((each) => each.alerts.length > 0), []);
  const nameOf = (key) => named(rules.find((each) => each.key === key) ?? { nameEn: key, nameZh: key });
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="dry-run-title">
      <div>
        <h2 id="dry-run-title">${t("title")}</h2>
        <p>${t("lead")}</p>
        <${Shown} of=${read} rows=${6}>${(windows) => windows.length === 0 ? html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>` : html`
          <ul class="windows" tabindex="0">${windows.map((each) => html`
            <li key=${`${each.ruleKey} ${each.window}`}>
              <h3>${nameOf(each.ruleKey)} · ${span(each)}</h3>
              <ul>${each.alerts.map((alert) => html`<li key=${alert.alertId}><b>${whoOf(alert)}</b> <span class="quiet">${sayFigure(alert, reports)}</span></li>`)}</ul>
            </li>`)}
          </ul>`}
        <//>
        <div class="actions"><button class="button strong" onClick=${() => dialog.current.close()}>${t("close")}</button></div>
      </div>
    </dialog>`;
}
