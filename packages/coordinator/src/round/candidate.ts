import type { Hash, PlanTemplate } from '@noren/protocol';
import { federatedVector, readSafetensors, withFederatedVector, writeSafetensors } from '@noren/tensor/safetensors';

import type { BlobStore } from '../blobs/blob-store.ts';
import { CoordinatorError } from '../coordinator-error.ts';
import type { YieldTurn } from './aggregate.ts';
import { serverStep } from './server-optimiser.ts';
import type { Moments } from './server-optimiser.ts';

/**
 * Writes the candidate: the release's file with another vector, so header, names, shapes and metadata are the same
 * bytes. For fedadam also writes the moments after this step; they go into force only with the candidate.
 */
export async function makeCandidate(o: {
  readonly blobs: BlobStore;
  readonly server: PlanTemplate['server'];
  readonly release: Hash;
  readonly moments: Hash | null;
  readonly update: Float32Array;
  readonly yieldTurn: YieldTurn;
}): Promise<{ readonly candidate: Hash; readonly moments: Hash | null }> {
  const file = readSafetensors(await o.blobs.read(o.release));
  const release = federatedVector(file);
  if (release.length !== o.update.length) {
    const message = `The update has ${o.update.length} values, the release ${o.release} has ${release.length}.`;
    throw new CoordinatorError('unsound-aggregate', message);
  }
  const before = o.moments === null ? null : readMoments(await o.blobs.read(o.moments), release.length);
  const { server, update, yieldTurn } = o;
  const step = await serverStep({ server, release, update, moments: before, yieldTurn });
  const candidate = await o.blobs.write(writeSafetensors(withFederatedVector(file, step.candidate)));
  const moments = step.moments === null ? null : await o.blobs.write(momentsFile(step.moments));
  return { candidate, moments };
}

const FIRST = 'moments/first';
const SECOND = 'moments/second';

function momentsFile({ first, second }: Moments): Uint8Array {
  const shape = [first.length];
  const tensors = new Map([
    [FIRST, { shape, data: first }],
    [SECOND, { shape, data: second }],
  ]);
  return writeSafetensors({ tensors, metadata: { noren: JSON.stringify({ kind: 'moments', version: 1 }) } });
}

function readMoments(bytes: Uint8Array, length: number): Moments {
  const { tensors } = readSafetensors(bytes);
  const first = tensors.get(FIRST)?.data;
  const second = tensors.get(SECOND)?.data;
  if (first?.length === length && second?.length === length) return { first, second };
  throw new CoordinatorError('blob-damaged', `The optimiser's moments are not of a vector of ${length} values.`);
}
