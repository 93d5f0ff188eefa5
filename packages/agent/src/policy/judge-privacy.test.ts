import { siteSourceSchema } from '@noren/dataset';
import { INTEGER_ORDERS, privacyLoss } from '@noren/privacy';
import { privacyCost, type PlanPrivacy } from '@noren/protocol';
import { expect, test } from 'vitest';
import { examplePlan, examplePrivacy } from '../testing/plans.ts';
import { privacyReasons, type PrivacyFacts } from './judge-privacy.ts';
import { sitePolicySchema, type SitePolicyInput } from './policy.ts';

const source = siteSourceSchema.parse({
  catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: [] } },
  interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
});

function reasons(
  policy: SitePolicyInput,
  privacy: Partial<PlanPrivacy> | null,
  facts: Partial<PrivacyFacts> = {},
): string[] {
  const plan = examplePlan({ privacy: privacy === null ? null : { ...examplePrivacy, ...privacy } });
  return privacyReasons(sitePolicySchema.parse(policy), plan, {
    siteId: 'aoyama',
    source,
    spent: [],
    paidTree: null,
    ...facts,
  });
}

const budget = { epsilon: 3, delta: 1e-6 };

test('without a policy about privacy both exact and private rounds are fine', () => {
  expect(reasons({}, null)).toEqual([]);
  expect(reasons({}, {})).toEqual([]);
});

test('a coordinator cannot lower the noise below the site’s floor, nor leave it out', () => {
  expect(reasons({ minimumNoiseMultiplier: 1.5 }, { noiseMultiplier: 1.4 })).toEqual([
    "the plan's noise multiplier is 1.4, this site asks for at least 1.5",
  ]);
  expect(reasons({ minimumNoiseMultiplier: 1.5 }, { noiseMultiplier: 1.5 })).toEqual([]);
  for (const policy of [{ minimumNoiseMultiplier: 0.1 }, { privacyBudget: budget }]) {
    expect(reasons(policy, null)).toEqual(["the plan's sums are exact, this site takes part only in private rounds"]);
  }
});

test('noise that only the coordinator adds is for sites that say so', () => {
  expect(reasons({}, { mode: 'central' })[0]).toMatch(/noise is central, this site takes part only where it is distr/);
  expect(reasons({ privacyModes: ['central'] }, { mode: 'central' })).toEqual([]);
});

test('a coordinator cannot lower the noise by what its plan takes for granted: who colludes, and who buys where', () => {
  const colluding = "the plan's noise allows for 1 colluding sites, this site asks for at least 2";
  expect(reasons({ minimumColluding: 2 }, { colluding: 1 })).toEqual([colluding]);
  expect(reasons({ minimumColluding: 2 }, { colluding: 2 })).toEqual([]);
  // Where every site adds the whole noise, it does not depend on others.
  expect(reasons({ minimumColluding: 2 }, { colluding: 0, mode: 'local' })).toEqual([]);
  expect(reasons({ minimumSitesPerCustomer: 3 }, { sitesPerCustomer: 2 })).toEqual([
    'the plan counts a customer at 2 site(s), this site asks for at least 3',
  ]);
  expect(reasons({ minimumSitesPerCustomer: 3 }, { sitesPerCustomer: 3 })).toEqual([]);
  const homes = { salt: 'a'.repeat(64), sites: ['aoyama', 'harbour'] };
  expect(reasons({ minimumSitesPerCustomer: 3 }, { homes })).toEqual([]);
});

