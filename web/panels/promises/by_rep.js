// Who stands how with their promises; choosing somebody shows theirs alone.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { words } from "../../frame/words.js";

const t = words({
  title: ["By person", "按人员"],
  red: ["broken", "违约"],
  soon: ["due soon", "即将到期"],
  says: ["{name}: {red} broken, {soon} due soon", "{name}：违约 {red}，即将到期 {soon}"],
  away: ["away", "休假"],
  rest: ["{n} without anything open", "{n} 人没有未完成的承诺"],
});

export function ByRep({ rows, chosen, onChoose }) {
  const busy = rows.filter(({ red, dueSoon }) => red + dueSoon > 0).sort((a, b) => b.red - a.red || b.dueSoon - a.dueSoon);
  const most = Math.max(1, ...busy.map(({ red, dueSoon }) => red + dueSoon));
  const idle = rows.filter(({ red, dueSoon, owner }) => red + dueSoon === 0 && owner?.role === "REP").length;
  return html`
    <aside class="by-rep" aria-label=${t("title")}>
      <h2>${t("title")}</h2>
      <p class="key small"><span class="red">${t("red")}</span><span class="soon">${t("soon")}</span></p>
      <ul>
        ${busy.map(({ ownerId, owner, red, dueSoon }) => html`
          <li key=${ownerId}>
            <button aria-pressed=${ownerId === chosen} aria-label=${t("says", { name: owner?.name ?? "", red, soon: dueSoon })} onClick=${() => onChoose(ownerId)}>
              <span class="name">${owner?.name ?? "–"}${owner?.absent && html` <span class="tag">${t("away")}</span>`}</span>
              <span class="counts"><b class=${red > 0 ? "red" : ""}>${red}</b> / ${dueSoon}</span>
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="red" x="0" width=${(red / most) * 100} height="6" /><rect class="soon" x=${(red / most) * 100} width=${(dueSoon / most) * 100} height="6" />
              </svg>
            </button>
          </li>`)}
      </ul>
      ${idle > 0 && html`<p class="quiet small">${t("rest", { n: idle })}</p>`}
    </aside>`;
}
