import { MAXIMUM_ADAPTER_RANK } from '@noren/protocol';
import { z } from 'zod';
import { RecommenderError } from '../errors.ts';

/** What an item may be described by, in the order every list of this package uses. */
export const modalities = ['text', 'image', 'price'] as const;
export type ModalityName = (typeof modalities)[number];

const width = z.int().min(1).max(4096);
const perModality = <T extends z.ZodType>(value: T): z.ZodObject<Record<ModalityName, T>, z.core.$strict> =>
  z.strictObject({ text: value, image: value, price: value });

/** Architecture of a backbone. Everything that decides a tensor's shape or the meaning of its values is here. */
export const recommenderConfigSchema: z.ZodType<RecommenderConfig> = z
  .strictObject({
    dimension: z.int().min(2).max(1024),
    layers: z.int().min(0).max(12),
    heads: z.int().min(1).max(16),
    feedForward: z.int().min(1).max(4096),
    maximumLength: z.int().min(2).max(512),
    dropout: z.number().min(0).max(0.9),
    temperature: z.number().min(0.01).max(10),
    fusion: z.enum(['sum+hadamard', 'attention', 'concat']),
    fusionWeight: z.number().min(0).max(10),
    experts: perModality(z.int().min(1).max(16)),
    features: perModality(width),
    scales: perModality(z.number().min(0.001).max(100)),
    priorWeight: z.number().min(0).max(100),
    identity: z.int().min(0).max(4_194_304).default(0),
    adapterRank: z.int().min(0).max(MAXIMUM_ADAPTER_RANK).default(0),
  })
  .refine((config) => config.dimension % config.heads === 0, {
    message: 'dimension must be a multiple of heads',
    path: ['heads'],
  });

export interface RecommenderConfig {
  /** Width of item vectors and of the Transformer. */
  readonly dimension: number;
  /** Transformer blocks. */
  readonly layers: number;
  readonly heads: number;
  /** Inner width of a block's feed-forward part. */
  readonly feedForward: number;
  /** Most recent interactions the model sees. */
  readonly maximumLength: number;
  /** Rate inside the Transformer and on its input; item features are dropped at half of it. */
  readonly dropout: number;
  /** Scores are cosine / temperature (ANT: .07). */
  readonly temperature: number;
  readonly fusion: 'sum+hadamard' | 'attention' | 'concat';
  /** Weight of image x text in `sum+hadamard` (ANT: .1). */
  readonly fusionWeight: number;
  /** Experts of each modality's projection; 1 means a plain projection without a gate. */
  readonly experts: Readonly<Record<ModalityName, number>>;
  /** Width of each modality's features. */
  readonly features: Readonly<Record<ModalityName, number>>;
  /** Where each modality's learned scale starts. Weak features at full scale can hurt, so they start small. */
  readonly scales: Readonly<Record<ModalityName, number>>;
  /** Weight of the site's own counts (co-occurrence, popularity) beside the network's probability of 1; 0 for none. */
  readonly priorWeight: number;
  /**
   * Items with a learned vector of their own beside what describes them (transductive): the size of the site's catalogue,
   * or 0 for none (inductive). Such vectors mean nothing at another site, so a backbone has none and they are never shared.
   */
  readonly identity: number;
  /** Rank of the low-rank adapters beside the matrices of the Transformer, or 0 for none: a plan adds them, a backbone has none. */
  readonly adapterRank: number;
}

/** @throws RecommenderError `config-invalid`, naming every field at fault. */
export function parseRecommenderConfig(value: unknown): RecommenderConfig {
  const parsed = recommenderConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RecommenderError('config-invalid', `The recommender's config is invalid: ${z.prettifyError(parsed.error)}`);
}
