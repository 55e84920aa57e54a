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
};

export const pathParameters: Readonly<Record<string, (tag: string) => string | undefined>> = {
  id: (tag) => idsByTag[tag],
  user_id: () => exampleIds.user,
  model: () => "gpt-4o-*",
  provider: () => "0",
  path: () => "chat/completions",
};