test('the round that would go beyond the budget is refused, with the figures', () => {
  const one = privacyCost({ ...examplePrivacy, noiseMultiplier: 1, samplingRate: 0.1 }, 1);
  const within = (steps: number): boolean =>
    reasons({ privacyBudget: budget }, { noiseMultiplier: 1, samplingRate: 0.1 }, { spent: [{ ...one, steps }] })
      .length === 0;
  let rounds = 0;
  while (within(rounds)) rounds += 1;
  const epsilon = (steps: number): number => privacyLoss([{ ...one, steps }], budget.delta, INTEGER_ORDERS).epsilon;
  expect(rounds).toBeGreaterThan(1);
  expect(epsilon(rounds)).toBeLessThanOrEqual(budget.epsilon);
  expect(epsilon(rounds + 1)).toBeGreaterThan(budget.epsilon);
  const [reason] = reasons(
    { privacyBudget: budget },
    { noiseMultiplier: 1, samplingRate: 0.1 },
    { spent: [{ ...one, steps: rounds }] },
  );
  expect(reason).toBe(
    `with this round the privacy spent would be epsilon ${epsilon(rounds + 1).toFixed(3)} at delta 0.000001, ` +
      "this site's budget is 3",
  );
  expect(reasons({ privacyBudget: budget }, { delta: 1e-5 })[0]).toMatch(/delta is 0\.00001, this site allows/);
});

test('a customer whom several sites know is in a round if any of them samples it', () => {
  expect(privacyCost({ ...examplePrivacy, samplingRate: 0.1, sitesPerCustomer: 3 }, 1).samplingRate).toBeCloseTo(
    0.271,
    12,
  );
  expect(privacyCost({ ...examplePrivacy, samplingRate: 1, sitesPerCustomer: 2 }, 1).samplingRate).toBe(1);
});

test('data through which one customer would reach the others’ gradients is not used', () => {
  const rare = siteSourceSchema.parse({ ...source, minimumItemPurchases: 5 });
  expect(reasons({}, {}, { source: rare })[0]).toMatch(/leaves out items that are seldom bought/);
  const { columns, file } = source.interactions;
  for (const column of ['price', 'regularPrice']) {
    const paid = siteSourceSchema.parse({
      ...source,
      interactions: { file, columns: { ...columns, [column]: 'paid' } },
    });
    expect(reasons({}, {}, { source: paid })[0]).toMatch(/item prices are what customers paid/);
    expect(reasons({}, null, { source: paid })).toEqual([]);
  }
});

test('a site that is nobody’s home has nothing to give', () => {
  const homes = { salt: 'a'.repeat(64), sites: ['harbour', 'aoyama'] };
  expect(reasons({}, { homes })).toEqual([]);
  expect(reasons({}, { homes }, { siteId: 'ueno' })[0]).toMatch(/no customer is at home at this site/);
});

test('a tree is judged as a whole in its first round, and afterwards only by its place', () => {
  const policy: SitePolicyInput = { privacyModes: ['central'], privacyBudget: budget };
  const mechanism = { kind: 'tree', rounds: 8, sites: 5, place: { tree: 'ab'.repeat(16), leaf: 3 } } as const;
  // In one round of eight: four nodes.
  const plan = { mode: 'central', noiseMultiplier: 4, samplingRate: 1 / 8, mechanism } as const;
  const paidTree = { leaf: 2, period: 8, steps: 4, noiseMultiplier: 4 };
  expect(reasons(policy, plan)).toEqual([]);
  expect(reasons(policy, { ...plan, noiseMultiplier: 3 })[0]).toMatch(/this site's budget is 3/);
  // What was paid for is not counted again.
  const spent = [{ noiseMultiplier: 4, samplingRate: 1, steps: 4 }];
  expect(reasons(policy, plan, { spent })[0]).toMatch(/this site's budget is 3/);
  expect(reasons(policy, plan, { spent, paidTree })).toEqual([]);
  expect(reasons(policy, plan, { spent, paidTree: { ...paidTree, leaf: 3 } })).toEqual([
    "this site has been in round 3 of the plan's tree, whose round 3 is over",
  ]);
  expect(reasons(policy, plan, { spent, paidTree: { ...paidTree, steps: 3 } })[0]).toMatch(/begun with other noise/);
  // As many nodes, but customers in other rounds: some would be in two.
  expect(reasons(policy, { ...plan, samplingRate: 1 / 9 }, { spent, paidTree })[0]).toMatch(/begun with other noise/);
  expect(reasons({ ...policy, minimumNoiseMultiplier: 2 }, plan)).toEqual([]);
  expect(reasons({ ...policy, minimumNoiseMultiplier: 2.1 }, plan)).toEqual([
    "the plan's noise multiplier over a whole tree is 2, this site asks for at least 2.1",
  ]);
});
