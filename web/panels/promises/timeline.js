// A lead's timeline: contacts, hand-overs and promises in one list, newest first.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { now } from "../../api/server_time.js";
import { Icon } from "../../frame/icons.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { figure, moment, words } from "../../frame/words.js";
import { sayMetric } from "./words.js";

const t = words({
  title: ["Timeline", "时间线"],
  close: ["Close", "关闭"],
  gone: ["This lead is not here", "找不到该线索"],
  goneWhy: ["It does not exist, or belongs to teams that are not yours.", "该线索不存在，或不属于您的团队。"],
  owner: ["Held by", "负责人"],
  stage: ["Stage", "阶段"],
  value: ["Value", "预计金额"],
  customer: ["Customer", "客户"],
  contact: ["Last contact", "最近联系"],
  never: ["never", "从未"],
  arrived: ["The prospect showed up", "线索产生"],
  CALL: ["Call", "电话"],
  EMAIL: ["E-mail", "邮件"],
  MESSAGE: ["Message", "消息"],
  MEETING: ["Meeting", "会面"],
  NOTE: ["Note", "备注"],
  VISIT: ["Visit", "拜访"],
  INBOUND: ["from the customer", "客户发起"],
  automatic: ["automatic", "自动"],
  broken: ["{metric} was due and not done", "{metric}超时未完成"],
  met: ["{metric} done", "{metric}已完成"],
  started: ["{metric} promised", "{metric}开始计时"],
  to: ["Given to {name}", "分配给 {name}"],
  fromTo: ["From {from} to {name}", "由 {from} 转给 {name}"],
  pool: ["Put into the pool", "放入公海"],
  by: ["by {name}", "由 {name}"],
  rule: ["by the rule {name}", "按规则 {name}"],
});

const TONES = { broken: "stop", met: "guide", contact: "serve" };

function entriesOf(lead) {
  const entries = [{ at: lead.occurredAt, title: t("arrived"), kind: "start" }];
  for (const each of lead.activities) {
    const asides = [each.direction === "INBOUND" && each.kind !== "NOTE" && t("INBOUND"), each.automatic && t("automatic")];
    entries.push({ at: each.occurredAt, kind: each.kind === "NOTE" ? "note" : "contact", title: [t(each.kind), ...asides.filter(Boolean)].join(" · "), text: each.note });
  }
  for (const { at, by, fromOwner, toOwner, ruleName, reason } of lead.assignments) {
    const title = toOwner === null ? t("pool") : fromOwner === null ? t("to", { name: toOwner.name }) : t("fromTo", { from: fromOwner.name, name: toOwner.name });
    const how = ruleName ? t("rule", { name: ruleName }) : by ? t("by", { name: by.name }) : null;
    entries.push({ at, kind: "owner", title: how ? `${title}, ${how}` : title, text: reason });
  }
  for (const { metric, startedAt, metAt, breachedAt } of lead.clocks) {
    const name = { metric: sayMetric(metric) };
    if (startedAt) entries.push({ at: startedAt, kind: "clock", title: t("started", name) });
    if (breachedAt) entries.push({ at: breachedAt, kind: "broken", title: t("broken", name) });
    if (metAt) entries.push({ at: metAt, kind: "met", title: t("met", name) });
  }
  return entries.sort((a, b) => b.at.localeCompare(a.at));
}

export function Timeline({ leadId, onClose }) {
  const read = useRead(async () => (await ask("promises/Timeline", { id: leadId })).lead ?? "gone", [leadId]);
  return html`
    <aside class="timeline" aria-label=${t("title")}>
      <header>
        <h2>${read.data?.name ?? t("title")}</h2>
        <button class="button bare" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("title")}>
        <${Shown} of=${read} rows=${8}>${(lead) => lead === "gone" ? html`<${Nothing} title=${t("gone")}>${t("goneWhy")}<//>` : html`
          <dl class="facts">
            <dt>${t("owner")}</dt><dd>${lead.owner?.name ?? "–"}</dd>
            <dt>${t("stage")}</dt><dd>${lead.stage}</dd>
            ${lead.account && html`<dt>${t("customer")}</dt><dd>${lead.account.name}</dd>`}
            ${lead.estimatedValue && html`<dt>${t("value")}</dt><dd>${figure(lead.estimatedValue)} ${lead.currency}</dd>`}
            <dt>${t("contact")}</dt><dd>${lead.lastContactAt ? moment(lead.lastContactAt, undefined, now()) : t("never")}</dd>
          </dl>
          <ol class="entries">${entriesOf(lead).map((each) => html`
            <li class=${TONES[each.kind] ?? ""}><time datetime=${each.at}>${moment(each.at, undefined, now())}</time><p>${each.title}</p>${each.text && html`<p class="quiet">${each.text}</p>`}</li>`)}
          </ol>`}
        <//>
      </div>
    </aside>`;
}
