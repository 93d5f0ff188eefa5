import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { maskingTraffic } from '@noren/protocol';
import {
  AggregationError,
  assuranceOf,
  type Assurance,
  type Fears,
  type GroupAssurance,
} from '@noren/secure-aggregation';
import { expect, test } from 'vitest';

import { percentText, probabilityText } from '../terminal/probability.ts';
import { bytesText } from '../terminal/quantity.ts';

const document = fileURLToPath(new URL('../../../../docs/threat-model.md', import.meta.url));

/** The tables of docs/threat-model.md; `npx vitest run packages/cli/src/plan --update` writes them anew. */
const tables = {
  'one group': oneGroup,
  'random groups': randomGroups,
  turnout,
  'compared groups': comparedGroups,
  'flat graph': flatGraph,
  'flat turnout': flatTurnout,
  'secrecy of compared groups': secrecyOfComparedGroups,
};

test('the tables of docs/threat-model.md say what noren plan secrecy says', async () => {
  const text = readFileSync(document, 'utf8');
  let current = text;
  for (const [name, table] of Object.entries(tables)) {
    const block = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
    expect(text).toMatch(block);
    current = current.replace(block, `$1\n${table()}\n\n$2`);
  }
  await expect(current).toMatchFileSnapshot(document);
});

function assurance(
  sites: number,
  corrupt: number,
  lost: number,
  robust: Fears['robust'] = null,
  topology: Fears['topology'] = 'groups',
): Assurance {
  return assuranceOf({
    sites,
    registered: sites,
    robust,
    topology,
    minimumSurvivors: 0,
    corruptFraction: corrupt,
    lostFraction: lost,
  });
}

function oneGroup(): string {
  const rows = [3, 4, 5, 10, 20, 100, 128].map((sites) => {
    const group = assurance(sites, 0, 0).groups[0]!;
    const { sent, received } = maskingTraffic({ sites, cohort: sites, mode: group.mode });
    return [
      sites,
      group.threshold,
      group.lostBeforeMaskingEnds,
      group.lostAfter,
      `${group.colluding.passive} / ${group.colluding.active}`,
      `${bytesText(sent)} / ${bytesText(received)}`,
    ];
  });
  return table(
    [
      'sites',
      'threshold',
      'may be lost before masking ends',
      'may be lost after',
      'coordinator and how many sites learn nothing: passive / active',
      'keys and shares a site sends / receives',
    ],
    rows,
  );
}

function randomGroups(): string {
  const rows = [129, 200, 1000, 10_000].map((sites) => {
    const { groups } = assurance(sites, 0, 0);
    const learned = (corrupt: number): string => {
      const { log2Broken, log2BrokenByChoice } = assurance(sites, corrupt, 0);
      return [log2Broken.passive, log2Broken.active, log2BrokenByChoice ?? 0].map(chance).join(' / ');
    };
    const lost = (fraction: number): string => {
      const { group, any } = assurance(sites, 0, fraction).log2Lost;
      return `${chance(group)} / ${chance(any)}`;
    };
    const { sent, received } = maskingTraffic({ sites: groups[0]!.sites, cohort: sites, mode: 'active' });
    return [
      sites.toLocaleString('en'),
      groups.map((group) => `${group.groups} of ${group.sites}`).join(', '),
      groups.map(({ threshold }) => threshold).join(', '),
      ...[0.05, 0.1, 0.2].map(learned),
      ...[0.05, 0.1].map(lost),
      `${bytesText(sent)} / ${bytesText(received)}`,
    ];
  });
  return table(
    [
      'sites',
      'groups',
      'threshold',
      '5 % collude: passive / active / leaves out sites',
      '10 %',
      '20 %',
      '5 % lost: one group / any',
      '10 %',
      'keys and shares sent / received',
    ],
    rows,
  );
}

