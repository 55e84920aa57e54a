// Which URLs carry secrets across the internet unencrypted.
import { expect, test } from "vitest";
import { isPublicPlainHttp } from "./plain-http.ts";

test.each(["http://status.example.org/a", "http://8.8.8.8/", "http://[2606:4700::1111]/", "HTTP://EXAMPLE.COM./"])(
  "%s does",
  (url) => {
    expect(isPublicPlainHttp(url)).toBe(true);
  },
);

test.each([
  "https://status.example.org/",
  "http://localhost:8080/",
  "http://status/",
  "http://status.internal/",
  "http://a.cluster.local/",
  "http://10.0.0.1/",
  "http://192.168.1.4/",
  "http://[::1]/",
  "http://[fd00::1]/",
  "/etc/manifest.json",
])("%s does not", (url) => {
  expect(isPublicPlainHttp(url)).toBe(false);
});
