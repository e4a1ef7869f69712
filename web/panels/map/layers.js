// What the manager lays over the map: customers' sites, their fences and the territories; read when first shown.

import { useEffect, useState } from "../../vendor/htm-3.1.1/standalone.module.js";
import { ask, askAll } from "../../api/asking.js";
import { DATUM, pair } from "../../map/canvas_map.js";

const MOST_SITES = 2000;
const KEPT = "fieldbeat.map-layers";

function keptLayers() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEPT)) ?? ["sites"]);
  } catch {
    return new Set(["sites"]);
  }
}

export function useGround(map) {
  const [shown, setShown] = useState(keptLayers);
  const [sites, setSites] = useState(null);
  const [territories, setTerritories] = useState(null);
  const needsSites = shown.has("sites") || shown.has("fences");

  useEffect(() => {
    if (needsSites && sites === null) {
      askAll("map/Sites", { datum: DATUM }, MOST_SITES).then(
        (found) => setSites(found.map(({ id, name, tier, radiusM, location }) => ({ id, name, tier, radiusM, at: pair(location) }))),
        () => undefined, // The map is of use without them; the next switch of a layer asks again.
      );
    }
  }, [needsSites]);
  useEffect(() => {
    if (shown.has("territories") && territories === null) {
      ask("map/Territories", { datum: DATUM }).then(
        ({ assignmentTable }) => setTerritories((assignmentTable?.territories ?? []).map(({ name, area }) => ({ name, corners: area.map(pair) }))),
        () => undefined,
      );
    }
  }, [shown]);
  useEffect(() => {
    map?.showGround({
      sites: needsSites ? (sites ?? []) : [],
      fences: shown.has("fences"),
      territories: shown.has("territories") ? (territories ?? []) : [],
    });
  }, [map, shown, sites, territories]);

  const toggle = (id) =>
    setShown((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      localStorage.setItem(KEPT, JSON.stringify([...next]));
      return next;
    });
  return { shown, toggle, sites, places: () => (sites ?? []).map(({ at }) => at) };
}
