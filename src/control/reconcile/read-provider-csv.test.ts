// Exports of providers are read as they write them; what can't be read is refused with its place.
import { describe, expect, test } from "vitest";
import { CsvError } from "../../core/csv-reader.ts";
import { UnknownColumns } from "./provider-columns.ts";
import { readProviderCsv } from "./read-provider-csv.ts";

const day = Date.parse("2026-10-05T00:00:00Z");

test("OpenAI's usage: input without what was cached, seconds or times, and nothing of days without usage", () => {
  const { rows, has, unusedColumns } = readProviderCsv(
    [
      "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,input_tokens,output_tokens,input_cached_tokens,input_audio_tokens",
      "1791158400,1791244800,2026-10-05T00:00:00+00:00,2026-10-06T00:00:00+00:00,proj_1,3,,,gpt-4o-2024-08-06,false,1000,200,400,0",
      "1791158400,1791244800,2026-10-05T00:00:00+00:00,2026-10-06T00:00:00+00:00,proj_2,1,,,gpt-4o-2024-08-06,false,10,2,0,0",
      "1791244800,1791331200,2026-10-06T00:00:00+00:00,2026-10-07T00:00:00+00:00,,,,,,,,,,",
    ].join("\n"),
  );
  const figures = { inputTokens: 610, cachedInputTokens: 400, cacheWriteTokens: 0, outputTokens: 202, requests: 4, cost: 0 };
  expect(rows).toEqual([{ dayMs: day, model: "gpt-4o-2024-08-06", figures }]);
  expect([...has].sort()).toEqual(["cachedInputTokens", "inputTokens", "outputTokens", "requests"]);
  expect(unusedColumns).toContain("project_id");
});

test("OpenAI's costs: by what a line is for", () => {
  const { rows, has } = readProviderCsv(
    [
      "start_time,end_time,amount_value,amount_currency,line_item",
      '1791158400,1791244800,0.895874,usd,"gpt-4o, input"',
      '1791158400,1791244800,0.1,usd,"gpt-4o, output"',
    ].join("\r\n"),
  );
  expect(rows).toMatchObject([{ dayMs: day, model: "gpt-4o", figures: { cost: 995_874_000 } }]);
  expect([...has]).toEqual(["cost"]);
});

test("Anthropic's usage: cache writes of both durations together", () => {
  const { rows } = readProviderCsv(
    [
      "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count",
      "2026-10-05,claude-sonnet-4-20250514,key,Default,standard,≤ 200k,100,20,3,4000,50,0",
    ].join("\n"),
  );
  const figures = { inputTokens: 100, cachedInputTokens: 4000, cacheWriteTokens: 23, outputTokens: 50, requests: 0, cost: 0 };
  expect(rows).toEqual([{ dayMs: day, model: "claude-sonnet-4-20250514", figures }]);
});

test("any file with the usual names, however they are written", () => {
  const { rows, unusedColumns } = readProviderCsv(
    '\ufeff"Date","Model","Input tokens","Cached","Cache write","OUTPUT-TOKENS","Requests","Cost (USD)",Team\n' +
      '2026-10-05 23:59:59,m,"1,234",5,6,7,8,"$1,000.25",x\n2026-10-06T01:00:00+02:00,m,1,,,,,-0.25,y\n',
  );
  const figures = { inputTokens: 1235, cachedInputTokens: 5, cacheWriteTokens: 6, outputTokens: 7, requests: 8, cost: 1_000e9 };
  expect(rows).toEqual([{ dayMs: day, model: "m", figures }]);
  expect(unusedColumns).toEqual(["Team"]);
});

describe("what can't be read", () => {
  const header = "date,model,input_tokens,cost,currency";
  test.each([
    ["5.10.2026,m,1,1,usd", 1, /"5\.10\.2026" is no date or time/],
    ["2026-02-30,m,1,1,usd", 1, /"2026-02-30" is no date or time/],
    ["2026-10-05,m,many,1,usd", 3, /"many" is no whole number/],
    ["2026-10-05,m,-1,1,usd", 3, /"-1" is no whole number/],
    ["2026-10-05,m,1.5,1,usd", 3, /"1\.5" is no whole number/],
    ["2026-10-05,m,1,1 €,usd", 4, /"1 €" is no amount of dollars/],
    ["2026-10-05,m,1,1,eur", 5, /"eur" is a currency/],
    ["2026-10-05,m,1", 4, /3 cells where the header has 5/],
    ['2026-10-05,"m,1,1,usd', 2, /never closed/],
  ])("%j is refused with its line and column", (line, column, message) => {
    const refused = (() => {
      try {
        return readProviderCsv(`${header}\n2026-10-05,m,1,1,usd\n${line}`);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(CsvError);
    expect(refused).toMatchObject({ line: 3, column, message: expect.stringMatching(message) });
  });

  test("columns without a known name are named", () => {
    const read = (text: string) => () => readProviderCsv(text);
    expect(read("Datum,Modell,Tokens\n")).toThrow(UnknownColumns);
    expect(read("Datum,Modell,Tokens\n")).toThrow(
      "no column is known to have a date or time or a model or tokens, requests or cost; the columns are: Datum, Modell, Tokens",
    );
    expect(read("date,model\n")).toThrow("no column is known to have tokens, requests or cost");
    expect(read("")).toThrow("the file is empty");
  });
});
