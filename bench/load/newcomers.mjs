// Callers whose token nobody has seen before, at a fixed rate: each has to wait for the identity provider.
import { Agent, request } from "node:http";
import { completionRequest } from "./requests.mjs";

let arrived = 0;

export class Newcomers {
  /** How many got which status. @type {Map<number, number>} */
  statuses = new Map();
  #agent = new Agent({ keepAlive: true });
  #underWay = new Set();
  #timer;

  /** @param {import("../subjects/subject.mjs").Subject} subject @param {number} perSecond */
  constructor(subject, perSecond) {
    this.#timer = setInterval(() => this.#arrive(subject), 1000 / perSecond);
  }

  /** No more come. */
  stop() {
    clearInterval(this.#timer);
  }

  /** Resolves when all have been answered; rejects when one was not. */
  async answered() {
    this.stop();
    const results = await Promise.allSettled(this.#underWay);
    this.#agent.destroy();
    const failed = results.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #arrive(subject) {
    const coming = this.#send(subject, ++arrived);
    coming.catch(() => {});
    this.#underWay.add(coming);
  }

  #send(subject, number) {
    const bytes = completionRequest(subject);
    const body = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
    const headers = {
      authorization: `Bearer bench-newcomer-${process.pid}-${number}`,
      "content-type": "application/json",
      "content-length": body.length,
      "x-forwarded-for": `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
    };
    return new Promise((resolve, reject) => {
      const path = "/v1/chat/completions";
      const sent = request(
        { host: "127.0.0.1", port: subject.port, agent: this.#agent, method: "POST", path, headers },
        (answer) => {
          const { statusCode: status = 0 } = answer;
          answer.resume().on("error", reject);
          answer.on("end", () => {
            this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
            if (status === 200) subject.answered++;
            resolve();
          });
        },
      );
      sent.on("error", reject).end(body);
    });
  }
}
