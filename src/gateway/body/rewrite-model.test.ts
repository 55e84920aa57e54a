// What goes upstream is the caller's bytes, less the ranges that have to change.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cuts, cutBytes, cuts } from "./fixtures/cut-bytes.ts";
import { jsonBodyWithModel, type MemberText, type ObjectText, renderObject } from "./fixtures/json-body.arbitrary.ts";
import { JsonScanner } from "./json-scanner.ts";
import { rewriteModel } from "./rewrite-model.ts";

function rewrite(json: string, upstreamModel: string, includeUsage: boolean, where: Cuts = []) {
  const chunks = cutBytes(Buffer.from(json), where);
  const scanner = new JsonScanner();
  for (const chunk of chunks) scanner.write(chunk);
  const rewritten = rewriteModel(chunks, scanner.end(), upstreamModel, includeUsage);
  const bytes = Buffer.concat(rewritten.chunks);
  expect(rewritten.bytes).toBe(bytes.length);
  return { text: bytes.toString(), added: rewritten.includeUsageAdded, chunks: rewritten.chunks, source: chunks };
}

/** The same change made to the parts that the body was rendered from. */
function expected(body: ObjectText, upstreamModel: string, includeUsage: boolean): { text: string; added: boolean } {
  const options = body.members.filter((member) => member.key === "stream_options").at(-1)?.value;
  let added = false;
  const members = body.members.map((member): MemberText => {
    if (member.key === "model") {
      const same = JSON.parse(member.value as string) === upstreamModel;
      let value = same ? (member.value as string) : JSON.stringify(upstreamModel);
      if (includeUsage && options === undefined) {
        value += ',"stream_options":{"include_usage":true}';
        added = true;
      }
      return { ...member, value };
    }
    if (member.key !== "stream_options" || !includeUsage) return member;
    if (member.value === "null") {
      added = true;
      return { ...member, value: '{"include_usage":true}' };
    }
    if (typeof member.value === "string") return member;
    const own = member.value.members.find((one) => one.key === "include_usage");
    if (own?.value === "true") return member;
    added = true;
    if (own === undefined) {
      const text = renderObject(member.value);
      return { ...member, value: `{"include_usage":true${member.value.members.length === 0 ? "" : ","}${text.slice(1)}` };
    }
    return {
      ...member,
      value: { ...member.value, members: member.value.members.map((one) => (one === own ? { ...one, value: "true" } : one)) },
    };
  });
  return { text: renderObject({ ...body, members }), added };
}

describe("rewriteModel", () => {
  // Thousands of bodies: seconds on a machine that is idle.
  test("changes nothing but the model and the wish for usage, for any body and any cuts", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(
        jsonBodyWithModel,
        fc.string({ unit: "binary", minLength: 1 }),
        fc.boolean(),
        cuts,
        (body, model, usage, where) => {
          const json = renderObject(body);
          const result = rewrite(json, model, usage, where);
          expect({ text: result.text, added: result.added }).toEqual(expected(body, model, usage));
          // The rest is the same byte for byte. It is not parsed and compared: the JSON.parse of Node 24 takes now the first,
          // now the last of two equal keys.
          const after = JSON.parse(result.text) as Record<string, unknown>;
          expect(after.model).toBe(model);
          if (result.added) expect((after.stream_options as Record<string, unknown>).include_usage).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("the model's own spelling stays when it already names the upstream's model", () => {
    const json = '{ "model" : "gpt\\u002d4", "n":12345678901234567890 }';
    expect(rewrite(json, "gpt-4", false).text).toBe(json);
    expect(rewrite(json, "gpt-4", true).text).toBe(
      '{ "model" : "gpt\\u002d4","stream_options":{"include_usage":true}, "n":12345678901234567890 }',
    );
  });

  test.each([
    ['{"model":"a"}', '{"model":"b","stream_options":{"include_usage":true}}', true],
    ['{"stream_options":{},"model":"a"}', '{"stream_options":{"include_usage":true},"model":"b"}', true],
    ['{"stream_options":{ "x":1},"model":"a"}', '{"stream_options":{"include_usage":true, "x":1},"model":"b"}', true],
    ['{"model":"a","stream_options":{"include_usage": 0 }}', '{"model":"b","stream_options":{"include_usage": true }}', true],
    ['{"model":"a","stream_options":{"include_usage":{"a":[]}}}', '{"model":"b","stream_options":{"include_usage":true}}', true],
    ['{"model":"a","stream_options": null }', '{"model":"b","stream_options": {"include_usage":true} }', true],
    ['{"model":"a","stream_options":{"include_usage":true}}', '{"model":"b","stream_options":{"include_usage":true}}', false],
    ['{"model":"a","stream_options":"yes"}', '{"model":"b","stream_options":"yes"}', false],
    ['{"model":"a","stream_options":null,"stream_options":{}}', '{"model":"b","stream_options":null,"stream_options":{}}', false],
    [
      '{"model":"a","stream_options":{"include_usage":false,"include_usage":false}}',
      '{"model":"b","stream_options":{"include_usage":false,"include_usage":false}}',
      false,
    ],
  ])("%s", (before, after, added) => {
    expect(rewrite(before, "b", true, "everywhere")).toMatchObject({ text: after, added });
  });

  test("large chunks are shared, not copied", () => {
    const json = `{"messages":"${"x".repeat(300_000)}","model":"a","tail":"${"y".repeat(200_000)}"}`;
    const { chunks, source } = rewrite(json, "b", false, [100_000, 200_000, 400_000]);
    const memory = new Set(source.map((chunk) => chunk.buffer));
    expect(chunks.filter((chunk) => chunk.length > 100 && !memory.has(chunk.buffer))).toEqual([]);
    expect(chunks[0]).toBe(source[0]);
  });
});
