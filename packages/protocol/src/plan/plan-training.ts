import { z } from 'zod';

import { isAdapterGroup } from './plan-adapters.ts';

/** What a site minimises besides its own loss, and whether it keeps a model of its own from round to round. */
export type PlanObjective =
  | { readonly kind: 'plain' }
  /** + mu/2 |u - u_t|^2 towards the release (Li et al., MLSys 2020). */
  | { readonly kind: 'fedprox'; readonly mu: number }
  /** A model v kept at the site: its loss + lambda/2 |v - w|^2 towards the shared w (Li et al., ICML 2021). */
  | { readonly kind: 'ditto'; readonly lambda: number }
  /**
   * A model v kept at the site, served as alpha v + (1 - alpha) w (Deng et al. 2020). `chosen`: each site picks alpha on its
   * early-stopping customers.
   */
  | { readonly kind: 'apfl'; readonly alpha: number | 'chosen' };

/** Whether local and federated groups train at once (FedSim) or first the local ones, then the others (FedAlt, FedRep). */
export type PlanOrder =
  | { readonly kind: 'together' }
  | { readonly kind: 'alternating'; readonly personalEpochs: number };

/**
 * How training varies a customer's purchases, anew in every epoch: the probability that one is left out, and the share of
 * customers whose purchases come in random order.
 */
export interface PlanAugmentation {
  readonly thinning: number;
  readonly shuffling: number;
}

export interface PlanTraining {
  /** Of all trained groups together; with an alternating order, of the federated ones. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly augmentation: PlanAugmentation;
  readonly objective: PlanObjective;
  readonly order: PlanOrder;
}

/** What each site does with the aggregated groups before it evaluates them. */
export interface PlanPersonalisation {
  readonly epochs: number;
  readonly learningRate: number;
  /** `trained`: what the round trained; `all`: the frozen groups too, which are only now fitted to the site (FedBABU). */
  readonly groups: 'trained' | 'all';
}

export const epochsSchema: z.ZodType<number, number> = z.int().min(1).max(1000);
export const learningRateSchema: z.ZodType<number, number> = z.number().positive().max(100);

export const trainingSchema: z.ZodType<PlanTraining> = z.strictObject({
  epochs: epochsSchema,
  batchSize: z.int().min(1).max(65_536),
  learningRate: learningRateSchema,
  weightDecay: z.number().min(0).max(1),
  augmentation: z.strictObject({ thinning: z.number().min(0).max(0.9), shuffling: z.number().min(0).max(1) }),
  objective: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('plain') }),
    z.strictObject({ kind: z.literal('fedprox'), mu: z.number().positive().max(1000) }),
    z.strictObject({ kind: z.literal('ditto'), lambda: z.number().min(0).max(1000) }),
    z.strictObject({
      kind: z.literal('apfl'),
      alpha: z.union([z.literal('chosen'), z.number().min(0).max(1)], 'must be "chosen" or a number from 0 to 1'),
    }),
  ]),
  order: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('together') }),
    z.strictObject({ kind: z.literal('alternating'), personalEpochs: epochsSchema }),
  ]),
});

export const personalisationSchema: z.ZodType<PlanPersonalisation> = z.strictObject({
  epochs: epochsSchema,
  learningRate: learningRateSchema,
  groups: z.enum(['trained', 'all']),
});

/** Passes over the site's data that a round's re-learning makes. */
export function relearningEpochs({ epochs, order }: PlanTraining): number {
  return order.kind === 'alternating' ? order.personalEpochs + epochs : epochs;
}

/** What is wrong with the parts taken together: where, and what to do; null for nothing. */
export function trainingFault(plan: {
  readonly groups: Readonly<Record<string, { readonly start: string; readonly scope: string }>>;
  readonly training: PlanTraining;
  readonly personalisation: PlanPersonalisation | null;
}): { readonly path: readonly string[]; readonly message: string } | null {
  const { groups, training, personalisation } = plan;
  const adapter = Object.keys(groups).find((name) => isAdapterGroup(name) && groups[name]?.start !== 'reinit');
  if (adapter !== undefined) {
    return {
      path: ['groups', adapter, 'start'],
      message: 'the backbone has no adapters to go on from: give them the start "reinit"',
    };
  }
  if (training.order.kind === 'alternating' && !Object.values(groups).some(({ scope }) => scope === 'local')) {
    return {
      path: ['training', 'order'],
      message: 'an alternating order needs a group with scope "local" to train first: give one that scope',
    };
  }
  const keeps = training.objective.kind === 'ditto' || training.objective.kind === 'apfl';
  if (keeps && personalisation === null) {
    return {
      path: ['personalisation'],
      message: `the objective "${training.objective.kind}" trains each site's own model in it: give epochs and a learning rate`,
    };
  }
  return null;
}
