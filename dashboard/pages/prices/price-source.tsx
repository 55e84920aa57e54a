// Where the price of a model is from.
import type { ModelPriceBody } from "../../../src/api/prices.ts";
import { Badge, type Tone } from "../../components/badge.tsx";

const sources: Readonly<Record<ModelPriceBody["status"], readonly [label: string, tone: Tone, meaning: string]>> = {
  override: ["set here", "info", "Somebody has set it on this page; it holds at every endpoint"],
  catalogue: ["catalogue", "good", "From the catalogue of public prices that comes with Headgate"],
  mixed: ["mixed", "warn", "Its deployments have different prices, or some have none"],
  unpriced: ["no price", "warn", "What its calls cost is not known, and is in no sum"],
};

export function PriceSource({ status }: { status: ModelPriceBody["status"] }) {
  const [label, tone, meaning] = sources[status];
  return (
    <Badge tone={tone} title={meaning}>
      {label}
    </Badge>
  );
}

export const priceStatuses = [
  ["", "All prices"],
  ["unpriced", "No price"],
  ["override", "Set here"],
  ["catalogue", "Catalogue"],
  ["mixed", "Mixed"],
] as const;
