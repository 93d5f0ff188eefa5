import { compile, tf, type Runtime, type Training } from '@noren/tensor';
import type { ModalityName } from '../config/recommender-config.ts';
import { featureTables } from '../model/feature-tables.ts';
import type { Forward } from '../model/forward.ts';
import { alignmentLoss, nextItemLoss } from '../model/scores.ts';
import { isUsed, parameterGroups } from '../parameters/groups.ts';
import type { Rivals } from './relearn-options.ts';
import { batchShape, type BatchShape } from '../study/batches.ts';
import { boughtItems, type Study } from '../study/study.ts';

export interface RuntimeOptions {
  /** Default: the fastest that is installed. */
  readonly runtime?: Runtime | 'auto';
  /** Threads of one step; default: all cores. Results do not depend on it. */
  readonly threads?: number;
}

/** What a training step is compiled for; equal setups of one study share it. */
export interface TrainerSetup {
  readonly stage: readonly ModalityName[];
  readonly trainableGroups: readonly string[];
  readonly batchSize: number;
  /** Items scored at each position, at most; a larger catalogue is sampled anew for every batch. */
  readonly candidates: number;
  /** Whether items that nobody has bought compete, too. */
  readonly rivals: Rivals;
  readonly alignment: boolean;
  readonly weightDecay: number;
  readonly proximal: boolean;
}

export interface Trainer {
  readonly training: Training;
  readonly shape: BatchShape;
}

/** ANT weighs image -> text alignment like this. */
const ALIGNMENT_WEIGHT = 1e-3;
const ALIGNED_ITEMS = 128;
/** Rare; keeps one odd batch of a small site from throwing it off. */
const GRADIENT_NORM = 5;
/** `load` restarts the noise, so one pool serves every run: the order of the batches is what a run's seed decides. */
const NOISE_SEED = 1;

/** Catalogue rows of the items that compete for a prediction. */
export function rivalsOf(study: Study, rivals: Rivals): Int32Array {
  const bought = boughtItems(study);
  const all = Int32Array.from({ length: study.features.items }, (_, item) => item);
  return rivals === 'catalogue' ? all : all.filter((item) => bought[item] === 1);
}

export async function compileTrainer(study: Study, setup: TrainerSetup, o: RuntimeOptions): Promise<Trainer> {
  const { config, features, windows } = study;
  const aligning = setup.alignment && setup.stage.includes('image') && setup.stage.includes('text');
  const shape = batchShape(windows, {
    batchSize: setup.batchSize,
    items: features.items,
    candidates: setup.candidates,
    rivals: rivalsOf(study, setup.rivals).length,
    aligned: aligning ? ALIGNED_ITEMS : 0,
  });
  const groups = parameterGroups(config);
  const trainable = new Set(
    groups
      .filter(({ name }) => setup.trainableGroups.includes(name))
      .flatMap(({ tensors }) => tensors.map(({ name }) => name))
      .filter((name) => isUsed(name, setup.stage)),
  );
  const training = await compile(
    (parameters, batch, tables, noise) => {
      const forward: Forward = { config, stage: setup.stage, parameters, noise };
      const { loss, items } = nextItemLoss(forward, batch, tables);
      if (!aligning) return loss;
      return tf.add(loss, tf.mul(alignmentLoss(forward, batch, items), ALIGNMENT_WEIGHT)).asScalar();
    },
    {
      parameters: groups.flatMap(({ tensors }) => tensors.map(({ name, shape: size }) => ({ name, shape: size }))),
      trainable: (name) => trainable.has(name),
      constants: featureTables({ config, features, stage: setup.stage, bought: boughtItems(study) }),
      optimizer: { kind: 'adamw', weightDecay: setup.weightDecay },
      clipGradientNorm: GRADIENT_NORM,
      proximal: setup.proximal,
      seed: NOISE_SEED,
      ...o,
    },
  );
  return { training, shape };
}
