// A plot over time. uPlot comes with the first one that is shown; the figures are there as a table too.
import { useEffect, useRef, useState } from "react";
import type uPlot from "uplot";
import { exactTime } from "./time.tsx";

export interface Series {
  label: string;
  /** A token of styles.css, e.g. "--color-accent". */
  color: string;
  /** One for each of `times`; null leaves a gap. */
  values: readonly (number | null)[];
  isFilled?: boolean;
  isBars?: boolean;
}

export interface PlotProps {
  /** What it shows, for those who can't see it. */
  label: string;
  /** RFC 3339. */
  times: readonly string[];
  series: readonly Series[];
  format: (value: number) => string;
  /** Each of `times` is a UTC day. */
  isDays?: boolean;
}

const heightPx = 200;

export function Plot({ label, times, series, format, isDays = false }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useThemeName();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `theme` changes what the colours are
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    let plot: uPlot | null = null;
    let isGone = false;
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: heightPx }));
    void Promise.all([import("uplot"), import("./plot-options.ts")]).then(([{ default: UPlot }, { plotOptions }]) => {
      if (isGone) return;
      const data = [times.map((at) => Date.parse(at) / 1000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
      plot = new UPlot(plotOptions(element, series, format, heightPx, isDays), data, element);
      resized.observe(element);
    });
    return () => {
      isGone = true;
      resized.disconnect();
      plot?.destroy();
    };
  }, [times, series, format, isDays, theme]);
  return (
    <figure className="min-w-0" aria-label={label}>
      <figcaption className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
        {series.map(({ label: name, color }) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <span className="size-2.5 rounded-sm" style={{ background: `var(${color})` }} />
            {name}
          </span>
        ))}
      </figcaption>
      <div ref={host} aria-hidden className="relative w-full overflow-hidden" style={{ height: heightPx }} />
      <Figures label={label} times={times} series={series} format={format} isDays={isDays} />
    </figure>
  );
}

/** The same as text. */
function Figures({ label, times, series, format, isDays }: PlotProps) {
  return (
    <details className="mt-1 text-sm">
      <summary className="py-1 text-muted">Show the figures</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section className="mt-2 max-h-60 overflow-auto" aria-label={`${label}, figures`} tabIndex={0}>
        <table className="w-full text-left tabular-nums">
          <thead>
            <tr className="text-muted">
              <th scope="col" className="pr-4 font-medium">
                Time
              </th>
              {series.map(({ label: name }) => (
                <th key={name} scope="col" className="pr-4 text-right font-medium">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((at, index) => (
              <tr key={at}>
                <th scope="row" className="pr-4 font-normal whitespace-nowrap">
                  {isDays ? at.slice(0, 10) : exactTime(at).slice(0, 16)}
                </th>
                {series.map(({ label: name, values }) => (
                  <td key={name} className="pr-4 text-right">
                    {typeof values[index] === "number" ? format(values[index]) : "–"}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

/** Changes when the page is shown in the other theme. */
function useThemeName(): string {
  const [name, setName] = useState(themeName);
  useEffect(() => {
    const follow = () => setName(themeName());
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    window.addEventListener("headgate-theme", follow);
    system.addEventListener("change", follow);
    return () => {
      window.removeEventListener("headgate-theme", follow);
      system.removeEventListener("change", follow);
    };
  }, []);
  return name;
}

function themeName(): string {
  const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  return document.documentElement.dataset.theme ?? (isDark ? "dark" : "light");
}
