import type { KeyAdvertisement, SealedShare } from '@noren/secure-aggregation';

import { encodeCoordinatorMessage } from './coordinator-message.ts';
import { encodeSiteMessage } from './site-message.ts';

/** One group of a cohort; the sites of all groups; whether the survivors are signed. */
export interface MaskingGroup {
  readonly sites: number;
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
export function maskingTraffic({ sites, cohort, mode }: MaskingGroup): MaskingTraffic {
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
  // Of the last site, whose number is as long as any.
  const sealed = all.slice(0, -1).map((to): SealedShare => ({ from: sites - 1, to, ciphertext: zeros(82) }));
  const active = mode === 'active';
  const sent = [
    encodeSiteMessage({ kind: 'keyAdvertisement', ...advertisement }),
    encodeSiteMessage({ kind: 'sealedShares', roundId, rosterHash: zeros(32), shares: sealed, signature }),
    ...(active ? [encodeSiteMessage({ kind: 'survivorSignature', roundId, signature })] : []),
    encodeSiteMessage({
      kind: 'revealedShares',
      roundId,
      shares: all.map((of) => ({ of, share: { kind: 'self-mask', value: zeros(33) } })),
      signature,
    }),
  ];
  const received = [
    encodeCoordinatorMessage({
      kind: 'keyRoster',
      roundId,
      advertisements: all.map(() => advertisement),
      identityKeys: all.map(() => zeros(32)),
      cohort: cohort > sites ? Array.from({ length: cohort }, () => USUAL_ID) : [],
    }),
    encodeCoordinatorMessage({ kind: 'shareDelivery', roundId, sharingSites: all, shares: sealed }),
    ...(active ? [encodeCoordinatorMessage({ kind: 'consistencyRequest', roundId, survivors: all })] : []),
    encodeCoordinatorMessage({
      kind: 'revealRequest',
      roundId,
      survivors: all,
      witnesses: active ? all.map((site) => ({ site, signature })) : [],
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
