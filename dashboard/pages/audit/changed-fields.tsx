// What a change did, field by field.

type Fields = Readonly<Record<string, unknown>> | null;

/** Fields that say nothing about a change: they are in the row already, or count on their own. */
const unremarkable = new Set(["id", "created_at", "updated_at", "version"]);

export function ChangedFields({ before, after }: { before: Fields; after: Fields }) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (name) => !unremarkable.has(name),
  );
  if (names.length === 0) return null;
  return (
    <details className="max-w-xl min-w-0 text-left">
      <summary className="py-1 text-sm text-muted">{names.length === 1 ? names[0] : `${names.length} fields`}</summary>
      <dl className="mt-1 flex flex-col gap-1 text-xs">
        {names.map((name) => (
          <div key={name} className="flex flex-wrap gap-x-2">
            <dt className="font-medium">{name}</dt>
            <dd className="min-w-0 font-mono">
              {before !== null && <del className="mr-2 text-muted">{textOf(before[name])}</del>}
              {after !== null && <ins className="no-underline">{textOf(after[name])}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function textOf(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
