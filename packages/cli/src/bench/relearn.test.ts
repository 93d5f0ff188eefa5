import { expect, test } from 'vitest';

import { architecture } from '../backbone/architecture.ts';
import { presetRows } from '../plan/preset-rows.ts';
import { generatedSite } from './generated-site.ts';
import { benchmarkRelearning } from './relearn.ts';

test('a re-learned round sends what its preset is said to send, and what is frozen does not change', async () => {
  const reached: string[] = [];
  const progress = (what: string): void => void reached.push(what);
  const rows = await benchmarkRelearning({ customers: 40, items: 60, progress });
  const value = (preset: string, what: string): number =>
    rows.find(({ name }) => name === `${preset}, 40 customers, 60 items, 5 epochs: ${what}`)?.value ?? Number.NaN;
  for (const preset of ['fine-tune', 'ant']) {
    const sent = presetRows(architecture).find((row) => row.preset === preset)?.sent ?? Number.NaN;
    expect(value(preset, 'sent')).toBe(sent);
    // All that is sent was trained; a value that is pushed back to where it began would be chance.
    expect(value(preset, 'parameters changed')).toBeLessThanOrEqual(sent / 4);
    expect(value(preset, 'parameters changed')).toBeGreaterThan((0.9 * sent) / 4);
    expect(value(preset, 'time')).toBeGreaterThan(0);
  }
  expect(reached.at(-1)).toBe('ant, epoch 5 of 5');
});

test('a generated site has as many customers and items as asked for, and kinds that its features tell apart', () => {
  const { features, sequences } = generatedSite(architecture, { customers: 30, items: 130, seed: 2 });
  expect(sequences.customers).toHaveLength(30);
  const lengths = Array.from(sequences.offsets.subarray(1), (end, at) => end - (sequences.offsets[at] ?? 0));
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(12);
  expect(sequences.items.every((item) => item >= 0 && item < 130)).toBe(true);
  const text = (item: number): Float32Array => features.text.data.subarray(item * 96, item * 96 + 96);
  const distance = (one: number, other: number): number =>
    Math.hypot(...text(one).map((value, at) => value - (text(other)[at] ?? 0)));
  expect(distance(3, 53)).toBeLessThan(distance(3, 54));
});
