import { describe, expect, test } from 'vitest';

import { TestFederation } from '../testing/federation.ts';
import { recordedRound, type RecordedRound } from '../testing/recorded-round.ts';
import { auditTranscript } from './audit.ts';
import { siteSet } from './site-record.ts';
import type { SumTranscript } from './sum-transcript.ts';
import { signStatement, survivorsStatement } from './transcript.ts';

/** What each site finds. */
function found({ records }: RecordedRound, transcript: SumTranscript): string[][] {
  return records.map((mine) => auditTranscript(transcript, mine).faults.map(({ code }) => code));
}

const NOTHING: string[] = [];

test('of an honest round every site finds its own messages, and all signatures good', async () => {
  const round = await recordedRound(5);
  expect(found(round, round.transcript)).toEqual(round.records.map(() => NOTHING));
  for (const mine of round.records) {
    expect(auditTranscript(round.transcript, mine)).toMatchObject({
      part: 'in-sum',
      survivors: 5,
      verified: { vectors: 5, witnesses: 5 },
    });
  }
});

test('a group of three has no witnesses, and its transcript agrees all the same', async () => {
  const round = await recordedRound(3);
  expect(round.transcript.witnesses).toEqual([]);
  expect(found(round, round.transcript)).toEqual([NOTHING, NOTHING, NOTHING]);
});

test('sites that were lost on the way, at any step, find themselves left out, or in for all that they had signed', async () => {
  const losses = { beforeShares: [0], beforeUpload: [1], beforeConfirming: [2], beforeReveal: [3] };
  const round = await recordedRound(10, losses);
  expect(found(round, round.transcript)).toEqual(round.records.map(() => NOTHING));
  const parts = round.records.map((mine) => auditTranscript(round.transcript, mine).part);
  expect(parts).toEqual(['left-out', 'left-out', ...Array.from({ length: 8 }, () => 'in-sum')]);
});

test('nothing of a share, a mask or a vector is in it', async () => {
  const { transcript } = await recordedRound(4);
  const fields = new Set<string>();
  JSON.stringify(transcript, (key, value: unknown) => {
    if (key !== '' && !/^\d+$/.test(key)) fields.add(key);
    return value instanceof Uint8Array ? `${value.length} bytes` : value;
  });
  expect([...fields].toSorted()).toEqual(
    'keys opened planHash reveals rosterHash roundId shares signature site siteId sites statement vectors witnesses'.split(
      ' ',
    ),
  );
});

test('a group whose sum is not open has a transcript that says so, and claims nobody', async () => {
  const { transcript, records } = await recordedRound(4);
  const closed = { ...transcript, opened: false, shares: [], vectors: [], witnesses: [], reveals: [] };
  expect(auditTranscript(closed, records[0]!)).toMatchObject({ part: 'not-opened', faults: [] });
  const both = auditTranscript({ ...transcript, opened: false }, records[0]!);
  expect(both.faults.map(({ code }) => code)).toEqual(['unsound-transcript']);

  const federation = new TestFederation(4, 5);
  expect(federation.coordinator.transcript).toBeNull();
  await federation.untilUploaded(() => new Int32Array(5));
  expect(federation.coordinator.transcript).toMatchObject({ opened: false, vectors: [], shares: [] });
});

