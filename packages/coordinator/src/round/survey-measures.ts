import { CoordinatorError } from '../coordinator-error.ts';
import type { OpenedSum } from './opening.ts';

/** Rounding to the ring moves a mean by far less, even for a group of the smallest weights. */
const ROUNDING = 0.01;
/** Digits that float32 holds for certain. */
const DIGITS = 7;

/**
 * The weighted mean of the sites' survey vectors as the log keeps it. Every element of an honest vector lies in [-1, 1], and no
 * vector is longer than the plan's clip norm.
 *
 * Throws CoordinatorError `unsound-aggregate`.
 */
export function surveyMeasuresOf({
  evidence,
  meanUpdate,
}: Pick<OpenedSum, 'evidence' | 'meanUpdate'>): readonly number[] {
  const outside = meanUpdate.find((value) => Math.abs(value) > 1 + ROUNDING);
  if (outside !== undefined || evidence.clipped > 0) {
    const what =
      outside === undefined ? `${evidence.clipped} sites sent a vector that is too long` : `it holds ${outside}`;
    throw new CoordinatorError('unsound-aggregate', `The sum of the survey is unsound: ${what}.`);
  }
  return Array.from(meanUpdate, (value) => Number(value.toPrecision(DIGITS)));
}
