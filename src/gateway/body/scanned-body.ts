// What one pass over a JSON request body finds out: every field that any part of the gateway needs, and where it stands.

/** All positions are absolute byte offsets into the body; ends are exclusive. */
export interface ScannedBody {
  /** The top-level `model`, decoded; 1 to 512 bytes. */
  model: string;
  /** The range of its value as the caller wrote it, quotes included. */
  modelStart: number;
  modelEnd: number;
  /** True only for a top-level `stream` that is the literal `true`. */
  stream: boolean;
  /** The following texts are null when missing, no strings, or longer than 1 KB. */
  user: string | null;
  /** `metadata.user_id`. */
  metadataUserId: string | null;
  promptCacheKey: string | null;
  /**
   * `previous_response_id`; null when missing or `null`. "" when it can't be told which response the endpoint would take it for:
   * it is there twice, no string, or longer than 1 KB.
   */
  previousResponseId: string | null;
  /** False only for a top-level `store` that is the literal `false`: the provider keeps no answer under its id. */
  storesResponse: boolean;
  /** There is a top-level `request_id`: vLLM and SGLang name the response by it, so that the caller chooses the id. */
  namesItsResponse: boolean;
  /** Null when the body has no `stream_options`. */
  streamOptions: ScannedStreamOptions | null;
  /** Length of the whole body. */
  bytes: number;
}

export interface ScannedStreamOptions {
  /** The range of the value of `stream_options`. */
  start: number;
  end: number;
  kind: "object" | "null" | "other";
  /** Null when the key is missing (its start is -1 then) or its value is no boolean. */
  includeUsage: boolean | null;
  includeUsageStart: number;
  includeUsageEnd: number;
  /** True for an object without keys. */
  isEmpty: boolean;
  /** The byte after the `{`; -1 when it is no object. */
  innerStart: number;
  /** `stream_options`, or `include_usage` in it, is there more than once. */
  duplicate: boolean;
}
