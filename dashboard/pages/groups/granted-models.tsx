// What a group may use, in a few words.

export function GrantedModels({ models }: { models: readonly string[] }) {
  if (models.length === 0) return <span className="text-muted">nothing</span>;
  if (models.includes("*")) return <>all models</>;
  return (
    <span title={models.join(", ")}>
      {models.slice(0, 3).join(", ")}
      {models.length > 3 && <span className="text-muted"> +{models.length - 3}</span>}
    </span>
  );
}
