import { MAXIMUM_TRANSCRIPT_BYTES, ProtocolError, type Hash } from '@noren/protocol';
import type { AgentParts } from '../agent-parts.ts';
import { writeAtomically } from '../home/atomic-file.ts';
import { sha256 } from '../ledger/chain.ts';
import type { Link } from '../session/link.ts';
import { judgeTranscript, reasonOf, type RoundAudit } from './judge-transcript.ts';
import { readSigned } from './signed-file.ts';

const NOTHING = new Uint8Array();

/**
 * Holds what the coordinator says a round's sum rests on against what this site signed, and writes into the ledger what came of
 * it. The transcript stays in the round's folder, so that anybody at the site can look again.
 */
export class TranscriptAuditor {
  readonly #parts: AgentParts;
  readonly #link: Pick<Link, 'transfer'>;
  #last: { readonly roundId: string; readonly hash: Hash | null; readonly audit: RoundAudit } | null = null;

  constructor(parts: AgentParts, link: Pick<Link, 'transfer'>) {
    this.#parts = parts;
    this.#link = link;
  }

  /**
   * Once for each transcript that a round names. Rejects when it cannot be fetched.
   *
   * @param hash null where the coordinator names none
   */
  async audit(roundId: string, hash: Hash | null, signal: AbortSignal): Promise<RoundAudit> {
    const last = this.#last;
    if (last !== null && last.roundId === roundId && last.hash === hash) return last.audit;
    const { layout, ledger, log } = this.#parts;
    const { signed, transcript } = layout.round(roundId);
    const kept = await readSigned(signed);
    const document = hash === null ? null : await this.#fetch(roundId, hash, signal);
    if (document !== null) await writeAtomically(transcript, document);
    const audit = judgeTranscript(document, kept?.record ?? null);
    const findings = audit.findings.join(',');
    ledger.record(
      {
        kind: 'audit',
        roundId,
        bytes: document?.length ?? 0,
        content: hash === null ? NOTHING : { sha256: hash },
        findings,
        signed: sha256(kept?.bytes ?? NOTHING),
      },
      { durable: true },
    );
    this.#last = { roundId, hash, audit };
    if (audit.sound) log.info({ round: roundId, findings }, 'the sum rests on what this site signed');
    else
      log.error(
        { round: roundId, findings, reason: reasonOf(audit) },
        'the sum does not rest on what this site signed',
      );
    return audit;
  }

  /** What is too long for a transcript comes back as nothing, which is none. */
  async #fetch(roundId: string, hash: Hash, signal: AbortSignal): Promise<Uint8Array> {
    const { ledger } = this.#parts;
    try {
      return await this.#link.transfer((connection) => {
        const content = Buffer.from(hash, 'hex');
        ledger.record({ kind: 'download', roundId, bytes: content.length, content });
        return connection.download(hash, { signal, maximumBytes: MAXIMUM_TRANSCRIPT_BYTES });
      }, signal);
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'invalid-message') return NOTHING;
      throw error;
    }
  }
}
