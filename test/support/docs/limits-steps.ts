// What is expected of the commands of docs/limits.md.
import { expect } from "vitest";
import { type Expected, type Reader, settings } from "./reader.ts";

export function limitsSteps(reader: Reader): Expected[] {
  return [
    { ...settings("HEADGATE="), before: async () => void (await reader.serve("npm start")) },
    settings("ADMIN="),
    settings("ADMIN_TOKEN="),
    {
      has: "$ADMIN/endpoints",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ name: "openai", status: "active" }),
    },
    {
      has: "$ADMIN/keys",
      status: 201,
      shows: ({ json }) =>
        expect(json.limits).toEqual({ requests_per_minute: 60, tokens_per_minute: 20_000, concurrent_requests: 4 }),
    },
    { has: "-X PUT", shows: ({ json }) => expect(json).toMatchObject({ status: "override" }) },
    {
      has: "grp_everyone",
      shows: ({ json }) =>
        expect(json.limits).toEqual({
          budget_usd: 200,
          budget_period: "month",
          budget_timezone: "Europe/Berlin",
          budget_unpriced: "deny",
        }),
    },
    { has: "near=true", shows: ({ json }) => expect(json).toEqual({ data: [], next_cursor: null }) },
    {
      has: "/allowances/group/grp_everyone",
      shows: ({ json }) =>
        expect(json.budget).toMatchObject({ limit_usd: 200, spent_usd: 0, remaining_usd: 200, period: "month" }),
    },
    {
      has: "/v1/chat/completions",
      shows: ({ headers }) =>
        expect(headers).toMatchObject({
          "x-ratelimit-limit-requests": "60",
          "x-ratelimit-remaining-requests": "59",
          "x-ratelimit-limit-tokens": "20000",
        }),
    },
  ];
}
