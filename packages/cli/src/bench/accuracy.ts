import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import {
  experimentFolders,
  experimentNames,
  experimentPlans,
  readFederation,
  renderMarkdown,
  runExperiment,
  summarise,
  upliftPlot,
  type ExperimentName,
  type SummaryRow,
} from '@noren/experiment';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import type { BenchRow } from './report.ts';

export interface AccuracyOptions {
  /** A folder of upstream's files, or one that holds several such folders. */
  readonly data: string;
  readonly experiment: string | undefined;
  readonly seeds: number;
  /** Where tables and plots are written. */
  readonly out: string;
  progress(what: string): void;
}

/** What a plot shows of the first variant; more would be too much for one picture. */
const PLOTTED: ReadonlySet<string> = new Set([
  'local fine-tune',
  'federated fine-tune + personalised',
  'after the gate',
]);

/** Runs every experiment whose data are there, and writes `<experiment>.md`, `.json` and `.svg`. */
export async function benchmarkAccuracy(o: AccuracyOptions): Promise<readonly BenchRow[]> {
  const found = experimentsIn(o.data, o.experiment);
  await mkdir(o.out, { recursive: true });
  const rows: BenchRow[] = [];
  for (const { name, folder } of found) rows.push(...(await measure(name, folder, o)));
  return rows;
}

async function measure(name: ExperimentName, folder: string, o: AccuracyOptions): Promise<readonly BenchRow[]> {
  const federation = await readFederation(name, folder, (_done, _total, what) => o.progress(`${name}, ${what}`));
  const { recipe, variants } = experimentPlans[name];
  const result = await runExperiment({
    federation,
    recipe,
    variants,
    seeds: Array.from({ length: o.seeds }, (_, at) => at + 1),
    cacheFolder: join(tmpdir(), 'noren-features'),
    threads: 2,
    onProgress: (what) => o.progress(`${name}, ${what}`),
  });
  const summary = summarise(result);
  await writeFile(join(o.out, `${name}.md`), renderMarkdown(federation, result, summary));
  const { sites } = result;
  const written = { experiment: name, note: federation.note, seeds: o.seeds, sites, recipe, rows: summary };
  await writeFile(join(o.out, `${name}.json`), `${JSON.stringify(written, null, 1)}\n`);
  const main = variants[0]?.modalities.join('+');
  const plotted = summary.filter(({ strategy, inputs }) => inputs === main && PLOTTED.has(strategy));
  if (sites.length > 1) {
    await writeFile(join(o.out, `${name}.svg`), upliftPlot(federation.name, result, plotted, 'scratch'));
  }
  return summary.flatMap((row) => benchRows(name, row));
}

function benchRows(name: ExperimentName, { strategy, inputs, network, mixed }: SummaryRow): readonly BenchRow[] {
  const label = `${name}: ${strategy}${inputs === '' ? '' : `, ${inputs}`}`;
  return [
    { name: `${label}, network`, value: network.ndcg.mean, unit: 'NDCG@10' },
    { name: `${label}, mixed`, value: mixed.ndcg.mean, unit: 'NDCG@10' },
  ];
}

function experimentsIn(data: string, only: string | undefined): { name: ExperimentName; folder: string }[] {
  const wanted = experimentNames.filter((name) => only === undefined || name === only);
  if (wanted.length === 0) {
    throw new CliError(
      `There is no experiment "${only}". Choose one of: ${experimentNames.join(', ')}.`,
      exitCode.usage,
    );
  }
  const found = wanted.flatMap((name) => {
    const folder = experimentFolders[name];
    if (basename(resolve(data)) === folder) return [{ name, folder: data }];
    return existsSync(join(data, folder)) ? [{ name, folder: join(data, folder) }] : [];
  });
  if (found.length > 0) return found;
  const folders = [...new Set(Object.values(experimentFolders))].join(', ');
  throw new CliError(
    `${data} holds no data of ${only ?? 'any experiment'}. Name a folder called one of ${folders}, or one that holds some of them.`,
    exitCode.usage,
  );
}
