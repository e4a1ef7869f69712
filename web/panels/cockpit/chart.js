// A measure of a report as bars, days as a line of bars, regions over days as a heat map. The table below says the same.

import * as echarts from "../../vendor/echarts-6.1.0/echarts.esm.min.js";
import { html, useEffect, useRef } from "../../vendor/htm-3.1.1/standalone.module.js";
import { sayLabel, sayValue, valueOf } from "./words.js";

const MOST = 40;
const ROW_PX = 28;

function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

const share = (measure) => (measure.unit === "SHARE" ? { max: (range) => Math.max(1, range.max) } : {});

function frame(of, measure) {
  return {
    animation: false,
    textStyle: { fontFamily: of("family"), fontSize: 12, color: of("ink-2") },
    tooltip: {
      backgroundColor: of("surface"),
      borderColor: of("line-strong"),
      textStyle: { color: of("ink"), fontSize: 12 },
      formatter: ({ name, value }) => `${name}: ${sayValue(Array.isArray(value) ? value.at(-1) : value, measure.unit)}`,
    },
  };
}

const values = (of, measure) => ({
  type: "value",
  splitLine: { lineStyle: { color: of("line") } },
  axisLabel: { color: of("ink-3"), formatter: (value) => sayValue(value, measure.unit) },
  ...share(measure),
});

const names = (of, data) => ({
  type: "category",
  data,
  axisLine: { lineStyle: { color: of("line-strong") } },
  axisTick: { show: false },
  axisLabel: { color: of("ink-2") },
});

function bars(rows, dimension, measure, of) {
  const upright = dimension === "DAY" || dimension === "TENURE_WEEK";
  const sorted = upright ? rows : [...rows].sort((a, b) => (valueOf(a, measure.key) ?? 0) - (valueOf(b, measure.key) ?? 0)).slice(-MOST);
  const category = names(of, sorted.map((row) => sayLabel(row, dimension)));
  const value = values(of, measure);
  return {
    ...frame(of, measure),
    grid: { left: 8, right: 24, top: 12, bottom: 8, outerBoundsMode: "same" },
    xAxis: upright ? category : value,
    yAxis: upright ? value : category,
    series: [{ type: "bar", barMaxWidth: 26, itemStyle: { color: of("guide"), borderRadius: 2 }, data: sorted.map((row) => valueOf(row, measure.key)) }],
  };
}

function heat(rows, [one, other], measure, of) {
  const unique = (dimension) => [...new Set(rows.map((row) => sayLabel(row, dimension)))];
  const [across, down] = [unique(other), unique(one)];
  const most = Math.max(measure.unit === "SHARE" ? 1 : 0, ...rows.map((row) => valueOf(row, measure.key) ?? 0));
  return {
    ...frame(of, measure),
    grid: { left: 8, right: 24, top: 12, bottom: 44, outerBoundsMode: "same" },
    xAxis: names(of, across),
    yAxis: names(of, down),
    visualMap: { min: 0, max: most, orient: "horizontal", left: 8, bottom: 0, itemHeight: 120, itemWidth: 10, text: [sayValue(most, measure.unit), sayValue(0, measure.unit)], textStyle: { color: of("ink-3") }, inRange: { color: [of("guide-soft"), of("guide")] } },
    series: [{ type: "heatmap", itemStyle: { borderColor: of("surface"), borderWidth: 2 }, data: rows.map((row) => [across.indexOf(sayLabel(row, other)), down.indexOf(sayLabel(row, one)), valueOf(row, measure.key)]) }],
  };
}

export function Chart({ table, by, measure, title }) {
  const place = useRef(null);
  const lines = by.length === 1 && by[0] !== "DAY" && by[0] !== "TENURE_WEEK" ? Math.min(MOST, table.rows.length) : 8;
  useEffect(() => {
    const chart = echarts.init(place.current, null, { renderer: "canvas" });
    const draw = () => chart.setOption(by.length === 2 ? heat(table.rows, by, measure, colours()) : bars(table.rows, by[0], measure, colours()), true);
    draw();
    const sized = new ResizeObserver(() => chart.resize());
    sized.observe(place.current);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      chart.dispose();
    };
  }, [table, by.join(), measure.key]);
  return html`<div class="chart" role="img" aria-label=${title} ref=${place} style=${{ height: `${Math.max(6, lines) * ROW_PX + 40}px` }}></div>`;
}
