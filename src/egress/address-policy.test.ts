// The address policy: what is always refused, whatever form it is written in.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressRefusal } from "./address-policy.ts";

const alwaysRefused = [
  "169.254.169.254",
  "169.254.0.1",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "0.0.0.0",
  "0.1.2.3",
  "224.0.0.1",
  "255.255.255.255",
  "240.0.0.1",
  "192.0.2.1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fd00:ec2::254",
  "fd20:ce::254",
  "fd20:ce::254%eth0",
  "::",
  "ff02::1",
  "2001:db8::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "64:ff9b:1::a9fe:a9fe",
];
const privateOnes = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "198.18.0.5", "::1", "fd12:3456::1"];
const publicOnes = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"];

/** The IPv6 forms in which an IPv4 address can be hidden. */
function disguises(ipv4: string): string[] {
  const [a, b, c, d] = ipv4.split(".").map(Number) as [number, number, number, number];
  const high = (a * 256 + b).toString(16);
  const low = (c * 256 + d).toString(16);
  return [
    `::ffff:${ipv4}`,
    `::ffff:${high}:${low}`,
    `::ffff:0:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `2002:${high}:${low}::1`,
  ];
}

describe("address policy", () => {
  test.each(alwaysRefused)("refuses %s whatever the endpoint may do", (ip) => {
    expect(addressRefusal(ip, { allowPrivate: true })).not.toBeNull();
    expect(addressRefusal(ip, { allowPrivate: false })).not.toBeNull();
  });

  test.each(privateOnes)("allows %s only where private addresses are allowed", (ip) => {
    expect(addressRefusal(ip, { allowPrivate: true })).toBeNull();
    expect(addressRefusal(ip, { allowPrivate: false })).not.toBeNull();
  });

  test.each(publicOnes)("allows %s", (ip) => {
    expect(addressRefusal(ip, { allowPrivate: false })).toBeNull();
  });

  test("judges an IPv4 address inside an IPv6 one as the IPv4 address", () => {
    for (const ip of [...alwaysRefused, ...privateOnes, ...publicOnes].filter((address) => !address.includes(":"))) {
      for (const allowPrivate of [true, false]) {
        for (const disguise of disguises(ip)) {
          expect([disguise, addressRefusal(disguise, { allowPrivate })]).toEqual([
            disguise,
            addressRefusal(ip, { allowPrivate }),
          ]);
        }
      }
    }
  });

  test("refuses every link-local address in every disguise", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), (c, d) => {
        const ip = `169.254.${c}.${d}`;
        expect([ip, ...disguises(ip)].map((form) => addressRefusal(form)).filter((refusal) => refusal === null)).toEqual([]);
      }),
    );
  });

  test("refuses what is no IP address", () => {
    expect(addressRefusal("localhost")).not.toBeNull();
    expect(addressRefusal("")).not.toBeNull();
  });
});
