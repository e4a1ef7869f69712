// Words of the page in both languages, dates and figures as each writes them. Every panel brings its own words:
//
//   const t = words({ hello: ["Hello, {name}", "{name}，你好"], visits: [({ n }) => (n === 1 ? "1 visit" : `${n} visits`), "{n} 次拜访"] });
//   t("hello", { name })

export const LANGUAGES = ["en", "zh-CN"];

export const language = () => (document.documentElement.lang === "zh-CN" ? "zh-CN" : "en");

export function setLanguage(chosen) {
  document.documentElement.lang = chosen;
  localStorage.setItem("fieldbeat.language", chosen);
  dispatchEvent(new Event("fieldbeat:words"));
}

export function words(pairs) {
  const incomplete = Object.keys(pairs).filter((key) => pairs[key].length !== LANGUAGES.length);
  if (incomplete.length > 0) throw new Error(`Without words in both languages: ${incomplete.join(", ")}`);
  return (key, facts = {}) => {
    const said = pairs[key][LANGUAGES.indexOf(language())];
    if (typeof said === "function") return said(facts);
    return said.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
  };
}

const units = words({
  now: ["just now", "刚刚"],
  second: ["{n} s", "{n} 秒"],
  minute: ["{n} min", "{n} 分钟"],
  hour: ["{n} h", "{n} 小时"],
  hourMinute: ["{n} h {m} min", "{n} 小时 {m} 分"],
  day: ["{n} d", "{n} 天"],
  dayHour: ["{n} d {m} h", "{n} 天 {m} 小时"],
  ago: ["{span} ago", "{span}前"],
  ahead: ["in {span}", "{span}后"],
});

/** A length of time in its two largest units: "1 h 20 min". */
export function span(seconds) {
  const s = Math.round(Math.abs(seconds));
  if (s < 60) return units("second", { n: s });
  const minutes = Math.round(s / 60);
  if (minutes < 60) return units("minute", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? units("hourMinute", { n: hours, m: minutes % 60 }) : units("hour", { n: hours });
  const days = Math.floor(hours / 24);
  return hours % 24 && days < 7 ? units("dayHour", { n: days, m: hours % 24 }) : units("day", { n: days });
}

/** How long ago an instant was, or how far ahead it is, beside the server's time. */
export function distance(at, now) {
  const seconds = (new Date(at) - now) / 1000;
  if (Math.abs(seconds) < 20) return units("now");
  return units(seconds < 0 ? "ago" : "ahead", { span: span(seconds) });
}

const formats = new Map();

function format(kind, options) {
  const key = `${language()} ${kind.name} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new kind(language() === "en" ? "en-GB" : "zh-CN", options));
  return formats.get(key);
}

export const clock = (at, timeZone) =>
  format(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(new Date(at));

export const day = (at, timeZone) =>
  format(Intl.DateTimeFormat, { weekday: "short", day: "numeric", month: "short", timeZone }).format(new Date(at));

/** "Mon 23 Nov, 09:00"; the day is left out where it is today's. */
export function moment(at, timeZone, now = Date.now()) {
  const hour = clock(at, timeZone);
  return localDate(at, timeZone) === localDate(now, timeZone) ? hour : `${day(at, timeZone)} ${hour}`;
}

/** YYYY-MM-DD of an instant in a zone, as the API wants it. */
export function localDate(at, timeZone) {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone });
  return parts.format(new Date(at));
}

/** The date so many days before another, both YYYY-MM-DD. */
export function daysBefore(date, count) {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - count);
  return at.toISOString().slice(0, 10);
}

export const figure = (value, digits = 0) =>
  format(Intl.NumberFormat, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

export const percent = (share) => format(Intl.NumberFormat, { style: "percent" }).format(share);

export function metres(value) {
  if (value == null) return "–";
  return value < 1000 ? `${figure(value)} m` : `${figure(value / 1000, value < 100_000 ? 1 : 0)} km`;
}
