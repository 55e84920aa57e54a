// What the OpenAPI document says of an operation beyond the schemas of its route: a name, a description, and examples.

/** By name: "pinned" → the value. */
export type Examples = Readonly<Record<string, unknown>>;

export interface OperationDoc {
  /** The name that generated clients give it: unique, never changed. */
  id: string;
  /** What its summary leaves open. Markdown. */
  description: string;
  /** An example of each query parameter that is worth one. */
  query?: Readonly<Record<string, string>>;
  /** Of the request's body. */
  body?: Examples;
  /** Of the JSON answer. */
  answer?: Examples;
  /** Answers that are no JSON: media type → an example. */
  files?: Readonly<Record<string, string>>;
  /** The body and the answer are a provider's, so that no schema of ours describes them. */
  isPassedOn?: boolean;
  /** Takes `if-match`. */
  ifMatch?: boolean;
}

/** By "METHOD /path" as routes are declared, without the prefix. */
export type OperationDocs = Readonly<Record<string, OperationDoc>>;
