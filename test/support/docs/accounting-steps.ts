// What is expected of the commands of docs/accounting.md.
import { expect } from "vitest";
import { awayFromMidnight } from "../day-end.ts";
import { type Expected, type Reader, settings } from "./reader.ts";

/** With a provider whose answers have 11 tokens of input and 7 of output, as the page says. */
export function accountingSteps(reader: Reader): Expected[] {
  return [
    {
      ...settings("ADMIN="),
      async before() {
        // The page's file of usage is of the day on which it is written.
        await awayFromMidnight();
        await reader.serve("npm start");
      },
    },
    settings("ADMIN_TOKEN="),
    { has: "$ADMIN/endpoints", status: 201 },
    { has: "$ADMIN/keys", status: 201 },
    settings("HEADGATE_KEY="),
    {
      has: "/v1/chat/completions",
      shows: ({ headers }) => {
        reader.callId = headers["x-request-id"] as string;
      },
    },
    {
      has: "/v1/usage?group_by=model&bucket=day",
      before: reader.untilRecorded,
      shows: ({ json }) => {
        const row = {
          model: "gpt-4o-mini",
          requests: 1,
          input_tokens: 11,
          output_tokens: 7,
          cost_usd: null,
          unpriced_requests: 1,
        };
        expect(json.data).toMatchObject([row]);
      },
    },
    { has: "-X PUT", shows: ({ json }) => expect(json).toMatchObject({ status: "override" }) },
    {
      has: "--dry-run",
      status: null,
      shows: (_answer, { stdout, stderr }) => {
        expect(stdout).toMatch(/^gpt-4o-mini +1 +0\.000000 +0\.000097 +0\.000097 +1 +0$/m);
        expect(stderr).toMatch(/^Dry run: One attempt would be adjusted\.$/m);
      },
    },
    {
      has: "reprice --from 7d",
      status: null,
      async shows(_answer, { stderr }) {
        expect(stderr).toMatch(/^One attempt adjusted, batch bat_/m);
        const { cost_usd: cost, attempts } = await reader.admin(`/requests/${reader.callId}`);
        expect(cost).toBe(0.0000975);
        expect(attempts[0].adjustments).toMatchObject([{ usd: 0.0000975, reason: "reprice" }]);
      },
    },
    settings("usage.csv"),
    {
      has: "reconcile",
      status: null,
      shows: (_answer, { stdout, stderr }) => {
        expect(stderr).toMatch(/^Every day agrees\.$/m);
        expect(stdout).toMatch(/^gpt-4o-mini +all tokens +18 +18 +0 +100\.00 %$/m);
      },
    },
  ];
}
