// One article as its readers see it; for writers also its next draft, earlier editions, and what may be done with it.

import { html, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../../api/asking.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { day, words } from "../../frame/words.js";
import { RichText } from "./rich_text.js";
import { Steps } from "./steps.js";
import { langOf, lookOf, mayWrite, standing, t as say } from "./words.js";

const t = words({
  article: ["Article", "文章"],
  gone: ["This article is not here", "找不到该文章"],
  goneWhy: ["It was retired, or is kept to teams that are not yours.", "文章已下架，或仅供其他团队查阅。"],
  published: ["Published {day}", "{day}发布"],
  edition: ["edition {n}", "第 {n} 版"],
  author: ["written by {name}", "作者 {name}"],
  reviewed: ["approved by {name}", "审核 {name}"],
  helpful: ["{yes} found it helpful, {no} did not", "{yes} 人认为有帮助，{no} 人认为没有"],
  used: [({ n }) => (n === 1 ? "used in 1 visit" : `used in ${n} visits`), "用于 {n} 次拜访"],
  shownText: ["Text shown", "显示的内容"],
  next: ["Next draft", "新草稿"],
  readers: ["As readers see it", "读者所见"],
  earlier: ["Edition {n}, {day}", "第 {n} 版，{day}"],
  handedIn: ["Handed in by {name}", "{name} 提交审核"],
  note: ["{name} gave it back:", "{name} 退回："],
  noteUnnamed: ["Given back:", "已退回："],
  keptTo: ["kept to {teams}", "仅供 {teams}"],
  otherTeams: ["other teams", "其他团队"],
});

const CURRENT = "current";

function About({ article, text, shown }) {
  const isEdition = text.number !== undefined;
  const facts = [
    text.publishedAt && t("published", { day: day(text.publishedAt) }),
    isEdition ? t("edition", { n: text.number }) : article.edition > 1 && shown === CURRENT && t("edition", { n: article.edition }),
    article.author && t("author", article.author),
    text.reviewedBy && t("reviewed", text.reviewedBy),
    shown === CURRENT && article.helpful + article.notHelpful > 0 && t("helpful", { yes: article.helpful, no: article.notHelpful }),
    shown === CURRENT && article.usedInVisits > 0 && t("used", { n: article.usedInVisits }),
  ];
  return html`<p class="quiet small">${facts.filter(Boolean).join(" · ")}</p>`;
}

/** What there is to read of it: the next draft, what readers see, and what they saw before. */
function Choice({ article, shown, onChange }) {
  const earlier = article.editions.filter(({ number }) => article.state !== "PUBLISHED" || number < article.edition);
  if (!article.next && earlier.length === 0) return null;
  return html`
    <label><span class="unseen">${t("shownText")}</span>
      <select class="select" value=${shown} onChange=${(event) => onChange(event.target.value)}>
        ${article.next && html`<option value="next">${t("next")}</option>`}
        <option value=${CURRENT}>${article.state === "PUBLISHED" ? t("readers") : say(article.state)}</option>
        ${earlier.map(({ number, publishedAt }) => html`<option value=${String(number)} key=${number}>${t("earlier", { n: number, day: day(publishedAt) })}</option>`)}
      </select></label>`;
}

function Note({ review }) {
  if (!review?.note) return null;
  return html`<div class="note"><b>${review.returnedBy ? t("note", review.returnedBy) : t("noteUnnamed")}</b> <span>${review.note}</span></div>`;
}

function Text({ article, text, shown, teams }) {
  const named = text.teamIds.map((id) => teams.find((each) => each.id === id)?.name ?? t("otherTeams"));
  return html`
    <div class="text" lang=${langOf(text.language)}>
      <h2>${text.title}</h2>
      <${About} article=${article} text=${text} shown=${shown} />
      <p class="tags">${text.tags.map((each) => html`<span class="tag" key=${each}>${each}</span>`)}
        ${named.length > 0 && html`<span class="tag outline">${t("keptTo", { teams: [...new Set(named)].join(", ") })}</span>`}</p>
      <${RichText} source=${text.bodyHtml} />
    </div>`;
}

/** An earlier edition, read when it is asked for. */
function Edition({ article, number, teams }) {
  const read = useRead(async () => (await ask("knowledge/Editions", { id: article.id })).article.editions.find((each) => each.number === number), [number]);
  return html`<${Shown} of=${read} rows=${9}>${(text) => html`<${Text} article=${article} text=${text} shown=${String(number)} teams=${teams} />`}<//>`;
}

export function Reader({ id, me, teams, reviewRequired, onEdit, onChanged }) {
  const [picked, setPicked] = useState(null);
  const [said, setSaid] = useState(null);
  const read = useRead(async () => (await ask("knowledge/Read", { id })).article ?? "gone", [id]);
  const done = (words) => {
    setSaid(words);
    setPicked(null);
    onChanged();
    return read.reload();
  };
  return html`
    <article class="reader" aria-label=${t("article")} tabindex="0">
      <p class="said" role="status">${said}</p>
      <${Shown} of=${read} rows=${9}>${(article) => {
        if (article === "gone") return html`<${Nothing} title=${t("gone")}>${t("goneWhy")}<//>`;
        const shown = picked ?? (article.next ? "next" : CURRENT);
        const text = shown === "next" ? article.next : article;
        return html`
          ${mayWrite(me) && html`
            <div class="desk">
              <span class=${lookOf(standing(article))}>${say(standing(article))}</span>
              ${article.review?.submittedAt && article.review.submittedBy && html`<span class="quiet small">${t("handedIn", article.review.submittedBy)}</span>`}
              <${Choice} article=${article} shown=${shown} onChange=${setPicked} />
              <${Steps} article=${article} title=${(article.next ?? article).title} me=${me} reviewRequired=${reviewRequired} onEdit=${onEdit} onDone=${done} />
            </div>
            <${Note} review=${article.review} />`}
          ${/^\d+$/.test(shown) ? html`<${Edition} article=${article} number=${Number(shown)} teams=${teams} />` : html`<${Text} article=${article} text=${text} shown=${shown} teams=${teams} />`}`;
      }}
      <//>
    </article>`;
}
