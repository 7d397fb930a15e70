// Tracking: what sensors see, detections, true targets, and tracks in the colours of their names.
LAYERS.push(["targets", "true targets", "occupied"], ["found", "detections", "muted"], ["tracks", "tracks, 95 %", "estimate"], ["views", "what sensors see", "plan"]);
const LATELY = 60; // frames of a course that stay

function unpackWatched(raw, episode) {
  if (!raw.watched) return;
  const { targets, tracks, spreads, detections, sensors, views } = raw.watched;
  Object.assign(episode, {
    targets: coursesOf(targets), tracks: coursesOf(tracks, unpack(spreads)),
    found: { ...rowsOf(detections), points: unpack(detections.values) }, posts: unpack(sensors), views: views.length ? views : null,
  });
}

function rowsOf({ counts }) {
  const first = [0];
  for (const count of counts) first.push(first[first.length - 1] + count);
  return { first };
}

// Frame by frame who is where, and for each name its unbroken courses.
function coursesOf(raw, spreads) {
  const { first } = rowsOf(raw), points = unpack(raw.values), courses = new Map();
  for (let f = 0; f + 1 < first.length; f++) for (let i = first[f]; i < first[f + 1]; i++) {
    const own = courses.get(raw.ids[i]) || courses.set(raw.ids[i], []).get(raw.ids[i]), last = own[own.length - 1];
    if (last && last.from + last.rows.length === f) last.rows.push(i); else own.push({ from: f, rows: [i] });
  }
  return { ids: raw.ids, first, points, spreads, courses };
}

function identityColour(id) { return `hsl(${(360 * ((id * 0.61803398875) % 1)).toFixed(1)}, 72%, ${id % 2 ? 40 : 50}%)`; }

function drawCourses(scene, { courses, points }, frame, width, alpha, colour) {
  const g = scene.context;
  g.globalAlpha = alpha; g.lineWidth = width;
  for (const [id, ways] of courses) for (const { from, rows } of ways) {
    if (from > frame || from + rows.length <= frame - LATELY) continue;
    g.beginPath();
    for (let k = Math.max(frame - from - LATELY, 0); k < rows.length && from + k <= frame; k++) { const [x, y] = points.row(rows[k]); g.lineTo(scene.X(x), scene.Y(y)); }
    g.strokeStyle = colour || identityColour(id); g.stroke();
  }
  g.globalAlpha = 1;
}

function drawViews(scene, frame) {
  const g = scene.context, c = scene.colours, e = scene.episode, row = e.posts.row(frame);
  g.fillStyle = c.unknown; g.fillRect(0, 0, scene.width, scene.height);
  e.views.forEach(([reach, opening], s) => {
    const [x, y, heading] = row.subarray(3 * s, 3 * s + 3), X = scene.X(x), Y = scene.Y(y);
    g.beginPath();
    if (opening < TAU - 1e-6) g.moveTo(X, Y);
    g.arc(X, Y, reach * scene.scale, -heading - opening / 2, -heading + opening / 2);
    g.closePath(); g.fillStyle = c.free; g.fill(); g.strokeStyle = c.rule; g.lineWidth = 1; g.stroke();
  });
}

function drawWatched(scene, frame, shown) {
  const g = scene.context, c = scene.colours, e = scene.episode;
  if (e.views && shown.views) drawViews(scene, frame);
  if (shown.targets) drawCourses(scene, e.targets, frame, 5, 0.28, c.occupied);
  if (shown.tracks) drawCourses(scene, e.tracks, frame, 2, 0.95);
  if (shown.found) {
    const { first, points } = e.found;
    scene.dots(points.values.subarray(2 * first[frame], 2 * first[frame + 1]), 2, 2.4, c.muted, 0.9);
  }
  if (shown.targets) scene.dots(e.targets.points.values.subarray(2 * e.targets.first[frame], 2 * e.targets.first[frame + 1]), 2, 4, c.occupied, 1);
  if (shown.tracks) drawTracks(scene, e.tracks, frame);
  if (e.views) for (let s = 0; s < e.views.length; s++) {
    const [x, y, heading] = e.posts.row(frame).subarray(3 * s, 3 * s + 3);
    g.save(); g.translate(scene.X(x), scene.Y(y)); g.rotate(-heading);
    g.beginPath(); g.moveTo(9, 0); g.lineTo(-6, 6); g.lineTo(-6, -6); g.closePath();
    g.fillStyle = c.plan; g.fill(); g.strokeStyle = c.panel; g.lineWidth = 1.5; g.stroke(); g.restore();
  }
}

function drawTracks(scene, tracks, frame) {
  const g = scene.context, { ids, first, points, spreads } = tracks;
  g.font = "600 11px " + getComputedStyle(document.body).fontFamily; g.textAlign = "left";
  for (let i = first[frame]; i < first[frame + 1]; i++) {
    const [x, y] = points.row(i), colour = identityColour(ids[i]), X = scene.X(x), Y = scene.Y(y);
    if (spreads && i < spreads.length) scene.belief([x, y, NaN], spreads.row(i), colour);
    g.beginPath(); g.arc(X, Y, 6.5, 0, TAU); g.strokeStyle = colour; g.lineWidth = 2; g.stroke();
    g.fillStyle = colour; g.fillText(ids[i], X + 9, Y - 7);
  }
}
