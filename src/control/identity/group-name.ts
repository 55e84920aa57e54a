// What a provider's group is called here: its name there, unless that is taken or could be mistaken for another group's id.
import { type ExternalGroup, groupIdOf } from "../../domain/identity.ts";
import type { Repositories } from "../../storage/ports/storage.ts";

const longestName = 200;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * A name that no group has. At some providers anybody can make a group and name it: one that calls itself by the id of another would
 * pass for that one wherever groups are named.
 */
export async function groupNameFor({ groups }: Repositories, source: string, group: ExternalGroup): Promise<string> {
  const name = plainText(group.name) || plainText(group.externalId) || "unnamed";
  const looksLikeAnId = name !== group.externalId && (uuid.test(name) || /^grp_/i.test(name));
  const id = groupIdOf(source, group.externalId);
  const candidates = [name, `${name} (${source})`, `${name} (${source}, ${plainText(group.externalId)})`];
  for (const candidate of looksLikeAnId ? candidates.slice(1) : candidates) {
    if ((await groups.getByName(candidate)) === null) return candidate;
  }
  return `${name} (${id})`;
}

/** A provider's text on one line, without control characters, at most 200 characters: what a database gives back as it was. */
export function plainText(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, " ").trim();
  return [...Buffer.from(line).toString()].slice(0, longestName).join("").trimEnd();
}
