import { expect, test } from 'vitest';
import { seededRandom } from '../random/seeded-random.ts';
import { customerScores, type CustomerScores } from '../scoring/customer-scores.ts';
import { noHarmGate, type Strategy } from './no-harm-gate.ts';

const ITEMS = 200;

/**
 * Ranks of one customer under several models: a common difficulty, and each model's own luck. `skill` multiplies the
 * odds of a good rank, so equal skills mean equal models.
 */
function drawScores(
  seed: number,
  customers: number,
  skills: Readonly<Record<Strategy, number>>,
): Record<Strategy, CustomerScores> {
  const random = seededRandom(seed, 'gate draws');
  const numbers = Int32Array.from({ length: customers }, (_, customer) => customer);
  const ease = Float64Array.from(numbers, () => 0.02 + 0.3 * random.uniform());
  const score = (skill: number): CustomerScores =>
    customerScores(
      numbers,
      Int32Array.from(numbers, (customer) => {
        const odds = skill * (ease[customer] as number);
        const geometric = Math.ceil(Math.log(1 - random.uniform()) / Math.log(1 - Math.min(odds, 0.95)));
        return Math.min(ITEMS, Math.max(1, geometric));
      }),
    );
  return {
    scratch: score(skills.scratch),
    backbone: score(skills.backbone),
    local: score(skills.local),
    federated: score(skills.federated),
  };
}

const even = { scratch: 1, backbone: 0.8, local: 0.8, federated: 1 };

/** Share of seeded draws, 60 customers each, in which the federated model goes into service at confidence .8. */
function adoptions(federated: number, draws: number): number {
  let adopted = 0;
  for (let seed = 1; seed <= draws; seed += 1) {
    const scores = drawScores(seed, 60, { ...even, federated });
    if (noHarmGate({ scores, deployed: 'scratch', confidence: 0.8, seed }).adopted) adopted += 1;
  }
  return adopted / draws;
}

test('a model no better than scratch is adopted about as often as the confidence allows', () => {
  // 20 in 100, and three standard deviations of a share of 100 draws.
  expect(adoptions(1, 100)).toBeLessThan(0.32);
});

test('a slightly worse model is adopted less often than that', () => {
  expect(adoptions(0.8, 50)).toBeLessThan(0.15);
});

test('a clearly worse model is never adopted', () => {
  expect(adoptions(0.5, 50)).toBe(0);
});

test('a clearly better model is adopted nearly always', () => {
  expect(adoptions(2, 50)).toBeGreaterThan(0.95);
});

test('a better model is adopted with the figures that decided', () => {
  const scores = drawScores(1, 100, { scratch: 1, backbone: 0.5, local: 1, federated: 3 });
  const verdict = noHarmGate({ scores, deployed: 'local', confidence: 0.9, seed: 1 });
  expect(verdict).toMatchObject({ chosen: 'federated', adopted: true, reason: 'not-worse', customers: 100 });
  expect(verdict.explanation).toMatch(/^Adopted: on 100 customers .* with 90 % confidence/);
  expect(verdict.scores.map(({ strategy }) => strategy)).toEqual(['scratch', 'backbone', 'local', 'federated']);
});

test('what is in service is defended even where scratch is beaten', () => {
  const scores = drawScores(2, 100, { scratch: 0.3, backbone: 0.3, local: 3, federated: 1 });
  const verdict = noHarmGate({ scores, deployed: 'local', confidence: 0.8, seed: 1 });
  expect(verdict).toMatchObject({ chosen: 'local', adopted: false, reason: 'may-be-worse-than-service' });
  expect(verdict.explanation).toContain('What is in service stays.');
});

test('an earlier release in service is judged by its own scores', () => {
  const scores = drawScores(3, 100, { scratch: 1, backbone: 1, local: 1, federated: 1.5 });
  const earlier = drawScores(3, 100, { scratch: 1, backbone: 1, local: 1, federated: 6 }).federated;
  const verdict = noHarmGate({ scores, deployed: 'federated', deployedScores: earlier, confidence: 0.8, seed: 1 });
  expect(verdict).toMatchObject({ chosen: 'federated', adopted: false, reason: 'may-be-worse-than-service' });
});

test('where the federated model fails, the best of the others that does no harm is used', () => {
  const scores = drawScores(4, 100, { scratch: 1, backbone: 1, local: 4, federated: 0.4 });
  const verdict = noHarmGate({ scores, deployed: 'scratch', confidence: 0.8, seed: 1 });
  expect(verdict).toMatchObject({ chosen: 'local', adopted: false, reason: 'may-be-worse-than-scratch' });
  expect(verdict.explanation).toContain('The local model is used instead.');
});

test('a harmless federated model gives way to one that is clearly better', () => {
  const scores = drawScores(5, 150, { scratch: 0.3, backbone: 0.3, local: 6, federated: 1.5 });
  expect(noHarmGate({ scores, deployed: 'scratch', confidence: 0.8, seed: 1 })).toMatchObject({
    chosen: 'local',
    adopted: false,
    reason: 'another-is-better',
  });
});

test('the same model as in service does no harm', () => {
  const scores = drawScores(6, 50, { scratch: 0.3, backbone: 0.3, local: 0.3, federated: 2 });
  const verdict = noHarmGate({ scores, deployed: 'federated', confidence: 0.8, seed: 1 });
  expect(verdict.adopted).toBe(true);
});

test('a margin accepts a loss up to its size', () => {
  const scores = drawScores(7, 100, { scratch: 1, backbone: 0.5, local: 0.5, federated: 0.9 });
  const gate = (margin: number): boolean =>
    noHarmGate({ scores, deployed: 'scratch', confidence: 0.9, margin, seed: 1 }).adopted;
  expect([gate(0), gate(0.2)]).toEqual([false, true]);
});

test.each([0, 9])('%i customers are too few to change anything', (customers) => {
  const scores = drawScores(8, customers, { scratch: 1, backbone: 1, local: 1, federated: 9 });
  const verdict = noHarmGate({ scores, deployed: 'backbone', confidence: 0.8, seed: 1 });
  expect(verdict).toMatchObject({ chosen: 'backbone', adopted: false, reason: 'too-few-customers' });
});

test('scores of different customers are refused', () => {
  const scores = drawScores(9, 20, even);
  const other = { ...scores, local: drawScores(9, 21, even).local };
  expect(() => noHarmGate({ scores: other, deployed: 'scratch', confidence: 0.8, seed: 1 })).toThrow(
    /different customers/,
  );
});