describe('a coordinator is found out that', () => {
  test('adds up another vector than a site signed', async () => {
    const round = await recordedRound(5);
    const { vectors } = round.transcript;
    const other = { ...vectors[2]!, statement: new Uint8Array(32).fill(9) };
    const forged = { ...round.transcript, vectors: vectors.map((one) => (one.site === 2 ? other : one)) };
    // The site itself sees that it is not its own, all others that it is not signed.
    const expected = round.records.map((_, index) =>
      index === 2 ? ['other-vector', 'forged-vector'] : ['forged-vector'],
    );
    expect(found(round, forged)).toEqual(expected);
    expect(auditTranscript(forged, round.records[0]!).faults[0]?.sites).toEqual(['site-002']);
  });

  test('claims as survivor a site that was dropped', async () => {
    const round = await recordedRound(5, { beforeUpload: [1] });
    const { vectors } = round.transcript;
    const invented = { ...vectors[0]!, site: 1 };
    const forged = { ...round.transcript, vectors: [vectors[0]!, invented, ...vectors.slice(1)] };
    // No signature of the survivors covers this set, and the site has signed no vector.
    expect(found(round, forged)).toEqual([
      ['other-survivors', 'forged-vector', 'forged-witness', 'unconfirmed'],
      ['claimed-survivor', 'forged-vector', 'forged-witness', 'unconfirmed'],
      ...[2, 3, 4].map(() => ['other-survivors', 'forged-vector', 'forged-witness', 'unconfirmed']),
    ]);
  });

  test('leaves out a survivor', async () => {
    const round = await recordedRound(5);
    const stays = ({ site }: { readonly site: number }): boolean => site !== 4;
    const { vectors, witnesses, reveals } = round.transcript;
    const forged = {
      ...round.transcript,
      vectors: vectors.filter(stays),
      witnesses: witnesses.filter(stays),
      reveals: reveals.filter(stays),
    };
    expect(found(round, forged)).toEqual(round.records.map(() => ['other-survivors', 'forged-witness', 'unconfirmed']));
  });

  test('forges a witness', async () => {
    const round = await recordedRound(5, { beforeConfirming: [4] });
    const { witnesses } = round.transcript;
    expect(witnesses.map(({ site }) => site)).toEqual([0, 1, 2, 3]);
    const forged = { ...round.transcript, witnesses: [...witnesses, { ...witnesses[0]!, site: 4 }] };
    const expected = round.records.map((_, index) =>
      index === 4 ? ['forged-witness', 'forged-witness'] : ['forged-witness'],
    );
    expect(found(round, forged)).toEqual(expected);
  });

  test('has too few signatures of the survivors', async () => {
    const round = await recordedRound(5);
    const forged = { ...round.transcript, witnesses: round.transcript.witnesses.slice(0, 3) };
    expect(found(round, forged)).toEqual(round.records.map(() => ['unconfirmed']));
  });

  test('has got others to sign survivors that a site was not told', async () => {
    const round = await recordedRound(4);
    const { context, sites, transcript } = round;
    const sharing = siteSet([0, 1, 2, 3]);
    const survivors = siteSet([0, 1, 2]);
    const statement = survivorsStatement(context.roundId, transcript.rosterHash, sharing, survivors);
    const witnesses = [0, 1, 2].map((site) => {
      const { identity, siteId } = sites[site]!;
      return { site, signature: signStatement(identity, context, siteId, statement) };
    });
    const split = {
      ...transcript,
      vectors: transcript.vectors.slice(0, 3),
      reveals: transcript.reveals.slice(0, 3),
      witnesses,
    };
    expect(found(round, split)[3]).toEqual(['other-survivors']);
  });

  test('shows the transcript of another roster, round or plan', async () => {
    const round = await recordedRound(4);
    const another = await recordedRound(4);
    expect(found(round, another.transcript)).toEqual(round.records.map(() => ['other-roster']));
    const later = await recordedRound(4, {}, { roundId: 'round-2' });
    expect(found(round, later.transcript)).toEqual(round.records.map(() => ['other-round']));
    const replanned = { ...round.transcript, planHash: new Uint8Array(32) };
    expect(found(round, replanned)).toEqual(round.records.map(() => ['other-round']));
    const renamed = round.transcript.sites.map((site, index) => (index === 3 ? { ...site, siteId: 'site-999' } : site));
    expect(found(round, { ...round.transcript, sites: renamed })).toEqual(round.records.map(() => ['other-roster']));
  });

  test.each(['sites', 'shares', 'reveals'] as const)('puts another message of %s in a site’s name', async (list) => {
    const round = await recordedRound(4);
    const other = new Uint8Array(32).fill(1);
    const changed =
      list === 'sites'
        ? { sites: round.transcript.sites.map((one, index) => (index === 1 ? { ...one, keys: other } : one)) }
        : { [list]: round.transcript[list].map((one) => (one.site === 1 ? { ...one, statement: other } : one)) };
    const code = { sites: 'other-keys', shares: 'other-shares', reveals: 'other-reveal' }[list];
    expect(found(round, { ...round.transcript, ...changed })[1]).toEqual([code]);
  });

  test('lists sets that cannot be', async () => {
    const round = await recordedRound(4);
    const { shares, vectors, reveals } = round.transcript;
    for (const change of [
      { shares: shares.slice(1) },
      { vectors: vectors.toReversed() },
      { vectors: [...vectors, { ...vectors[3]!, site: 4 }] },
      { reveals: [...reveals, reveals[3]!] },
      { vectors: [] },
    ]) {
      expect(found(round, { ...round.transcript, ...change })).toEqual(round.records.map(() => ['unsound-transcript']));
    }
  });
});
