// Times as people and programs write them: RFC 3339, or a date for its UTC midnight.

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const dateOnly = /^\d{4}-\d{2}-\d{2}$/;

/** RFC 3339 (any offset) to ms; null when it is none. `new Date` alone would take local times and words. */
export function readTimeMs(text: string): number | null {
  if (!rfc3339.test(text)) return null;
  return existing(text.toUpperCase().replace(" ", "T"));
}

/** The same, or a date. In a query a blank may be a plus sign that nobody has escaped. */
export function readTimeOrDateMs(text: string): number | null {
  return dateOnly.test(text) ? existing(`${text}T00:00:00Z`) : readTimeMs(text.replace(" ", "+"));
}

/** NaN for hour 25; a day that the month does not have is refused too, where `Date` would count on into the next month. */
function existing(text: string): number | null {
  const ms = Date.parse(text);
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Number.isNaN(ms) || day > lastDay ? null : ms;
}
