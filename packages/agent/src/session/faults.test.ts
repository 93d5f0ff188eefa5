import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { Ledger } from '../ledger/ledger.ts';
import { TestFederation } from '../testing/federation.ts';
import { FixedTrainer } from '../testing/fixed-trainer.ts';
import { ledgerOf, site, stateOf, untilStopped } from '../testing/observe.ts';

test('a connection lost while the site re-learns costs nothing: the update goes over the next one', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const plan = federation.plan();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  site(sites, 'b').trainer.hold = (task) => (task === 'relearn' ? held : Promise.resolve());
  await coordinator.exchangeKeys([...sites.keys()], plan);
  coordinator.hangUp('b');
  await coordinator.connected('b', 2);
  release();
  const sum = await coordinator.unmask([...sites.keys()], plan);
  for (const value of sum.meanUpdate) expect(value).toBeCloseTo(0.2, 5);
});

test('what was said last is said again on a new connection, byte for byte', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  await federation.sites(1);
  coordinator.offer(['a'], federation.plan());
  const first = await coordinator.message('a', 'keyAdvertisement');
  coordinator.hangUp('a');
  const advertisements = (): unknown[] =>
    coordinator.heard.flatMap(({ message }) => (message.kind === 'keyAdvertisement' ? [message] : []));
  await coordinator.until(() => advertisements().length === 2);
  expect(advertisements()).toEqual([first, first]);
});

test('an upload that breaks off is sent again, the same bytes', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const plan = federation.plan();
  let broken = 0;
  coordinator.onUpload = (name) => {
    if (name !== 'a' || broken > 0) return;
    broken += 1;
    coordinator.hangUp('a');
    throw new Error('the network broke');
  };
  await coordinator.exchangeKeys([...sites.keys()], plan);
  const sum = await coordinator.unmask([...sites.keys()], plan);
  expect(broken).toBe(1);
  for (const value of sum.meanUpdate) expect(value).toBeCloseTo(0.2, 5);
});

test('a failing task withdraws the site with a reason and leaves the agent running', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const { trainer, home } = site(sites, 'a');
  trainer.hold = (task) =>
    task === 'relearn' ? Promise.reject(new Error('customer loyalty-marker bought tea')) : Promise.resolve();
  await coordinator.exchangeKeys([...sites.keys()], federation.plan());
  const { reason } = await coordinator.message('a', 'withdrawal');
  expect(reason).toBe("a task on the site's data failed (Error)");
  expect(readFileSync(join(home, 'problem.txt'), 'utf8')).toContain('customer loyalty-marker bought tea');
  expect(federation.logLines.join('')).not.toContain('loyalty-marker');
  trainer.hold = () => Promise.resolve();
  coordinator.offer(['a'], federation.plan({ roundId: 'round-2' as never, round: 3 }));
  expect(await coordinator.message('a', 'offerReply', 'round-2')).toMatchObject({ accepted: true });
});

test('data that cannot be read refuses the round', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(1);
  site(sites, 'a').trainer.hold = () =>
    Promise.reject(
      Object.assign(new Error('item tea'), { name: 'DatasetError', code: 'price-invalid', place: { row: 7 } }),
    );
  coordinator.offer(['a'], federation.plan());
  expect(await coordinator.message('a', 'offerReply')).toMatchObject({
    accepted: false,
    reason: "the site's data cannot be used: price-invalid in row 7",
  });
});

test('a release with tensors the plan does not share is not trained on', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  await federation.sites(1);
  coordinator.offer(['a'], federation.plan({ vectorLength: 13 }));
  expect(await coordinator.message('a', 'withdrawal')).toMatchObject({
    reason: 'the release that the coordinator named cannot be used: it has 12 values, the plan says 13',
  });
});

test('a killed agent never masks the round again, but judges its candidate', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const plan = federation.plan();
  await coordinator.exchangeKeys([...sites.keys()], plan);
  await coordinator.unmask([...sites.keys()], plan);
  const { home, stop } = site(sites, 'a');
  await stop();
  await federation.start(home, 'a');
  coordinator.offer(['a'], plan);
  await coordinator.until(() =>
    coordinator.heard.some(({ message }) => message.kind === 'offerReply' && !message.accepted),
  );
  expect(await coordinator.message('a', 'offerReply')).toMatchObject({
    accepted: false,
    reason: 'this site has already left this round',
  });
  const candidateHash = federation.candidate(0.3);
  coordinator.announce('a', plan, candidateHash);
  expect(await coordinator.message('a', 'evaluationReport')).toMatchObject({ candidateHash });
});

test('the end of a round that was missed shows in the next plan', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const plan = federation.plan();
  await coordinator.exchangeKeys([...sites.keys()], plan);
  await coordinator.unmask([...sites.keys()], plan);
  const candidateHash = federation.candidate(0.2);
  coordinator.announce('a', plan, candidateHash);
  await coordinator.message('a', 'evaluationReport');
  const { home, stop } = site(sites, 'a');
  await stop();
  expect((await stateOf(home)).pending).toMatchObject({ candidate: candidateHash });
  const again = await federation.start(home, 'a');
  coordinator.offer(['a'], federation.plan({ roundId: 'round-4' as never, round: 4, release: candidateHash }));
  await coordinator.message('a', 'offerReply', 'round-4');
  await again.stop();
  expect(await stateOf(home)).toMatchObject({
    pending: null,
    serving: { strategy: 'federated', release: candidateHash },
  });
});

test('shutting down withdraws from a running round and frees the home', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const sites = await federation.sites(3);
  const { home, stop, trainer } = site(sites, 'a');
  trainer.hold = untilStopped('relearn');
  await coordinator.exchangeKeys([...sites.keys()], federation.plan());
  await expect(federation.open(home, trainer)).rejects.toMatchObject({ code: 'home-in-use' });
  await stop();
  expect(await coordinator.message('a', 'withdrawal')).toMatchObject({ reason: 'the site is shutting down' });
  const again = await federation.open(home, trainer);
  await again.close();
  expect((await ledgerOf(home)).map((entry) => entry.kind)).toContain('withdrawal');
});

test('a ledger that was changed keeps the agent from starting', async () => {
  const federation = await TestFederation.start();
  const sites = await federation.sites(1);
  const { home, stop, trainer } = site(sites, 'a');
  await stop();
  const file = join(home, 'ledger.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"hello"', '"download"'));
  await expect(federation.open(home, trainer)).rejects.toMatchObject({ code: 'ledger-damaged' });
});

test('an agent whose ledger cannot be written stops, because nothing may leave without an entry', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const home = await federation.join('a');
  const agent = await federation.open(home, new FixedTrainer(new Float32Array(12)));
  const running = agent.run(new AbortController().signal);
  await coordinator.connected('a');
  // The one thing a test cannot do for real without another file system: fill the disk under an open file.
  const full = vi.spyOn(Ledger.prototype, 'record').mockImplementation(() => {
    throw new AgentError('ledger-unwritable', 'no space left');
  });
  onTestFinished(() => {
    full.mockRestore();
  });
  coordinator.offer(['a'], federation.plan());
  await expect(running).rejects.toMatchObject({ code: 'ledger-unwritable' });
});
