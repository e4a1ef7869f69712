// One rule as a form: which figure, whose, over which days, on which side of what, and who is told.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { explain } from "../../frame/parts.js";
import { words } from "../../frame/words.js";
import { named, t as say } from "./words.js";

const t = words({
  add: ["Add a rule", "添加规则"],
  edit: ["Edit the rule", "编辑规则"],
  key: ["Key", "标识"],
  keyHint: ["Upper-case letters, digits and _", "大写字母、数字和下划线"],
  nameEn: ["Name in English", "英文名称"],
  nameZh: ["Name in Chinese", "中文名称"],
  figure: ["Figure", "指标"],
  subject: ["Of", "对象"],
  window: ["Over", "周期"],
  comparison: ["Fires", "触发条件"],
  BELOW: ["where it is lower than", "低于"],
  ABOVE: ["where it is higher than", "高于"],
  basis: ["Threshold", "阈值类型"],
  VALUE: ["a figure", "数值"],
  TEAM_MEAN: ["percent of the team's mean", "团队均值的百分比"],
  threshold: ["Limit", "阈值"],
  minMembers: ["From a team of", "团队最少人数"],
  recipients: ["Told", "通知"],
  enabled: ["It fires", "启用"],
  cancel: ["Cancel", "取消"],
  save: ["Save", "保存"],
  remove: ["Remove", "删除"],
  test: ["What would have fired", "试运行"],
});

const BLANK = { key: "", nameEn: "", nameZh: "", report: "VISITS", measure: "made", subject: "REP", comparison: "BELOW", basis: "TEAM_MEAN", threshold: "60", window: "WEEK", recipients: ["SUPERIOR"], minMembers: 3, enabled: true };

const Select = ({ label, value, options, onChange }) => html`
  <label class="field"><span>${label}</span>
    <select class="select" value=${value} onChange=${(event) => onChange(event.target.value)}>${options.map(([key, text]) => html`<option value=${key} key=${key}>${text}</option>`)}</select></label>`;

const Text = ({ label, value, hint, onChange, ...rest }) => html`
  <label class="field"><span>${label}${hint && html` <span class="quiet small">${hint}</span>`}</span>
    <input class="input" value=${value} required onInput=${(event) => onChange(event.target.value)} ...${rest} /></label>`;

export function RuleForm({ rule: given, reports, onSave, onTest, onClose }) {
  const dialog = useRef(null);
  const [rule, setRule] = useState({ ...BLANK, ...given });
  const [problem, setProblem] = useState(null);
  useEffect(() => dialog.current.showModal(), []);
  const old = given.key ? given : null;
  const set = (part) => setRule({ ...rule, ...part });
  const keep = async (event, kept) => {
    event.preventDefault();
    setProblem(await onSave(old, kept).catch(explain));
  };
  const toggled = (each) => (rule.recipients.includes(each) ? rule.recipients.filter((other) => other !== each) : [...rule.recipients, each]);
  const figures = reports.flatMap((report) => report.measures.map((measure) => [`${report.key} ${measure.key}`, `${named(report)}: ${named(measure)}`]));
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="rule-title">
      <form class="rule" onSubmit=${(event) => keep(event, rule)}>
        <h2 id="rule-title">${t(old ? "edit" : "add")}</h2>
        <${Text} label=${t("key")} hint=${t("keyHint")} value=${rule.key} pattern="[A-Z0-9_]{1,40}" disabled=${old !== null} onChange=${(key) => set({ key })} />
        <div class="pair">
          <${Text} label=${t("nameEn")} value=${rule.nameEn} maxlength="120" onChange=${(nameEn) => set({ nameEn })} />
          <${Text} label=${t("nameZh")} value=${rule.nameZh} maxlength="120" onChange=${(nameZh) => set({ nameZh })} />
        </div>
        <${Select} label=${t("figure")} value=${`${rule.report} ${rule.measure}`} options=${figures} onChange=${(value) => set({ report: value.split(" ")[0], measure: value.split(" ")[1] })} />
        <div class="pair">
          <${Select} label=${t("subject")} value=${rule.subject} options=${["REP", "TEAM"].map((each) => [each, say(each)])} onChange=${(subject) => set({ subject })} />
          <${Select} label=${t("window")} value=${rule.window} options=${["DAY", "WEEK"].map((each) => [each, say(each)])} onChange=${(window) => set({ window })} />
          <${Select} label=${t("comparison")} value=${rule.comparison} options=${["BELOW", "ABOVE"].map((each) => [each, t(each)])} onChange=${(comparison) => set({ comparison })} />
          <${Text} label=${t("threshold")} value=${rule.threshold} inputmode="decimal" pattern="[0-9]{1,10}([.][0-9]{1,6})?" onChange=${(threshold) => set({ threshold })} />
          <${Select} label=${t("basis")} value=${rule.basis} options=${["VALUE", "TEAM_MEAN"].map((each) => [each, t(each)])} onChange=${(basis) => set({ basis })} />
          <${Text} label=${t("minMembers")} value=${rule.minMembers} type="number" min="2" max="1000" onChange=${(value) => set({ minMembers: Number(value) })} />
        </div>
        <fieldset><legend>${t("recipients")}</legend>
          ${["SUPERIOR", "PERSON", "ADMINISTRATORS"].map((each) => html`<label key=${each}><input type="checkbox" checked=${rule.recipients.includes(each)} onChange=${() => set({ recipients: toggled(each) })} />${say(each)}</label>`)}
          <label><input type="checkbox" checked=${rule.enabled} onChange=${() => set({ enabled: !rule.enabled })} />${t("enabled")}</label>
        </fieldset>
        ${problem && html`<p class="tag warn" role="alert">${problem}</p>`}
        <div class="actions">
          ${old && html`<button type="button" class="button" onClick=${(event) => keep(event, null)}>${t("remove")}</button>`}
          <button type="button" class="button" onClick=${() => onTest(old, rule)}>${t("test")}</button>
          <button type="button" class="button" onClick=${() => dialog.current.close()}>${t("cancel")}</button>
          <button class="button strong">${t("save")}</button>
        </div>
      </form>
    </dialog>`;
}
