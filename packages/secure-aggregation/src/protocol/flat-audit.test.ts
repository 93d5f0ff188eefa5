import { expect, test, vi } from 'vitest';

import type { GroupParameters } from '../group-parameters.ts';
import { recordedRound } from '../testing/recorded-round.ts';
import type { Grouping } from '../topology/grouping.ts';
import { auditTranscript } from './audit.ts';

/** A ring small enough to be played in a test, on which nobody knows everybody. */
vi.mock(import('../topology/flat-cohort.ts'), async (original) => ({
  ...(await original()),
  flatParameters: ({ sites }): GroupParameters => ({
    sites,
    holders: 7,
    threshold: 5,
    signers: 5,
    signatures: 4,
    minimumSurvivors: 7,
    mode: 'active',
  }),
}));

const FLAT: Grouping = {
  seed: new Uint8Array(32).fill(5),
  round: 3,
  groupSize: null,
  topology: 'flat',
  registered: null,
};

test('in a flat cohort a site verifies those that it knows, and the signers for all others', async () => {
  const { records, transcript } = await recordedRound(16, { beforeUpload: [3] }, { grouping: FLAT });
  expect(transcript.witnesses.length).toBeGreaterThanOrEqual(4);
  for (const [index, mine] of records.entries()) {
    const audit = auditTranscript(transcript, mine);
    expect(audit).toMatchObject({ part: index === 3 ? 'left-out' : 'in-sum', faults: [], survivors: 15 });
    const known = mine.roster!.shown.length;
    expect(known).toBeLessThan(16);
    expect(audit.verified.vectors).toBeGreaterThanOrEqual(known - 1);
    expect(audit.verified).toEqual({
      vectors: mine.roster!.shown.filter(({ siteId }) => siteId !== 'site-003').length,
      witnesses: transcript.witnesses.length,
    });
  }

  // A vector of a site that most do not know is in the signed set all the same.
  const invented = { ...transcript.vectors[0]!, site: 3 };
  const vectors = [...transcript.vectors.slice(0, 3), invented, ...transcript.vectors.slice(3)];
  for (const mine of records) {
    const codes = auditTranscript({ ...transcript, vectors }, mine).faults.map(({ code }) => code);
    expect(codes).toContain('forged-witness');
    expect(codes).toContain('unconfirmed');
  }
  const renamed = transcript.sites.map((site, index) => (index === 15 ? { ...site, siteId: 'site-999' } : site));
  for (const mine of records) {
    const codes = auditTranscript({ ...transcript, sites: renamed }, mine).faults.map(({ code }) => code);
    expect(codes).toEqual(['other-roster']);
  }
});
