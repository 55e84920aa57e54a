// Nobody chooses the address they are counted under: only trusted proxies are believed, and only from the right.
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, isIPv4, Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { SourceAddresses, throttleKey } from "./source-address.ts";

/** A request as it arrives; the connection's address is the only thing that its sender can't write. */
function arriving(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

const proxies = ["10.0.0.0/8", "192.0.2.7", "2001:db8:ffff::/48", "::1", "::ffff:172.16.0.0/108"];

describe("the address of a request", () => {
  const addresses = new SourceAddresses(proxies);

  test.each<[what: string, remote: string | undefined, forwardedFor: string | undefined, expected: string]>([
    ["a direct caller", "198.51.100.4", undefined, "198.51.100.4"],
    ["a direct caller who claims to be another", "198.51.100.4", "203.0.113.9", "198.51.100.4"],
    ["a caller behind a proxy", "10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["a caller who wrote hops of their own", "10.1.2.3", "1.1.1.1, 10.9.9.9, 203.0.113.9", "203.0.113.9"],
    ["a caller behind two proxies", "10.1.2.3", "1.1.1.1,203.0.113.9 ,192.0.2.7", "203.0.113.9"],
    ["a proxy that calls itself", "10.1.2.3", undefined, "10.1.2.3"],
    ["only proxies", "10.1.2.3", "10.0.0.1, 192.0.2.7", "10.0.0.1"],
    ["garbage", "10.1.2.3", "203.0.113.9, unknown, 10.0.0.1", "10.0.0.1"],
    ["nothing but garbage", "10.1.2.3", "<script>", "10.1.2.3"],
    ["an empty hop", "10.1.2.3", "203.0.113.9,,10.0.0.1", "10.0.0.1"],
    ["an empty header", "10.1.2.3", "", "10.1.2.3"],
    ["a leading comma", "10.1.2.3", ",10.0.0.1", "10.0.0.1"],
    ["an address with leading zeros", "10.1.2.3", "010.0.0.1", "10.1.2.3"],
    ["a port", "10.1.2.3", "203.0.113.9:4711", "203.0.113.9"],
    ["an IPv6 caller with a port", "10.1.2.3", "[2001:db8::9]:4711", "2001:db8::9"],
    ["an IPv6 caller in brackets", "10.1.2.3", "[2001:DB8:0:0::9]", "2001:db8::9"],
    ["an IPv6 proxy", "2001:db8:ffff:1::1", "2001:db8::9", "2001:db8::9"],
    ["an IPv6 address outside the range", "2001:db8:fffe::1", "203.0.113.9", "2001:db8:fffe::1"],
    ["the loopback written long", "0:0:0:0:0:0:0:1", "203.0.113.9", "203.0.113.9"],
    ["a mapped direct caller", "::ffff:198.51.100.4", "203.0.113.9", "198.51.100.4"],
    ["a mapped proxy", "::ffff:10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9"],
    ["a mapped proxy in hexadecimal", "::FFFF:0a01:0203", "203.0.113.9", "203.0.113.9"],
    ["a proxy of a mapped range", "172.17.1.1", "203.0.113.9", "203.0.113.9"],
    ["a neighbour of a mapped range", "172.32.1.1", "203.0.113.9", "172.32.1.1"],
    ["a link-local caller", "fe80::1%eth0", undefined, "fe80::1"],
    ["a closed connection", undefined, "203.0.113.9", "unknown"],
  ])("%s", (_, remote, forwardedFor, expected) => {
    expect(addresses.of(arriving(remote, forwardedFor))).toBe(expected);
  });

  test("without trusted proxies nobody is believed", () => {
    const strict = new SourceAddresses([]);
    expect(strict.of(arriving("127.0.0.1", "203.0.113.9"))).toBe("127.0.0.1");
    expect(strict.isTrusted("127.0.0.1")).toBe(false);
  });

  test("at most 32 hops are walked", () => {
    const hops = (count: number) => ["203.0.113.9", ...Array.from({ length: count }, (_, index) => `10.0.0.${index}`)].join(", ");
    expect(addresses.of(arriving("10.1.2.3", hops(31)))).toBe("203.0.113.9");
    expect(addresses.of(arriving("10.1.2.3", hops(32)))).toBe("10.0.0.0");
    expect(addresses.of(arriving("10.1.2.3", hops(40)))).toBe("10.0.0.8");
  });

  test("what a caller writes before the proxy's own hop changes nothing", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.1", "::1", "unknown", ""));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(address).map((list) => list.join(",")),
        ),
        (written) => {
          expect(addresses.of(arriving("10.1.2.3", `${written}, 203.0.113.9`))).toBe("203.0.113.9");
          expect(addresses.of(arriving("10.1.2.3", `${written}, 203.0.113.9, 192.0.2.7`))).toBe("203.0.113.9");
          expect(addresses.of(arriving("203.0.113.9", written))).toBe("203.0.113.9");
        },
      ),
    );
  });
});

