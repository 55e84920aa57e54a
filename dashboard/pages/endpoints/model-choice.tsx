// The models of a provider's list: all or some, each with the name that callers use. Works with thousands.
import { useState } from "react";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { controlClass } from "../../components/form.tsx";
import { count, counted } from "../../format/figures.ts";
import type { ModelSelection, NameRemark } from "./model-selection.ts";

/** So many rows are on the page at first, and are added by the button. */
const shownAtOnce = 50;

export interface ModelChoiceProps {
  listed: readonly string[];
  selection: ModelSelection;
  change: (changes: Partial<ModelSelection>) => void;
  remarks: ReadonlyMap<string, NameRemark>;
}

export function ModelChoice({ listed, selection, change, remarks }: ModelChoiceProps) {
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(shownAtOnce);
  const [isOnlyRemarked, setOnlyRemarked] = useState(false);
  const isChosen = selection.follows === "chosen";
  const wanted = search.trim().toLowerCase();
  const found = listed.filter(
    (id) =>
      (wanted === "" || id.toLowerCase().includes(wanted) || selection.aliases[id]?.toLowerCase().includes(wanted)) &&
      (!isOnlyRemarked || remarks.get(id)?.kind === "wrong" || remarks.get(id)?.kind === "left out"),
  );
  const choose = (ids: readonly string[], isWanted: boolean) => {
    const chosen = new Set(selection.chosen);
    for (const id of ids) isWanted ? chosen.add(id) : chosen.delete(id);
    change({ chosen });
  };
  return (
    <div className="rounded-md border border-line">
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <input
          type="search"
          aria-label="Search models"
          placeholder="Search models"
          className={`${controlClass} min-w-40 flex-1`}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setShown(shownAtOnce);
          }}
        />
        {isChosen && (
          <>
            <Button onClick={() => choose(found, true)}>{wanted === "" ? "Choose all" : "Choose those found"}</Button>
            <Button onClick={() => choose(found, false)}>{wanted === "" ? "Choose none" : "Leave those found"}</Button>
          </>
        )}
        {(isOnlyRemarked || [...remarks.values()].some(({ kind }) => kind !== "pool")) && (
          <Button look="quiet" aria-pressed={isOnlyRemarked} onClick={() => setOnlyRemarked(!isOnlyRemarked)}>
            {isOnlyRemarked ? "Show all" : "Show conflicts"}
          </Button>
        )}
      </div>
      <p role="status" className="px-3 pt-2 text-sm text-muted">
        {isChosen
          ? `${count(selection.chosen.size)} of ${counted(listed.length, "model")} chosen`
          : counted(listed.length, "model")}
        {found.length < listed.length && ` · ${count(found.length)} shown`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section aria-label="Models of the provider" tabIndex={0} className="max-h-112 overflow-y-auto px-3 pb-2">
        <ul>
          {found.slice(0, shown).map((id) => (
            <ModelRow
              key={id}
              id={id}
              isChosen={isChosen ? selection.chosen.has(id) : null}
              onChoose={(isWanted) => choose([id], isWanted)}
              alias={selection.aliases[id] ?? ""}
              onAlias={(alias) => change({ aliases: { ...selection.aliases, [id]: alias } })}
              remark={remarks.get(id)}
            />
          ))}
        </ul>
        {found.length === 0 && <p className="py-4 text-center text-muted">No model matches.</p>}
        {found.length > shown && (
          <Button look="quiet" className="my-1" onClick={() => setShown(shown + shownAtOnce * 4)}>
            Show more ({count(found.length - shown)})
          </Button>
        )}
      </section>
    </div>
  );
}

interface ModelRowProps {
  id: string;
  /** Null: there is nothing to choose. */
  isChosen: boolean | null;
  onChoose: (isWanted: boolean) => void;
  alias: string;
  onAlias: (alias: string) => void;
  remark: NameRemark | undefined;
}

function ModelRow({ id, isChosen, onChoose, alias, onAlias, remark }: ModelRowProps) {
  const pool = remark?.kind === "pool" && <Badge title={remark.text}>pool</Badge>;
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-1 border-b border-line py-2 last:border-0 md:min-h-12 md:grid-cols-2">
      {isChosen === null ? (
        <span className="flex min-w-0 items-center gap-2">
          <span className="min-w-0 font-mono text-sm">{id}</span>
          {pool}
        </span>
      ) : (
        <label className="flex min-w-0 items-center gap-2.5">
          <input
            type="checkbox"
            className="size-4 flex-none accent-accent"
            checked={isChosen}
            onChange={(event) => onChoose(event.target.checked)}
          />
          <span className="min-w-0 font-mono text-sm">{id}</span>
          {pool}
        </label>
      )}
      {isChosen !== false && (
        <input
          type="text"
          autoComplete="off"
          aria-label={`Name of ${id} for callers`}
          placeholder="same name for callers"
          maxLength={256}
          aria-invalid={remark?.kind === "wrong" || undefined}
          className={`w-full ${controlClass}`}
          value={alias}
          onChange={(event) => onAlias(event.target.value)}
        />
      )}
      {remark && !pool && <Remark remark={remark} />}
    </li>
  );
}

const looks = { wrong: "text-bad", "left out": "text-warn", pool: "text-muted" };

export function Remark({ remark }: { remark: NameRemark }) {
  return <p className={`col-span-full text-sm ${looks[remark.kind]}`}>{remark.text}</p>;
}
