// Any valid answer, cut anywhere, is what undici makes of it; whatever else comes is refused, or undici takes it for the same.
import type { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selfSignedCertificate, selfSignedKey } from "../../../../test/support/self-signed-certificate.ts";
import { cutBytes, cuts } from "../../body/fixtures/cut-bytes.ts";
import { answers, mutations } from "./fixtures/answer.arbitrary.ts";
import { allClients, type Client, type ClientKind, undiciClient } from "./fixtures/clients.ts";
import { openPair } from "./fixtures/open-pair.ts";
import { Recorder } from "./fixtures/recorder.ts";
import { writeApart } from "./fixtures/scripted-server.ts";

const certificate = { key: selfSignedKey, cert: selfSignedCertificate };
const ours = allClients.filter(({ isOurs }) => isOurs);
/** Hundreds of exchanges, some byte by byte: seconds on a machine that is idle. */
const timeoutMs = 180_000;
const request = { method: "GET", path: "/", headers: [], body: null };

async function exchange(client: Client): Promise<Recorder> {
  const recorder = new Recorder();
  client.dispatch(request, recorder);
  await recorder.over();
  expect(recorder.violations).toEqual([]);
  return recorder;
}

const seen = ({ status, headers, body, ended }: Recorder) => ({ status, headers, body, ended });

/**
 * undici refuses a 100 that nobody asked for, waits for the body that a 204 or 304 announces and may not have, and does not
 * take a tab at the end of a value for the whitespace that it is (RFC 9110 section 5.6.3).
 */
function isReadDifferently(answer: string): boolean {
  return /^HTTP\/1\.1 (100|204|304)/m.test(answer) || /^(content-length|transfer-encoding):.*\t/im.test(answer);
}

describe.each(ours)("$name", (kind) => {
  /** Both clients, and endpoints that answer as the last call of `answerWith` said. */
  async function openBoth() {
    let answer: (socket: Socket) => void = () => undefined;
    const open = (one: ClientKind) => openPair(one, (socket) => answer(socket), { certificate, connectionsMax: 1 });
    const [mine, theirs] = [await open(kind), await open(undiciClient)];
    return {
      mine: mine.client,
      theirs: theirs.client,
      answerWith(pieces: readonly Buffer[], closes: boolean) {
        answer = (socket) => void writeApart(socket, pieces).then(() => closes && socket.end());
      },
    };
  }

  it("makes of valid answers what undici makes of them", { timeout: timeoutMs }, async () => {
    const { mine, theirs, answerWith } = await openBoth();
    await fc.assert(
      fc.asyncProperty(answers, cuts, async ({ bytes, status, body, closes }, where) => {
        answerWith(
          where === "everywhere" ? cutBytes(bytes.subarray(0, 60), where).concat(bytes.subarray(60)) : cutBytes(bytes, where),
          closes,
        );
        const recorder = await exchange(mine);
        expect(seen(recorder)).toEqual(seen(await exchange(theirs)));
        expect(seen(recorder)).toMatchObject({ status, body, ended: true });
      }),
      { numRuns: 150 },
    );
  });

  it("takes nothing that undici does not take, whatever is wrong with it", { timeout: timeoutMs }, async () => {
    const { mine, theirs, answerWith } = await openBoth();
    let taken = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(answers, mutations, fc.nat(), async ({ bytes }, mutate, cut) => {
        const wrong = mutate(bytes);
        const pieces = cutBytes(wrong, [cut]);
        answerWith(pieces, true);
        const recorder = await exchange(mine);
        if (!recorder.ended) refused++;
        const text = wrong.toString("latin1");
        if (!recorder.ended || isReadDifferently(text)) return;
        taken++;
        expect(seen(recorder), JSON.stringify(text)).toEqual(seen(await exchange(theirs)));
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(20);
  });
});
