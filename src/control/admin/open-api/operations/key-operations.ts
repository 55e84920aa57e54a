// Keys in the OpenAPI document.
import type { z } from "zod";
import type { createKeyBody, KeyBody, patchKeyBody, rotateKeyBody } from "../../../../api/keys.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

const key: KeyBody = {
  id: exampleIds.key,
  name: "ci",
  prefix: "sk-hg-Qm3x",
  user_id: exampleIds.user,
  user_name: "Ada",
  group_id: exampleIds.group,
  group_name: "chemistry",
  models: ["prod-gpt-4o", "gpt-4o-*"],
  scopes: ["inference"],
  expires_at: exampleTimes.soon,
  limits: { requests_per_minute: 60 },
  bodies: null,
  origin: "admin",
  last_used_at: exampleTimes.changed,
  previous_expires_at: null,
  created_at: exampleTimes.made,
  updated_at: exampleTimes.made,
  version: 1,
};

export const keyOperations: OperationDocs = {
  "POST /keys": {
    id: "createKey",
    description: "Nobody gives a key more than they have: not models, not scopes, not a group that is not theirs.",
    body: {
      smallest: { name: "me" } satisfies z.input<typeof createKeyBody>,
      of_a_user: {
        name: "ci",
        user_id: exampleIds.user,
        group_id: exampleIds.group,
        models: ["prod-gpt-4o", "gpt-4o-*"],
        scopes: ["inference"],
        expires_at: exampleTimes.soon,
        limits: { requests_per_minute: 60 },
      } satisfies z.input<typeof createKeyBody>,
    },
    answer: { key: { ...key, key: "sk-hg-Qm3x…" } },
  },
  "GET /keys": {
    id: "listKeys",
    description: "The secrets are in no list.",
    query: { search: "ci", user: exampleIds.user, group: exampleIds.group },
    answer: { page: { data: [key], next_cursor: null } },
  },
  "GET /keys/:id": { id: "getKey", description: "Without its secret, which is shown once.", answer: { key } },
  "PATCH /keys/:id": {
    id: "updateKey",
    description: "Takes effect at once. What is left out stays, null takes back.",
    ifMatch: true,
    body: {
      narrower: { models: ["prod-gpt-4o"], expires_at: exampleTimes.soon } satisfies z.input<typeof patchKeyBody>,
      keep_bodies: { bodies: { retention: "7d", redact: ["emails"] } } satisfies z.input<typeof patchKeyBody>,
    },
    answer: { key: { ...key, models: ["prod-gpt-4o"], bodies: { retention: "7d", redact: ["emails"] }, version: 2 } },
  },
  "DELETE /keys/:id": { id: "deleteKey", description: "The next call with it gets 401.", ifMatch: true },
  "POST /keys/:id/rotate": {
    id: "rotateKey",
    description: "Without a body the old secret is good no longer. With an overlap both are, until it ends.",
    ifMatch: true,
    body: { an_hour_of_both: { overlap_seconds: 3600 } satisfies z.input<typeof rotateKeyBody> },
    answer: { key: { ...key, key: "sk-hg-Qm3x…", previous_expires_at: "2026-11-21T11:30:00.000Z", version: 3 } },
  },
};
