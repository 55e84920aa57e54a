// How plots look: axes, colours of the theme, a line that follows the pointer and says what is there.
import uPlot from "uplot";
import type { Series } from "./plot.tsx";

/** For one plot in `element`, `height` px high. */
export function plotOptions(
  element: HTMLElement,
  series: readonly Series[],
  format: (value: number) => string,
  height: number,
  isDays: boolean,
): uPlot.Options {
  const colorOf = resolver(element);
  const axis = { stroke: colorOf("--color-muted"), grid: { stroke: colorOf("--color-line"), width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    padding: [8, 24, 0, 0],
    ...(isDays && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") }),
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, font: axisFont, space: 70 },
      { ...axis, font: axisFont, size: 62, values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [{}, ...series.map((one) => seriesOptions(one, colorOf))],
    plugins: [readout(series, format, isDays)],
  };
}

const axisFont = "12px system-ui, sans-serif";

function seriesOptions({ label, color, isFilled, isBars }: Series, colorOf: (token: string) => string): uPlot.Series {
  const stroke = colorOf(color);
  return {
    label,
    stroke,
    width: 2,
    points: { size: 5 },
    ...(isFilled && { fill: `color-mix(in srgb, ${stroke} 18%, transparent)` }),
    ...(isBars && { fill: stroke, width: 0, paths: uPlot.paths.bars?.({ size: [0.8, 40], radius: 0.1 }) }),
  };
}

/** A canvas knows neither variables nor light-dark(): the browser works the colour out. */
function resolver(element: HTMLElement): (token: string) => string {
  return (token) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${token})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

/** What the figures are where the pointer is. */
function readout(series: readonly Series[], format: (value: number) => string, isDays: boolean): uPlot.Plugin {
  const box = document.createElement("div");
  box.className =
    "pointer-events-none absolute z-10 hidden rounded-md border border-line bg-surface px-2.5 py-1.5 text-xs shadow-md whitespace-nowrap";
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        if (idx === null || idx === undefined || left < 0) {
          box.classList.add("hidden");
          return;
        }
        const at = new Date((plot.data[0][idx] ?? 0) * 1000);
        const lines = series.map(({ label }, index) => {
          const value = plot.data[index + 1]?.[idx];
          return `${label}: ${typeof value === "number" ? format(value) : "–"}`;
        });
        const time = isDays
          ? at.toLocaleDateString("en", { dateStyle: "medium", timeZone: "UTC" })
          : at.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
        box.replaceChildren(...[time, ...lines].map(line));
        box.classList.remove("hidden");
        const isRight = left > plot.over.clientWidth / 2;
        box.style.left = isRight ? "" : `${left + 12}px`;
        box.style.right = isRight ? `${plot.over.clientWidth - left + 12}px` : "";
        box.style.top = "4px";
      },
    },
  };
}

function line(text: string): HTMLElement {
  const element = document.createElement("div");
  element.textContent = text;
  return element;
}
