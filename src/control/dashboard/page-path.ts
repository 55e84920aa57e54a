// Which of the dashboard's files a path asks for: a page of it, or a file by its name.

const lengthMax = 2048;
/** Whoever encodes more often wants us to work: each time is another look at the whole path. */
const encodingsMax = 8;

/**
 * What follows `/dashboard` asks for: `page` (the pages' own code decides which), the name of a file that there may be, or null for what no
 * link of the dashboard leads to. Names with an extension right below `/dashboard/` are files; further down they are pages, since models are
 * called things like `gpt-4.1`.
 */
export function askedFile(path: string): { page: true } | { name: string } | null {
  if (path.length > lengthMax || !isPlain(path)) return null;
  const below = path.replace(/^\/dashboard\/?/, "");
  if (below === "assets" || below.startsWith("assets/")) return { name: below };
  return /^[^/]*\.[^/]*$/.test(below) ? { name: below } : { page: true };
}

/** Nothing that a browser or a proxy could read as a way out of here, however often it is encoded. */
function isPlain(path: string): boolean {
  let text = decodedOnce(path);
  if (text === null) return false;
  for (let times = 1; times <= encodingsMax; times++) {
    if (/[\\\p{Cc}]/u.test(text) || text.split("/").some((part) => part === "." || part === "..")) return false;
    const next = decodedOnce(text);
    // A percent sign of a name, such as `100%`, is no encoding.
    if (next === null || next === text) return true;
    text = next;
  }
  return false;
}

/** Null: it can't be decoded. */
function decodedOnce(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
