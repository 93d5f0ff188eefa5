import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoundPlan } from '@noren/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { Agent } from './agent.ts';
import { readConfig, writeConfig } from './home/config.ts';
import { InProcessTrainer } from './relearning/in-process-trainer.ts';
import { FixedTrainer } from './testing/fixed-trainer.ts';
import { TestFederation } from './testing/federation.ts';
import { MARKERS, tinyBackbone, writeSiteData } from './testing/site-data.ts';

/** Fails naming the marker and where it was found, in plain text, JSON's byte arrays or base64. */
function expectNoMarker(where: string, text: string): void {
  for (const marker of MARKERS) expect(text.includes(marker), `${marker} in ${where}`).toBe(false);
}

test('customers, items and texts of a site appear in no log line, no message and no ledger entry', async () => {
  const federation = await TestFederation.start();
  const { coordinator } = federation;
  const tiny = await tinyBackbone();
  const backbone = coordinator.put(tiny.file);
  const release = coordinator.put(tiny.release(backbone));
  const plan: RoundPlan = federation.plan({ groups: tiny.groups, vectorLength: tiny.vectorLength, backbone, release });

  const names = ['a', 'b', 'c'];
  const homes = new Map<string, string>();
  for (const [seed, name] of names.entries()) {
    const home = await federation.join(name);
    homes.set(name, home);
    const { reconnect } = await readConfig(home);
    const data = writeSiteData(home, { seed });
    await writeConfig(home, { version: 1, data, reconnect, serving: { port: 0 } });
    // One real site is enough to see what leaves it; the others only have to be there.
    const trainer = name === 'a' ? new InProcessTrainer() : new FixedTrainer(new Float32Array(tiny.vectorLength));
    const agent = await Agent.open(home, { log: federation.log, trainer });
    const stopping = new AbortController();
    const done = agent.run(stopping.signal);
    onTestFinished(async () => {
      stopping.abort();
      await done;
    });
    await coordinator.connected(name);
    const response = await fetch(`${agent.servingAddress}/recommendations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ history: ['geheimartikel-1'], count: 2 }),
    });
    // The endpoint is the site's own: this is the proof that the data, markers and all, was really read.
    if (name === 'a') expect(await response.text()).toContain('geheimartikel');
  }

  await coordinator.exchangeKeys(names, plan);
  const { meanUpdate } = await coordinator.unmask(names, plan);
  expect(meanUpdate.some((value) => value !== 0)).toBe(true);
  for (const name of names) {
    coordinator.announce(name, plan, release);
  }
  for (const name of names) {
    expect(await coordinator.message(name, 'evaluationReport')).toMatchObject({ candidateHash: release });
  }

  // A site whose data is broken says so, which is where data likes to slip into messages.
  const broken = homes.get('a') ?? '';
  writeFileSync(join(broken, 'sales.csv'), 'customer,item,time\ngeheimkunde-1,geheimartikel-1,geheimtext\n');
  for (const name of names) {
    coordinator.tell(name, {
      kind: 'roundClosed',
      roundId: plan.roundId,
      outcome: 'accepted',
      reason: '',
      releaseHash: release,
      transcriptHash: null,
    });
  }
  coordinator.offer(['a'], { ...plan, roundId: 'round-9' as RoundPlan['roundId'], round: 9 });
  expect(await coordinator.message('a', 'offerReply', 'round-9')).toMatchObject({ accepted: false });

  expect(federation.logLines.length).toBeGreaterThan(10);
  expectNoMarker('the log', federation.logLines.join(''));
  expect(coordinator.heard.length).toBeGreaterThan(20);
  for (const { message } of coordinator.heard) {
    const plain = JSON.stringify(message, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expectNoMarker(`a message (${message.kind})`, plain);
  }
  for (const [name, home] of homes) {
    expectNoMarker(`the ledger of ${name}`, readFileSync(join(home, 'ledger.jsonl'), 'utf8'));
    expectNoMarker(`the state of ${name}`, readFileSync(join(home, 'state.json'), 'utf8'));
  }
});
