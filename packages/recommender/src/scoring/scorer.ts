import { compileInference, type Inference } from '@noren/tensor';
import { featureTables, type CatalogueView } from '../model/feature-tables.ts';
import { catalogueScores } from '../model/scores.ts';
import { parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';
import type { RuntimeOptions } from '../training/trainer.ts';

/** Scores whole histories against the whole catalogue, `rows` at a time. */
export interface Scorer {
  readonly rows: number;
  load(values: ModelValues): void;
  /** Up to `rows` histories (oldest first, at least one item each); one row of scores for each, valid until the next call. */
  score(histories: readonly Int32Array[]): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

export async function compileScorer(
  o: CatalogueView & {
    readonly rows: number;
    /** Longest history that matters; at most the config's maximumLength is read. */
    readonly length: number;
  } & RuntimeOptions,
): Promise<Scorer> {
  const { config, features, stage, rows } = o;
  const length = Math.min(o.length, config.maximumLength);
  const inference = await compileInference(
    (parameters, batch, tables) => ({ scores: catalogueScores({ config, stage, parameters }, batch, tables) }),
    {
      parameters: parameterGroups(config).flatMap(({ tensors }) => tensors.map(({ name, shape }) => ({ name, shape }))),
      constants: featureTables(o),
      ...(o.runtime === undefined ? {} : { runtime: o.runtime }),
      ...(o.threads === undefined ? {} : { threads: o.threads }),
    },
  );
  return {
    rows,
    load: (values) => inference.load(values),
    score: (histories) => scoreRows(inference, histories, { rows, length, items: features.items }),
    dispose: () => inference.dispose(),
  };
}

async function scoreRows(
  inference: Inference,
  histories: readonly Int32Array[],
  { rows, length, items }: { rows: number; length: number; items: number },
): Promise<readonly Float32Array[]> {
  const padded = new Int32Array(rows * length);
  const places = new Int32Array(rows);
  histories.forEach((history, row) => {
    const recent = history.subarray(Math.max(0, history.length - length));
    padded.set(recent, row * length);
    places[row] = row * length + recent.length - 1;
  });
  for (let row = histories.length; row < rows; row += 1) places[row] = row * length;
  const { scores } = await inference.run({
    histories: { shape: [rows, length], data: padded },
    places: { shape: [rows], data: places },
  });
  const data = scores?.data as Float32Array;
  return histories.map((_, row) => data.subarray(row * items, (row + 1) * items));
}
