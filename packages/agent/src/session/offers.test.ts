import { generateSigningKey } from '@noren/protocol';
import { expect, test } from 'vitest';
import { TestFederation } from '../testing/federation.ts';
import { ledgerOf, logged, site } from '../testing/observe.ts';

test('the policy’s refusal reaches the operator, and no key leaves the site', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(1, { policy: { maximumEpochs: 2, federatedGroups: ['item.price'] } });
  coordinator.offer(['a'], federation.plan());
  const reply = await coordinator.message('a', 'offerReply');
  expect(reply).toMatchObject({ accepted: false, reason: /item\.text leave; .*3 epochs of re-learning/ });
  await site(sites, 'a').stop();
  expect((await ledgerOf(site(sites, 'a').home)).some((entry) => entry.kind === 'keyAdvertisement')).toBe(false);
});

test('a plan signed with another key gets no answer', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  await federation.sites(1);
  coordinator.offer(['a'], federation.plan(), generateSigningKey());
  await logged(federation, 'not signed with the key this site pinned');
  coordinator.offer(['a'], federation.plan());
  expect(await coordinator.message('a', 'offerReply')).toMatchObject({ accepted: true });
  expect(coordinator.heard.filter(({ message }) => message.kind === 'offerReply')).toHaveLength(1);
});

test('rounds only go forward, and a plan must continue the one before', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  await federation.sites(1, { policy: { maximumEpochs: 1 } });
  const answers: string[] = [];
  const offered = async (roundId: string, change: Parameters<typeof federation.plan>[0]): Promise<void> => {
    coordinator.offer(['a'], federation.plan({ roundId: roundId as never, ...change }));
    answers.push((await coordinator.message('a', 'offerReply', roundId)).reason);
  };
  await offered('r5', { round: 5 });
  await offered('r4', { round: 4 });
  await offered('r6', { round: 6, previousPlanHash: 'd'.repeat(64) as never });
  await offered('r9', { round: 9, previousPlanHash: 'd'.repeat(64) as never });
  expect(answers).toEqual([
    expect.stringMatching(/epochs/),
    'round 4 is not newer than round 5, which this site has already seen',
    'the plan does not name the plan this site saw for round 5 as the one before it',
    expect.stringMatching(/epochs/),
  ]);
});

test('messages of a round the site does not know are ignored', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  await federation.sites(1);
  coordinator.tell('a', { kind: 'revealRequest', roundId: 'round-7', survivors: [0, 1, 2], witnesses: [] } as never);
  await logged(federation, 'revealRequest of round round-7, but no round is running');
  expect(coordinator.heard.map(({ message }) => message.kind)).not.toContain('revealedShares');
});
