import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteMessage } from '@noren/protocol';
import { expect, test } from 'vitest';
import { homeLayout } from '../home/layout.ts';
import { TestFederation } from '../testing/federation.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { ledgerOf, site, stateOf } from '../testing/observe.ts';

/** What gives a round's secrets away when it is said twice. */
const ONCE: ReadonlySet<SiteMessage['kind']> = new Set([
  'keyAdvertisement',
  'sealedShares',
  'survivorSignature',
  'revealedShares',
]);

/** The home as kill -9 leaves it at this instant; the lock of a dead process binds nobody. */
function asKilledNow(home: string): string {
  const copy = join(temporaryFolder(), 'home');
  cpSync(home, copy, { recursive: true });
  rmSync(homeLayout(copy).lock, { recursive: true, force: true });
  return copy;
}

test('killed after any record of a round, an agent gives no key, share, vector or signature of it away again', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(4);
  const names = [...sites.keys()];
  const { home } = site(sites, 'a');
  const plan = federation.plan();
  const homes = new Map<string, string>();

  await coordinator.exchangeKeys(names, plan);
  homes.set('keys', asKilledNow(home));
  await coordinator.uploaded(names);
  homes.set('keys, and the vector is out', asKilledNow(home));
  const round = coordinator.round;
  if (round === null) throw new Error('no round');
  const survived = round.closeUploads();
  await coordinator.confirm(survived);
  homes.set('confirmed', asKilledNow(home));
  const request = round.closeConsistency();
  for (const name of names) coordinator.tell(name, { kind: 'revealRequest', ...request });
  for (const name of names) await coordinator.message(name, 'revealedShares', plan.roundId);
  homes.set('revealed', asKilledNow(home));
  await site(sites, 'a').stop();

  const candidateHash = federation.candidate(0.3);
  for (const [record, killed] of homes) {
    expect((await stateOf(killed)).lastPlan?.stage).toBe(record.split(',')[0]);
    const before = coordinator.heard.length;
    const uploads = (await ledgerOf(killed)).filter(({ kind }) => kind === 'upload').length;
    const again = await federation.start(killed, 'a');
    coordinator.offer(['a'], plan);
    coordinator.tell('a', { kind: 'consistencyRequest', ...survived });
    coordinator.tell('a', { kind: 'revealRequest', ...request });
    // Answered last, so that everything before it has been dealt with.
    coordinator.tell('a', { kind: 'candidateAnnouncement', roundId: plan.roundId, candidateHash });
    const said = (): SiteMessage[] => coordinator.heard.slice(before).map(({ message }) => message);
    await coordinator.until(() => said().some(({ kind }) => kind === 'evaluationReport'));
    await again.stop();
    expect(
      said().filter(({ kind }) => ONCE.has(kind)),
      record,
    ).toEqual([]);
    expect(
      (await ledgerOf(killed)).filter(({ kind }) => kind === 'upload'),
      record,
    ).toHaveLength(uploads);
  }
});
