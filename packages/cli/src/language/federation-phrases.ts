import type { ActivityKind, Phase } from '@noren/protocol/console';

/** What is said of a federation that runs: `noren status`, `noren round`, `noren site release` and `revoke`. */
export interface FederationPhrases {
  readonly columns: Readonly<Record<Column, string>>;
  readonly connected: string;
  readonly away: string;
  readonly quarantined: string;
  readonly revoked: string;
  readonly activity: Readonly<Record<ActivityKind, string>>;
  readonly phase: Readonly<Record<Phase, string>>;
  readonly noRound: string;
  readonly resumed: string;
  readonly resumedAt: (time: string) => string;
  /** `since`: date and time with their zone. */
  readonly quarantineNotice: (o: { site: string; since: string; rounds: number; outlying: number }) => string;
  readonly quarantineMeaning: string;
  readonly quarantineDecision: string;
  readonly whatYouFound: string;
  readonly round: (round: number) => string;
  readonly survey: string;
  readonly started: string;
  readonly took: (seconds: string) => string;
  readonly of: (some: number, all: number) => string;
  readonly dropped: string;
  readonly refused: string;
  readonly groupsInResult: (groups: number, inResult: number) => string;
  readonly groupsOutlying: (outlying: number) => string;
  readonly inResult: string;
  readonly outOfResult: (fault: string) => string;
  readonly standsOut: string;
  readonly membersOf: (group: number, sites: string) => string;
  readonly othersInResult: (groups: number) => string;
  readonly noSuchRound: (round: number | 'latest') => string;
  readonly released: (site: string) => string;
  readonly revokedNow: (site: string) => string;
  readonly notQuarantined: (site: string) => string;
  readonly unknownSite: (site: string) => string;
}

type Column =
  | 'site'
  | 'name'
  | 'state'
  | 'activity'
  | 'inService'
  | 'round'
  | 'outcome'
  | 'seconds'
  | 'inSum'
  | 'uploaded'
  | 'reason'
  | 'group'
  | 'sites'
  | 'norm'
  | 'cosine'
  | 'result';
