// The left of the panel: what a search finds, the drafts, and what waits for a reviewer.

import { html } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask } from "../../api/asking.js";
import { now } from "../../api/server_time.js";
import { Nothing, Shown } from "../../frame/parts.js";
import { distance, words } from "../../frame/words.js";
import { langOf } from "./words.js";

const t = words({
  pinned: ["Pinned", "置顶"],
  found: [({ n }) => (n === 1 ? "1 article" : `${n} articles`), "{n} 篇文章"],
  drafts: [({ n }) => (n === 1 ? "1 draft, not seen by readers" : `${n} drafts, not seen by readers`), "{n} 篇草稿，读者不可见"],
  review: [({ n }) => (n === 1 ? "1 waits for a reviewer" : `${n} wait for a reviewer, the longest first`), "{n} 篇待审核，等待最久的在前"],
  none: ["Nothing found", "没有找到"],
  noneWhy: ["Try other words; slips and pinyin are understood. What many search for in vain becomes a question to write about.", "换个说法试试，错别字和拼音也能识别。多次搜索无果的内容会成为待写主题。"],
  empty: ["Nothing is pinned", "没有置顶文章"],
  emptyWhy: ["Search for what you need; pinned articles would stand here.", "请搜索所需内容，置顶文章会显示在这里。"],
  noDrafts: ["No draft", "没有草稿"],
  noDraftsWhy: ["Begin one with New article. Questions that many ask become drafts by themselves.", "可点击“新建文章”开始撰写；多人提出的问题会自动生成草稿。"],
  noReview: ["Nothing waits for review", "没有待审核的文章"],
  noReviewWhy: ["Drafts that somebody hands in stand here.", "提交审核的草稿会显示在这里。"],
  changed: ["changed {ago}", "{ago}修改"],
  returned: ["given back", "已退回"],
  waits: ["{name}, {ago}", "{name}，{ago}"],
  waitsUnnamed: ["handed in {ago}", "{ago}提交"],
  nextDraft: ["next draft", "新草稿"],
  yours: ["for you to review", "待您审核"],
  STAGE: ["fits the stage", "符合阶段"],
  PRODUCT_LINE: ["fits the product", "符合产品线"],
  INDUSTRY: ["fits the branch", "符合行业"],
  COMPETITOR: ["against the competitor", "针对竞品"],
  MEANING: ["in other words", "语义相近"],
  HELPFUL: ["found helpful", "读者认可"],
  USED: ["used in visits", "拜访中使用"],
  NEW: ["new", "新发布"],
});

const KNOWN = new Set(["STAGE", "PRODUCT_LINE", "INDUSTRY", "COMPETITOR", "MEANING", "HELPFUL", "USED", "NEW"]);
const SHOWN = 50;

async function search(text) {
  if (text === "") {
    const { pinnedArticles } = await ask("knowledge/Pinned", {});
    return pinnedArticles.map((article) => ({ article, snippet: "", highlights: [], marks: [] }));
  }
  const { searchArticles } = await ask("knowledge/Search", { text });
  return searchArticles.filter(({ article }) => article !== null).map(({ reasons, ...hit }) => ({ ...hit, marks: reasons.filter((each) => KNOWN.has(each)).map((each) => [each, "outline"]) }));
}

async function drafts() {
  const { articles } = await ask("knowledge/Drafts", { first: SHOWN });
  return articles.nodes.map((article) => ({
    article,
    about: () => article.updatedAt && t("changed", { ago: distance(article.updatedAt, now()) }),
    marks: article.review?.note ? [["returned", "warn"]] : [],
  }));
}

async function inReview() {
  const { articlesInReview } = await ask("knowledge/InReview", { first: SHOWN });
  return articlesInReview.nodes.map(({ next, review: { submittedAt, submittedBy }, mayApprove, ...article }) => ({
    article: { ...article, title: next?.title ?? article.title },
    about: () => t(submittedBy ? "waits" : "waitsUnnamed", { ...submittedBy, ago: distance(submittedAt, now()) }),
    marks: [...(next ? [["nextDraft", "outline"]] : []), ...(mayApprove ? [["yours", "warn"]] : [])],
  }));
}

/** What a list holds; in keys of words, for the language may change. */
export const readList = (list, text) => (list === "drafts" ? drafts() : list === "review" ? inReview() : search(text));

/** The passage with what was searched for marked in it. */
function Passage({ snippet, highlights }) {
  const parts = [];
  let from = 0;
  for (const { start, end } of highlights) {
    parts.push(snippet.slice(from, start), html`<mark>${snippet.slice(start, end)}</mark>`);
    from = end;
  }
  parts.push(snippet.slice(from));
  return html`<p class="passage">${parts}</p>`;
}

function Missing({ list, text }) {
  const kind = list === "drafts" ? "noDrafts" : list === "review" ? "noReview" : text === "" ? "empty" : "none";
  return html`<${Nothing} title=${t(kind)}>${t(`${kind}Why`)}<//>`;
}

export function Finds({ found, list, text, chosen, onChoose }) {
  return html`
    <${Shown} of=${found} rows=${8}>${(rows) => html`
      <p class="quiet small" role="status">${list === "search" ? (text === "" ? t("pinned") : t("found", { n: rows.length })) : rows.length > 0 && t(list, { n: rows.length })}</p>
      ${rows.length === 0 && html`<${Missing} list=${list} text=${text} />`}
      <ul>${rows.map(({ article, marks, about, ...passage }) => html`
        <li key=${article.id}><button aria-pressed=${article.id === chosen} onClick=${() => onChoose(article.id)}>
          <b lang=${langOf(article.language)}>${article.title}</b>
          ${about && html`<span class="quiet small">${about()}</span>`}
          ${passage.snippet && html`<${Passage} ...${passage} />`}
          <span class="tags">${article.tags.slice(0, 3).map((each) => html`<span class="tag" key=${each}>${each}</span>`)}
            ${marks.map(([word, look]) => html`<span class="tag ${look}" key=${word}>${t(word)}</span>`)}</span>
        </button></li>`)}</ul>`}
    <//>`;
}
