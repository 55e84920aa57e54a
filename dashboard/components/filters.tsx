// Search and filters above a list; what they say is in the URL.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { controlClass } from "./form.tsx";

/** How long somebody pauses before the list is asked for, ms. */
const pauseMs = 250;

export function Filters({ children }: { children: ReactNode }) {
  return (
    <search className="flex flex-wrap items-end gap-2 border-b border-line p-3" aria-label="Filters">
      {children}
    </search>
  );
}

/**
 * The parameters of this page's URL, and a way to set some; a change leads back to the first page of the list, and "Back" to
 * what was shown before. `isReplacing`: one step of many, such as typing, of which "Back" leads to none.
 */
export function useUrlFilters() {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const set = (changes: Record<string, string | undefined>, { isReplacing = false } = {}) =>
    void navigate({
      to: ".",
      search: (before: Record<string, string | undefined>) => ({ ...before, cursor: undefined, ...changes }) as never,
      replace: isReplacing,
      resetScroll: false,
    });
  return { search, set };
}

/** Sets `?search=` when typing has paused. */
export function SearchBox({ label, name = "search" }: { label: string; name?: string }) {
  const { search, set } = useUrlFilters();
  const inUrl = search[name] ?? "";
  const [text, setText] = useState(inUrl);
  const asked = useRef(inUrl);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing is followed, not what `set` closes over
  useEffect(() => {
    if (text.trim() === inUrl) return;
    const timer = setTimeout(() => {
      asked.current = text.trim();
      set({ [name]: asked.current || undefined }, { isReplacing: inUrl !== "" });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  // Back, forward, or a link that resets the filters; not what was typed here, to which more may have been added meanwhile.
  useEffect(() => {
    if (asked.current !== inUrl) setText(inUrl);
    asked.current = inUrl;
  }, [inUrl]);
  return (
    <div className="relative min-w-48 flex-1">
      <Search size={16} className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" aria-hidden />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        className={`${controlClass} w-full pl-8`}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}

/** A choice kept in the URL as `?name=`; the first option should be "all" with the value "". */
export function FilterSelect({
  label,
  name,
  options,
}: {
  label: string;
  name: string;
  options: readonly (readonly [value: string, label: string])[];
}) {
  const { search, set } = useUrlFilters();
  return (
    <select
      aria-label={label}
      className={`${controlClass} max-w-full`}
      value={search[name] ?? ""}
      onChange={(event) => set({ [name]: event.target.value || undefined })}
    >
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}
