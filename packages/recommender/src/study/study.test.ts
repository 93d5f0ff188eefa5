import { expect, test } from 'vitest';
import { tinyConfig, tinyFeatures, tinySequences, tinyStudy } from '../testing/tiny-study.ts';
import { evaluationCustomers, heldOut, prepareStudy } from './study.ts';

test('nobody stops a training, proposes a model and decides at the gate at once, and everyone is tested', () => {
  const study = tinyStudy();
  const parts = (['early-stopping', 'proposal', 'gate'] as const).flatMap((on) => [...evaluationCustomers(study, on)]);
  expect(parts.toSorted((a, b) => a - b)).toEqual([...evaluationCustomers(study, 'test')]);
});

test('the test history ends with the validation item, and no target is known before', () => {
  const study = tinyStudy();
  for (const customer of evaluationCustomers(study, 'test')) {
    const validation = heldOut(study, customer, 'gate');
    const tested = heldOut(study, customer, 'test');
    expect(tested.history.at(-1)).toBe(validation.target);
    expect([...validation.history]).not.toContain(validation.target);
    expect([...tested.history]).not.toContain(tested.target);
  }
});

test('split by time, a customer who bought nothing between the cuts is tested on what was known before', () => {
  const sequences = {
    customers: ['steady', 'away'],
    offsets: Int32Array.of(0, 4, 7),
    items: Int32Array.of(0, 1, 2, 3, 4, 5, 6),
    times: Float64Array.of(1, 2, 10, 20, 1, 2, 30),
  };
  const features = tinyFeatures(tinyConfig, 40);
  const study = prepareStudy({ config: tinyConfig, features, sequences, seed: 1, cuts: { validation: 10, test: 20 } });
  expect([...evaluationCustomers(study, 'test')]).toEqual([0, 1]);
  expect(heldOut(study, 0, 'test')).toEqual({ history: Int32Array.of(0, 1, 2), target: 3 });
  expect(heldOut(study, 1, 'test')).toEqual({ history: Int32Array.of(4, 5), target: 6 });
});

test('features of another width, unknown items and too little data are refused', () => {
  const study = {
    config: tinyConfig,
    features: tinyFeatures(tinyConfig, 40),
    sequences: tinySequences(20, 40),
    seed: 1,
  };
  const wide = { ...tinyConfig, features: { ...tinyConfig.features, text: 7 } };
  expect(() => prepareStudy({ ...study, config: wide })).toThrow(/text features are 6 wide/);
  expect(() => prepareStudy({ ...study, features: tinyFeatures(tinyConfig, 10) })).toThrow(/not in the catalogue/);
  const lonely = {
    customers: ['a'],
    offsets: Int32Array.of(0, 1),
    items: Int32Array.of(3),
    times: new Float64Array(1),
  };
  expect(() => prepareStudy({ ...study, sequences: lonely })).toThrow(/more interactions/);
});
