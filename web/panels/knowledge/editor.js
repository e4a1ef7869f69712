// Writing an article: the fields on the left, what readers will see of it on the right.

import { html, useEffect, useRef, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { act, ask, useRead } from "../../api/asking.js";
import { explain, Failed } from "../../frame/parts.js";
import { language, words } from "../../frame/words.js";
import { forget, formOf, keep, textOf, unsaved } from "./form.js";
import { RichText } from "./rich_text.js";
import { useSettled } from "./settled.js";
import { langOf, refused, t as say } from "./words.js";

const t = words({
  create: ["New article", "新建文章"],
  edit: ["Edit the draft", "编辑草稿"],
  next: ["Write the next draft", "撰写新草稿"],
  nextWhy: ["Readers go on seeing the published text until this draft takes its place.", "新草稿发布前，读者仍看到当前已发布的内容。"],
  markdown: ["Markdown: # heading, **bold**, - list", "支持 Markdown：# 标题、**加粗**、- 列表"],
  lines: ["one on each line", "每行一条"],
  commas: ["separated by commas", "用逗号分隔"],
  keys: ["keys, such as QUALIFIED", "阶段标识，如 QUALIFIED"],
  everybody: ["none chosen: everybody", "不选则面向所有人"],
  finding: ["Where it is found", "查找与适用范围"],
  readers: ["Who reads it", "读者范围"],
  preview: ["As readers see it", "读者所见"],
  empty: ["What you write appears here.", "您写的内容会显示在这里。"],
  untitled: ["Untitled", "未命名"],
  back: ["What you had written and not saved is back.", "已恢复您上次未保存的内容。"],
  save: ["Save the draft", "保存草稿"],
  REP: ["reps", "销售代表"],
  MANAGER: ["managers", "经理"],
  DIRECTOR: ["directors", "总监"],
});

const PAUSE_MS = 300;
const ROLES = ["REP", "MANAGER", "DIRECTOR"];

const Hint = ({ children }) => html` <span class="quiet small">${children}</span>`;

/** A row of boxes to tick, of which any number may be. */
const Boxes = ({ label, hint, options, chosen, onChange }) => html`
  <fieldset class="boxes"><legend>${label}<${Hint}>${hint}<//></legend>
    ${options.map(([key, text]) => html`
      <label key=${key}><input type="checkbox" checked=${chosen.includes(key)}
        onChange=${() => onChange(chosen.includes(key) ? chosen.filter((each) => each !== key) : [...chosen, key])} />${text}</label>`)}
  </fieldset>`;

function Preview({ form }) {
  const body = useSettled(form.body, PAUSE_MS);
  const read = useRead(async () => (body.trim() === "" ? "" : (await ask("articles/Preview", { body })).articlePreview), [body]);
  // What is shown stays until the next is there.
  const shown = useRef("");
  shown.current = read.data ?? shown.current;
  return html`
    <section class="reader preview" aria-label=${t("preview")} tabindex="0">
      <p class="quiet small">${t("preview")}</p>
      ${read.error && html`<${Failed} error=${read.error} reload=${read.reload} />`}
      <div class="text" lang=${langOf(form.language)}>
        <h2 class=${form.title ? "" : "quiet"}>${form.title || t("untitled")}</h2>
        ${shown.current ? html`<${RichText} source=${shown.current} />` : html`<p class="quiet">${t("empty")}</p>`}
      </div>
    </section>`;
}

export function Editor({ me, article, teams, onSaved, onClose }) {
  const id = article?.id ?? null;
  const version = article?.version ?? 0;
  const [returned] = useState(() => unsaved(me, id, version));
  const [form, setForm] = useState(() => returned ?? formOf(article && (article.next ?? article), language() === "en" ? "EN" : "ZH_CN"));
  const [problem, setProblem] = useState(null);
  const [working, setWorking] = useState(false);
  const first = useRef(null);
  useEffect(() => first.current.focus(), []);
  const set = (name) => (value) => {
    const changed = { ...form, [name]: value };
    keep(me, id, version, changed);
    setForm(changed);
  };
  const save = async (event) => {
    event.preventDefault();
    setWorking(true);
    try {
      const text = textOf(form);
      const answer = await (id === null
        ? act("articles/Create", { input: text })
        : act("articles/Revise", { id, changes: text, expectedVersion: version }));
      if (!answer.code) {
        forget(me, id);
        return onSaved(answer.id);
      }
      setProblem(refused(answer));
    } catch (error) {
      setProblem(explain(error));
    }
    return setWorking(false);
  };
  const close = () => {
    forget(me, id);
    onClose();
  };
  const saveByKey = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
    event.preventDefault();
    event.currentTarget.requestSubmit();
  };
  const line = (name, hint, rest = {}) => html`
    <label class="field"><span>${say(name)}${hint && html`<${Hint}>${hint}<//>`}</span>
      <input class="input" value=${form[name]} onInput=${(event) => set(name)(event.target.value)} ...${rest} /></label>`;
  const area = (name, hint, rows) => html`
    <label class="field"><span>${say(name)}<${Hint}>${hint}<//></span>
      <textarea class="input area ${name}" rows=${rows} value=${form[name]} lang=${langOf(form.language)} onInput=${(event) => set(name)(event.target.value)}></textarea></label>`;
  const isNext = article?.state === "PUBLISHED";
  return html`
    <div class="body writing">
      <form aria-labelledby="writing-title" onSubmit=${save} onKeyDown=${saveByKey}>
        <div class="fields" tabindex="0">
          <h2 id="writing-title">${t(id === null ? "create" : isNext ? "next" : "edit")}</h2>
          ${isNext && html`<p class="quiet">${t("nextWhy")}</p>`}
          ${returned && html`<p class="tag" role="status">${t("back")}</p>`}
          <div class="titled">
            ${line("title", null, { required: true, maxlength: 200, ref: first, lang: langOf(form.language) })}
            <label class="field"><span>${say("language")}</span>
              <select class="select" value=${form.language} onChange=${(event) => set("language")(event.target.value)}><option value="EN">English</option><option value="ZH_CN">中文</option></select></label>
          </div>
          ${area("body", t("markdown"), 14)}
          <h3>${t("finding")}</h3>
          ${line("tags", t("commas"))}
          ${area("aliases", t("lines"), 2)}
          <div class="pair">${line("productLines", t("commas"))}${line("competitors", t("commas"))}${line("stages", t("keys"))}${line("industry", null, { maxlength: 60 })}</div>
          <h3>${t("readers")}</h3>
          ${teams.length > 0 && html`<${Boxes} label=${say("teamIds")} hint=${t("everybody")} options=${teams.map((each) => [each.id, each.name])} chosen=${form.teamIds} onChange=${set("teamIds")} />`}
          <label class="tick"><input type="checkbox" checked=${form.pinned} onChange=${() => set("pinned")(!form.pinned)} />${say("pinned")}</label>
          ${form.pinned && html`<${Boxes} label=${say("packRoles")} hint=${t("everybody")} options=${ROLES.map((each) => [each, t(each)])} chosen=${form.packRoles} onChange=${set("packRoles")} />`}
        </div>
        <div class="foot">
          ${problem && html`<p class="tag warn" role="alert">${problem}</p>`}
          <button type="button" class="button" onClick=${close}>${say("cancel")}</button>
          <button class="button strong" disabled=${working} aria-keyshortcuts="Control+S">${t("save")}</button>
        </div>
      </form>
      <${Preview} form=${form} />
    </div>`;
}
