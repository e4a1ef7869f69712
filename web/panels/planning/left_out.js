// What no plan has room for, and the reason that binds, in the planner's words.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { words } from "../../frame/words.js";

const t = words({
  title: ["Left out", "未安排"],
  all: ["Everything fits", "全部已安排"],
  allWhy: ["No visit had to be left out.", "没有需要舍弃的拜访。"],
  tier: ["Tier {tier}", "{tier} 级"],
  ask: ["What if?", "如果安排？"],
  about: ["What if {site} were visited?", "如果拜访 {site}？"],
});

export function LeftOut({ plans, onAsk }) {
  const rows = plans.flatMap((plan) => plan.dropped.map((each) => ({ ...each, plan }))).filter(({ site }) => site);
  rows.sort((a, b) => b.value - a.value);
  const drag = (event, { plan, site }) => event.dataTransfer.setData("text/plain", JSON.stringify({ planId: plan.id, siteId: site.id, dropped: true }));
  return html`
    <aside class="left-out" aria-label=${t("title")}>
      <h2>${t("title")} <span class="quiet">${rows.length}</span></h2>
      ${rows.length === 0 && html`<div class="state"><h3>${t("all")}</h3><p>${t("allWhy")}</p></div>`}
      <ul>${rows.map((each) => html`
        <li draggable="true" onDragStart=${(event) => drag(event, each)} key=${`${each.plan.id} ${each.site.id}`}>
          <div class="line"><b>${each.site.name}</b><span class="tag">${t("tier", { tier: each.site.tier })}</span></div>
          <p>${each.explanation}</p>
          <button class="button tight" aria-label=${t("about", { site: each.site.name })} onClick=${() => onAsk({ planId: each.plan.id, siteId: each.site.id, repId: null })}>${t("ask")}</button>
        </li>`)}
      </ul>
    </aside>`;
}
