import { expect, test } from 'vitest';

import { errorOf } from '../testing/fixtures.ts';
import { siteReader, type SiteFiles } from '../testing/site-files.ts';
import type { RetailData } from '../retail-data.ts';

const read = siteReader();

/** One purchase at each time, by customers of their own; the items are bought in turn. */
const bought = (...times: string[]): string =>
  ['who,item,at', ...times.map((at, number) => `p${number},${'abc'[number % 3]},${at}`)].join('\n') + '\n';

const timesOf = async (files: SiteFiles): Promise<string[]> =>
  [...(await read(files)).sequences.times].map((time) => new Date(time).toISOString());

test('times without an offset are the zone’s own clocks; those with one are taken as they are', async () => {
  const interactions = bought('2024-07-01', '2024-07-01 09:00:00', '2024-07-01T09:00:00Z', '2024-07-01 09:00:00+02:00');
  expect(await timesOf({ interactions, mapping: { timeZone: 'Asia/Tokyo' } })).toEqual([
    '2024-06-30T15:00:00.000Z',
    '2024-07-01T00:00:00.000Z',
    '2024-07-01T09:00:00.000Z',
    '2024-07-01T07:00:00.000Z',
  ]);
  expect((await timesOf({ interactions }))[1], 'without a zone it is UTC').toBe('2024-07-01T09:00:00.000Z');
});

test('a purchase while the clocks changed is kept, in order, and counted', async () => {
  const times = ['2024-03-31 00:59:00', '2024-03-31 01:30:00', '2024-03-31 02:01:00', '2024-10-27 01:30:00'];
  const interactions = `who,item,at\n${times.map((at, number) => `p,${'abcd'[number]},${at}`).join('\n')}\n`;
  const data = await read({
    catalogue: 'item,name\na,A\nb,B\nc,C\nd,D\n',
    interactions,
    mapping: { timeZone: 'Europe/London' },
  });
  expect([...data.sequences.times].map((time) => new Date(time).toISOString())).toEqual([
    '2024-03-31T00:59:00.000Z',
    '2024-03-31T01:01:00.000Z',
    '2024-03-31T01:30:00.000Z',
    '2024-10-27T00:30:00.000Z',
  ]);
  expect(data.report.noticed.map(({ kind, rows }) => [kind, rows])).toEqual([
    ['time-skipped', 1],
    ['time-twice', 1],
  ]);
});

test.each([
  ['seconds', '1720000000.5'],
  ['milliseconds', '1720000000500'],
  ['microseconds', '1720000000500000'],
] as const)('times counted in %s since 1970', async (timeUnit, at) => {
  const times = await timesOf({ interactions: bought(at), timeUnit, mapping: { timeZone: 'Asia/Tokyo' } });
  expect(times).toEqual(['2024-07-03T09:46:40.500Z']);
});

test('a unit mistaken is recognised by the year', async () => {
  const error = await errorOf(read({ interactions: bought('1720000000'), timeUnit: 'milliseconds' }));
  expect(error).toMatchObject({ code: 'time-invalid', place: { row: 1, column: 'at' } });
});

test.each(['Tokyo', 'JST+9', ''])('the zone "%s" is refused', async (timeZone) => {
  const error = await errorOf(read({ interactions: bought('2024-01-01'), mapping: { timeZone } }));
  expect(error).toMatchObject({ code: 'mapping-invalid' });
  expect((error as Error).message).toContain('timeZone: not a time zone of the IANA database');
});

test('rows that are no sale of a piece are cancellations', async () => {
  const interactions = 'who,item,at,n\np,a,2024-01-01,2\np,a,2024-01-02,-2\nq,b,2024-01-01,0\nq,c,2024-01-01,\n';
  const { report }: RetailData = await read({ interactions, interactionColumns: { quantity: 'n' } });
  expect([report.rowsRead, report.rowsKept]).toEqual([4, 2]);
  expect(report.dropped).toMatchObject([{ kind: 'cancellation', rows: 2 }]);
  const error = await errorOf(
    read({ interactions: 'who,item,at,n\np,a,2024-01-01,two\n', interactionColumns: { quantity: 'n' } }),
  );
  expect(error).toMatchObject({ code: 'quantity-invalid', place: { row: 1, column: 'n' } });
});
