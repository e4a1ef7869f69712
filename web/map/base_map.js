// What the map stands on, by the server's setting: tiles, a file of lines and areas, or a plain grid of kilometres.

import { DrawnLayer } from "./drawn_layer.js";
import { metresPerPixel } from "./ground.js";

const L = window.L;
const GRID_PX = 110;
const ROUND = [1, 2, 5];

/** `{ tiles, attribution, datum, maxZoom, features }`; the plain grid where the server does not answer. */
export async function readBaseMap() {
  const plain = { tiles: null, attribution: "", datum: "WGS84", maxZoom: 19, features: null };
  try {
    const base = await (await fetch("base-map.json")).json();
    if (base.features === null) return base;
    return { ...base, features: await (await fetch(base.features)).json() };
  } catch {
    return plain;
  }
}

/** The layer for it, and how it is drawn again in other colours. */
export function baseLayer(base, colour) {
  if (base.tiles !== null) {
    const attribution = document.createElement("span");
    attribution.textContent = base.attribution;
    return L.tileLayer(base.tiles, { attribution: attribution.innerHTML, maxNativeZoom: base.maxZoom, maxZoom: 20 });
  }
  const shapes = base.features === null ? [] : shapesOf(base.features);
  return new DrawnLayer((context, view) => {
    grid(context, view, colour);
    for (const shape of shapes) draw(context, view, shape, colour);
  }, "base");
}

/** Lines a round number of kilometres apart, so that distances can be read off the bare map. */
function grid(context, { point, size, map, zoom }, colour) {
  const middle = map.getCenter();
  const wanted = GRID_PX * metresPerPixel(middle.lat, zoom);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const metres = ROUND.map((each) => each * power).find((each) => each >= wanted) ?? 10 * power;
  const high = metres / 111_320;
  const wide = high / Math.cos((middle.lat * Math.PI) / 180);
  const bounds = map.getBounds();
  context.strokeStyle = colour("line");
  context.lineWidth = 1;
  context.beginPath();
  for (let y = Math.floor(bounds.getSouth() / high) * high; y <= bounds.getNorth(); y += high) {
    const [, top] = point([y, middle.lng]);
    context.moveTo(0, Math.round(top) + 0.5);
    context.lineTo(size.x, Math.round(top) + 0.5);
  }
  for (let x = Math.floor(bounds.getWest() / wide) * wide; x <= bounds.getEast(); x += wide) {
    const [left] = point([middle.lat, x]);
    context.moveTo(Math.round(left) + 0.5, 0);
    context.lineTo(Math.round(left) + 0.5, size.y);
  }
  context.stroke();
}

function shapesOf(geojson) {
  const shapes = [];
  const turned = (line) => line.map(([longitude, latitude]) => [latitude, longitude]);
  const add = (geometry) => {
    if (geometry === null) return;
    const { type, coordinates } = geometry;
    if (type === "LineString") shapes.push({ rings: [turned(coordinates)], area: false });
    else if (type === "MultiLineString") shapes.push({ rings: coordinates.map(turned), area: false });
    else if (type === "Polygon") shapes.push({ rings: coordinates.map(turned), area: true });
    else if (type === "MultiPolygon") for (const each of coordinates) shapes.push({ rings: each.map(turned), area: true });
    else if (type === "GeometryCollection") geometry.geometries.forEach(add);
  };
  for (const each of geojson.features ?? [{ geometry: geojson }]) add(each.geometry);
  return shapes;
}

function draw(context, { point }, { rings, area }, colour) {
  context.beginPath();
  for (const ring of rings) {
    ring.forEach((each, index) => {
      const [x, y] = point(each);
      if (index === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    if (area) context.closePath();
  }
  context.fillStyle = colour("ground");
  if (area) context.fill("evenodd");
  context.strokeStyle = colour("line-strong");
  context.lineWidth = area ? 1 : 1.4;
  context.stroke();
}
