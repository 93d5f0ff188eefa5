import type { KeyAdvertisement, SealedShare } from '@noren/secure-aggregation';

import { encodeCoordinatorMessage } from './coordinator-message.ts';
import { encodeSiteMessage } from './site-message.ts';

/** One group of a cohort; the sites of all groups; whether the survivors are signed. */
export interface MaskingGroup {
  readonly sites: number;
  /** Sites among which each site shares, itself included, and sites that sign the survivors; all of the group if not said. */
  readonly holders?: number;
  readonly signers?: number;
  readonly cohort: number;
  readonly mode: 'active' | 'passive';
}

/** Bytes of masking's messages to and from one site of a round in which nobody is lost, besides its masked vector. */
export interface MaskingTraffic {
  readonly sent: number;
  readonly received: number;
}

/** Ids have 1 .. 63 bytes; this is what they often have. */
const USUAL_ID = 'x'.repeat(16);

/** Counted with messages that have the lengths of real ones, and nothing in them. */
export function maskingTraffic({
  sites,
  holders = sites,
  signers = sites,
  cohort,
  mode,
}: MaskingGroup): MaskingTraffic {
  const roundId = USUAL_ID;
  const signature = zeros(64);
  const all = Array.from({ length: sites }, (_, number) => number);
  const advertisement: KeyAdvertisement = {
    roundId,
    siteId: USUAL_ID,
    channelKey: zeros(32),
    maskKey: zeros(32),
    selfMaskCommitment: zeros(32),
    nonce: zeros(16),
    signature,
  };
  // The last sites, whose numbers are as long as any.
  const neighbourhood = all.slice(-holders);
  const known = all.slice(-(holders + signers));
  const sealed = neighbourhood.slice(0, -1).map((to): SealedShare => ({ from: sites - 1, to, ciphertext: zeros(82) }));
  const active = mode === 'active';
  const sent = [
    encodeSiteMessage({ kind: 'keyAdvertisement', ...advertisement }),
    encodeSiteMessage({ kind: 'sealedShares', roundId, rosterHash: zeros(32), shares: sealed, signature }),
    ...(active ? [encodeSiteMessage({ kind: 'survivorSignature', roundId, signature })] : []),
    encodeSiteMessage({
      kind: 'revealedShares',
      roundId,
      shares: neighbourhood.map((of) => ({ of, share: { kind: 'self-mask', value: zeros(33) } })),
      signature,
    }),
  ];
  const received = [
    encodeCoordinatorMessage({
      kind: 'keyRoster',
      roundId,
      advertisements: known.map(() => advertisement),
      identityKeys: known.map(() => zeros(32)),
      cohort: cohort > known.length ? Array.from({ length: cohort }, () => USUAL_ID) : [],
    }),
    encodeCoordinatorMessage({ kind: 'shareDelivery', roundId, sharingSites: all, shares: sealed }),
    ...(active ? [encodeCoordinatorMessage({ kind: 'consistencyRequest', roundId, survivors: all })] : []),
    encodeCoordinatorMessage({
      kind: 'revealRequest',
      roundId,
      survivors: all,
      witnesses: active ? all.slice(-signers).map((site) => ({ site, signature })) : [],
    }),
  ];
  return { sent: bytesOf(sent), received: bytesOf(received) };
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

function bytesOf(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, { length }) => sum + length, 0);
}
