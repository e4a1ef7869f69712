// The map behind a small adapter: panels hand in plain values and never touch the map library.

import "../vendor/leaflet-1.9.4/leaflet.js";

const L = window.L;
const [{ baseLayer, readBaseMap }, { Ground }, { Reps }] = await Promise.all([
  import("./base_map.js"),
  import("./ground.js"),
  import("./reps.js"),
]);

const colours = new Map();

/** A token of styles/tokens.css by its name without the dashes. */
function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return colours.get(name);
}

export const baseMap = await readBaseMap();
/** What coordinates must be asked for in, so that they lie right on the tiles. */
export const DATUM = baseMap.datum;
/** [latitude, longitude] of coordinates of the API. */
export const pair = ({ latitude, longitude }) => [latitude, longitude];

export class CanvasMap {
  #map;
  #base;
  #ground = new Ground(colour);
  #reps = new Reps(colour);
  #recolour = () => {
    colours.clear();
    this.#ground.recolour();
    this.#reps.recolour();
    this.#base.redraw();
  };

  constructor(element, { label, onPick }) {
    const map = (this.#map = L.map(element, { zoomControl: false, attributionControl: false, zoomAnimation: false, fadeAnimation: false, zoomSnap: 0.5, minZoom: 3, maxZoom: 20 }));
    element.setAttribute("role", "application");
    element.setAttribute("aria-label", label);
    // Below each other: base, ground, reps.
    for (const [pane, index] of [["base", 210], ["ground", 410], ["reps", 610]]) map.createPane(pane).style.zIndex = index;
    this.#base = baseLayer(baseMap, colour);
    map.setView([35, 60], 3);
    for (const layer of [this.#base, this.#ground.layer, this.#reps.layer]) map.addLayer(layer);
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 120 }).addTo(map);
    if (baseMap.tiles) L.control.attribution({ prefix: false, position: "bottomright" }).addTo(map);
    map.on("click", ({ containerPoint }) => onPick(this.#reps.at(containerPoint.x, containerPoint.y)));
    map.on("mousemove", ({ containerPoint }) => {
      const hovered = this.#reps.at(containerPoint.x, containerPoint.y);
      element.classList.toggle("pointing", hovered !== null);
      this.#reps.mark({ hovered });
    });
    addEventListener("fieldbeat:theme", this.#recolour);
    this.resizing = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false }));
    this.resizing.observe(element);
  }

  remove() {
    removeEventListener("fieldbeat:theme", this.#recolour);
    this.resizing.disconnect();
    this.#map.remove();
  }

  /** Each `{ id, name, state, at, heading }`. */
  showReps(reps) {
    this.#reps.show(reps);
  }

  mark(marks) {
    this.#reps.mark(marks);
  }

  /** Any of `heat, sites, fences, territories, track, routes, replay` (map/ground.js); the others stay. */
  showGround(what) {
    this.#ground.show(what);
  }

  /** Brings all these places into view, beside what covers the edges of the map (pixels). */
  fit(places, { left = 40, right = 40, bottom = 40, top = 40, closest = 15 } = {}) {
    if (places.length === 0) return;
    const options = { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom], maxZoom: closest, animate: false };
    this.#map.fitBounds(L.latLngBounds(places), options);
  }

  /** Moves only as far as the place needs to be seen. */
  reveal(place, { right = 40 } = {}) {
    this.#map.panInside(place, { paddingTopLeft: [40, 40], paddingBottomRight: [right, 120], animate: false });
  }

  zoom(steps) {
    this.#map.setZoom(this.#map.getZoom() + steps);
  }
}
