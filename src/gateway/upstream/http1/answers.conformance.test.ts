// Every answer is read as the table says, by undici and by ours, over each kind of socket.
import { describe, expect, it } from "vitest";
import { selfSignedCertificate, selfSignedKey } from "../../../../test/support/self-signed-certificate.ts";
import { answerCases, headBytesMax } from "./fixtures/answer-cases.ts";
import { allClients } from "./fixtures/clients.ts";
import { openPair } from "./fixtures/open-pair.ts";
import { Recorder } from "./fixtures/recorder.ts";

const certificate = { key: selfSignedKey, cert: selfSignedCertificate };

describe.each(allClients)("$name", (kind) => {
  it.each(answerCases)("$name", async ({ answer, closes = false, method = "GET", gives: ours, kept = false, undici }) => {
    const { server, client } = await openPair(
      kind,
      (socket, _request, count) => {
        // The second request of a connection that was kept is answered like the first.
        socket.write(answer, "latin1");
        if (closes && count === 1) socket.end();
      },
      { certificate, headBytesMax },
    );
    const request = { method, path: "/", headers: [], body: null };
    const gives = kind.isOurs ? ours : (undici?.gives ?? ours);
    const recorder = new Recorder();
    client.dispatch(request, recorder);
    await recorder.over();

    if (gives === "an error" || "error" in gives) {
      expect(recorder.error, "an error").not.toBeNull();
      if (kind.isOurs) expect(recorder.error).toMatchObject({ code: (gives as { error: string }).error });
    } else {
      expect(recorder.error).toBeNull();
      expect({ status: recorder.status, body: recorder.text }).toEqual({ status: gives.status, body: gives.body });
      if ("headers" in gives) expect(recorder.headers).toEqual(gives.headers);
    }
    expect(recorder.violations).toEqual([]);
    if (!kind.isOurs) return;

    const next = new Recorder();
    client.dispatch(request, next);
    await next.over();
    expect(server.requests.map(({ connection }) => connection)).toEqual(kept ? [0, 0] : [0, 1]);
  });
});
