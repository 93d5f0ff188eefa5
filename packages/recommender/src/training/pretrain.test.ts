import { expect, test } from 'vitest';
import { readBackbone, writeBackbone } from '../backbone/backbone-file.ts';
import { modalities } from '../config/recommender-config.ts';
import { backboneValues, freshValues } from '../parameters/start-values.ts';
import { mean } from '../scoring/metrics.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { pretrain } from './pretrain.ts';
import { trainReferences } from './references.ts';
import { openRelearner } from './relearner.ts';

const featuriser = { tensors: new Map([['featuriser.text/mean', { shape: [1], data: Float32Array.of(3) }]]) };

test('a backbone is trained, carries its featuriser and is a start for a site’s references', async () => {
  const relearner = openRelearner(tinyStudy());
  const backbone = await pretrain(relearner, { featuriser, epochs: 8, batchSize: 16, learningRate: 0.01, seed: 1 });
  const score = async (values: Map<string, Float32Array>): Promise<number> =>
    mean((await relearner.score({ values, modalities, on: 'early-stopping' })).ndcg);
  const pretrained = await score(backboneValues(backbone));
  expect(pretrained).toBeGreaterThan(await score(freshValues(tinyConfig, 1)));

  const read = readBackbone(writeBackbone(backbone));
  expect(read.tensors.get('featuriser.text/mean')?.data).toEqual(Float32Array.of(3));

  const options = { backbone: read, modalities, epochs: 4, batchSize: 16, learningRate: 0.005, seed: 2 };
  const { scratch, local } = await trainReferences(relearner, options);
  expect(scratch.values.get('item.text/expert.0.weight')).not.toEqual(local.values.get('item.text/expert.0.weight'));
  // Early stopping starts from the backbone, so on its customers the local model is at least as good.
  expect(await score(local.values)).toBeGreaterThanOrEqual(pretrained);
  await relearner.close();
});
