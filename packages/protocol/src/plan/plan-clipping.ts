import { nextClipNorm, noiseMultiplierBesideCount } from '@noren/privacy';
import { z } from 'zod';

/**
 * How the clip norm of private rounds follows the norms of the customers' gradients (Andrew et al. 2021). Beside its sum each
 * site sends, as one more element under the same noise, how many of its sampled customers were not clipped; the next round's
 * plan carries the norm that follows. A template's `clipNorm` is the first.
 */
export interface AdaptiveClipNorm {
  readonly kind: 'adaptive';
  /** Share of the customers that shall not be clipped, (0, 1). */
  readonly quantile: number;
  /** eta, > 0: a round in which nobody was clipped multiplies the norm by e^(-eta (1 - quantile)). */
  readonly learningRate: number;
  /** sigma_b, standard deviation of the count's noise, in customers. */
  readonly countNoise: number;
  /** The norm stays in minimum .. maximum, whatever the counts say. */
  readonly minimum: number;
  readonly maximum: number;
}

const norm = z.number().positive().max(1e6);

export const adaptiveClipNormSchema: z.ZodType<AdaptiveClipNorm> = z.strictObject({
  kind: z.literal('adaptive'),
  quantile: z.number().gt(0).lt(1),
  learningRate: z.number().positive().max(10),
  countNoise: z.number().positive().max(1e9),
  minimum: norm,
  maximum: norm,
});

/** The part of a plan's privacy that clipping is about. */
interface ClippedPrivacy {
  readonly clipNorm: number;
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
  readonly customers: number;
  readonly sitesPerCustomer: number;
  readonly clipping?: AdaptiveClipNorm | undefined;
}

type CountedPrivacy = ClippedPrivacy & { readonly clipping: AdaptiveClipNorm };

interface ClippedTemplate {
  readonly privacy?: ClippedPrivacy | null | undefined;
  readonly update: { readonly clipNorm: number };
}

/** Whether the plan's clip norm adapts. */
export function adaptsClipNorm<P extends Pick<ClippedPrivacy, 'clipping'>>(
  privacy: P,
): privacy is P & { readonly clipping: AdaptiveClipNorm } {
  return privacy.clipping !== undefined;
}

/**
 * The noise multiplier left for the sum beside the count, so that both together cost what `noiseMultiplier` says. A customer of
 * k sites moves the count by k / 2.
 */
export function updateNoiseMultiplier(
  privacy: Pick<ClippedPrivacy, 'noiseMultiplier' | 'sitesPerCustomer' | 'clipping'>,
): number {
  const { noiseMultiplier, sitesPerCustomer } = privacy;
  if (!adaptsClipNorm(privacy)) return noiseMultiplier;
  return noiseMultiplierBesideCount(noiseMultiplier, privacy.clipping.countNoise / sitesPerCustomer);
}

/**
 * What a customer of the count stands for in the sum's units, so that noise of one standard deviation on all elements is
 * `countNoise` customers and `updateNoiseMultiplier` clip norms.
 */
export function countUnit(privacy: CountedPrivacy): number {
  const { clipNorm, sitesPerCustomer, clipping } = privacy;
  return (updateNoiseMultiplier(privacy) * clipNorm * sitesPerCustomer) / clipping.countNoise;
}

/**
 * L2 norm of the most that one customer changes one site's sum and count by. The count is taken as b - 1/2 a customer, b = 1 for
 * one that was not clipped: with b itself one customer would move it by up to 1 instead of 1/2, for a figure that says the
 * same. So whoever is in the sample adds a gradient of norm C at most and half a unit, whichever the sign.
 */
export function countedSensitivity(privacy: CountedPrivacy): number {
  return Math.hypot(privacy.clipNorm, countUnit(privacy) / 2);
}

/** The noised share of the sampled customers that were not clipped; below 0 or above 1 where the noise took it there. */
export function unclippedShare(count: number, { samplingRate, customers }: CountedPrivacy): number {
  return 0.5 + count / (samplingRate * customers);
}

/** The clip norm of the round after one whose noised share of customers that were not clipped is `unclipped`. */
export function clipNormAfter({ clipNorm, clipping }: CountedPrivacy, unclipped: number): number {
  return Math.max(clipping.minimum, Math.min(clipping.maximum, nextClipNorm(clipNorm, unclipped, 1, clipping)));
}

/**
 * The template with another clip norm in force. The bound of a site's sum follows in proportion: it holds as many customers'
 * gradients as before, and the ring stays as fine beside them.
 */
export function withClipNorm<Template extends ClippedTemplate>(template: Template, clipNorm: number): Template {
  const { privacy, update } = template;
  if (privacy == null) return template;
  const ratio = update.clipNorm / privacy.clipNorm;
  return { ...template, privacy: { ...privacy, clipNorm }, update: { ...update, clipNorm: ratio * clipNorm } };
}

/** Largest bound of a site's sum that rounds of this plan may come to have. */
export function largestSumNorm({ privacy, update }: ClippedTemplate): number {
  if (privacy == null || !adaptsClipNorm(privacy)) return update.clipNorm;
  // Twelve digits: the ratio of two norms that were scaled together may be off by its last.
  return Number(((update.clipNorm / privacy.clipNorm) * privacy.clipping.maximum).toPrecision(12));
}

/** What the fields of a plan's clipping do not say alone. */
export function clippingFault(privacy: ClippedPrivacy, sumNorm: number): { path: string[]; message: string } | null {
  if (!adaptsClipNorm(privacy)) return null;
  const { clipNorm, noiseMultiplier, sitesPerCustomer, clipping } = privacy;
  const { minimum, maximum, countNoise } = clipping;
  const fault = (field: string, message: string): { path: string[]; message: string } => ({
    path: ['privacy', ...field.split('.')],
    message,
  });
  if (!(minimum <= clipNorm && clipNorm <= maximum)) {
    return fault('clipNorm', `is not in privacy.clipping's ${minimum} .. ${maximum}`);
  }
  // With less noise the count alone would cost more than half of what the whole round may.
  const least = (noiseMultiplier * sitesPerCustomer) / Math.SQRT2;
  if (countNoise < least) {
    return fault(
      'clipping.countNoise',
      `leaves less than half of a round's privacy to the sum: make it ${least.toPrecision(3)} customers or more`,
    );
  }
  if ((sumNorm / clipNorm) * maximum > 1e6) {
    return fault('clipping.maximum', "lets the bound of a site's sum grow beyond 1e6");
  }
  return null;
}
