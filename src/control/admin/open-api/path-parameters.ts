// An example of each parameter of paths, by its name and the tag of the operation.
import { exampleIds } from "./operations/example-ids.ts";

const idsByTag: Readonly<Record<string, string>> = {
  endpoints: exampleIds.endpoint,
  models: exampleIds.model,
  keys: exampleIds.key,
  users: exampleIds.user,
  groups: exampleIds.group,
  manifests: exampleIds.manifest,
  requests: exampleIds.request,
  "sign-in": exampleIds.session,
  exports: exampleIds.export,
  allowances: exampleIds.key,
};

export const pathParameters: Readonly<Record<string, (tag: string) => string | undefined>> = {
  id: (tag) => idsByTag[tag],
  user_id: () => exampleIds.user,
  model: (tag) => (tag === "prices" ? "prod-gpt-4o" : "gpt-4o-*"),
  kind: () => "key",
  provider: () => "0",
  path: () => "chat/completions",
};
