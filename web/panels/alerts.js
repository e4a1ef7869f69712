// Threshold alerts: what fired, by which rule; administrators change the rules and see first what they would have fired.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { act, ask, askAll, useRead } from "../api/asking.js";
import { explain, Head, Nothing, Shown } from "../frame/parts.js";
import { day, words } from "../frame/words.js";
import { DryRun } from "./alerts/dry_run.js";
import { RuleForm } from "./alerts/rule_form.js";
import { named, sayFigure, sayRecipients, sayRule, whoOf } from "./alerts/words.js";

const t = words({
  title: ["Alerts", "预警"],
  fired: ["Fired", "已触发"],
  none: ["Nothing fired", "没有触发"],
  noneWhy: ["Rules look at each day and week once it is counted.", "每日与每周统计完成后，规则会自动检查。"],
  rules: ["Rules", "规则"],
  noRules: ["No rule", "没有规则"],
  noRulesWhy: ["An administrator adds thresholds here, without code.", "管理员可在此添加阈值规则，无需编程。"],
  who: ["Who", "对象"],
  when: ["When", "时间"],
  figure: ["Figure", "数值"],
  rule: ["Rule", "规则"],
  told: ["Told", "通知"],
  actions: ["What to do", "操作"],
  off: ["off", "已停用"],
  add: ["Add a rule", "添加规则"],
  edit: ["Edit", "编辑"],
  editOf: ["Edit {name}", "编辑 {name}"],
  test: ["What would have fired", "试运行"],
  saved: ["Saved. The rules count for days and weeks that end from now on.", "已保存，自此刻起结束的日期与周生效。"],
});

const SHOWN = 100;

const span = ({ since, until }) => (since === until ? day(`${since}T12:00:00Z`, "UTC") : `${day(`${since}T12:00:00Z`, "UTC")} – ${day(`${until}T12:00:00Z`, "UTC")}`);

const read = async () => {
  const [frame, fired] = await Promise.all([ask("alerts/Frame"), askAll("alerts/Fired", {}, SHOWN)]);
  return { ...frame, fired };
};

function Fired({ fired, reports }) {
  if (fired.length === 0) return html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>`;
  return html`
    <table class="table">
      <thead><tr>${["who", "when", "figure", "rule"].map((each) => html`<th scope="col" key=${each}>${t(each)}</th>`)}</tr></thead>
      <tbody>${fired.map((each) => html`
        <tr key=${each.alertId}><th scope="row">${whoOf(each)}</th><td>${span(each)}</td><td>${sayFigure(each, reports)}</td><td>${each.name}</td></tr>`)}
      </tbody>
    </table>`;
}

function Rules({ rules, reports, canEdit, onEdit }) {
  if (rules.length === 0) return html`<${Nothing} title=${t("noRules")}>${t("noRulesWhy")}<//>`;
  return html`
    <table class="table">
      <thead><tr><th scope="col">${t("rule")}</th><th scope="col">${t("told")}</th>${canEdit && html`<th scope="col"><span class="unseen">${t("actions")}</span></th>`}</tr></thead>
      <tbody>${rules.map((each) => html`
        <tr key=${each.key}>
          <th scope="row">${named(each)} ${!each.enabled && html`<span class="tag outline">${t("off")}</span>`}<span class="quiet small">${sayRule(each, reports)}</span></th>
          <td>${sayRecipients(each)}</td>
          ${canEdit && html`<td class="number"><button class="button tight" aria-label=${t("editOf", { name: named(each) })} onClick=${() => onEdit(each)}>${t("edit")}</button></td>`}
        </tr>`)}
      </tbody>
    </table>`;
}

export default function AlertsPanel({ me }) {
  const [edited, setEdited] = useState(null);
  const [tested, setTested] = useState(null);
  const [said, setSaid] = useState(null);
  const frame = useRead(read, []);
  const canEdit = me.role === "ADMIN";
  /** The rules with one of them changed, added or (null) taken away. */
  const changed = (old, rule) => {
    const others = frame.data.alertRules.rules.filter((each) => each.key !== old?.key);
    return rule === null ? others : [...others, rule];
  };
  const save = async (old, rule) => {
    const answer = await act("alerts/Save", { rules: changed(old, rule), expectedVersion: frame.data.alertRules.version });
    if (answer.code) return answer.field ? `${explain(answer)} (${answer.field}: ${answer.message})` : explain(answer);
    setEdited(null);
    setSaid(t("saved"));
    await frame.reload();
    return null;
  };
  return html`
    <${Head} title=${t("title")}>
      ${canEdit && frame.data && html`
        <button class="button" onClick=${() => setTested(frame.data.alertRules.rules)}>${t("test")}</button>
        <button class="button strong" onClick=${() => setEdited({})}>${t("add")}</button>`}
    <//>
    <div class="body alerts" tabindex="0" role="region" aria-label=${t("title")}>
      <p class="said" role="status">${said}</p>
      <${Shown} of=${frame} rows=${8}>${({ fired, reports, alertRules }) => html`
        <section aria-label=${t("fired")}><h2>${t("fired")}</h2><${Fired} fired=${fired} reports=${reports} /></section>
        <section aria-label=${t("rules")}><h2>${t("rules")}</h2><${Rules} rules=${alertRules.rules} reports=${reports} canEdit=${canEdit} onEdit=${setEdited} /></section>
        ${edited && html`<${RuleForm} rule=${edited} reports=${reports} onSave=${save} onTest=${(old, rule) => setTested(changed(old, rule))} onClose=${() => setEdited(null)} />`}
        ${tested && html`<${DryRun} rules=${tested} reports=${reports} span=${span} onClose=${() => setTested(null)} />`}`}
      <//>
    </div>`;
}
