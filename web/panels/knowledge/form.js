// An article's text as fields of a form, and back: what is written of lists is one line each, or separated by commas.

const NAMES = ["title", "body", "language", "aliases", "tags", "stages", "productLines", "competitors", "industry", "pinned", "packRoles", "teamIds"];
const JOINED = ["tags", "stages", "productLines", "competitors"];

const parts = (text, separator) => text.split(separator).map((each) => each.trim()).filter(Boolean);

/** What the form shows of a text; of a new one without `text`. */
export function formOf(text, language) {
  if (!text) {
    return { title: "", body: "", language, aliases: "", tags: "", stages: "", productLines: "", competitors: "", industry: "", pinned: false, packRoles: [], teamIds: [] };
  }
  const form = Object.fromEntries(NAMES.map((name) => [name, text[name]]));
  for (const name of JOINED) form[name] = text[name].join(", ");
  return { ...form, aliases: text.aliases.join("\n"), industry: text.industry ?? "" };
}

/** What the server is told. */
export function textOf(form) {
  const text = { ...form, title: form.title.trim(), aliases: parts(form.aliases, "\n"), industry: form.industry.trim() || null };
  for (const name of JOINED) text[name] = [...new Set(parts(form[name], /[,，、]/))];
  return text;
}

const keyOf = (me, id) => `fieldbeat.writing.${me.id}.${id ?? "new"}`;

/** What was written in this tab and not saved, of the version it was begun with. */
export function unsaved(me, id, version) {
  const kept = JSON.parse(sessionStorage.getItem(keyOf(me, id)) ?? "null");
  return kept !== null && kept.version === version ? kept.form : null;
}

export const keep = (me, id, version, form) => sessionStorage.setItem(keyOf(me, id), JSON.stringify({ version, form }));

export const forget = (me, id) => sessionStorage.removeItem(keyOf(me, id));
