// What models cost, on the wire: dollars per million tokens.
import { z } from "zod";
import { listQuery, searchField } from "./list.ts";
import { timeText } from "./time.ts";

const usdMax = 1_000_000;
const decimalsMax = 9;

const usdField = z
  .number({ error: ({ input }) => (input === undefined ? undefined : "must be a number of dollars") })
  .min(0)
  .max(usdMax)
  .superRefine((usd, context) => {
    if (decimalsOf(usd) > decimalsMax) context.addIssue({ code: "custom", message: `must have at most ${decimalsMax} decimals` });
  });

/** Of a number as JavaScript writes it: "1e-10" has ten. */
function decimalsOf(value: number): number {
  const [mantissa = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (mantissa.split(".")[1] ?? "").length - Number(exponent));
}

/** A price that takes the place of the catalogue's. */
export const setPriceBody = z.strictObject({
  input_usd_per_million: usdField.describe("0 is a price."),
  output_usd_per_million: usdField.describe("Of reasoning too."),
  cached_input_usd_per_million: usdField.nullish().describe("Default: as input."),
  cache_write_usd_per_million: usdField.nullish().describe("Default: as input."),
});

export const priceStatuses = ["override", "catalogue", "mixed", "unpriced"] as const;

export const pricesQuery = listQuery.extend({
  search: searchField("the name that callers use"),
  status: z.enum(priceStatuses).optional(),
});

const usd = z.number();

const tokenPrices = {
  input_usd_per_million: usd,
  output_usd_per_million: usd,
  cached_input_usd_per_million: usd,
  cache_write_usd_per_million: usd,
  cache_write_1h_usd_per_million: usd.describe("Of cache writes that are kept for an hour."),
  reasoning_usd_per_million: usd,
  input_audio_usd_per_million: usd,
  cached_audio_usd_per_million: usd,
  output_audio_usd_per_million: usd,
};

export const priceView = z
  .object({
    version: z.string().describe("The same as long as nothing of the price changes; requests name it."),
    source: z.enum(["override", "catalogue"]),
    provider: z.string().nullable().describe("Of the catalogue; null: an override, or a role that does not show endpoints."),
    provider_model: z.string().nullable().describe("The catalogue's id of the model; null as `provider` is."),
    catalogue_version: z.string().nullable(),
    ...tokenPrices,
    request_usd: usd.describe("Of each request, beside its tokens."),
    tiers: z
      .array(
        z.object({
          above_input_tokens: z
            .number()
            .int()
            .describe("Of requests with more input tokens than this, cached ones included, all tokens cost:"),
          ...tokenPrices,
        }),
      )
      .describe("From the lowest up."),
  })
  .meta({ id: "Price" });

const hidden = "Null to those whose role does not show endpoints.";

export const modelPriceView = z
  .object({
    model: z.string().describe("The name that callers use."),
    status: z
      .enum(priceStatuses)
      .describe("`mixed`: its deployments have prices from several sources, or some of them none. `unpriced`: none has one."),
    override: priceView.nullable().describe("What was set for this name; it counts for all of its deployments."),
    override_set_at: timeText.nullable(),
    deployments: z.array(
      z.object({
        id: z.string().nullable().describe(hidden),
        endpoint: z.string().nullable().describe(hidden),
        endpoint_id: z.string().nullable().describe(hidden),
        upstream_model: z.string().nullable().describe(hidden),
        price: priceView.nullable().describe("What its calls under this name cost now; null: nobody knows."),
        catalogue: priceView
          .nullable()
          .describe("What the catalogue says of it, also where another price was set; null: nothing."),
      }),
    ),
  })
  .meta({ id: "ModelPrice" });

export const catalogueView = z.object({
  name: z.string(),
  version: z.string(),
  date: z.iso.date().describe("When this version of it was published."),
});

export const pricesList = z.object({
  data: z.array(modelPriceView),
  next_cursor: z.string().nullable(),
  catalogue: catalogueView.describe("Where prices come from that nobody has set."),
});

export type SetPrice = z.output<typeof setPriceBody>;
export type PriceBody = z.output<typeof priceView>;
export type ModelPriceBody = z.output<typeof modelPriceView>;
export type PriceStatus = ModelPriceBody["status"];
export type PricesBody = z.output<typeof pricesList>;
