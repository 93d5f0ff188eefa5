import {
  encodePlan,
  generateSigningKey,
  parsePlanTemplate,
  planHash,
  signingPublicKey,
  signPlan,
  type RoundPlan,
} from '@noren/protocol';
import { describe, expect, test } from 'vitest';
import { initialState } from '../home/state.ts';
import { exampleBackbone, exampleRelease, releaseOf } from '../testing/blobs.ts';
import { TestFederation } from '../testing/federation.ts';
import { ledgerOf } from '../testing/observe.ts';
import { examplePlan } from '../testing/plans.ts';
import { checkRelease } from './artifacts.ts';
import { checkOffer } from './offer.ts';

/*
 * Attacks 12 and 13 of the threat model: what a coordinator could do with the model that is re-learned, whatever the masks hide.
 */

describe('attack 12, a model made to tell more', () => {
  test('a backbone that the site’s policy does not list is refused before anything is fetched', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const home = await federation.join('a', { policy: { backbones: [federation.backbone] } });
    await federation.start(home, 'a');
    const crafted = coordinator.put(exampleBackbone(['item.text', 'item.price', 'sequence.position', 'item.probe']));
    const plan = federation.plan({ backbone: crafted, release: coordinator.put(exampleRelease(crafted, 0)) });
    coordinator.offer(['a'], plan);
    const reply = await coordinator.message('a', 'offerReply', plan.roundId);
    expect(reply.accepted).toBe(false);
    expect(reply.reason).toMatch(/which is not among those that this site's policy lists/);
    expect((await ledgerOf(home)).map(({ kind }) => kind)).not.toContain('download');

    const next = federation.plan({ round: 2, roundId: 'round-2' as RoundPlan['roundId'] });
    coordinator.offer(['a'], { ...next, previousPlanHash: hexHash(plan) });
    expect(await coordinator.message('a', 'offerReply', 'round-2')).toMatchObject({ accepted: true });
  });

  test('another file under the backbone’s name, encoders and all, is not trained with', async () => {
    const federation = await TestFederation.start();
    const { coordinator } = federation;
    const home = await federation.join('a');
    // Valid as it is: only its content is not what the plan's hash says.
    coordinator.blobs.set(federation.backbone, Buffer.concat([exampleBackbone(), new Uint8Array(8)]));
    const { trainer } = await federation.start(home, 'a');
    coordinator.offer(['a'], federation.plan());
    expect((await coordinator.message('a', 'withdrawal')).reason).toMatch(/hash/);
    expect(trainer.done).not.toContain('prepare');
  });

  test('sites that were told different backbones, releases or groups have different plans, and so mask apart', () => {
    const plan = examplePlan();
    const other = 'd'.repeat(64) as RoundPlan['backbone'];
    const changes: Partial<RoundPlan>[] = [
      { backbone: other },
      { release: other },
      { roster: other },
      { modalities: ['text'] },
      { groups: { ...plan.groups, 'item.price': { start: 'pretrained', scope: 'frozen' } } },
      { training: { ...plan.training, epochs: 1 } },
      { update: { ...plan.update, clipNorm: 11 } },
      { seed: plan.seed + 1 },
      { roundId: 'round-1b' as RoundPlan['roundId'] },
    ];
    const hashes = [plan, ...changes.map((change) => ({ ...plan, ...change }))].map(hexHash);
    expect(new Set(hashes).size).toBe(changes.length + 1);
  });
});

describe('attack 13, rows of one site', () => {
  test('the items’ own vectors cannot be shared: no plan says so', () => {
    const text = JSON.stringify(template({ 'item.identity': { start: 'reinit', scope: 'federated' } }));
    expect(() => parsePlanTemplate(text)).toThrow(/holds the vectors of one site's own items and cannot be shared/);
    expect(() => parsePlanTemplate(JSON.stringify(template({})))).not.toThrow();
  });

  test('a coordinator that signs such a plan all the same is not answered', () => {
    const key = generateSigningKey();
    const spelled = new TextDecoder().decode(encodePlan(examplePlan()));
    const forged = spelled.replace('"item.price"', '"item.identity"').replace('"item.price"', '"item.identity"');
    for (const [text, kind] of [
      [spelled, 'verified'],
      [forged, 'forged'],
    ] as const) {
      const plan = new TextEncoder().encode(text);
      const offer = { plan, signature: signPlan(plan, key) };
      const check = checkOffer(offer, { federation: 'harbour', planKey: signingPublicKey(key) }, initialState);
      expect(check.kind).toBe(kind);
      if (check.kind === 'forged') expect(check.why).toMatch(/item\.identity holds the vectors/);
    }
  });

  test('nor can a release bring them along', () => {
    const plan = examplePlan();
    expect(() => checkRelease(exampleRelease(plan.backbone, 0), plan, 'release')).not.toThrow();
    expect(() => checkRelease(releaseOf('item.identity', plan.backbone, 0), plan, 'release')).toThrow(
      'the plan does not share its group "item.identity"',
    );
  });
});

function hexHash(plan: RoundPlan): RoundPlan['release'] {
  return Buffer.from(planHash(encodePlan(plan))).toString('hex') as RoundPlan['release'];
}

/** The example without what makes a round of it. */
function template(groups: RoundPlan['groups']): unknown {
  const {
    federation: _f,
    roundId: _i,
    round: _r,
    backbone: _b,
    release: _l,
    vectorLength: _v,
    previousPlanHash: _p,
    roster: _o,
    ...rest
  } = examplePlan();
  return { ...rest, groups: { ...rest.groups, ...groups } };
}
