// What may be done with an article as it stands: handed in, given back, approved, published, discarded, retired.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { act } from "../../api/asking.js";
import { explain } from "../../frame/parts.js";
import { words } from "../../frame/words.js";
import { refused, standing, t as say } from "./words.js";

const t = words({
  steps: ["What to do", "操作"],
  edit: ["Edit", "编辑"],
  next: ["Write the next draft", "撰写新草稿"],
  Submit: ["Hand in for review", "提交审核"],
  Publish: ["Publish", "发布"],
  Approve: ["Approve and publish", "通过并发布"],
  Return: ["Return with a note", "退回修改"],
  takeBack: ["Take it back", "撤回"],
  Discard: ["Discard the draft", "放弃草稿"],
  Drop: ["Discard the draft", "放弃草稿"],
  Retire: ["Retire", "下架"],
  SubmitDone: ["Handed in. It waits for somebody who did not write at it.", "已提交审核，等待未参与撰写的人审核。"],
  PublishDone: ["Published. Search finds it within seconds.", "已发布，数秒内即可搜索到。"],
  ApproveDone: ["Approved and published. Its writers have been told.", "已通过并发布，作者会收到通知。"],
  ReturnDone: ["It is a draft again.", "已恢复为草稿。"],
  DiscardDone: ["The draft is gone; readers see what they saw.", "草稿已放弃，读者看到的内容不变。"],
  DropDone: ["The draft is put away for good.", "草稿已放弃。"],
  RetireDone: ["Retired: nobody finds it any more.", "已下架，不再能被找到。"],
  sureDiscard: ["Discard the draft of “{title}”?", "放弃《{title}》的草稿？"],
  sureDiscardWhy: ["What was written in it is lost. Readers go on seeing the published text.", "草稿内容将丢失，读者仍看到已发布的内容。"],
  sureDrop: ["Discard “{title}”?", "放弃《{title}》？"],
  sureDropWhy: ["No reader has seen it. It is put away for good; questions it was to answer are open again.", "尚无读者看到。草稿将被永久搁置，相关提问重新开放。"],
  sureRetire: ["Retire “{title}”?", "下架《{title}》？"],
  sureRetireWhy: ["It leaves search, recommendations and phones for good. This cannot be undone.", "将从搜索、推荐和手机中永久移除，无法撤销。"],
  sureReturn: ["Return “{title}”", "退回《{title}》"],
  sureReturnWhy: ["Its writers are told, and find your note with the draft.", "作者会收到通知，并在草稿中看到您的意见。"],
});

/** The steps that the article's state and the person allow, the likeliest last. */
export function stepsOf(article, { me, reviewRequired }) {
  const isWriter = article.review?.writerIds.includes(me.id);
  switch (standing(article)) {
    case "DRAFT":
      return [article.next ? "Discard" : "Drop", "edit", ...(reviewRequired ? ["Submit"] : ["Submit", "Publish"])];
    case "IN_REVIEW":
      return [...(isWriter ? ["takeBack"] : []), ...(article.mayApprove ? ["Return", "Approve"] : [])];
    case "PUBLISHED":
      return ["Retire", "next"];
    default:
      return [];
  }
}

/** Asks before what cannot be undone, and for the note of what is given back. */
function Sure({ step, title, problem, working, onSure, onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const submit = (event) => {
    event.preventDefault();
    onSure(step === "Return" ? { note: new FormData(event.currentTarget).get("note") } : {});
  };
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="sure-title">
      <form onSubmit=${submit}>
        <h2 id="sure-title">${t(`sure${step}`, { title })}</h2>
        <p>${t(`sure${step}Why`)}</p>
        ${step === "Return" && html`<label class="field"><span>${say("note")}</span><textarea class="input area" name="note" rows="4" maxlength="500" required></textarea></label>`}
        ${problem && html`<p class="tag warn" role="alert">${problem}</p>`}
        <div class="actions">
          <button type="button" class="button" onClick=${() => dialog.current.close()}>${say("cancel")}</button>
          <button class="button strong" disabled=${working}>${t(step)}</button>
        </div>
      </form>
    </dialog>`;
}

const STRONG = new Set(["Submit", "Publish", "Approve"]);
const MOVED_ON = new Set(["WRONG_STATE", "CONFLICT"]);
const ASKED = new Set(["Discard", "Drop", "Retire", "Return"]);
const SENT = {
  Submit: "articles/Submit",
  Publish: "articles/Publish",
  Approve: "articles/Approve",
  Return: "articles/Return",
  Discard: "articles/Discard",
  Drop: "articles/Retire",
  Retire: "articles/Retire",
};

export function Steps({ article, title, me, reviewRequired, onEdit, onDone }) {
  const [asked, setAsked] = useState(null);
  const [problem, setProblem] = useState(null);
  const [working, setWorking] = useState(false);
  const take = async (step, facts = {}) => {
    setWorking(true);
    setProblem(null);
    try {
      const answer = await act(SENT[step], { id: article.id, expectedVersion: article.version, ...facts });
      if (answer.code) setProblem(refused(answer));
      else setAsked(null);
      // Nothing is pressed again before the article stands here as it is now.
      if (!answer.code) await onDone(t(`${step}Done`));
      else if (MOVED_ON.has(answer.code)) await onDone(null);
    } catch (error) {
      setProblem(explain(error));
    }
    setWorking(false);
  };
  const press = (step) => {
    setProblem(null);
    if (step === "edit" || step === "next") return onEdit(article);
    if (step === "takeBack") return take("Return");
    return ASKED.has(step) ? setAsked(step) : take(step);
  };
  const steps = stepsOf(article, { me, reviewRequired });
  return html`
    <div class="steps" role="group" aria-label=${t("steps")}>
      ${problem && !asked && html`<p class="tag warn" role="alert">${problem}</p>`}
      ${steps.map((step, index) => html`
        <button key=${step} class="button ${index === steps.length - 1 && STRONG.has(step) ? "strong" : ""}" disabled=${working} onClick=${() => press(step)}>${t(step)}</button>`)}
      ${asked && html`<${Sure} step=${asked} title=${title} problem=${problem} working=${working} onSure=${(facts) => take(asked, facts)} onClose=${() => setAsked(null)} />`}
    </div>`;
}
