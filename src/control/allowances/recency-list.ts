// An order of last use whose members carry their own links: moving one to the end touches three of them, whatever its length.

export interface RecencyLinks<Member> {
  older: Member | null;
  newer: Member | null;
}

export class RecencyList<Member extends RecencyLinks<Member>> {
  #oldest: Member | null = null;
  #newest: Member | null = null;

  get oldest(): Member | null {
    return this.#oldest;
  }

  /** Adds one that is in no list. */
  add(member: Member): void {
    member.older = this.#newest;
    member.newer = null;
    if (this.#newest === null) this.#oldest = member;
    else this.#newest.newer = member;
    this.#newest = member;
  }

  /** Removes one that is in this list. */
  remove(member: Member): void {
    if (member.older === null) this.#oldest = member.newer;
    else member.older.newer = member.newer;
    if (member.newer === null) this.#newest = member.older;
    else member.newer.older = member.older;
    member.older = null;
    member.newer = null;
  }
}
