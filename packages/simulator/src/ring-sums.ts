import { readFile } from 'node:fs/promises';
import type { RoundView } from '@noren/protocol/console';

/** One opened sum, and who is in it. */
export interface RingSum {
  readonly survivors: readonly string[];
  /** Ring elements as they were opened. */
  readonly sum: Int32Array;
}

/** The sums that a round opened: of the whole cohort, or of each of its groups. `fileOf`: where a content address is kept. */
export async function openedSums(
  { survivors, groups }: Pick<RoundView, 'survivors' | 'groups'>,
  hash: string,
  fileOf: (hash: string) => string,
): Promise<readonly RingSum[]> {
  if (groups.length === 0) return [{ survivors, sum: await readRing(fileOf(hash)) }];
  const document: unknown = JSON.parse(await readFile(fileOf(hash), 'utf8'));
  const { sums } = document as { readonly sums: readonly (string | null)[] };
  const opened: RingSum[] = [];
  for (const [index, group] of groups.entries()) {
    const of = sums[index] ?? null;
    if (of !== null) opened.push({ survivors: group.survivors, sum: await readRing(fileOf(of)) });
  }
  return opened;
}

/** Ring elements: little-endian int32. */
export async function readRing(file: string): Promise<Int32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(file);
  return new Int32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Whether the sum equals, element for element and modulo 2^32, the sum of the parts. */
export function isSumOf(sum: Int32Array, parts: readonly Int32Array[]): boolean {
  return (
    parts.every((part) => part.length === sum.length) &&
    sum.every((value, at) => parts.reduce((total, part) => (total + (part[at] ?? 0)) | 0, 0) === value)
  );
}
