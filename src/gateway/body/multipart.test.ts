// The form field "model" is found in any multipart body, however it is cut, and only where every parser would find it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeadgateError } from "../../core/errors.ts";
import { type Cuts, cutBytes, cuts } from "./fixtures/cut-bytes.ts";
import { boundaryOf, MultipartScanner, type ScannedMultipart } from "./multipart.ts";
import { spliceModel } from "./splice-model.ts";

const boundary = "----b0undary";

function scan(body: Buffer | string, where: Cuts = []): ScannedMultipart {
  const scanner = new MultipartScanner(boundary);
  for (const chunk of cutBytes(Buffer.from(body), where)) scanner.write(chunk);
  return scanner.end();
}

function codeOf(body: Buffer | string): string {
  const codes = ([[], "everywhere"] as Cuts[]).map((where) => {
    try {
      scan(body, where);
      return "accepted";
    } catch (error) {
      if (error instanceof HeadgateError) return error.code;
      throw error;
    }
  });
  expect(codes[0]).toBe(codes[1]);
  return codes[0] as string;
}

interface Part {
  headers: string;
  body: Buffer;
}

function render(parts: Part[], preamble = "", padding = "", epilogue = "\r\n"): Buffer {
  const pieces: Buffer[] = [Buffer.from(preamble)];
  for (const { headers, body } of parts) {
    const first = pieces.length === 1 && preamble === "";
    pieces.push(Buffer.from(`${first ? "" : "\r\n"}--${boundary}${padding}\r\n${headers}\r\n`), body);
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--${epilogue}`));
  return Buffer.concat(pieces);
}

const part = (headers: string, body: string | Buffer): Part => ({ headers, body: Buffer.from(body) });
const modelPart = (value: string) => part('Content-Disposition: form-data; name="model"\r\n', value);

/** Bytes that look like delimiters here and there, but hold none and begin like none. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.constantFrom("\r\n--", "\r\n", "--", "\r\r\n--", "\n--", "\r", "\r\n-"), fc.nat({ max: boundary.length - 1 }))
        .map(([start, length]) => Buffer.from(start + boundary.slice(0, length))),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => Buffer.concat(pieces))
  .filter(
    (bytes) =>
      !bytes.includes(`\r\n--${boundary}`) && !bytes.subarray(0, 2 + boundary.length).equals(Buffer.from(`--${boundary}`)),
  );

const otherPart: fc.Arbitrary<Part> = fc.oneof(
  content.map((body) => ({
    headers: 'Content-Disposition: form-data; name="file"; filename="a \\"b\\".wav"\r\nContent-Type: audio/wav\r\n',
    body,
  })),
  fc.tuple(fc.constantFrom("language", "Model", "models", "model ", ""), content).map(([name, body]) => ({
    headers: `content-disposition:form-data;name="${name}"\r\n`,
    body,
  })),
  content.map((body) => ({ headers: "", body })),
);
const modelHeaders = fc.constantFrom(
  'Content-Disposition: form-data; name="model"\r\n',
  'content-type: text/plain\r\nCONTENT-DISPOSITION:form-data ; NAME=model\r\nx-other: "y; z"\r\n',
  'Content-Disposition: form-data;\r\n name="model"\r\nContent-Transfer-Encoding: 8bit\r\n',
);

describe("MultipartScanner", () => {
  test("finds the value's byte range among any content and cuts", () => {
    fc.assert(
      fc.property(
        fc.array(otherPart, { maxLength: 3 }),
        fc.array(otherPart, { maxLength: 3 }),
        modelHeaders,
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => !text.includes("\r")),
        fc.constantFrom("", "preamble\r\nof two lines", "\r\n"),
        fc.constantFrom("", " \t"),
        fc.constantFrom("", "\r\n", " \t\r\nepilogue"),
        cuts,
        (before, after, headers, model, preamble, padding, epilogue, where) => {
          const bodyOf = (value: string) => render([...before, part(headers, value), ...after], preamble, padding, epilogue);
          const bytes = bodyOf(model);
          const scanned = scan(bytes, where);
          expect(scanned).toMatchObject({ model, bytes: bytes.length });
          expect(bytes.toString("utf8", scanned.modelStart, scanned.modelEnd)).toBe(model);
          const range = { start: scanned.modelStart, end: scanned.modelEnd };
          const spliced = spliceModel(cutBytes(bytes, where), range, Buffer.from("other/model"));
          expect(Buffer.concat(spliced.chunks).equals(bodyOf("other/model"))).toBe(true);
          expect(spliced.bytes).toBe(bodyOf("other/model").length);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("a body cut short is refused", () => {
    const bytes = render(
      [modelPart("whisper-1"), part('Content-Disposition: form-data; name="file"; filename="x"\r\n', "abc")],
      "",
      "",
      "",
    );
    expect(codeOf(bytes)).toBe("accepted");
    for (let length = 0; length < bytes.length; length++) expect(codeOf(bytes.subarray(0, length))).toBe("invalid_json");
  });

  test("a missing, empty, too long or file-only model is model_required", () => {
    expect(codeOf(render([part('Content-Disposition: form-data; name="language"\r\n', "en")]))).toBe("model_required");
    expect(codeOf(render([modelPart("")]))).toBe("model_required");
    expect(codeOf(render([modelPart("m".repeat(512))]))).toBe("accepted");
    expect(codeOf(render([modelPart("m".repeat(513))]))).toBe("model_required");
    expect(codeOf(render([part('Content-Disposition: form-data; name="model"; filename="m"\r\n', "m")]))).toBe("model_required");
    expect(codeOf(`--${boundary}--`)).toBe("model_required");
  });

  test("a second model is refused, as field or file", () => {
    expect(codeOf(render([modelPart("a"), modelPart("a")]))).toBe("duplicate_model");
    const file = part('Content-Disposition: form-data; name="model"; filename="m"\r\n', "b");
    expect(codeOf(render([modelPart("a"), file]))).toBe("duplicate_model");
    expect(codeOf(render([file, modelPart("a")]))).toBe("duplicate_model");
  });

  test.each([
    [
      "another name in a repeated header",
      'Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="model"\r\n',
    ],
    ["a repeated parameter", 'Content-Disposition: form-data; name="x"; name="model"\r\n'],
    ["an encoded name", "Content-Disposition: form-data; name*=utf-8''model\r\n"],
    ["an escaped name", 'Content-Disposition: form-data; name="mo\\del"\r\n'],
    ["an encoded value", 'Content-Disposition: form-data; name="x"\r\nContent-Transfer-Encoding: base64\r\n'],
    ["an unclosed quote", 'Content-Disposition: form-data; name="model\r\n'],
    ["a line that is no header", "what is this\r\n"],
    ["endless headers", `x-a: ${"a".repeat(17_000)}\r\n`],
  ])("%s is refused", (_what, headers) => {
    expect(codeOf(render([modelPart("a"), part(headers, "b")]))).toBe("invalid_json");
  });

  test("what parsers take differently for a boundary is refused", () => {
    const bytes = render([modelPart("a")]).toString();
    for (const text of [`\r\n--${boundary}x\r\n`, `\r\n--${boundary} --\r\n`, `\r\n--${boundary}\n`, `\r\n--${boundary}--x`]) {
      expect(codeOf(bytes.replace(`\r\n--${boundary}--`, text))).toBe("invalid_json");
    }
    const headers = 'Content-Disposition: form-data; name="x"\r\n';
    expect(codeOf(render([modelPart("a"), part(headers, `--${boundary}\r\n\r\n`)]))).toBe("invalid_json");
    expect(codeOf(bytes.replaceAll("\r\n", "\n"))).toBe("invalid_json");
  });
});

describe("boundaryOf", () => {
  test.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data;charset=utf-8; BOUNDARY="a b:c"', "a b:c"],
    ["multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW;", "----WebKitFormBoundary7MA4YWxkTrZu0gW"],
    ["multipart/form-data", null],
    ["multipart/form-data; boundary=", null],
    ["multipart/form-data; boundary=a; boundary=b", null],
    [`multipart/form-data; boundary=${"a".repeat(71)}`, null],
    ["multipart/mixed; boundary=abc", null],
    ["application/json", null],
  ])("%s", (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });
});