describe("trust", () => {
  test("is told for addresses in any form, and for nothing else", () => {
    const addresses = new SourceAddresses(proxies);
    for (const address of [
      "10.0.0.0",
      "10.255.255.255",
      "::ffff:10.0.0.1",
      "192.0.2.7",
      "2001:DB8:FFFF::1",
      "::1",
      "172.31.0.1",
    ]) {
      expect(addresses.isTrusted(address), address).toBe(true);
    }
    for (const address of [
      "11.0.0.0",
      "192.0.2.8",
      "2001:db8:fffe::1",
      "::2",
      "",
      "unknown",
      "10.0.0",
      "10.0.0.1 ",
      "::ffff:11.0.0.1",
    ]) {
      expect(addresses.isTrusted(address), address).toBe(false);
    }
  });

  test("takes whatever the configuration takes, and names what is no network", () => {
    const addresses = new SourceAddresses(["fe80::1%eth0", "0.0.0.0/0", "2001:db8::/100"]);
    for (const address of ["fe80::1", "203.0.113.9", "2001:db8::fff:ffff"])
      expect(addresses.isTrusted(address), address).toBe(true);
    expect(addresses.isTrusted("2001:db8::1fff:ffff")).toBe(false);
    for (const network of ["proxy.example.org", "10.0.0.0/33", "", "10.0.0.1/"]) {
      expect(() => new SourceAddresses(["10.0.0.1", network])).toThrow(`"${network}"`);
    }
  });
});

describe("the throttle key", () => {
  test("is an IPv4 address itself, and the /64 of an IPv6 one", () => {
    expect(throttleKey("203.0.113.9")).toBe("203.0.113.9");
    expect(throttleKey("::ffff:203.0.113.9")).toBe("203.0.113.9");
    expect(throttleKey("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(throttleKey("unknown")).toBe("unknown");
  });

  test("is the same for two IPv6 addresses exactly when their first 64 bits are", () => {
    const half = fc.array(fc.nat(3), { minLength: 4, maxLength: 4 });
    const text = (parts: readonly number[]) => parts.map((part) => (part * 0x111).toString(16)).join(":");
    fc.assert(
      fc.property(half, half, half, half, (networkA, hostA, networkB, hostB) => {
        const key = throttleKey(text([...networkA, ...hostA]));
        expect(throttleKey(text([...networkA, ...hostB]))).toBe(key);
        expect(throttleKey(text([...networkB, ...hostB])) === key).toBe(text(networkA) === text(networkB));
      }),
    );
    fc.assert(fc.property(fc.ipV6(), (address) => throttleKey(address).endsWith("::/64") || isIPv4(throttleKey(address))));
  });
});

describe("on a real connection", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  test.each(["127.0.0.1", "::"])("listening on %s, headers that came twice are read as one list", async (host) => {
    const trusting = new SourceAddresses(["127.0.0.0/8"]);
    const strict = new SourceAddresses([]);
    const server = createServer((req, res) => res.end(`${trusting.of(req)} ${strict.of(req)}`));
    closing.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = ["host", "x", "x-forwarded-for", "203.0.113.9", "x-forwarded-for", "127.0.0.2"];
      const req = request({ host: "127.0.0.1", port, agent: false, headers }, (res) => {
        res.setEncoding("utf8").once("data", resolve);
      });
      req.once("error", reject).end();
    });
    expect(answer).toBe("203.0.113.9 127.0.0.1");
  });

  test("a socket that was never connected has no address", () => {
    const req = { headers: {}, socket: new Socket() } as unknown as IncomingMessage;
    expect(new SourceAddresses(["10.0.0.1"]).of(req)).toBe("unknown");
  });
});
