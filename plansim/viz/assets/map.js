// Draws one frame of an episode in the plane: map, search, beams, plan, trails, belief, robot.
const LAYERS = [
  ["truth", "true path", "truth"], ["estimate", "estimate, 95 %", "estimate"], ["particles", "particles", "particles"],
  ["beams", "lidar", "beams"], ["path", "plan", "plan"], ["obstacles", "obstacles seen", "obstacles"], ["expanded", "search", "expanded"],
  ["looked", "search", "looked"], ["tree", "tree", "tree"], ["numbers", "cost to come", "ink"],
];
const TAU = 2 * Math.PI;

function colours() {
  const style = getComputedStyle(document.documentElement), read = (name) => style.getPropertyValue("--" + name).trim();
  return new Proxy({}, { get: (_, name) => read(name) });
}

function channels(hex) { return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)); }

// A grey PNG as a canvas in the page's colours; `paint(level)` gives red, green, blue, alpha.
function tinted(image, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height), table = [];
  for (let level = 0; level < 256; level++) table.push(paint(level));
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set(table[pixels.data[i]], i);
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function groundPainter(c) {
  const free = channels(c.free), unknown = channels(c.unknown), occupied = channels(c.occupied);
  const mix = (a, b, share) => [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * share);
  return (level) => [...(level < 128 ? mix(free, unknown, level / 128) : mix(unknown, occupied, (level - 128) / 127)), 255];
}

// The first cells that a search looked at have level 255, the last 55: after a share of it, so many are shown.
function searchPainter(c, share) {
  const colour = channels(c.expanded);
  return (level) => [...colour, level && 255 - level <= 200 * share ? 40 + 0.6 * level : 0];
}

class Scene {
  constructor(canvas, episode, map, images) {
    Object.assign(this, { canvas, episode, map, images, zoom: 1, centre: null });
    this.context = canvas.getContext("2d");
    this.restyle();
  }

  restyle() {
    const c = (this.colours = colours());
    this.ground = this.images.map ? tinted(this.images.map, groundPainter(c)) : null;
    this.searches = new Map();
  }

  // The image of a search after a share of it, in steps of 4 %.
  search(share) {
    const step = Math.round(25 * share) / 25;
    if (!this.images.expanded) return null;
    if (!this.searches.has(step)) {
      if (this.searches.size > 2) this.searches.clear();
      this.searches.set(step, tinted(this.images.expanded, searchPainter(this.colours, step)));
    }
    return this.searches.get(step);
  }

  // Sizes the canvas to its column and fits what the episode should show at first.
  fit() {
    const [x0, y0, x1, y1] = this.episode.view, ratio = window.devicePixelRatio || 1;
    const width = this.canvas.parentElement.clientWidth, tall = window.innerHeight * 0.72;
    const height = Math.round(Math.max(280, Math.min(tall, 640, (width * (y1 - y0 + 1e-9)) / (x1 - x0 + 1e-9) + 24)));
    this.canvas.style.height = height + "px";
    this.canvas.width = Math.round(width * ratio); this.canvas.height = Math.round(height * ratio);
    Object.assign(this, { width, height, ratio });
    this.base = Math.min((width - 24) / (x1 - x0), (height - 24) / (y1 - y0));
    this.home = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.centre = this.centre || this.home;
  }

  get scale() { return this.base * this.zoom; }
  X(x) { return this.width / 2 + (x - this.centre[0]) * this.scale; }
  Y(y) { return this.height / 2 - (y - this.centre[1]) * this.scale; }

