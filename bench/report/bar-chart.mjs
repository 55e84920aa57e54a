// Bar charts as SVG, written by hand: on a card of their own, so that they read on light and dark pages alike.

const width = 760;
const margin = 20;
const labelWidth = 190;
/** For the text behind the longest bar. */
const valueWidth = 130;
const barHeight = 16;
const rowHeight = 23;
const barsWidth = width - 2 * margin - labelWidth - valueWidth;
const colours = ["#3b82c4", "#d9822b", "#3d9a5f", "#8a63d2", "#7d8590"];

const style = `
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
    .title { font-size: 16px; font-weight: 600; }
    .panel { font-weight: 600; }
    .quiet { fill: #57606a; }
    .card { fill: #ffffff; stroke: #d0d7de; }
    .axis { stroke: #8c959f; }
    .mark { stroke: #cf222e; stroke-dasharray: 4 3; }
    .mark-text { fill: #cf222e; font-size: 12px; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9da7b3; }
      .card { fill: #161b22; stroke: #30363d; }
      .axis { stroke: #6e7681; }
      .mark { stroke: #ff7b72; }
      .mark-text { fill: #ff7b72; }
    }`;

/**
 * @typedef {object} Panel each has a scale of its own, from 0
 * @property {string} title
 * @property {{ label: string, parts: number[], text: string }[]} bars `parts` are drawn one behind the other; `text` is the figure in words
 * @property {{ value: number, text: string }} [mark] a line across, such as a target
 */

/**
 * @param {{ title: string, note: string, legend?: string[], panels: Panel[] }} chart `legend`: what the parts of bars are
 * @returns {string} an SVG document
 */
export function barChart({ title, note, legend = [], panels }) {
  const lines = [];
  let y = margin + 16;
  lines.push(text(margin, y, title, "title"));
  y += 20;
  lines.push(text(margin, y, note, "quiet"));
  if (legend.length > 0) {
    y += 24;
    lines.push(...legendLine(legend, y));
  }
  for (const panel of panels) {
    y += 30;
    lines.push(text(margin, y, panel.title, "panel"));
    y += 10;
    lines.push(...barsOf(panel, y));
    y += panel.bars.length * rowHeight;
    if (panel.mark !== undefined) y += 14;
  }
  const height = y + margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${escaped(title)}</title>
  <style>${style}
  </style>
  <rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
  ${lines.join("\n  ")}
</svg>
`;
}

function barsOf({ bars, mark }, top) {
  const most = Math.max(...bars.map(({ parts }) => sum(parts)), mark?.value ?? 0, Number.MIN_VALUE);
  const x0 = margin + labelWidth;
  const lengthOf = (value) => (Math.max(0, value) / most) * barsWidth;
  const lines = bars.flatMap(({ label, parts, text: words }, index) => {
    const y = top + index * rowHeight;
    const base = y + barHeight - 3;
    let x = x0;
    const rects = parts.map((part, turn) => {
      const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${lengthOf(part).toFixed(1)}" height="${barHeight}" fill="${colours[turn % colours.length]}"/>`;
      x += lengthOf(part);
      return rect;
    });
    return [text(x0 - 8, base, label, "", "end"), ...rects, text(x + 6, base, words)];
  });
  const bottom = top + bars.length * rowHeight;
  lines.push(`<line class="axis" x1="${x0}" y1="${top - 3}" x2="${x0}" y2="${bottom - 4}"/>`);
  if (mark !== undefined) {
    const x = x0 + lengthOf(mark.value);
    lines.push(`<line class="mark" x1="${x.toFixed(1)}" y1="${top - 3}" x2="${x.toFixed(1)}" y2="${bottom - 2}"/>`);
    lines.push(text(x, bottom + 10, mark.text, "mark-text", "middle"));
  }
  return lines;
}

function legendLine(legend, y) {
  let x = margin;
  return legend.flatMap((name, index) => {
    const square = `<rect x="${x}" y="${y - 11}" width="12" height="12" fill="${colours[index % colours.length]}"/>`;
    const label = text(x + 18, y, name);
    x += 18 + name.length * 7.5 + 20;
    return [square, label];
  });
}

function text(x, y, words, className = "", anchor = "start") {
  const named = className === "" ? "" : ` class="${className}"`;
  return `<text x="${x.toFixed(1)}" y="${y}"${named} text-anchor="${anchor}">${escaped(words)}</text>`;
}

function escaped(words) {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
