// What a start on every address prints is a link that can be opened.
import { expect, test } from "vitest";
import { openableUrl } from "./openable-url.ts";

test.each([
  ["http://0.0.0.0:8080", "http://127.0.0.1:8080"],
  ["http://[::]:8080", "http://127.0.0.1:8080"],
  ["http://0.0.0.0", "http://127.0.0.1"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://[::1]:8080", "http://[::1]:8080"],
  ["https://0.0.0.0.example.test/path", "https://0.0.0.0.example.test/path"],
])("%s is opened as %s", (url, opened) => expect(openableUrl(url)).toBe(opened));
