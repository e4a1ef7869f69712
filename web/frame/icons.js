// Small drawings on a grid of 24, drawn as lines.

import { html } from "../vendor/htm-3.1.1/standalone.module.js";

const LINES = {
  map: "M9 4 3.5 6v14L9 18l6 2 5.5-2V4L15 6 9 4Zm0 0v14m6-12v14",
  promises: "M12 7v5l3.2 2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z",
  planning: "M6 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6 7v5a3.5 3.5 0 0 0 3.5 3.5h5A3.5 3.5 0 0 1 18 17",
  knowledge: "M12 6.5C10 5 7 4.5 4 5v13c3-.5 6 0 8 1.5 2-1.5 5-2 8-1.5V5c-3-.5-6 0-8 1.5Zm0 0v13",
  cockpit: "M4 20h16M6.5 20v-7m5.5 7V5m5.5 15v-10",
  alerts: "M12 4a5.5 5.5 0 0 0-5.5 5.5c0 5-2 6.5-2 6.5h15s-2-1.5-2-6.5A5.5 5.5 0 0 0 12 4Zm-2 15.5a2.2 2.2 0 0 0 4 0",
  reports: "M7 3.5h7l4 4v13H7v-17Zm7 0v4h4M10 12h5m-5 4h5",
  language: "M4 6h9M8.5 4v2c0 4-2 7-5 8.5M6 9c1 2.5 3 4.5 6 5.5M12.5 20l4-9 4 9m-6.7-3h5.4",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-4.5v2m0 13v2M3.5 12h2m13 0h2M6 6l1.4 1.4m9.2 9.2L18 18M6 18l1.4-1.4m9.2-9.2L18 6",
  dark: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  leave: "M14 4H6v16h8m-4-8h10m-3.5-3.5L20 12l-3.5 3.5",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm4.7 11.2L20 20",
  close: "M6 6l12 12M18 6 6 18",
  layers: "M12 4 3.5 8.5 12 13l8.5-4.5L12 4Zm-8.5 9L12 17.5l8.5-4.5",
  play: "M8 5v14l11-7L8 5Z",
  pause: "M8 5v14M16 5v14",
  back: "M15 5l-7 7 7 7",
  fit: "M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  check: "M4.5 12.5 10 18 19.5 6.5",
  swap: "M4 8h14m-3.5-3.5L18 8l-3.5 3.5M20 16H6m3.5-3.5L6 16l3.5 3.5",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${LINES[name]} /></svg>`;

export const Mark = () => html`
  <svg viewBox="0 0 40 32" fill="none" stroke="currentColor" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d="M2 18h7l4-12 8 22 6-17 3 7h8" />
  </svg>`;
