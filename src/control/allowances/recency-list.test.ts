// The list is in the order of its members' last addition, whichever are removed in between.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RecencyLinks, RecencyList } from "./recency-list.ts";

interface Member extends RecencyLinks<Member> {
  name: number;
}

test("members come out oldest first, after any additions, removals and moves to the end", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 8 })), { maxLength: 100 }), (operations) => {
      const members = Array.from({ length: 9 }, (_, name): Member => ({ name, older: null, newer: null }));
      const list = new RecencyList<Member>();
      let expected: Member[] = [];
      for (const [isUse, index] of operations) {
        const member = members[index] as Member;
        if (expected.includes(member)) list.remove(member);
        expected = expected.filter((other) => other !== member);
        if (isUse) {
          list.add(member);
          expected.push(member);
        }
        const forwards: Member[] = [];
        for (let next = list.oldest; next !== null; next = next.newer) forwards.push(next);
        expect(forwards.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
        expect(forwards.map(({ older }) => older?.name)).toEqual(
          [undefined, ...expected.slice(0, -1).map(({ name }) => name)].slice(0, forwards.length),
        );
      }
    }),
  );
});