  draw(moment, shown, follow, grown) {
    if (!this.base) return;
    const frame = Math.floor(moment), e = this.episode, g = this.context, c = this.colours;
    const truth = between(e.truth, moment), estimate = e.estimate && between(e.estimate, moment);
    if (follow) this.centre = [truth[0], truth[1]];
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.fillStyle = this.map ? c.unknown : c.free;
    g.fillRect(0, 0, this.width, this.height);
    g.lineCap = g.lineJoin = "round";
    if (this.ground) this.image(this.ground);
    if (this.map && this.map.shapes) this.shapes(this.map.shapes);
    if (e.road) drawRoad(this, frame, shown);
    if (e.watched) { drawWatched(this, frame, shown); return this.ruler(); }
    if (this.images.expanded && shown.expanded) this.image(this.search(grown));
    if (e.looked && shown.looked) this.looked(e.looked, grown);
    if (e.tree && shown.tree) this.tree(e.tree, grown);
    if (e.numbers && shown.numbers) this.numbers(e.numbers, grown);
    if (e.discs) this.discs(e.discs.row(frame));
    if (e.beams && shown.beams) this.beams(frame);
    if (e.path && shown.path && grown >= 1) this.line(e.path.at(frame), e.path.width, 2.5, c.plan, [1, 6]);
    if (e.goal) this.goal(e.goal.row(frame));
    if (shown.truth && grown >= 1) this.trail(e.truth, frame, truth, c.truth, 2.5);
    if (estimate && shown.estimate) this.trail(e.estimate, frame, estimate, c.estimate, 1.25);
    if (e.obstacles && shown.obstacles) this.dots(e.obstacles.at(frame), e.obstacles.width, 2.6, c.obstacles, 1);
    if (e.road) drawTraffic(this, frame, truth, c.truth); else if (e.body) this.body(e.body, moment, c.truth, c.panel); else this.robot(truth, c.truth, c.panel);
    if (e.particles && shown.particles) this.dots(e.particles.at(frame), e.particles.width, 1.9, c.particles, 0.75);
    if (estimate && shown.estimate) this.belief(estimate, e.spread && e.spread.row(frame), c.estimate);
    this.ruler();
  }

  image(picture) {
    const g = this.context, [x, y, heading] = this.map.origin, size = this.scale * this.map.resolution;
    g.save();
    g.translate(this.X(x), this.Y(y)); g.rotate(-heading); g.scale(size, size);
    g.imageSmoothingEnabled = size * this.ratio < 2; g.imageSmoothingQuality = "high";
    g.drawImage(picture, 0, -this.map.rows, this.map.columns, this.map.rows);
    g.restore();
  }

  outline(corners) {
    const g = this.context;
    g.beginPath();
    for (const [x, y] of corners) g.lineTo(this.X(x), this.Y(y));
    g.closePath();
  }

  shapes({ bounds: [x0, y0, x1, y1], polygons, discs, margin }) {
    const g = this.context, c = this.colours;
    g.fillStyle = c.free; g.fillRect(this.X(x0), this.Y(y1), (x1 - x0) * this.scale, (y1 - y0) * this.scale);
    g.save(); g.beginPath(); g.rect(this.X(x0), this.Y(y1), (x1 - x0) * this.scale, (y1 - y0) * this.scale); g.clip();
    g.fillStyle = g.strokeStyle = c.occupied; g.lineWidth = 2 * margin * this.scale;
    for (const corners of polygons) { this.outline(corners); g.fill(); if (margin > 0) g.stroke(); }
    for (const [x, y, radius] of discs) { g.beginPath(); g.arc(this.X(x), this.Y(y), radius * this.scale, 0, TAU); g.fill(); }
    g.restore();
    g.strokeStyle = c.rule; g.lineWidth = 1; g.strokeRect(this.X(x0), this.Y(y1), (x1 - x0) * this.scale, (y1 - y0) * this.scale);
  }

  // The edges grown so far; the latest stand out.
  tree(tree, grown) {
    const g = this.context, c = this.colours, count = Math.round(grown * tree.length), v = tree.values;
    const stroke = (from, to, colour, thickness, alpha) => {
      g.beginPath();
      for (let i = 4 * from; i < 4 * to; i += 4) { g.moveTo(this.X(v[i]), this.Y(v[i + 1])); g.lineTo(this.X(v[i + 2]), this.Y(v[i + 3])); }
      g.strokeStyle = colour; g.lineWidth = thickness; g.globalAlpha = alpha; g.stroke(); g.globalAlpha = 1;
    };
    const young = grown < 1 ? Math.max(count - Math.ceil(0.03 * tree.length), 0) : count;
    stroke(0, young, c.tree, 1, 0.75);
    stroke(young, count, c.estimate, 1.5, 1);
  }

  // States that were looked at: the earlier, the stronger.
  looked(states, grown) {
    const g = this.context, count = Math.round(grown * states.length), v = states.values;
    g.fillStyle = this.colours.looked;
    for (let i = 0; i < count; i++) {
      g.globalAlpha = 0.9 - 0.65 * (i / states.length);
      g.beginPath(); g.arc(this.X(v[2 * i]), this.Y(v[2 * i + 1]), 1.8, 0, TAU); g.fill();
    }
    g.globalAlpha = 1;
  }

