// The player: picks an episode, moves through its time, shows its numbers. Deep links: #episode=SEED&variant=LABEL&step=STEP.
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const GROWING_SECONDS = 4; // in which a search is shown before the robot moves
const DEFAULT_SECONDS = 20; // an episode of any length plays in about this time at first

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "line", "path"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Player {
  constructor(root, data) {
    Object.assign(this, { root, data, moment: 0, grown: 1, playing: false, shown: {}, images: new Map(), unpacked: new Map() });
    for (const name of ["episode", "outcome", "canvas", "side", "clock", "scrubber", "play", "speed", "layers", "follow", "growth", "slider"]) this[name] = root.querySelector("." + name);
    data.episodes.forEach((e, i) => this.episode.append(make("option", { value: i }, (e.variant ? e.variant + " · " : "") + "seed " + e.seed)));
    SPEEDS.forEach((s) => this.speed.append(make("option", { value: s }, s + "×")));
    this.listen();
    if (!this.fromLink()) this.load(0, 0);
  }

  listen() {
    this.episode.addEventListener("change", () => this.load(+this.episode.value, 0));
    this.play.addEventListener("click", () => this.toggle());
    this.scrubber.addEventListener("input", () => { this.pause(); this.grown = 1; this.seek(+this.scrubber.value); });
    this.slider.addEventListener("input", () => { this.pause(); this.grow(+this.slider.value); });
    this.root.querySelector(".back").addEventListener("click", () => this.step(-1));
    this.root.querySelector(".forward").addEventListener("click", () => this.step(1));
    this.follow.addEventListener("change", () => this.setZoom(this.follow.checked && this.scene ? Math.max(this.scene.zoom, this.closeUp()) : 1));
    this.root.querySelector(".nearer").addEventListener("click", () => this.zoomBy(1.5));
    this.root.querySelector(".farther").addEventListener("click", () => this.zoomBy(1 / 1.5));
    this.root.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.fromLink());
    new ResizeObserver(() => requestAnimationFrame(() => this.resize())).observe(this.canvas.parentElement);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (this.scene) { this.scene.restyle(); this.draw(); } });
    this.drag();
  }

  key(event) {
    if (["SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = ["BUTTON", "INPUT"].includes(event.target.tagName);
    const far = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => this.step(-far), ArrowRight: () => this.step(far), Home: () => this.seek(0), End: () => this.seek(this.last),
      "[": () => this.faster(-1), "]": () => this.faster(1), "+": () => this.zoomBy(1.5), "-": () => this.zoomBy(1 / 1.5),
    };
    if (event.key === " " && !(onButton && event.target.type !== "range")) { event.preventDefault(); this.toggle(); }
    else if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  }

  drag() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (e) => { if (this.scene && this.scene.zoom > 1) { from = [e.clientX, e.clientY]; this.canvas.setPointerCapture(e.pointerId); } });
    this.canvas.addEventListener("pointermove", (e) => {
      if (!from) return;
      const scene = this.scene, [x, y] = scene.centre;
      scene.centre = [x - (e.clientX - from[0]) / scene.scale, y + (e.clientY - from[1]) / scene.scale];
      from = [e.clientX, e.clientY];
      this.follow.checked = false;
      this.draw();
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { from = null; });
    this.canvas.addEventListener("wheel", (e) => { if (e.ctrlKey) { e.preventDefault(); this.zoomBy(Math.exp(-e.deltaY / 200)); } }, { passive: false });
    this.canvas.addEventListener("dblclick", () => { this.follow.checked = false; this.setZoom(1); });
  }

  zoomBy(factor) { if (this.scene) this.setZoom(this.scene.zoom * factor); }

  setZoom(zoom) {
    if (!this.scene) return;
    this.scene.zoom = Math.min(Math.max(zoom, 1), 60);
    if (this.scene.zoom === 1 && !this.follow.checked) this.scene.centre = this.scene.home;
    this.canvas.classList.toggle("moved", this.scene.zoom > 1);
    this.draw();
  }

  // Zoom at which about 14 m, or a tenth of a large map, fills the picture.
  closeUp() {
    const [x0, y0, x1, y1] = this.now.view, widest = Math.max(x1 - x0, y1 - y0);
    return Math.max(1, widest / Math.max(14, widest / 10));
  }

  fromLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    if (!link.has("episode")) return false;
    const same = (e) => String(e.seed) === link.get("episode") && (!link.has("variant") || e.variant === link.get("variant"));
    const i = this.data.episodes.findIndex(same);
    if (i < 0) return false;
    this.load(i, Number(link.get("step")) || 0);
    this.root.scrollIntoView({ block: "start", behavior: "instant" });
    this.root.focus({ preventScroll: true });
    return true;
  }

  async load(i, step) {
    this.pause();
    if (!this.unpacked.has(i)) this.unpacked.set(i, unpackEpisode(this.data.episodes[i]));
    const e = (this.now = this.unpacked.get(i));
    this.last = Math.max(e.steps.length - 1, 0);
    this.episode.value = i;
    this.outcome.textContent = e.outcome;
    this.scrubber.max = this.last;
    this.root.classList.toggle("plain", !e.truth);
    this.speed.value = SPEEDS.reduce((best, s) => (this.distance(s) < this.distance(best) ? s : best));
    this.moment = Math.max(e.steps.findLastIndex((s) => s <= step), 0);
    this.growth.hidden = !e.searched || !e.truth;
    this.grown = 1;
    this.scene = null;
    this.charts();
    if (e.truth) await this.stage(i, e); else this.layers.replaceChildren();
    if (this.now === e) this.draw();
  }

  distance(speed) { return Math.abs(Math.log((this.seconds() * (this.now.dt ? 1 : 0.05)) / speed / DEFAULT_SECONDS)); }
  seconds() { return this.now.times[this.last] || 1; }

  async stage(i, e) {
    const map = e.map === null ? null : this.data.maps[e.map];
    const [ground, expanded] = await Promise.all([map && map.png && this.image(map.png), e.expanded && this.image(e.expanded)]);
    if (this.now !== e) return;
    this.scene = new Scene(this.canvas, e, map, { map: ground, expanded });
    this.scene.fit();
    this.canvas.setAttribute("aria-label", `The way of the robot with seed ${e.seed}${e.variant ? ", " + e.variant : ""}: ${e.outcome}`);
    if (e.road) this.follow.checked = true; // a road is far longer than wide
    if (this.follow.checked) this.scene.zoom = this.closeUp();
    this.layers.replaceChildren();
    for (const [key, label, colour] of LAYERS) {
      if (!e[key] || (e.watched && key === "truth")) continue;
      if (!(key in this.shown)) this.shown[key] = true;
      const box = make("input", { type: "checkbox" });
      box.checked = this.shown[key];
      box.addEventListener("change", () => { this.shown[key] = box.checked; this.draw(); });
      const swatch = make("i"); swatch.style.color = `var(--${colour})`;
      this.layers.append(make("label", {}, box, swatch, make("span", {}, label)));
    }
  }

  image(source) {
    if (!this.images.has(source)) this.images.set(source, new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => resolve(null);
      image.src = source;
    }));
    return this.images.get(source);
  }

  // A row a number: its name, its value now, and its course with a line where the player stands.
  charts() {
    this.side.replaceChildren(this.clock);
    this.rows = this.now.signals.map((signal) => {
      const value = make("span"), row = make("div", { class: "signal" }, make("div", { class: "row" }, make("span", {}, signal.label), value));
      const head = make("line", { class: "head", y1: 0, y2: 40 });
      if (signal.charted && this.last) row.append(this.chart(signal, head));
      this.side.append(row);
      return { signal, value, head };
    });
    for (const text of this.now.omitted) this.side.append(make("div", { class: "signal muted" }, "not drawn: " + text));
  }

  chart(signal, head) {
    const { values } = signal, finite = values.filter((v) => !Number.isNaN(v));
    let low = Infinity, high = -Infinity;
    for (const v of finite) { low = Math.min(low, v); high = Math.max(high, v); }
    if (signal.unit === "m" || low > 0 && low < 0.3 * high) low = Math.min(low, 0);
    const span = high - low || 1, y = (v) => (38 - (36 * (v - low)) / span).toFixed(2), end = this.seconds();
    const points = [];
    values.forEach((v, i) => { if (!Number.isNaN(v)) points.push(((1000 * this.now.times[i]) / end).toFixed(1) + "," + y(v)); });
    const svg = make("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", "aria-hidden": "true" },
      make("line", { class: "base", x1: 0, x2: 1000, y1: low <= 0 && high >= 0 ? y(0) : 39, y2: low <= 0 && high >= 0 ? y(0) : 39 }),
      make("polyline", { points: points.join(" "), class: signal.label.endsWith("error") ? "error" : "" }), head);
    svg.addEventListener("pointerdown", (event) => {
      const box = svg.getBoundingClientRect(), time = (end * (event.clientX - box.left)) / box.width;
      this.pause();
      this.seek(Math.max(this.now.times.findIndex((t) => t >= time), 0));
    });
    return svg;
  }

  toggle() { if (this.playing) this.pause(); else this.start(); }

  start() {
    if (!this.last && this.growth.hidden) return;
    if (this.moment >= this.last) this.moment = 0;
    if (this.moment === 0 && this.grown >= 1 && !this.growth.hidden) this.grown = 0;
    this.playing = true;
    this.face();
    let before = null;
    const tick = (stamp) => {
      if (!this.playing) return;
      const seconds = before === null ? 0 : Math.min((stamp - before) / 1000, 0.1);
      before = stamp;
      if (this.grown < 1) this.grow(this.grown + seconds / GROWING_SECONDS); else this.advance(seconds);
      if (this.moment >= this.last && this.grown >= 1) this.pause(); else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  // Moves on by wall-clock seconds; frames need not lie evenly in time.
  advance(seconds) {
    const { times, dt } = this.now, i = Math.min(Math.floor(this.moment), this.last - 1);
    const time = times[i] + (this.moment - i) * (times[i + 1] - times[i]) + seconds * +this.speed.value * (dt ? 1 : 20);
    let k = i;
    while (k < this.last - 1 && times[k + 1] <= time) k++;
    this.seek(Math.min(k + (time - times[k]) / (times[k + 1] - times[k]), this.last));
  }

  // Shows a share of the search that went before the motion.
  grow(share) { this.grown = Math.min(share, 1); this.draw(); }

  pause() { this.playing = false; this.face(); }
  face() {
    this.play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.play.querySelector("path").setAttribute("d", this.playing ? "M3 1h4v14H3zM9 1h4v14H9z" : "M3 1l11 7-11 7z");
  }
  faster(by) { this.speed.selectedIndex = Math.min(Math.max(this.speed.selectedIndex + by, 0), SPEEDS.length - 1); }
  step(by) { this.pause(); this.grown = 1; this.seek(Math.round(this.moment) + by); }
  seek(moment) { this.moment = Math.min(Math.max(moment, 0), this.last); this.draw(); }
  resize() { if (this.scene && this.scene.width !== this.canvas.parentElement.clientWidth) { this.scene.fit(); this.draw(); } }

  draw() {
    const frame = Math.floor(this.moment), e = this.now, step = e.steps[frame] || 0;
    this.scrubber.value = frame;
    this.slider.value = this.grown;
    const time = e.dt ? (step * e.dt).toFixed(1) + " s" : "step " + step;
    this.scrubber.setAttribute("aria-valuetext", time);
    this.clock.replaceChildren(time, make("small", {}, e.dt ? `step ${step} of ${e.steps[this.last]}` : `of ${e.steps[this.last] || 0}`));
    const x = this.last ? (1000 * e.times[frame]) / this.seconds() : 0;
    for (const { signal, value, head } of this.rows) {
      value.textContent = signal.values.length ? numberText(signal.values[frame], signal.unit) : "–";
      head.setAttribute("x1", x); head.setAttribute("x2", x);
    }
    if (this.scene) this.scene.draw(this.moment, this.shown, this.follow.checked, this.grown);
  }
}
