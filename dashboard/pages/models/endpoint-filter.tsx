// Narrows the list to models of one endpoint; its name is searched for on the server and kept in the URL as `endpoint`.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { listQuery } from "../../api/queries.ts";
import { useUrlFilters } from "../../components/filters.tsx";
import { controlClass } from "../../components/form.tsx";

const shownMax = 20;

export function EndpointFilter() {
  const { search, set } = useUrlFilters();
  const inUrl = search.endpoint ?? "";
  const [text, setText] = useState(inUrl);
  const [isOpened, setOpened] = useState(false);
  const id = useId();
  const asked = useDeferredValue(text === inUrl ? "" : text.trim());
  const found = useQuery({
    ...listQuery<EndpointBody>("endpoints", "/endpoints", { search: asked, limit: shownMax }),
    // Nobody needs the names before the field is used.
    enabled: isOpened,
  });
  const names = (found.data?.data ?? []).map(({ name }) => name);
  const isChoice = names.includes(text);
  // Back, forward, or a link that resets the filters.
  useEffect(() => setText(inUrl), [inUrl]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed and found is followed
  useEffect(() => {
    if (text === inUrl || (text !== "" && !isChoice)) return;
    set({ endpoint: text || undefined });
  }, [text, isChoice]);
  return (
    <>
      <input
        type="search"
        aria-label="Endpoint"
        placeholder="All endpoints"
        autoComplete="off"
        className={`${controlClass} w-44`}
        list={id}
        value={text}
        onFocus={() => setOpened(true)}
        onBlur={() => setText(inUrl)}
        onChange={(event) => setText(event.target.value)}
      />
      <datalist id={id}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