  // What each cell had cost when it was looked at, where there is room for a number.
  numbers(numbers, grown) {
    const g = this.context, cell = this.map && this.map.resolution * this.scale, count = Math.round(grown * numbers.length);
    if (!cell || cell < 22) return;
    g.fillStyle = this.colours.ink; g.textAlign = "center"; g.textBaseline = "middle";
    g.font = Math.min(cell / 2.6, 13) + "px " + getComputedStyle(document.body).fontFamily;
    for (let i = 0; i < count; i++) {
      const [x, y, cost] = numbers.row(i);
      if (!Number.isNaN(cost)) g.fillText(cost.toFixed(cost < 100 ? 1 : 0), this.X(x), this.Y(y));
    }
    g.textBaseline = "alphabetic";
  }

  line(points, width, thickness, colour, dash = [], alpha = 1, end = null) {
    const g = this.context;
    if (points.length < 2 * width && !end) return;
    g.beginPath();
    for (let i = 0; i < points.length; i += width) g.lineTo(this.X(points[i]), this.Y(points[i + 1]));
    if (end) g.lineTo(this.X(end[0]), this.Y(end[1]));
    g.globalAlpha = alpha; g.setLineDash(dash); g.lineWidth = thickness; g.strokeStyle = colour;
    g.stroke();
    g.setLineDash([]); g.globalAlpha = 1;
  }

  trail(poses, frame, now, colour, thickness) {
    this.line(poses.values, poses.width, thickness * 0.7, colour, [], 0.22);
    this.line(poses.values.subarray(0, (frame + 1) * poses.width), poses.width, thickness, colour, [], 0.9, now);
  }

  dots(points, width, radius, colour, alpha) {
    const g = this.context;
    g.fillStyle = colour; g.globalAlpha = alpha;
    for (let i = 0; i < points.length; i += width) { g.beginPath(); g.arc(this.X(points[i]), this.Y(points[i + 1]), radius, 0, TAU); g.fill(); }
    g.globalAlpha = 1;
  }

  beams(frame) {
    const g = this.context, { angles, ranges, longest } = this.episode.beams, c = this.colours;
    const [x, y, heading] = this.episode.truth.row(frame), row = ranges.row(frame), hits = [];
    g.strokeStyle = c.beams; g.lineWidth = 1; g.globalAlpha = 0.3; g.beginPath();
    for (let i = 0; i < angles.length; i++) {
      const reach = Number.isNaN(row[i]) ? longest || 0 : row[i], angle = heading + angles[i];
      const hx = x + reach * Math.cos(angle), hy = y + reach * Math.sin(angle);
      g.moveTo(this.X(x), this.Y(y)); g.lineTo(this.X(hx), this.Y(hy));
      if (!longest || reach < longest - 0.02) hits.push(hx, hy);
    }
    g.stroke(); g.globalAlpha = 1;
    this.dots(hits, 2, 1.6, c.beams, 1);
  }

  // Obstacles that the map does not show, where they truly stand.
  discs(row) {
    const g = this.context, c = this.colours;
    g.fillStyle = c.occupied; g.strokeStyle = c.obstacles; g.lineWidth = 1.5;
    for (let i = 0; i < row.length; i += 3) {
      if (!(row[i + 2] > 0)) continue;
      g.beginPath(); g.arc(this.X(row[i]), this.Y(row[i + 1]), Math.max(row[i + 2] * this.scale, 3), 0, TAU);
      g.globalAlpha = 0.75; g.fill(); g.globalAlpha = 1; g.stroke();
    }
  }

  goal([x, y]) {
    const g = this.context, c = this.colours, radius = Math.max((this.episode.goal_radius || 0) * this.scale, 7);
    g.strokeStyle = g.fillStyle = c.good; g.lineWidth = 2;
    g.beginPath(); g.arc(this.X(x), this.Y(y), radius, 0, TAU); g.globalAlpha = 0.16; g.fill(); g.globalAlpha = 1; g.stroke();
    g.beginPath(); g.arc(this.X(x), this.Y(y), 2.5, 0, TAU); g.fill();
  }

