// Roads: lanes, the other vehicles, and a fan of candidate trajectories, the cheapest green, those with a fault grey.
LAYERS.push(["fan", "candidates", "good"]);

function unpackRoad(raw, episode) {
  if (!raw.road) return;
  episode.vehicles = unpack(raw.vehicles);
  const fan = raw.fan;
  if (fan) episode.fan = { ...unpackRagged(fan), points: fan.points, levels: unpack(fan.levels).values, offsets: unpack(fan.offsets).values, index: unpack(fan.index).values };
}

function boxAt(scene, x, y, heading, length, width, fill, line) {
  const g = scene.context, c = Math.cos(heading), s = Math.sin(heading);
  g.beginPath();
  for (const [f, l] of [[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]])
    g.lineTo(scene.X(x + c * f * length - s * l * width), scene.Y(y + s * f * length + c * l * width));
  g.closePath();
  g.fillStyle = fill; g.fill();
  g.strokeStyle = line; g.lineWidth = 1; g.stroke();
}

function strokeAlong(scene, points, colour, width, dash = []) {
  const g = scene.context;
  g.beginPath();
  for (const [x, y] of points) g.lineTo(scene.X(x), scene.Y(y));
  g.strokeStyle = colour; g.lineWidth = width; g.setLineDash(dash); g.stroke(); g.setLineDash([]);
}

function drawRoad(scene, frame, shown) {
  const e = scene.episode, g = scene.context, { edges, lines, divided } = e.road;
  g.beginPath();
  for (const [x, y] of [...edges[0], ...edges[1].slice().reverse()]) g.lineTo(scene.X(x), scene.Y(y));
  g.closePath(); g.fillStyle = "#6b7280"; g.fill();
  for (const edge of edges) strokeAlong(scene, edge, "#f9fafb", 1.5);
  lines.forEach((line, i) => strokeAlong(scene, line, "#f9fafb", 1.5, divided && i === 0 ? [] : [3 * scene.scale, 6 * scene.scale]));
  if (e.fan && shown.fan) drawFan(scene, e.fan, frame);
}

function fanColour(level) {
  const stops = [[34, 197, 94], [250, 204, 21], [239, 68, 68]], at = Math.min(level, 1) * 2, i = Math.min(Math.floor(at), 1);
  return level > 1 ? "rgba(200, 200, 200, 0.25)" : `rgb(${stops[i].map((v, k) => Math.round(v + (stops[i + 1][k] - v) * (at - i)))})`;
}

function drawFan(scene, fan, frame) {
  const rows = fan.at(frame), first = fan.offsets[fan.index[frame]] / fan.points, curves = [];
  for (let k = 0; 2 * k * fan.points < rows.length; k++) {
    const points = Array.from({ length: fan.points }, (_, i) => [rows[2 * (k * fan.points + i)], rows[2 * (k * fan.points + i) + 1]]);
    curves.push({ level: fan.levels[first + k], points });
  }
  for (const { level, points } of curves.sort((a, b) => b.level - a.level)) strokeAlong(scene, points, fanColour(level), 1.25);
}

// The others yellow, those that the car does not see pale; then the car itself.
function drawTraffic(scene, frame, truth, colour) {
  const e = scene.episode, wide = e.vehicles_wide, rows = e.vehicles ? e.vehicles.row(frame) : [];
  for (let i = 0; i < rows.length; i += wide)
    if (rows[i + 4] > 0) boxAt(scene, rows[i], rows[i + 1], rows[i + 2], rows[i + 4], rows[i + 5], rows[i + 6] > 0.5 ? "#eab308" : "#b0b6c0", "#374151");
  if (!e.car) return;
  const [length, width, ahead] = e.car, [x, y, heading] = truth;
  boxAt(scene, x + ahead * Math.cos(heading), y + ahead * Math.sin(heading), heading, length, width, colour, "#f9fafb");
}
