import { TensorError } from '../error.ts';

/** How the learning rate runs over a training. */
export type LearningRateSchedule =
  | { readonly kind: 'constant' }
  /** Falls to `end` (a share of the rate, default 0) in a straight line or along half a cosine (Loshchilov and Hutter 2017). */
  | { readonly kind: 'linear' | 'cosine'; readonly steps: number; readonly end?: number }
  /** Multiplies by `factor` after every `every` steps. */
  | { readonly kind: 'steps'; readonly every: number; readonly factor: number };

/**
 * The share of the base learning rate at a step, counted from 0. With `warmUp`, the first steps climb from nothing in a
 * straight line and the schedule begins after them. Pure: a resumed training asks for the step it is at.
 */
export function learningRateShare(schedule: LearningRateSchedule, step: number, warmUp = 0): number {
  if (!(step >= 0 && warmUp >= 0))
    throw new TensorError('invalid-spec', `Step ${step} or warm-up ${warmUp} is below 0.`);
  if (step < warmUp) return (step + 1) / (warmUp + 1);
  const at = step - warmUp;
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'steps':
      return schedule.factor ** Math.floor(at / schedule.every);
    case 'linear':
    case 'cosine': {
      const { end = 0 } = schedule;
      const passed = Math.min(1, at / schedule.steps);
      const left = schedule.kind === 'linear' ? 1 - passed : (1 + Math.cos(Math.PI * passed)) / 2;
      return end + (1 - end) * left;
    }
  }
}
