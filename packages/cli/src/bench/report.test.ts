import { expect, test } from 'vitest';

import { benchReport, benchTable } from './report.ts';

test('a benchmark prints its machine, and says of each row with a target whether it was met', () => {
  const report = benchReport('secagg', [
    { name: 'mask 1 M parameters', value: 41.2, unit: 'ms', peer: 'Flower 234', target: 50, met: true },
    { name: 'bytes a parameter', value: 4, unit: 'B' },
  ]);
  expect(report.machine).toMatch(/^\d+ x .+ GiB, Node 2\d/);
  const table = benchTable(report);
  expect(table).toMatch(/mask 1 M parameters +41\.2 +ms +Flower 234 +50 +yes/);
  expect(table).toMatch(/bytes a parameter +4\.00 +B$/m);
});
