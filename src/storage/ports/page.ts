// Lists, a page at a time.

/** A page of rows, newest or name first as the method says; `nextCursor` opens the next one. */
export interface Page<Row> {
  rows: Row[];
  nextCursor: string | null;
}

export interface PageRequest {
  limit: number;
  /** An opaque cursor from an earlier page. An unreadable one throws HeadgateError invalid_field on `cursor`. */
  cursor?: string | undefined;
}
