import { AggregationError } from '../errors.ts';
import { MAXIMUM_SITES } from '../group-parameters.ts';
import { HASH_BYTES } from '../keys/bytes.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import { checkedGrouping, type Grouping } from '../topology/grouping.ts';
import { MAXIMUM_COHORT } from '../topology/sizes.ts';

/** What every party of a round must agree on before anything else. */
export interface RoundContext {
  readonly roundId: string;
  /** SHA-256 of the plan, 32 bytes: model, parameter groups, clipping, cohort. Whoever runs another plan masks apart. */
  readonly planHash: Uint8Array;
  /** Ring elements in the masked vector. */
  readonly length: number;
  /** Bits of one site's values, 8 .. 24: the ring is only as wide as their sum needs. Without it, 32 bits travel. */
  readonly valueBits?: number | undefined;
  /** How the cohort is divided into groups that mask apart. Without it the cohort is one group, of 255 sites at most. */
  readonly grouping?: Grouping | undefined;
}

/** 4 GiB of vector; an AES-CTR stream could go on to 2^36 bytes. */
const MAXIMUM_LENGTH = 2 ** 30;

/** A checked copy. @throws AggregationError `malformed`, `out-of-range` */
export function roundContext({ roundId, planHash, length, valueBits, grouping }: RoundContext): RoundContext {
  if (roundId === '') throw new AggregationError('malformed', 'A round needs an id.');
  if (planHash.length !== HASH_BYTES) {
    throw new AggregationError('malformed', `A plan hash has ${HASH_BYTES} bytes, not ${planHash.length}.`);
  }
  if (!Number.isSafeInteger(length) || length < 1 || length > MAXIMUM_LENGTH) {
    throw new AggregationError('malformed', `A masked vector has 1 .. ${MAXIMUM_LENGTH} elements, not ${length}.`);
  }
  // What the largest sum has room for has room in every sum: no round can fail on its width once it has begun.
  ringBitsFor(grouping?.topology === 'flat' ? MAXIMUM_COHORT : MAXIMUM_SITES, valueBits);
  return {
    roundId,
    planHash: new Uint8Array(planHash),
    length,
    valueBits,
    ...(grouping && { grouping: checkedGrouping(grouping) }),
  };
}

/** @throws AggregationError `wrong-round` */
export function assertRound(context: RoundContext, roundId: string): void {
  if (roundId !== context.roundId) {
    throw new AggregationError('wrong-round', `A message of round ${roundId} came in round ${context.roundId}.`);
  }
}

/** @throws AggregationError `malformed` */
export function assertBytes(field: string, value: Uint8Array, bytes: number): void {
  if (value.length !== bytes) {
    throw new AggregationError('malformed', `The ${field} has ${value.length} bytes instead of ${bytes}.`);
  }
}
