import { decodeTranscript, ProtocolError } from '@noren/protocol';
import {
  auditTranscript,
  type AuditFaultCode,
  type SiteRecord,
  type SumTranscript,
  type TranscriptAudit,
} from '@noren/secure-aggregation';

/** What a site found out about a round's sum, a word each; the ledger keeps them. */
export type AuditFinding =
  | TranscriptAudit['part']
  /** The round went on without this site before there were groups: nothing of it can be in a sum. */
  | 'no-group'
  | AuditFaultCode
  /** The coordinator names none, though this site gave out shares. */
  | 'no-transcript'
  /** It is no transcript, or too long. */
  | 'unreadable'
  /** The site no longer has what it would hold the transcript against. */
  | 'no-record';

export interface RoundAudit {
  /** One word where all agrees: what became of this site's vector. Else the faults. */
  readonly findings: readonly AuditFinding[];
  readonly sound: boolean;
  /** Sites that the faults are about. */
  readonly sites: readonly string[];
  /** Null without a transcript that could be read. */
  readonly counts: {
    readonly sites: number;
    readonly survivors: number;
    readonly verifiedVectors: number;
    readonly verifiedWitnesses: number;
  } | null;
}

/** @param document the transcript as it was fetched; null where the coordinator named none */
export function judgeTranscript(document: Uint8Array | null, record: SiteRecord | null): RoundAudit {
  if (record === null) return fault('no-record');
  if (document === null) return record.roster === null ? good('no-group', null) : fault('no-transcript');
  const transcript = read(document);
  if (transcript === null) return fault('unreadable');
  const { faults, part, survivors, verified } = auditTranscript(transcript, record);
  const counts = {
    sites: transcript.sites.length,
    survivors,
    verifiedVectors: verified.vectors,
    verifiedWitnesses: verified.witnesses,
  };
  if (faults.length === 0) return good(part, counts);
  const findings = [...new Set(faults.map(({ code }) => code))];
  const sites = [...new Set(faults.flatMap((one) => one.sites))];
  return { findings, sound: false, sites, counts };
}

/** The reason that a site gives for leaving a round; ids of sites are all that it names. */
export function reasonOf({ findings, sites }: RoundAudit): string {
  const about = sites.length === 0 ? '' : ` about ${sites.slice(0, 5).join(', ')}${sites.length > 5 ? ', ...' : ''}`;
  return `what the round's sum is said to rest on does not agree with what this site signed: ${findings.join(', ')}${about}`;
}

function read(document: Uint8Array): SumTranscript | null {
  try {
    return decodeTranscript(document);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function good(finding: AuditFinding, counts: RoundAudit['counts']): RoundAudit {
  return { findings: [finding], sound: true, sites: [], counts };
}

function fault(finding: AuditFinding): RoundAudit {
  return { findings: [finding], sound: false, sites: [], counts: null };
}
