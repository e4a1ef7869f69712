// A canvas over the map that is drawn anew whenever the map moves or what is on it changes, once a frame at the most.

const L = window.L;

export const DrawnLayer = L.Layer.extend({
  /** `draw(context, { point, size, zoom, bounds, time })`; true asks for one more frame. */
  initialize(draw, pane) {
    this._draw = draw;
    this._pane = pane;
  },

  onAdd(map) {
    this._canvas = L.DomUtil.create("canvas", "drawn leaflet-zoom-hide", map.getPane(this._pane));
    this._canvas.setAttribute("aria-hidden", "true");
    this._frame = null;
    this.redraw();
  },

  onRemove() {
    cancelAnimationFrame(this._frame);
    this._canvas.remove();
  },

  getEvents() {
    return { move: this._now, viewreset: this._now, resize: this._now, zoomend: this._now };
  },

  redraw() {
    if (this._map && this._frame === null) this._frame = requestAnimationFrame((time) => this._paint(time));
  },

  // While the map moves the canvas must move in the same frame as the tiles.
  _now() {
    cancelAnimationFrame(this._frame);
    this._paint(performance.now());
  },

  _paint(time) {
    this._frame = null;
    const map = this._map;
    const size = map.getSize();
    const scale = devicePixelRatio || 1;
    const canvas = this._canvas;
    if (canvas.width !== size.x * scale || canvas.height !== size.y * scale) {
      canvas.width = size.x * scale;
      canvas.height = size.y * scale;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, size.x, size.y);
    const view = { point: pointer(map), size, zoom: map.getZoom(), map, time };
    if (this._draw(context, view)) this.redraw();
  },
});

/** From [latitude, longitude] to pixels of the canvas; ten times as fast as asking the map for each point. */
function pointer(map) {
  const world = 256 * 2 ** map.getZoom();
  const origin = map.getPixelOrigin().add(map.containerPointToLayerPoint([0, 0]));
  return ([latitude, longitude]) => {
    const sine = Math.sin((Math.max(-85, Math.min(85, latitude)) * Math.PI) / 180);
    return [
      (longitude / 360 + 0.5) * world - origin.x,
      (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world - origin.y,
    ];
  };
}
