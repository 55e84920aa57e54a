// Figures as people read them: counts, durations, bytes, money, parts.

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 12,345; from a million on 1.2M. */
export function count(value: number): string {
  return Math.abs(value) >= 1_000_000 ? compact.format(value) : whole.format(value);
}

/** 12 ms, 1.2 s, 3 min 5 s; "–" for null. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} days`;
}

/** 512 B, 1.5 KB, 3.2 MB. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`;
}

/** $1.23; small sums with what makes them tell; "–" for null: nothing has a price. */
export function usd(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const digits = value !== 0 && Math.abs(value) < 0.1 ? Math.min(9, 2 - Math.floor(Math.log10(Math.abs(value)))) : 2;
  return `$${value.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** A part from 0 to 1 as 12.3 %. */
export function percent(part: number): string {
  const scaled = part * 100;
  return `${scaled !== 0 && scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} %`;
}

/** "1 key", "2 keys". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const exact = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 9 });

/** All that there is of it, to the nano-dollar: $0.0375, $12.00. */
export function exactUsd(value: number): string {
  return exact.format(value);
}
