import type { ConsistencyRequest, KeyRoster, RevealRequest, ShareDelivery } from '@noren/secure-aggregation';
import { z } from 'zod';

import { noren } from '../generated/noren.js';
import { hashSchema, roundIdSchema } from '../identifiers.ts';
import type { Hash, RoundId } from '../identifiers.ts';
import { federationNameSchema } from '../plan/plan.ts';
import { MAXIMUM_PLAN_BYTES } from '../plan/plan-document.ts';
import { ProtocolError } from '../protocol-error.ts';
import {
  consistencyRequestSchema,
  keyRosterSchema,
  revealRequestSchema,
  shareDeliverySchema,
} from './secure-aggregation-messages.ts';
import { bytesField, decodeFrame, emptyAsNull, enumField, textField, wireCodec } from './wire-codec.ts';

/** Answer to `hello`. */
export interface Welcome {
  readonly federation: string;
  /** The agent sends a heartbeat at least this often; three missed ones end the session. */
  readonly heartbeatSeconds: number;
}

/** `plan`: what parsePlan reads. `signature`: Ed25519 over its plan hash (verifyPlanSignature). */
export interface RoundOffer {
  readonly plan: Uint8Array;
  readonly signature: Uint8Array;
}

export interface CandidateAnnouncement {
  readonly roundId: RoundId;
  readonly candidateHash: Hash;
  /** Of the transcript of this site's group (`decodeTranscript`); null for a site that is in no group. */
  readonly transcriptHash: Hash | null;
}

export type RoundOutcome = 'accepted' | 'rejected' | 'failed';

export interface RoundClosed {
  readonly roundId: RoundId;
  readonly outcome: RoundOutcome;
  /** At most 2000 characters. */
  readonly reason: string;
  /** The release in force after the round. */
  readonly releaseHash: Hash;
  /** As announced with a candidate, where a sum was opened. */
  readonly transcriptHash: Hash | null;
}

/** What the coordinator says on a site's session. */
export type CoordinatorMessage =
  | ({ readonly kind: 'welcome' } & Welcome)
  | ({ readonly kind: 'roundOffer' } & RoundOffer)
  | ({ readonly kind: 'keyRoster' } & KeyRoster)
  | ({ readonly kind: 'shareDelivery' } & ShareDelivery)
  | ({ readonly kind: 'consistencyRequest' } & ConsistencyRequest)
  | ({ readonly kind: 'revealRequest' } & RevealRequest)
  | ({ readonly kind: 'candidateAnnouncement' } & CandidateAnnouncement)
  | ({ readonly kind: 'roundClosed' } & RoundClosed);

const welcome = wireCodec<Welcome, noren.v1.Welcome.$Properties>(
  'welcome',
  z.object({ federation: federationNameSchema, heartbeatSeconds: z.int().min(1).max(3600) }),
);
const roundOffer = wireCodec<RoundOffer, noren.v1.RoundOffer.$Properties>(
  'roundOffer',
  z.object({ plan: bytesField(1, MAXIMUM_PLAN_BYTES), signature: bytesField(64) }),
);
const candidateAnnouncement = wireCodec<CandidateAnnouncement, noren.v1.CandidateAnnouncement.$Properties>(
  'candidateAnnouncement',
  z.object({ roundId: roundIdSchema, candidateHash: hashSchema, transcriptHash: emptyAsNull(hashSchema) }),
);
const outcome = enumField<RoundOutcome, noren.v1.Outcome>({
  accepted: noren.v1.Outcome.OUTCOME_ACCEPTED,
  rejected: noren.v1.Outcome.OUTCOME_REJECTED,
  failed: noren.v1.Outcome.OUTCOME_FAILED,
});
const roundClosed = wireCodec<RoundClosed, noren.v1.RoundClosed.$Properties>(
  'roundClosed',
  z.object({
    roundId: roundIdSchema,
    outcome,
    reason: textField(2000),
    releaseHash: hashSchema,
    transcriptHash: emptyAsNull(hashSchema),
  }),
);
const keyRoster = wireCodec('keyRoster', keyRosterSchema);
const shareDelivery = wireCodec('shareDelivery', shareDeliverySchema);
const consistencyRequest = wireCodec('consistencyRequest', consistencyRequestSchema);
const revealRequest = wireCodec('revealRequest', revealRequestSchema);

/** Protobuf bytes of a SessionResponse. Throws ProtocolError `invalid-message` when the site would refuse it. */
export function encodeCoordinatorMessage(message: CoordinatorMessage): Uint8Array {
  return noren.v1.SessionResponse.encode(toWire(message)).finish();
}

/** Reads and checks a SessionResponse. Throws ProtocolError `invalid-message`. */
export function decodeCoordinatorMessage(bytes: Uint8Array): CoordinatorMessage {
  const frame = decodeFrame('SessionResponse', noren.v1.SessionResponse, bytes);
  switch (frame.body) {
    case 'welcome':
      return { kind: 'welcome', ...welcome.fromWire(frame.welcome) };
    case 'roundOffer':
      return { kind: 'roundOffer', ...roundOffer.fromWire(frame.roundOffer) };
    case 'keyRoster':
      return { kind: 'keyRoster', ...keyRoster.fromWire(frame.keyRoster) };
    case 'shareDelivery':
      return { kind: 'shareDelivery', ...shareDelivery.fromWire(frame.shareDelivery) };
    case 'consistencyRequest':
      return { kind: 'consistencyRequest', ...consistencyRequest.fromWire(frame.consistencyRequest) };
    case 'revealRequest':
      return { kind: 'revealRequest', ...revealRequest.fromWire(frame.revealRequest) };
    case 'candidateAnnouncement':
      return { kind: 'candidateAnnouncement', ...candidateAnnouncement.fromWire(frame.candidateAnnouncement) };
    case 'roundClosed':
      return { kind: 'roundClosed', ...roundClosed.fromWire(frame.roundClosed) };
    default:
      throw new ProtocolError('invalid-message', 'The coordinator sent a message without a body this version knows.');
  }
}

function toWire(message: CoordinatorMessage): noren.v1.SessionResponse.$Properties {
  switch (message.kind) {
    case 'welcome':
      return { welcome: welcome.toWire(message) };
    case 'roundOffer':
      return { roundOffer: roundOffer.toWire(message) };
    case 'keyRoster':
      return { keyRoster: keyRoster.toWire(message) };
    case 'shareDelivery':
      return { shareDelivery: shareDelivery.toWire(message) };
    case 'consistencyRequest':
      return { consistencyRequest: consistencyRequest.toWire(message) };
    case 'revealRequest':
      return { revealRequest: revealRequest.toWire(message) };
    case 'candidateAnnouncement':
      return { candidateAnnouncement: candidateAnnouncement.toWire(message) };
    default:
      return { roundClosed: roundClosed.toWire(message) };
  }
}
