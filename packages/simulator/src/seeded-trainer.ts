import {
  drawNoise,
  type Evaluation,
  type EvaluationJob,
  type NoiseJob,
  type RecommendationJob,
  type Recommendations,
  type Relearned,
  type RoundJob,
  type SiteSummary,
  type Surveyed,
  type Trainer,
} from '@noren/agent';
import { seededBytes, seededShare, seededVector } from './seeded-random.ts';

const SUMMARY: SiteSummary = { customers: 100, items: 50, interactions: 1000 };

/** Looks at no data: seeded updates below the clip norm, seeded noise, and candidates that are always a little better. */
export class SeededTrainer implements Trainer {
  readonly #seed: number;
  readonly #site: string;
  #draws = 0;

  constructor(seed: number, site: string) {
    this.#seed = seed;
    this.#site = site;
  }

  inspect(): Promise<SiteSummary> {
    return Promise.resolve(SUMMARY);
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async relearn({ plan }: RoundJob): Promise<Relearned> {
    const { vectorLength, round, update } = plan;
    const vector = seededVector(vectorLength, this.#seed, 'update', this.#site, round);
    const largest = update.clipNorm / Math.sqrt(vectorLength);
    const examples = this.#examples(update.maximumWeight);
    return { update: vector.map((value) => value * largest), examples };
  }

  drawNoise(job: NoiseJob): Promise<Int32Array> {
    this.#draws += 1;
    return drawNoise(job, seededBytes(this.#seed, 'noise', this.#site, this.#draws));
  }

  /** Measures in [-1, 1), the weight first as everywhere. */
  async survey({ plan }: RoundJob): Promise<Surveyed> {
    const { vectorLength, round, update: rules } = plan;
    const examples = this.#examples(rules.maximumWeight);
    const update = seededVector(vectorLength, this.#seed, 'survey', this.#site, round);
    update[0] = examples / rules.maximumWeight;
    return { update, examples, report: '{}' };
  }

  trainReferences(): Promise<void> {
    return Promise.resolve();
  }

  async evaluate({ candidate }: EvaluationJob): Promise<Evaluation> {
    const interval = { mean: 0.2, low: 0.15, high: 0.25 };
    return {
      customers: SUMMARY.customers,
      chosen: 'federated',
      tested: null,
      adopted: true,
      explanation: 'Adopted: simulated.',
      scores: [{ strategy: 'federated', ndcg: interval, hr: interval }],
      difference: { mean: 0.01, standardError: 0.001 },
      accepted: { strategy: 'federated', file: new TextEncoder().encode(`${this.#site} ${candidate}`) },
      rejected: null,
    };
  }

  recommend({ serving }: RecommendationJob): Promise<Recommendations> {
    return Promise.resolve({ source: serving?.strategy ?? 'popularity', items: [] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #examples(most: number): number {
    return 1 + Math.floor(seededShare(this.#seed, 'examples', this.#site) * most);
  }
}
