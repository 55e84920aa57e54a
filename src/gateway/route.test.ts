// What a path asks for, and which paths are refused.
import { describe, expect, test } from "vitest";
import { HeadgateError } from "../core/errors.ts";
import { callerDialect, parseRoute } from "./route.ts";

describe("parseRoute", () => {
  test.each([
    ["/v1/chat/completions", "/chat/completions"],
    ["/ai/v1/chat/completions", "/chat/completions"],
    ["/resource_server/metis/api/v1/chat/completions", "/chat/completions"],
    ["/v1/something/nobody/has-heard-of", "/something/nobody/has-heard-of"],
  ])("takes %s as a call of %s", (target, rest) => {
    expect(parseRoute("POST", `${target}?a=b`)).toMatchObject({ kind: "call", rest, search: "?a=b", needsPassthrough: false });
  });

  test("finds the model in a Gemini path, encoded or not, and keeps the caller's key here", () => {
    expect(parseRoute("POST", "/v1beta/models/gemini-2.0:streamGenerateContent?alt=sse&key=sk-hg-x")).toMatchObject({
      pathModel: { name: "gemini-2.0", method: "streamGenerateContent" },
      search: "?alt=sse",
    });
    expect(parseRoute("POST", "/v1beta/models/a%2Fb:generateContent")).toMatchObject({ pathModel: { name: "a/b" } });
  });

  test.each([
    "/v1/files",
    "/v1/FILES/x",
    "/v1/%66iles",
    "/v1/uploads",
    "/v1/batches",
    "/v1/fine_tuning/jobs",
    "/v1/organization/users",
    "/v1/projects",
    "/v1/vector_stores",
    "/v1/assistants",
    "/v1/threads/x/runs",
    "/v1/containers",
    "/v1/admin",
    "/v1/api_keys",
    "/v1/users",
    "/v1/messages/batches",
    "/endpoints/prod/v1/anything",
  ])("asks for the passthrough scope on %s", (target) => {
    expect(parseRoute("POST", target)).toMatchObject({ needsPassthrough: true });
  });

  test.each(["GET", "DELETE", "PUT", "PATCH"])("asks for the passthrough scope for %s", (method) => {
    expect(parseRoute(method, "/v1/conversations/conv_1")).toMatchObject({ needsPassthrough: true, responseId: null });
  });

  test.each([
    ["GET", "/v1/responses/resp_1"],
    ["GET", "/v1/responses/resp_1/"],
    ["HEAD", "/v1/responses/resp_1"],
    ["DELETE", "/v1/responses/resp_1"],
    ["PATCH", "/v1/responses/resp_1"],
    ["GET", "/v1/responses/resp_1?stream=true&starting_after=3"],
    ["GET", "/v1/responses/resp_1/input_items"],
    ["POST", "/v1/responses/resp_1/cancel"],
    ["POST", "/v1/responses/resp_1/cancel/"],
    ["POST", "/v1/responses/resp_1/what_comes_next"],
    ["DELETE", "/ai/v1/responses/resp_1"],
    ["GET", "/v1/openai/responses/resp_1"],
    ["GET", "/v1beta/openai/responses/resp_1"],
    ["GET", "/v1/Responses/resp_1"],
    ["POST", "/v1/%72esponses/%72esp_1/cancel"],
    ["GET", "/v1/responses%2Fresp_1"],
  ])("takes %s %s for a matter of the one who made that response", (method, target) => {
    expect(parseRoute(method, target)).toMatchObject({ kind: "call", responseId: "resp_1", needsPassthrough: false });
    expect(parseRoute(method, target)).toMatchObject({ responseId: "resp_1" });
  });

  test.each([
    "/v1/responses",
    "/v1/responses/",
    "/v1/responses/input_tokens",
    "/v1/responses/compact",
    "/v1/responses/compact/",
    "/v1/responsesx/resp_1/cancel",
  ])("POST %s is about no response that exists", (target) => {
    expect(parseRoute("POST", target)).toMatchObject({ responseId: null, needsPassthrough: false });
  });

  test("a named endpoint's responses belong to whoever has its account", () => {
    expect(parseRoute("GET", "/endpoints/prod/v1/responses/resp_1")).toMatchObject({ responseId: null, needsPassthrough: true });
  });

  test("names the endpoint of a passthrough path", () => {
    expect(parseRoute("GET", "/endpoints/openai-production/v1/files")).toMatchObject({
      endpointName: "openai-production",
      rest: "/files",
    });
  });

  test("lists and gets models", () => {
    expect(parseRoute("GET", "/v1/models?limit=3")).toEqual({ kind: "list-models" });
    expect(parseRoute("GET", "/ai/v1/usage?from=2026-01-01")).toEqual({ kind: "usage" });
    expect(parseRoute("POST", "/v1/usage")).toMatchObject({ kind: "call", rest: "/usage" });
    expect(parseRoute("GET", "/v1/usage/costs")).toMatchObject({ kind: "call", needsPassthrough: true });
    expect(parseRoute("GET", "/v1/models/meta-llama/Llama-3")).toEqual({ kind: "get-model", model: "meta-llama/Llama-3" });
  });

  test.each(["/", "/v1", "/v1/", "/v2/chat", "/chat/completions"])("knows nothing at %s", (target) => {
    expect(parseRoute("POST", target)).toEqual({ kind: "none" });
  });

  test.each([
    "http://evil.example/v1/chat/completions",
    "//evil.example/v1/chat",
    "/v1//evil.example/chat",
    "/v1/../admin",
    "/v1/./chat",
    "/v1/..",
    "/v1/%2e%2e/admin",
    "/v1/%2E./admin",
    "/v1/.%2e/admin",
    "/v1/%252e%252e/admin",
    "/v1/a\\..\\b",
    "/v1/a%5cb",
    "/v1/%2f%2fevil",
    "/v1/http://evil",
    "/v1/a%00b",
    "/v1/a%0ab",
    "/v1/a%zz",
    "/v1/..;/admin",
    "/v1/a%23b",
    "/v1/a%3fb=c",
    "*",
  ])("refuses %s as a path", (target) => {
    expect(() => parseRoute("POST", target)).toThrow(HeadgateError);
    expect(() => parseRoute("POST", target)).toThrow(expect.objectContaining({ code: "invalid_path" }));
  });

  test.each(["/v1/models/a..b:generateContent", "/v1/a.b/c", "/v1/a%20b", "/v1/a:b@c", "/v1/%E6%A8%A1"])(
    "lets %s pass",
    (target) => {
      expect(parseRoute("POST", target)).toMatchObject({ kind: "call" });
    },
  );
});

describe("callerDialect", () => {
  test("follows the path, then Anthropic's own header", () => {
    expect(callerDialect("/v1/messages", {})).toBe("anthropic");
    expect(callerDialect("/ai/v1/messages/count_tokens", {})).toBe("anthropic");
    expect(callerDialect("/v1/models", { "anthropic-version": "2023-06-01" })).toBe("anthropic");
    expect(callerDialect("/v1beta/models/x:generateContent", {})).toBe("gemini");
    expect(callerDialect("/v1/chat/completions", {})).toBe("openai");
    expect(callerDialect("/v1/messagesx", {})).toBe("openai");
  });
});
