import { randomBytes } from 'node:crypto';

/** Gives that many fresh bytes of cryptographic quality. Only tests hand in anything but `secureRandom`. */
export type RandomSource = (bytes: number) => Uint8Array;

export const secureRandom: RandomSource = (bytes) => new Uint8Array(randomBytes(bytes));