  robot([x, y, heading], fill, mark) {
    const g = this.context, radius = Math.max((this.episode.radius || 0) * this.scale, 5.5), X = this.X(x), Y = this.Y(y);
    g.fillStyle = fill; g.strokeStyle = mark; g.lineWidth = 1.5;
    g.beginPath(); g.arc(X, Y, radius, 0, TAU); g.fill(); g.stroke();
    if (Number.isNaN(heading)) return;
    g.lineWidth = Math.max(1.8, radius * 0.22);
    g.beginPath(); g.moveTo(X, Y); g.lineTo(X + 0.82 * radius * Math.cos(heading), Y - 0.82 * radius * Math.sin(heading)); g.stroke();
  }

  // The polygons of a body, the first on top, with a line from its origin ahead.
  body({ polygons, poses }, moment, fill, mark) {
    const g = this.context;
    for (let k = polygons.length - 1; k >= 0; k--) {
      const [x, y, heading] = between(poses, moment, 3 * k), c = Math.cos(heading), s = Math.sin(heading);
      this.outline(polygons[k].map(([a, b]) => [x + c * a - s * b, y + s * a + c * b]));
      g.fillStyle = fill; g.strokeStyle = mark; g.lineWidth = 1.5; g.globalAlpha = k ? 0.6 : 0.9; g.fill(); g.globalAlpha = 1; g.stroke();
      const ahead = Math.max(...polygons[k].map(([a]) => a));
      g.beginPath(); g.moveTo(this.X(x), this.Y(y)); g.lineTo(this.X(x + c * ahead), this.Y(y + s * ahead)); g.stroke();
    }
  }

  // The believed pose as an open arrow, and the ellipse that holds 95 % of a Gaussian: 2.448 standard deviations.
  belief([x, y, heading], spread, colour) {
    const g = this.context, X = this.X(x), Y = this.Y(y);
    if (spread && !Number.isNaN(spread[0])) {
      const [xx, xy, yy] = spread, middle = (xx + yy) / 2, half = Math.hypot((xx - yy) / 2, xy);
      g.beginPath();
      const along = 2.448 * Math.sqrt(Math.max(middle + half, 0)) * this.scale, across = 2.448 * Math.sqrt(Math.max(middle - half, 0)) * this.scale;
      g.ellipse(X, Y, Math.max(along, 1), Math.max(across, 1), -0.5 * Math.atan2(2 * xy, xx - yy), 0, TAU);
      g.fillStyle = g.strokeStyle = colour; g.globalAlpha = 0.16; g.fill(); g.globalAlpha = 0.9; g.lineWidth = 1.25; g.stroke(); g.globalAlpha = 1;
    }
    if (Number.isNaN(heading)) return;
    const reach = Math.max((this.episode.radius || 0) * this.scale, 5.5) + 7;
    g.save(); g.translate(X, Y); g.rotate(-heading);
    g.beginPath(); g.moveTo(reach - 6, -4); g.lineTo(reach, 0); g.lineTo(reach - 6, 4); g.lineWidth = 2; g.strokeStyle = colour; g.stroke();
    g.restore();
  }

  ruler() {
    const g = this.context, c = this.colours, wanted = 90 / this.scale, power = 10 ** Math.floor(Math.log10(wanted));
    const metres = [5, 2, 1].map((m) => m * power).find((m) => m <= wanted), length = metres * this.scale, y = this.height - 16;
    g.fillStyle = c.panel; g.globalAlpha = 0.8; g.fillRect(10, y - 20, length + 16, 28); g.globalAlpha = 1;
    g.strokeStyle = g.fillStyle = c.muted; g.lineWidth = 1.5;
    g.beginPath(); g.moveTo(18, y - 4); g.lineTo(18, y); g.lineTo(18 + length, y); g.lineTo(18 + length, y - 4); g.stroke();
    g.font = "11px " + getComputedStyle(document.body).fontFamily; g.textAlign = "center";
    g.fillText(numberText(metres, "m"), 18 + length / 2, y - 6);
  }
}

// Poses between two frames, headings the short way round; `first`: where in a row the pose begins.
function between(poses, moment, first = 0) {
  const i = Math.floor(moment), share = moment - i, a = poses.row(i).subarray(first, first + 3);
  if (!share || i + 1 >= poses.length) return Array.from(a);
  const b = poses.row(i + 1).subarray(first, first + 3), turn = Math.atan2(Math.sin(b[2] - a[2]), Math.cos(b[2] - a[2]));
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + turn * share];
}
