// Knowledge: searched as a rep would search it, and read.

import { html, useEffect, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { ask, useRead } from "../api/asking.js";
import { Icon } from "../frame/icons.js";
import { Head, Nothing, Shown } from "../frame/parts.js";
import { words } from "../frame/words.js";
import { Reader } from "./knowledge/reader.js";

const t = words({
  title: ["Knowledge", "知识库"],
  seek: ["Search in articles", "搜索文章"],
  pinned: ["Pinned", "置顶"],
  found: [({ n }) => (n === 1 ? "1 article" : `${n} articles`), "{n} 篇文章"],
  none: ["Nothing found", "没有找到"],
  noneWhy: ["Try other words; slips and pinyin are understood. What many search for in vain becomes a question to write about.", "换个说法试试，错别字和拼音也能识别。多次搜索无果的内容会成为待写主题。"],
  empty: ["Nothing is pinned", "没有置顶文章"],
  emptyWhy: ["Search for what you need; pinned articles would stand here.", "请搜索所需内容，置顶文章会显示在这里。"],
  choose: ["Choose an article", "请选择文章"],
  chooseWhy: ["Its text opens here, as reps read it.", "正文将在此打开，与销售代表看到的一致。"],
  STAGE: ["fits the stage", "符合阶段"],
  PRODUCT_LINE: ["fits the product", "符合产品线"],
  INDUSTRY: ["fits the branch", "符合行业"],
  COMPETITOR: ["against the competitor", "针对竞品"],
  MEANING: ["in other words", "语义相近"],
  HELPFUL: ["found helpful", "读者认可"],
  USED: ["used in visits", "拜访中使用"],
  NEW: ["new", "新发布"],
});

const PAUSE_MS = 250;
const KNOWN = new Set(["STAGE", "PRODUCT_LINE", "INDUSTRY", "COMPETITOR", "MEANING", "HELPFUL", "USED", "NEW"]);

/** A value once it has not changed for a moment. */
function useSettled(value) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

async function find(text) {
  if (text === "") {
    const { pinnedArticles } = await ask("knowledge/Pinned", {});
    return pinnedArticles.map((article) => ({ article, snippet: "", highlights: [], reasons: [] }));
  }
  return (await ask("knowledge/Search", { text })).searchArticles.filter(({ article }) => article !== null);
}

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

export default function KnowledgePanel({ query }) {
  const [text, setText] = useState(query.get("text") ?? "");
  const [chosen, setChosen] = useState(query.get("article"));
  const settled = useSettled(text.trim());
  const found = useRead(() => find(settled), [settled]);
  return html`
    <${Head} title=${t("title")} />
    <div class="body knowledge">
      <section class="finds" aria-label=${t("seek")}>
        <label class="seek"><${Icon} name="search" /><span class="unseen">${t("seek")}</span>
          <input class="input" type="search" placeholder=${t("seek")} value=${text} onInput=${(event) => setText(event.target.value)} /></label>
        <div class="scroll" tabindex="0" role="region" aria-label=${t("seek")}>
          <${Shown} of=${found} rows=${8}>${(hits) => html`
            <p class="quiet small" role="status">${settled === "" ? t("pinned") : t("found", { n: hits.length })}</p>
            ${hits.length === 0 && (settled === "" ? html`<${Nothing} title=${t("empty")}>${t("emptyWhy")}<//>` : html`<${Nothing} title=${t("none")}>${t("noneWhy")}<//>`)}
            <ul>${hits.map(({ article, reasons, ...passage }) => html`
              <li key=${article.id}><button aria-pressed=${article.id === chosen} lang=${article.language === "ZH_CN" ? "zh" : "en"} onClick=${() => setChosen(article.id)}>
                <b>${article.title}</b>
                ${passage.snippet && html`<${Passage} ...${passage} />`}
                <span class="tags">${article.tags.slice(0, 3).map((each) => html`<span class="tag" key=${each}>${each}</span>`)}
                  ${reasons.filter((each) => KNOWN.has(each)).map((each) => html`<span class="tag outline" key=${each}>${t(each)}</span>`)}</span>
              </button></li>`)}</ul>`}
          <//>
        </div>
      </section>
      ${chosen ? html`<${Reader} id=${chosen} key=${chosen} />` : html`<div class="reader"><${Nothing} title=${t("choose")}>${t("chooseWhy")}<//></div>`}
    </div>`;
}
