// Knowledge: searched as a rep would search it, and read; written, reviewed and published by who may.

import { html, useState } from "../vendor/htm-3.1.1/standalone.module.js";
import { ask, askAll, useRead } from "../api/asking.js";
import { Icon } from "../frame/icons.js";
import { Failed, Head, Nothing } from "../frame/parts.js";
import { words } from "../frame/words.js";
import { Editor } from "./knowledge/editor.js";
import { Finds, readList } from "./knowledge/finds.js";
import { Reader } from "./knowledge/reader.js";
import { useSettled } from "./knowledge/settled.js";
import { mayWrite } from "./knowledge/words.js";

const t = words({
  title: ["Knowledge", "知识库"],
  create: ["New article", "新建文章"],
  seek: ["Search in articles", "搜索文章"],
  lists: ["Lists", "列表"],
  search: ["Search", "搜索"],
  drafts: ["Drafts", "草稿"],
  review: ["In review", "待审核"],
  choose: ["Choose an article", "请选择文章"],
  chooseWhy: ["Its text opens here, as reps read it.", "正文将在此打开，与销售代表看到的一致。"],
});

const LISTS = ["search", "drafts", "review"];
const PAUSE_MS = 250;

/** What an editor needs to know before anything is written. */
async function readFrame() {
  const [{ articlePolicy }, teams] = await Promise.all([ask("knowledge/Policy"), askAll("knowledge/Teams", {}, 200)]);
  return { reviewRequired: articlePolicy.reviewRequired, teams };
}

export default function KnowledgePanel({ me, query }) {
  const writes = mayWrite(me);
  const [list, setList] = useState(writes && LISTS.includes(query.get("list")) ? query.get("list") : "search");
  const [text, setText] = useState(query.get("text") ?? "");
  const [chosen, setChosen] = useState(query.get("article"));
  const [written, setWritten] = useState(null);
  const settled = useSettled(text.trim(), PAUSE_MS);
  const found = useRead(() => readList(list, settled), [list, settled]);
  const frame = useRead(readFrame, []);
  const { teams, reviewRequired } = frame.data ?? { teams: [], reviewRequired: true };
  const saved = (id) => {
    setWritten(null);
    setChosen(id);
    return found.reload();
  };
  if (written) {
    return html`<${Head} title=${t("title")} /><${Editor} me=${me} article=${written.article} teams=${teams} onSaved=${saved} onClose=${() => setWritten(null)} />`;
  }
  return html`
    <${Head} title=${t("title")}>
      ${writes && html`<button class="button strong" onClick=${() => setWritten({ article: null })}><${Icon} name="plus" />${t("create")}</button>`}
    <//>
    <div class="body knowledge">
      <section class="finds" aria-label=${t("seek")}>
        ${writes && html`
          <div class="choice" role="group" aria-label=${t("lists")}>
            ${LISTS.map((each) => html`<button key=${each} aria-pressed=${each === list} onClick=${() => setList(each)}>${t(each)}</button>`)}
          </div>`}
        ${list === "search" && html`
          <label class="seek"><${Icon} name="search" /><span class="unseen">${t("seek")}</span>
            <input class="input" type="search" placeholder=${t("seek")} value=${text} onInput=${(event) => setText(event.target.value)} /></label>`}
        <div class="scroll" tabindex="0" role="region" aria-label=${list === "search" ? t("seek") : t(list)}>
          ${frame.error && html`<${Failed} error=${frame.error} reload=${frame.reload} />`}
          <${Finds} found=${found} list=${list} text=${settled} chosen=${chosen} onChoose=${setChosen} />
        </div>
      </section>
      ${chosen
        ? html`<${Reader} id=${chosen} key=${chosen} me=${me} teams=${teams} reviewRequired=${reviewRequired} onEdit=${(article) => setWritten({ article })} onChanged=${found.reload} />`
        : html`<div class="reader"><${Nothing} title=${t("choose")}>${t("chooseWhy")}<//></div>`}
    </div>`;
}
