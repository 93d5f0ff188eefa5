import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { completeGraph, hararyGraph, neighboursAmong, type MaskingGraph } from './masking-graph.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`masking graph properties: NOREN_TEST_SEED=${seed}\n`);

interface Ring {
  readonly ring: readonly SiteNumber[];
  readonly degree: number;
  readonly graph: MaskingGraph;
}

const rings: fc.Arbitrary<Ring> = fc
  .record({ sites: fc.integer({ min: 8, max: 24 }), half: fc.integer({ min: 1, max: 3 }) })
  .chain(({ sites, half }) =>
    fc
      .shuffledSubarray(
        Array.from({ length: sites }, (_, number) => number as SiteNumber),
        { minLength: sites },
      )
      .map((ring) => ({ ring, degree: 2 * half, graph: hararyGraph(ring, 2 * half, 3) })),
  );

/** Any part of the ring's sites. */
const partOf = ({ ring }: Ring): fc.Arbitrary<SiteSet> => fc.subarray([...ring]).map((sites) => SiteSet.of(sites));

test('in a complete graph everybody is a neighbour and signs', () => {
  const graph = completeGraph(4);
  expect(graph.neighbourhood(2 as SiteNumber)).toEqual([0, 1, 2, 3]);
  expect(graph.signers).toEqual([0, 1, 2, 3]);
});

test('in a ring of eight sites each has the two next on either side, across its beginning too', () => {
  const ring = [3, 1, 4, 0, 5, 2, 6, 7] as SiteNumber[];
  const graph = hararyGraph(ring, 4, 3);
  expect(graph.neighbourhood(0 as SiteNumber)).toEqual([0, 1, 2, 4, 5]);
  expect(graph.neighbourhood(3 as SiteNumber)).toEqual([1, 3, 4, 6, 7]);
  expect(graph.neighbourhood(7 as SiteNumber)).toEqual([1, 2, 3, 6, 7]);
  expect(graph.signers).toEqual([1, 3, 4]);
});

test('neighbours are neighbours of each other, and as many as the degree says', () => {
  const property = fc.property(rings, ({ ring, degree, graph }) => {
    for (const site of ring) {
      const neighbourhood = graph.neighbourhood(site);
      expect(neighbourhood).toEqual(SiteSet.of(neighbourhood).numbers);
      expect(neighbourhood).toHaveLength(degree + 1);
      for (const neighbour of neighbourhood) expect(graph.neighbourhood(neighbour)).toContain(site);
    }
  });
  fc.assert(property, { seed, numRuns: 100 });
});

/** The parts into which sites fall that are connected through each other alone. */
function partsOf(graph: MaskingGraph, sites: SiteSet): readonly SiteSet[] {
  const unseen = new Set(sites);
  const parts: SiteSet[] = [];
  for (const first of sites) {
    if (!unseen.delete(first)) continue;
    const part = [first];
    for (const site of part) {
      part.push(...graph.neighbourhood(site).filter((neighbour) => unseen.delete(neighbour)));
    }
    parts.push(SiteSet.of(part));
  }
  return parts;
}

test('whoever is declared lost, a part of the survivors is seen apart only between two stretches of many corrupt sites', () => {
  let apart = 0;
  const cases = rings.chain((ring) =>
    fc.record({
      ring: fc.constant(ring),
      corrupt: partOf(ring),
      lost: partOf(ring),
      more: fc.integer({ min: 0, max: 3 }),
    }),
  );
  const property = fc.property(cases, ({ ring: { ring, degree, graph }, corrupt, lost, more }) => {
    const threshold = Math.min(degree + 1, degree / 2 + 1 + more);
    const survivors = SiteSet.of(ring.filter((site) => !corrupt.has(site) && !lost.has(site)));
    // The coordinator has the shares that honest survivors reveal, and all that corrupt sites hold.
    const telling = SiteSet.of([...survivors, ...corrupt]);
    const parts = partsOf(graph, survivors);
    const opened = parts.filter((part) =>
      part.numbers.every((site) => neighboursAmong(graph, site, telling) >= threshold),
    );
    if (parts.length < 2 || opened.length === 0) return;
    apart++;
    const needed = threshold - 1 - degree / 2;
    const cuts = ring.map((_, place) => {
      const stretch = Array.from({ length: degree / 2 }, (_site, step) => ring.at((place + step) % ring.length)!);
      const isCut = stretch.every((site) => !survivors.has(site));
      return isCut && stretch.filter((site) => corrupt.has(site)).length >= needed;
    });
    const places = cuts.flatMap((isCut, place) => (isCut ? [place] : []));
    const disjoint = places.some((a) =>
      places.some(
        (b) => Math.min((a - b + ring.length) % ring.length, (b - a + ring.length) % ring.length) >= degree / 2,
      ),
    );
    expect(disjoint).toBe(true);
  });
  fc.assert(property, { seed, numRuns: 3000 });
  expect(apart).toBeGreaterThan(50);
});
