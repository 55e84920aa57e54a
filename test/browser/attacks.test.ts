// What a hostile page, or a hostile name, does not achieve in a real browser. What the server refuses by itself is tested in test/system/attacks.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";

const { openConsole } = browserTests();

/** A page of somebody else, on the same host: a browser takes it for the same site and sends Headgate's cookies along. */
async function foreignPage(html: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(`<!doctype html><title>Foreign</title>${html}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("a page on another origin", () => {
  test("cannot show the dashboard in a frame", async () => {
    const { headgate, signedIn } = await openConsole();
    const ada = await signedIn();
    await ada.go("/");
    ada.watch.foresee(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE/);
    await ada.page.goto(await foreignPage(`<iframe src="${headgate.url}/dashboard/" title="prey"></iframe>`));
    const frame = ada.page.frames().find((each) => each !== ada.page.mainFrame());
    await expect.poll(() => frame?.url()).toBe("chrome-error://chromewebdata/");
    expect(await frame?.getByText("Headgate").count()).toBe(0);
  });

  test("cannot change anything with a form or a request that carries the session's cookie", async () => {
    const { headgate, signedIn } = await openConsole();
    const ada = await signedIn();
    await ada.go("/");
    const address = `${headgate.url}/admin/api/v1/keys`;
    ada.watch.foresee(/CORS policy|net::ERR_FAILED/);
    // A form that is read as JSON, and the same as a simple request of a script.
    await ada.page.goto(
      await foreignPage(
        `<form method="post" enctype="text/plain" action="${address}"><input name='{"name":"stolen","x":"' value='"}'></form>`,
      ),
    );
    ada.watch.expect({ status: 403, path: "/keys", times: 2 });
    const fetched = await ada.page.evaluate<string>(
      `fetch("${address}", { method: "POST", credentials: "include", mode: "no-cors", body: '{"name":"stolen"}' }).then((r) => r.type)`,
    );
    expect(fetched).toBe("opaque");
    const read = ada.page.evaluate<string>(
      `fetch("${headgate.url}/admin/api/v1/whoami", { credentials: "include" }).then((r) => r.text())`,
    );
    await expect(read).rejects.toThrow("Failed to fetch");
    await ada.page.evaluate("document.forms[0].submit()");
    await ada.page.waitForURL(address);
    const { body: keys } = await headgate.admin("GET", "/keys?limit=100");
    expect(keys.data.map(({ name }: { name: string }) => name)).not.toContain("stolen");
  });
});

const script = `"><img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>`;

test("stored script in every name and description is shown as the text that it is, wherever it is shown", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: [script, "plain"] } });
  const endpoint = await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1`, description: script });
  const created = async (path: string, body: object) => (await headgate.admin("POST", path, body)).body.id as string;
  const group = await created("/groups", { name: script, models: [script, "plain"] });
  const user = await created("/users", { name: script, email: "grace@uni.test", role: "member" });
  await headgate.admin("PUT", `/groups/${group}/members/${user}`);
  const key = await created("/keys", { name: script, user_id: user, group_id: group });
  const secret = await headgate.createKey({ name: `${script} 2`, group_id: group });
  const { body: models } = await headgate.admin("GET", "/models");
  const model = models.data.find(({ name }: { name: string }) => name === script).id as string;
  const call = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "user-agent": script },
    body: JSON.stringify({ model: script, messages: [{ role: "user", content: script }] }),
  });
  expect(call.status).toBe(200);
  const requests = await headgate.eventually(async () => {
    const { body } = await headgate.admin("GET", "/requests");
    return body.data.length > 0 && body.data;
  });

  const ada = await signedIn({ name: script, role: "administrator" });
  ada.page.on("dialog", () => expect.unreachable("a script has run"));
  for (const path of [
    "/endpoints",
    `/endpoints/${endpoint.id}`,
    `/endpoints/${endpoint.id}?tab=history`,
    `/endpoints/${endpoint.id}?tab=settings`,
    "/models",
    `/models/${model}`,
    `/playground?model=${encodeURIComponent(script)}`,
    `/explain?model=${encodeURIComponent(script)}`,
    "/keys",
    `/keys/${key}`,
    "/users",
    `/users/${user}`,
    "/groups",
    `/groups/${group}`,
    `/groups/${group}?tab=settings`,
    "/usage",
    "/usage?by=key",
    "/usage?by=group",
    "/requests",
    `/requests/${requests[0].id}`,
    "/audit",
    "/",
    `/keys?search=${encodeURIComponent(script)}`,
    "/account",
  ]) {
    await ada.go(path);
    const shown = await ada.page.evaluate<string>(
      "document.body.innerText + [...document.querySelectorAll('input, textarea, option')].map((e) => e.value).join()",
    );
    expect([path, shown.includes("<img src=x onerror=")]).toEqual([path, true]);
    expect([path, await ada.page.evaluate("window.__pwned ?? document.querySelectorAll('img[src=x]').length")]).toEqual([
      path,
      0,
    ]);
  }
});
