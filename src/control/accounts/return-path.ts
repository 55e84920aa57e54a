// Where a sign-in leads back to: a page of the dashboard, whatever the link says that began it.

const start = "/dashboard/";
const lengthMax = 1000;

/** The path and query asked for when they are of the dashboard, else its start: a link to here must not lead elsewhere (open redirect). */
export function returnPath(asked: string | undefined): string {
  // Browsers drop tabs and line ends from URLs, and read a backslash as a slash.
  if (asked === undefined || asked.length > lengthMax || !/^\/dashboard(?:[/?#]|$)/.test(asked)) return start;
  if (/[\\\p{Cc}\p{Cs}]/u.test(asked)) return start;
  const base = "http://headgate.invalid";
  if (!URL.canParse(asked, base)) return start;
  const { origin, pathname, search } = new URL(asked, base);
  const isOurs = origin === base && /^\/dashboard(?:\/(?!\/)|$)/.test(pathname) && !pathname.includes("//");
  return isOurs ? pathname + search : start;
}
