import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ReadingCounts } from '../reading-counts.ts';
import type { FederationData, RetailData } from '../retail-data.ts';
import { randomStream } from '../random.ts';
import { temporaryFolder } from '../testing/fixtures.ts';
import { FULL_RANGE, drawProduct } from './assortment.ts';
import { letCustomersBuy } from './customers.ts';
import { drawFederation, generateFederation } from './generate-federation.ts';
import { drawTaste, siteTaste, type Taste } from './taste.ts';

const folder = temporaryFolder();

/** Everything but where the images lie, and their bytes. */
function fingerprint(federation: FederationData): string {
  const hash = createHash('sha256');
  for (const { catalogue, sequences } of [federation.headquarters, ...federation.sites.map(({ data }) => data)]) {
    for (const { id, text, imagePath, price } of catalogue) {
      hash.update(JSON.stringify([id, text, imagePath === null, price]));
      if (imagePath !== null) hash.update(readFileSync(imagePath));
    }
    hash.update(JSON.stringify([sequences.customers, [...sequences.items], [...sequences.times]]));
  }
  return hash.digest('hex');
}

test('the same seed gives the same data and image bytes, another seed others', async () => {
  const options = { world: 'shifted', sites: 1 } as const;
  const first = await generateFederation({ ...options, seed: 4, imageFolder: join(folder, 'a') });
  const again = await generateFederation({ ...options, seed: 4, imageFolder: join(folder, 'b') });
  const other = drawFederation({ ...options, seed: 5, imageFolder: join(folder, 'b') }).federation;
  expect(fingerprint(again)).toBe(fingerprint(first));
  const texts = ({ headquarters }: FederationData): string[] => headquarters.catalogue.map((item) => item.text);
  expect(texts(other)).not.toEqual(texts(first));
});

test('sites are small chains with names of their own; some items lack an image or a price', () => {
  const { federation, pictures } = drawFederation({ seed: 1, world: 'shared', sites: 3, imageFolder: folder });
  expect(federation.sites.map(({ id, name }) => [id, name])).toEqual([
    ['aoyama-street', 'Aoyama Street'],
    ['harbour-outlet', 'Harbour Outlet'],
    ['kita-market', 'Kita Market'],
  ]);
  for (const { data } of federation.sites) {
    expect(data.catalogue).toHaveLength(200);
    expect(data.report.customers).toBeGreaterThanOrEqual(40);
    expect(data.report.customers).toBeLessThanOrEqual(180);
    expect(data.report.itemsWithoutText).toBe(0);
    const texts = data.catalogue.map((item) => item.text);
    expect(texts.some((text) => /[ぁ-ん]/.test(text)) && texts.some((text) => /^[ -~]+$/.test(text))).toBe(true);
  }
  const all = [federation.headquarters, ...federation.sites.map(({ data }) => data)];
  expect(all.reduce((sum, { report }) => sum + report.itemsWithoutImage, 0)).toBeGreaterThan(0);
  expect(all.reduce((sum, { report }) => sum + report.itemsWithoutPrice, 0)).toBeGreaterThan(0);
  const images = all.flatMap(({ catalogue }) => catalogue.flatMap((item) => item.imagePath ?? []));
  expect(pictures.map(({ path }) => path)).toEqual(images);
  expect(new Set(images).size).toBe(images.length);
});

test('a world without sites or with too many is refused', async () => {
  for (const sites of [0, 201, 1.5])
    await expect(generateFederation({ seed: 1, world: 'shared', sites, imageFolder: folder })).rejects.toMatchObject({
      code: 'world-invalid',
    });
});

describe('what the worlds are built for', () => {
  /** Mean log-likelihood of the next style under transition frequencies counted elsewhere, in nats. */
  function explains(counted: readonly RetailShop[], at: RetailShop): number {
    const counts = at.taste.styles.map((row) => new Float64Array(row.length).fill(1));
    for (const shop of counted) for (const [had, next] of transitions(shop)) counts[had]![next]! += 1;
    const found = transitions(at);
    return (
      found.reduce((sum, [had, next]) => {
        const row = counts[had] ?? new Float64Array(0);
        return sum + Math.log((row[next] ?? 0) / row.reduce((total, count) => total + count, 0));
      }, 0) / found.length
    );
  }

  interface RetailShop {
    readonly taste: Taste;
    readonly styles: readonly number[];
    readonly sequences: RetailData['sequences'];
  }

  function transitions({ styles, sequences }: RetailShop): [number, number][] {
    return [...sequences.items].flatMap((item, at): [number, number][] =>
      sequences.offsets.includes(at) ? [] : [[styles[sequences.items[at - 1] ?? -1] ?? 0, styles[item] ?? 0]],
    );
  }

  function shop(taste: Taste, customers: number, purpose: string): RetailShop {
    const random = randomStream(11, purpose);
    const products = Array.from({ length: 200 }, () => drawProduct(FULL_RANGE, random));
    const log = letCustomersBuy(customers, products, taste, random);
    const sequences = log.sequences({ repeats: 'first', minimumSequence: 2 }, new ReadingCounts());
    return { taste, styles: products.map((product) => product.style), sequences };
  }

  test('other sites tell more about a site than headquarters of a shifted world does, and than it can tell itself', () => {
    const common = drawTaste(randomStream(11, 'common'));
    const headquarters = shop(drawTaste(randomStream(11, 'shifted')), 500, 'headquarters');
    const others = [1, 2, 3, 4, 5].map((at) =>
      shop(siteTaste(common, randomStream(11, `own ${at}`)), 90, `site ${at}`),
    );
    const own = siteTaste(common, randomStream(11, 'own'));
    const past = shop(own, 90, 'past');
    const future = shop(own, 400, 'future');
    expect(explains([...others, past], future)).toBeGreaterThan(explains([past], future) + 0.05);
    expect(explains(others, future)).toBeGreaterThan(explains([headquarters], future) + 0.2);
  });

  test('at 3 of 10 sites of the hurting world, and only there, prices mirror and texts do not fit', () => {
    const { sites } = drawFederation({ seed: 2, world: 'hurting', sites: 10, imageFolder: folder }).federation;
    const mirrored = sites.filter(({ data: { catalogue, sequences } }) => {
      const logs = catalogue.map((item) => (item.price === null ? null : Math.log(item.price)));
      let product = 0;
      const known = logs.filter((log) => log !== null);
      const mean = known.reduce((sum, log) => sum + log, 0) / known.length;
      for (let at = 1; at < sequences.items.length; at++) {
        const before = logs[sequences.items[at - 1] ?? -1] ?? mean;
        const after = logs[sequences.items[at] ?? -1] ?? mean;
        if (!sequences.offsets.includes(at)) product += (before - mean) * (after - mean);
      }
      return product < 0;
    });
    expect(mirrored).toHaveLength(3);
    const coatsAreDear = sites.map(({ data: { catalogue } }) => {
      const coats = catalogue.filter((item) => /coat|コート/.test(item.text) && item.price !== null);
      const shirts = catalogue.filter((item) => /T-?shirt|Tシャツ/i.test(item.text) && item.price !== null);
      const mean = (items: typeof coats): number =>
        items.reduce((sum, item) => sum + (item.price ?? 0), 0) / items.length;
      return mean(coats) > 3 * mean(shirts);
    });
    expect(sites.filter((_, at) => coatsAreDear[at] !== true)).toEqual(mirrored);
  });
});