function flatGraph(): string {
  const rows = [129, 200, 1000, 10_000].map((sites) => {
    const at = (corrupt: number, lost: number): Assurance => assurance(sites, corrupt, lost, null, 'flat');
    const group = at(0, 0).groups[0]!;
    const { sent, received } = maskingTraffic({ ...group, cohort: sites });
    return [
      sites.toLocaleString('en'),
      group.holders - 1,
      `${group.threshold} of ${group.holders}`,
      `${group.signatures} of ${group.signers}`,
      group.minimumSurvivors.toLocaleString('en'),
      ...[0.05, 0.1, 0.2].map((corrupt) => {
        const { log2Broken, log2BrokenByChoice } = at(corrupt, 0);
        return [log2Broken.passive, log2Broken.active, log2BrokenByChoice ?? 0].map(chance).join(' / ');
      }),
      ...[0.05, 0.1].map((lost) => chance(at(0, lost).log2Lost.any)),
      `${bytesText(sent)} / ${bytesText(received)}`,
    ];
  });
  return table(
    [
      'sites',
      'neighbours',
      'threshold',
      'signatures',
      'fewest in the sum',
      '5 % collude: passive / active / leaves out sites',
      '10 %',
      '20 %',
      '5 % lost: no sum',
      '10 %',
      'keys and shares sent / received',
    ],
    rows,
  );
}

function turnout(): string {
  return turnoutOf('groups', ({ threshold, sites }) => `${threshold} of ${sites}`);
}

function flatTurnout(): string {
  return turnoutOf(
    'flat',
    ({ threshold, holders, signatures, signers }) => `${threshold} of ${holders}, ${signatures} of ${signers}`,
  );
}

function turnoutOf(topology: 'groups' | 'flat', words: (group: GroupAssurance) => string): string {
  const present = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25];
  const rows = [200, 1000, 10_000].map((registered) => [
    registered.toLocaleString('en'),
    ...present.map((share) => {
      const groups = groupsAt(Math.round(share * registered), registered, topology);
      return groups.length === 0 ? 'none' : groups.map(words).join(', ');
    }),
  ]);
  return table(
    ['registered', ...present.map((share) => `${percentText(share)}${share === 1 ? ' take part' : ''}`)],
    rows,
  );
}

/** None where too few take part. */
function groupsAt(sites: number, registered: number, topology: 'groups' | 'flat'): readonly GroupAssurance[] {
  const asked = { sites, registered, topology, robust: null, minimumSurvivors: 0, corruptFraction: 0, lostFraction: 0 };
  try {
    return assuranceOf(asked).groups;
  } catch (error) {
    if (error instanceof AggregationError && error.code === 'too-few-sites') return [];
    throw error;
  }
}

/** Sites and the size of their groups. */
const compared = [
  [300, 8],
  [1000, 8],
  [1000, 16],
  [1000, 32],
  [10_000, 16],
] as const;

function comparedGroups(): string {
  const rows = compared.map(([sites, groupSize]) => {
    const spoilt = (corrupt: number, combination: 'median' | 'trimmed-mean' = 'median') =>
      assurance(sites, corrupt, 0, { groupSize, combination }).spoiling!;
    const { groups } = assurance(sites, 0, 0, { groupSize, combination: 'median' });
    return [
      sites.toLocaleString('en'),
      groupSize,
      groups.reduce((sum, group) => sum + group.groups, 0),
      `${spoilt(0).breakdown - 1} / ${spoilt(0, 'trimmed-mean').breakdown - 1}`,
      ...[0.005, 0.01, 0.02, 0.05].map((corrupt) => {
        const { share, log2BrokenDown } = spoilt(corrupt).byChance;
        return `${percentText(share)}: ${chance(log2BrokenDown)}`;
      }),
    ];
  });
  return table(
    [
      'sites',
      'group size',
      'groups',
      'corrupt sites stood for certain: medians / trimmed mean',
      '0.5 % of the sites corrupt: groups spoilt, median broken down',
      '1 %',
      '2 %',
      '5 %',
    ],
    rows,
  );
}

function secrecyOfComparedGroups(): string {
  const rows = compared.map(([sites, groupSize]) => {
    const at = (corrupt: number, lost: number): Assurance =>
      assurance(sites, corrupt, lost, { groupSize, combination: 'median' });
    return [
      sites.toLocaleString('en'),
      groupSize,
      at(0, 0)
        .groups.map(({ threshold }) => threshold)
        .join(', '),
      ...[0.01, 0.02, 0.05].map((corrupt) => {
        const { passive, active } = at(corrupt, 0).log2Broken;
        return `${chance(passive)} / ${chance(active)}`;
      }),
      ...[0.05, 0.1].map((lost) => chance(at(0, lost).log2Lost.group)),
    ];
  });
  return table(
    ['sites', 'group size', 'threshold', '1 % collude: passive / active', '2 %', '5 %', '5 % lost: a group', '10 %'],
    rows,
  );
}

function chance(log2: number): string {
  return probabilityText(log2, 'never');
}

function table(titles: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [titles, titles.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
