import type { RoundId } from '@noren/protocol';
import { parseRoundId } from '@noren/protocol';

/** `<number>-<random>`: readable, and unique even if a log is lost and numbers begin again. `random`: 8 hex digits. */
export function makeRoundId(number: number, random: string): RoundId {
  return parseRoundId(`${number}-${random}`);
}

/** The number of a round that `makeRoundId` named. */
export function roundNumberOf(id: RoundId): number {
  return Number.parseInt(id, 10);
}
