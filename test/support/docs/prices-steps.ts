// What is expected of the commands of docs/prices.md.
import { expect } from "vitest";
import { type Expected, type Reader, settings } from "./reader.ts";

/** With a provider whose answers have 11 tokens of input and 7 of output, as the page says. */
export function pricesSteps(reader: Reader): Expected[] {
  return [
    { ...settings("ADMIN="), before: async () => void (await reader.serve("npm start")) },
    settings("ADMIN_TOKEN="),
    {
      has: "$ADMIN/endpoints",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ name: "openai", status: "active" }),
    },
    {
      has: "/prices/gpt-4o",
      // The provider of the test is not at OpenAI's address.
      shows: ({ json }) => expect(json).toMatchObject({ model: "gpt-4o", override: null, deployments: [{ endpoint: "openai" }] }),
    },
    {
      has: "-X PUT",
      shows: ({ json }) =>
        expect(json).toMatchObject({
          status: "override",
          override: { input_usd_per_million: 0.15, cache_write_usd_per_million: 0.15, reasoning_usd_per_million: 0.6 },
        }),
    },
    { has: "-X DELETE", status: 204 },
    {
      has: "status=unpriced",
      shows: ({ json }) => {
        expect(json.data.map(({ model }: { model: string }) => model)).toEqual(["gpt-4o", "gpt-4o-mini"]);
        expect(json.catalogue).toMatchObject({
          name: "@pydantic/genai-prices",
          date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        });
      },
    },
    {
      has: "prices --status unpriced",
      status: null,
      // The page is about the API; the command takes its token from the environment.
      before: async () => void (await reader.shell.run(`export HEADGATE_URL=${reader.url} HEADGATE_TOKEN=$ADMIN_TOKEN`)),
      shows: (_answer, { stdout }) => expect(stdout).toMatch(/^MODEL +PRICE .*\ngpt-4o +unpriced +- /),
    },
    { has: "-X PUT", shows: ({ json }) => expect(json).toMatchObject({ status: "override" }) },
    { has: "$ADMIN/keys", status: 201 },
    {
      has: "/v1/chat/completions",
      shows: ({ headers }) => {
        reader.callId = headers["x-request-id"] as string;
      },
    },
    {
      has: "/requests/req_…",
      before: reader.untilRecorded,
      shows: ({ json }) => {
        expect(json.cost_usd).toBe(0.0000975);
        expect(json.attempts[0].cost_parts).toEqual([
          { kind: "input", tokens: 11, usd_per_million: 2.5, usd: 0.0000275 },
          { kind: "output", tokens: 7, usd_per_million: 10, usd: 0.00007 },
        ]);
      },
    },
  ];
}
