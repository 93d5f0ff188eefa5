import type { SiteNumber } from './site-number.ts';
import type { Statement } from './transcript.ts';

interface Signed {
  readonly site: SiteNumber;
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a group's sites have signed, as it was verified: hashes and signatures, without the messages. */
export class SignedStatements {
  readonly #byTag = new Map<Statement['tag'], Map<SiteNumber, Signed>>();

  /** A site's first statement of a kind counts; another one is refused wherever it comes up. */
  note(site: SiteNumber, { tag, bodyHash: statement }: Statement, signature: Uint8Array): void {
    const statements = this.#byTag.get(tag) ?? new Map<SiteNumber, Signed>();
    this.#byTag.set(tag, statements);
    if (!statements.has(site)) statements.set(site, { site, statement, signature });
  }

  /** Of sites that have all made one. */
  of(tag: Statement['tag'], sites: Iterable<SiteNumber>): readonly Signed[] {
    const statements = this.#byTag.get(tag);
    return Array.from(sites, (site) => statements!.get(site)!);
  }
}
