// Giving a lead to somebody else, with what each already has open beside the name.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { act } from "../../api/asking.js";
import { explain } from "../../frame/parts.js";
import { words } from "../../frame/words.js";

const t = words({
  title: ["Reassign {lead}", "转派 {lead}"],
  lead: ["The promise to the customer goes on: whoever takes over gets the time that is left.", "对客户的承诺继续计时，接手人只有剩余的时间。"],
  who: ["Who takes over", "由谁接手"],
  load: ["{red} broken, {soon} due soon", "违约 {red}，即将到期 {soon}"],
  cancel: ["Cancel", "取消"],
  give: ["Reassign", "转派"],
  OWNER_NOT_AVAILABLE: ["This person cannot be given leads now.", "该人员目前无法接手。"],
  nobody: ["There is nobody else in your teams.", "您的团队中没有其他人可接手。"],
});

export function Reassign({ clock, people, onClose, onMoved }) {
  const dialog = useRef(null);
  const [problem, setProblem] = useState(null);
  const [working, setWorking] = useState(false);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const others = people
    .filter(({ ownerId, owner }) => ownerId !== clock.owner?.id && owner?.role === "REP" && owner.state === "ACTIVE" && !owner.absent)
    .sort((a, b) => a.red - b.red || a.dueSoon - b.dueSoon);
  const submit = async (event) => {
    event.preventDefault();
    const ownerId = new FormData(event.currentTarget).get("owner");
    setWorking(true);
    try {
      const answer = await act("promises/Reassign", { id: clock.lead.id, ownerId, expectedVersion: clock.lead.version });
      if (!answer.code) return onMoved(clock.lead, others.find((each) => each.ownerId === ownerId).owner.name);
      setProblem(answer.code === "OWNER_NOT_AVAILABLE" ? t("OWNER_NOT_AVAILABLE") : explain(answer));
    } catch (error) {
      setProblem(explain(error));
    }
    return setWorking(false);
  };
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="reassign-title">
      <form onSubmit=${submit}>
        <h2 id="reassign-title">${t("title", { lead: clock.lead.name })}</h2>
        <p>${t("lead")}</p>
        ${others.length === 0 ? html`<p class="quiet">${t("nobody")}</p>` : html`
          <fieldset class="heirs"><legend>${t("who")}</legend>
            ${others.map(({ ownerId, owner, red, dueSoon }, index) => html`
              <label key=${ownerId}><input type="radio" name="owner" value=${ownerId} required defaultChecked=${index === 0} />
                <span>${owner.name}</span><span class="quiet small">${t("load", { red, soon: dueSoon })}</span></label>`)}
          </fieldset>`}
        ${problem && html`<p class="tag warn" role="alert">${problem}</p>`}
        <div class="actions">
          <button type="button" class="button" onClick=${() => dialog.current.close()}>${t("cancel")}</button>
          <button class="button strong" disabled=${working || others.length === 0}>${t("give")}</button>
        </div>
      </form>
    </dialog>`;
}
