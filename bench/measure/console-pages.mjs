// How long the data of each page of the console takes to arrive, for everybody who may open it.
import { median } from "../report/statistics.mjs";

const api = "/admin/api/v1";
const day = 86_400_000;
/** As the dashboard asks for lists. */
const rowsOfPage = 50;

/**
 * What pages ask for, by who asks. `deep`: from a page far down the list. `{…}` stands for what `fillConsole` has named, `{days}` for a
 * time so many days ago.
 */
const pages = {
  administrator: [
    "/overview",
    "/overview?from={7}",
    "/overview?from={30}",
    "/usage?from={30}",
    "/usage?from={30}&group_by=model&limit=500",
    "/usage?from={30}&group_by=endpoint&limit=500",
    "/usage?from={30}&group_by=key&limit=500",
    "/usage?from={30}&group_by=user&limit=500",
    "/usage?from={30}&group_by=group&limit=500",
    "/usage?from={30}&bucket=day",
    "/usage?from={30}&model={model}&bucket=day",
    "/usage?from={30}&key={keyId}&bucket=day",
    "/endpoints",
    "/endpoints?search=FILLED-1",
    "/models",
    "deep /models",
    "/models?search=fox",
    "deep /models?search=O",
    "/models?search=no-such-model",
    "/models?status=offline",
    "/models?endpoint=filled-3&status=active&kind=pool",
    "/manifests",
    "/keys",
    "deep /keys",
    "/keys?search=%C3%BCBERSETZUNG",
    "deep /keys?search=O",
    "/keys?search=sk-hg-0000009",
    "/keys?search=no-such-key",
    "/keys?user={memberId}",
    "/keys?group={groupId}",
    "/users",
    "deep /users",
    "/users?search=PERSON9",
    "/users?role=group_manager",
    "/users?group={groupId}",
    "/groups",
    "/groups?search=fox",
    "/requests",
    "deep /requests",
    "/requests?to={15}",
    "/requests?status=error",
    "deep /requests?status=error",
    "/requests?model={model}",
    "/requests?endpoint=filled-3&status=error",
    "/requests?key={keyId}",
    "/requests?user={memberId}",
    "/requests?group={groupId}",
    "deep /requests?group={groupId}",
    "/requests?group={groupId}&status=error",
    "/requests?search={requestId}",
    "/requests?search=no-such-request",
    "/audit",
    "/sessions",
    "/system",
  ],
  largeManager: managerPages(),
  smallManager: managerPages(),
  member: [
    "/overview?from={30}",
    "/usage?from={30}&group_by=model&limit=500",
    "/usage?from={30}&bucket=day",
    "/models",
    "/models?search=fox",
    "/keys",
    "/keys?search=key",
    "/requests",
    "deep /requests",
    "/requests?status=error",
    "/requests?search={requestId}",
  ],
};

function managerPages() {
  return [
    "/overview",
    "/overview?from={7}",
    "/overview?from={30}",
    "/usage?from={30}&group_by=user&limit=500",
    "/usage?from={30}&bucket=day",
    "/models?search=fox",
    "/keys",
    "deep /keys",
    "/keys?search=FOX",
    "/keys?search=no-such-key",
    "/users",
    "/users?search=PERSON9",
    "/groups",
    "/requests",
    "deep /requests",
    "/requests?to={15}",
    "/requests?status=error",
    "/requests?model={model}",
    "/requests?group={groupId}",
    "/requests?search={requestId}",
  ];
}

/** As a person at the slowest pace that still waits for nothing: all pages one after the other. @returns the paths, as they are asked for */
export function pagesOf(who, known) {
  return pages[who].map((page) => {
    const isDeep = page.startsWith("deep ");
    const path = (isDeep ? page.slice(5) : page).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(filledIn(name, known)));
    return { title: page, path: isList(path) ? `${path}${path.includes("?") ? "&" : "?"}limit=${rowsOfPage}` : path, isDeep };
  });
}

/** Reports and the state of the system have no pages. */
function isList(path) {
  return !/^\/(overview|usage|system)/.test(path);
}

function filledIn(name, known) {
  return /^\d+$/.test(name) ? new Date(Date.now() - Number(name) * day).toISOString() : known[name];
}

/**
 * Every page of everybody, `rounds` times; milliseconds until the whole answer was there.
 * @param {{ port: number }} headgate
 * @param {Record<string, string>} tokens by who asks
 * @param {{ rounds: number, known: Record<string, string> }} plan
 * @returns {Promise<{ who: string, page: string, rows: number, bytes: number, medianMs: number, worstMs: number }[]>}
 */
export async function measurePages(headgate, tokens, { rounds, known }) {
  const measured = [];
  for (const who of Object.keys(pages)) {
    for (const { title, path, isDeep } of pagesOf(who, known)) {
      const asked = isDeep ? await fromDeepDown(headgate, tokens[who], path) : path;
      const times = [];
      let last;
      for (let round = 0; round < rounds; round++) {
        const startedAt = performance.now();
        last = await askPage(headgate, tokens[who], asked);
        times.push(performance.now() - startedAt);
      }
      const rows = Array.isArray(last.body.data) ? last.body.data.length : 1;
      measured.push({ who, page: title, rows, bytes: last.bytes, medianMs: median(times), worstMs: Math.max(...times) });
    }
  }
  return measured;
}

/** The whole answer of one page. Throws unless it is a good one. */
export async function askPage({ port }, token, path) {
  const response = await fetch(`http://127.0.0.1:${port}${api}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${text.slice(0, 300)}`);
  return { body: JSON.parse(text), bytes: text.length };
}

/** `path` from behind the tenth thousand of rows, or from the last page that begins with a thousandth. */
async function fromDeepDown(headgate, token, path) {
  const deep = new URL(path, "http://page");
  for (let thousand = 0; thousand < 10; thousand++) {
    const ahead = new URL(deep);
    ahead.searchParams.set("limit", "1000");
    const { body } = await askPage(headgate, token, `${ahead.pathname}${ahead.search}`);
    if (body.next_cursor === null) break;
    deep.searchParams.set("cursor", body.next_cursor);
  }
  return `${deep.pathname}${deep.search}`;
}
