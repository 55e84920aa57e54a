// What the four figures of a price don't say: tiers, other classes of tokens, and what each deployment costs where they differ.
import type { ModelPriceBody } from "../../../src/api/prices.ts";
import { counted } from "../../format/figures.ts";
import { isSamePrice, mainPrices, originOf, particularsOf, pricesOf, spanOf } from "./price-texts.ts";

export function PriceParticulars({ row }: { row: ModelPriceBody }) {
  const { deployments, override } = row;
  const differ = override === null && deployments.some(({ price }) => !isSamePrice(price, deployments[0]?.price ?? null));
  if (differ) return <Differing row={row} />;
  const [price] = pricesOf(row);
  const particulars = price === undefined ? [] : particularsOf(price);
  if (particulars.length === 0) return null;
  const tiers = price?.tiers.length ?? 0;
  return (
    <details className="text-xs font-normal text-muted">
      <summary>{tiers > 0 ? counted(tiers + 1, "tier") : "More"}</summary>
      <ul className="mt-1 list-disc pl-4">
        {particulars.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </details>
  );
}

function Differing({ row: { deployments } }: { row: ModelPriceBody }) {
  return (
    <details className="text-xs font-normal text-muted">
      <summary>{counted(deployments.length, "deployment")}, not all alike</summary>
      <ul className="mt-1 flex list-disc flex-col gap-1 pl-4">
        {deployments.map(({ id, endpoint, upstream_model: model, price }, index) => (
          <li key={id ?? index}>
            <span className="font-medium text-ink">
              {[endpoint, model].filter((name) => name !== null).join(", ") || `Deployment ${index + 1}`}
            </span>
            :{" "}
            {price === null
              ? "no price"
              : [
                  ...mainPrices.map(([field, label]) => `${label.toLowerCase()} ${spanOf([price], field)}`),
                  ...particularsOf(price),
                  originOf(price),
                ].join(", ")}
          </li>
        ))}
      </ul>
    </details>
  );
}
