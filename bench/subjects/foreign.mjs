// A gateway that somebody else started, and the provider behind it.
import { subject } from "./subject.mjs";

/**
 * @param {{ target: string, key: string, model?: string, headers: string[], direct?: string, pid: number | null }} foreign
 * @returns {import("./subject.mjs").Subject[]}
 */
export function foreignSubjects({ target, key, model, headers, direct, pid }) {
  const gateway = subject({ name: "target", title: new URL(target).host, ...placeOf(target), key, model, headers, pid });
  if (direct === undefined) return [gateway];
  return [subject({ name: "direct", title: "no proxy", ...placeOf(direct), pid: null }), gateway];
}

function placeOf(url) {
  const { hostname, port, protocol, pathname } = new URL(url);
  const isTls = protocol === "https:";
  const path = pathname === "/" ? "/v1" : pathname.replace(/\/+$/, "");
  const place = { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (isTls ? 443 : 80), isTls, path };
  return { ...place, isForeign: true, stop: async () => {} };
}
