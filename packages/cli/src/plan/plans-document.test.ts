import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { defaultTraining, parsePlanTemplate } from '@noren/protocol';
import { presetPlan } from '@noren/recommender';
import { presetNames } from '@noren/recommender/presets';
import { expect, test } from 'vitest';

import { architecture } from '../backbone/architecture.ts';
import { presetRows } from './preset-rows.ts';

const document = fileURLToPath(new URL('../../../../docs/plans.md', import.meta.url));
const block = /(<!-- presets -->\n)[\s\S]*(<!-- \/presets -->)/;

/** The table of docs/plans.md; `npx vitest run packages/cli/src/plan --update` writes it anew. */
function table(): string {
  const rows = presetRows(architecture).map(({ preset, summary, shared, kept, sent, paper }) =>
    [`\`${preset}\``, summary, shared, kept, sent.toLocaleString('en'), paper].join(' | '),
  );
  const head = [
    'preset | what it does | shared | kept at the site | bytes sent | from',
    '--- | --- | --- | --- | --: | ---',
  ];
  return [...head, ...rows].map((row) => `| ${row} |`).join('\n');
}

test('the table of docs/plans.md says what the presets are', async () => {
  const text = readFileSync(document, 'utf8');
  expect(text).toMatch(block);
  await expect(text.replace(block, `$1\n${table()}\n\n$2`)).toMatchFileSnapshot(document);
});

test.each(presetNames)('the plan of %s is one that a coordinator takes', (name) => {
  const plan = presetPlan(name, architecture, defaultTraining(name, {}));
  expect(parsePlanTemplate(JSON.stringify(plan))).toEqual(plan);
});
