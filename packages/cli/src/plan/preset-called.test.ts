import { expect, test } from 'vitest';

import { presetCalled } from './preset-called.ts';

test('a preset is found by its name', () => {
  expect(presetCalled('fedsa-lora')).toBe('fedsa-lora');
  expect(() => presetCalled('lorra')).toThrow(/no preset "lorra".*lora, ffa-lora, fedsa-lora/);
});

test('who asks for a plan of the frozen backbone hears that every plan’s gate weighs it', () => {
  expect(() => presetCalled('frozen')).toThrow(/nothing is learned.*no round and no plan.*as "backbone".*fine-tune/);
});
