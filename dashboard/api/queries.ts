// Lists and single resources of the admin API as queries. A key begins with the topic of the live events that make it stale.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Topic } from "../../src/domain/topics.ts";
import { get, type Query } from "./client.ts";

/** What live events make stale; `requests` have a tail of their own, and stand still when it is paused. */
export type Subject = Topic | "requests";

export interface ListOf<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** One page of `GET <path>`; the page before stays on the screen while the next one comes. */
export function listQuery<Item>(subject: Subject, path: string, query: Query = {}) {
  return queryOptions({
    queryKey: [subject, "list", path, query] as const,
    queryFn: ({ signal }) => get<ListOf<Item>>(path, query, signal),
    placeholderData: keepPreviousData,
  });
}

/** `GET <path>`: one resource, or a report. */
export function itemQuery<Item>(subject: Subject, path: string, query: Query = {}) {
  return queryOptions({
    queryKey: [subject, "item", path, query] as const,
    queryFn: ({ signal }) => get<Item>(path, query, signal),
  });
}
