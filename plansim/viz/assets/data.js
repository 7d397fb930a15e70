// Reads the data of the page: packed integers back to numbers, arrays that change from frame to frame.
function unpack(packed) {
  if (!packed) return null;
  const bytes = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
  const whole = packed.type === "i2" ? new Int16Array(bytes.buffer) : new Int32Array(bytes.buffer);
  const missing = packed.type === "i2" ? -32768 : -2147483648;
  const values = Float64Array.from(whole, (v) => (v === missing ? NaN : packed.offset + packed.step * v));
  const width = packed.shape.slice(1).reduce((a, b) => a * b, 1);
  return { values, width, length: packed.shape[0], row: (i) => values.subarray(i * width, (i + 1) * width) };
}

function unpackRagged(ragged) {
  if (!ragged) return null;
  const values = unpack(ragged.values), offsets = unpack(ragged.offsets).values, index = unpack(ragged.index).values;
  return { width: values.width, at(frame) {
    const i = index[frame];
    return i >= 0 ? values.values.subarray(offsets[i] * values.width, offsets[i + 1] * values.width) : values.values.subarray(0, 0);
  } };
}

function unpackEpisode(raw) {
  const episode = { ...raw, steps: unpack(raw.steps).values };
  for (const name of ["truth", "estimate", "spread", "goal", "discs", "tree", "looked", "numbers"]) episode[name] = unpack(raw[name]);
  for (const name of ["path", "particles", "obstacles"]) episode[name] = unpackRagged(raw[name]);
  if (raw.beams) episode.beams = { angles: unpack(raw.beams.angles).values, ranges: unpack(raw.beams.ranges), longest: raw.beams.longest };
  if (raw.body) episode.body = { polygons: raw.body.polygons, poses: unpack(raw.body.poses) };
  unpackRoad(raw, episode);
  unpackWatched(raw, episode);
  episode.searched = Boolean(episode.tree || episode.looked || raw.expanded);
  episode.signals = raw.signals.map((signal) => ({ ...signal, values: unpack(signal.values).values }));
  episode.times = Array.from(episode.steps, (step) => step * (raw.dt || 1));
  return episode;
}

function numberText(value, unit) {
  if (Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  const digits = Number.isInteger(value) && size < 1e6 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return value.toFixed(digits).replace("-", "−") + (unit ? (unit === "°" ? "" : "\u2009") + unit : "");
}
