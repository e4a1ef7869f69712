// One promise on the board: what was promised to whom, whose hands the time ran through, and how late it is.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { Icon } from "../../frame/icons.js";
import { moment, span, words } from "../../frame/words.js";
import { now } from "../../api/server_time.js";
import { sayMetric } from "./words.js";

const t = words({
  tier: ["Tier {tier}", "{tier} 级"],
  late: ["{span} late", "超时 {span}"],
  left: ["{span} left", "剩余 {span}"],
  due: ["due {at}", "{at} 到期"],
  was: ["was due {at}", "原定 {at}"],
  provisional: ["provisional", "暂定"],
  of: ["of {span}", "共 {span}"],
  nobody: ["nobody", "无人"],
  somebody: ["somebody else", "其他人"],
  acknowledge: ["Take on", "接手"],
  taken: ["Taken on", "已接手"],
  reassign: ["Reassign", "转派"],
  open: ["Timeline of {lead}", "{lead} 的时间线"],
  shares: ["Time used: {list}", "时间占用：{list}"],
});

/** A bar as long as the time used beside the target; each owner's part in turn, the last one darkest. */
function Shares({ clock, names }) {
  const shares = clock.ownerShares.filter(({ openSeconds }) => openSeconds > 0);
  const used = shares.reduce((sum, { openSeconds }) => sum + openSeconds, 0);
  const whole = Math.max(used, clock.targetSeconds);
  const nameOf = (id) => (id === null ? t("nobody") : (names.get(id) ?? (id === clock.owner?.id ? clock.owner.name : t("somebody"))));
  const list = shares.map(({ ownerId, openSeconds }) => `${nameOf(ownerId)} ${span(openSeconds)}`);
  const x = (seconds) => (seconds / whole) * 1000;
  let from = 0;
  return html`
    <div class="shares">
      <svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label=${t("shares", { list: list.join(", ") })}>
        <rect class="room" x="0" y="3" width="1000" height="8" />
        ${shares.map(({ openSeconds }, index) => {
          const bar = html`<rect class=${index === shares.length - 1 ? "last" : "before"} x=${x(from)} y="3" width=${Math.max(3, x(openSeconds) - 4)} height="8" />`;
          from += openSeconds;
          return bar;
        })}
        ${used > clock.targetSeconds && html`<rect class="limit" x=${x(clock.targetSeconds) - 2} y="0" width="4" height="14" />`}
      </svg>
      <span>${shares.map(({ ownerId, openSeconds }, index) => html`${index > 0 && " · "}${nameOf(ownerId)} <b>${span(openSeconds)}</b>`)} <span class="quiet">${t("of", { span: span(clock.targetSeconds) })}</span></span>
    </div>`;
}

export function PromiseRow({ clock, names, notices, onAcknowledge, onReassign, onOpen }) {
  const { lead } = clock;
  const noticeId = notices?.get(clock.id);
  const red = clock.state === "BREACHED";
  return html`
    <tr data-clock=${clock.id}>
      <td>
        <button class="open" onClick=${() => onOpen(lead.id)} disabled=${!lead} aria-label=${t("open", { lead: lead?.name ?? "" })}>${lead?.name ?? "–"}</button>
        <span class="quiet small">${sayMetric(clock.metric)} · ${lead ? t("tier", { tier: lead.tier }) : ""}${lead?.account ? ` · ${lead.account.name}` : ""}</span>
      </td>
      <td><${Shares} clock=${clock} names=${names} /></td>
      <td class="due">
        <b>${red ? t("late", { span: span(clock.overdueOpenSeconds ?? 0) }) : t("left", { span: span(clock.remainingOpenSeconds ?? 0) })}</b>
        ${clock.dueAt && html`<span class="quiet small">${t(red ? "was" : "due", { at: moment(clock.dueAt, undefined, now()) })}${clock.dueProvisional ? ` (${t("provisional")})` : ""}</span>`}
      </td>
      <td><div class="do">
        ${clock.acknowledged ? html`<span class="tag guide"><${Icon} name="check" />${t("taken")}</span>` : noticeId && html`
          <button class="button tight" onClick=${() => onAcknowledge(noticeId)}><${Icon} name="check" />${t("acknowledge")}</button>`}
        <button class="button tight" disabled=${!lead} onClick=${() => onReassign(clock)}><${Icon} name="swap" />${t("reassign")}</button>
      </div></td>
    </tr>`;
}
