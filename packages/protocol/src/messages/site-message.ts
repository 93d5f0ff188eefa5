import type { KeyAdvertisement, RevealedShares, SealedShares, SurvivorSignature } from '@noren/secure-aggregation';
import { z } from 'zod';

import { noren } from '../generated/noren.js';
import { hashSchema, roundIdSchema } from '../identifiers.ts';
import type { Hash, RoundId } from '../identifiers.ts';
import { ProtocolError } from '../protocol-error.ts';
import { evaluationReportSchema } from './evaluation-report.ts';
import type { EvaluationReport } from './evaluation-report.ts';
import {
  keyAdvertisementSchema,
  revealedSharesSchema,
  sealedSharesSchema,
  survivorSignatureSchema,
} from './secure-aggregation-messages.ts';
import { decodeFrame, emptyAsNull, enumField, textField, wireCodec } from './wire-codec.ts';

/** First message of a session. `releaseHash` is the release the site has in use, null before the first. */
export interface Hello {
  readonly agentVersion: string;
  readonly releaseHash: Hash | null;
}

export interface OfferReply {
  readonly roundId: RoundId;
  readonly accepted: boolean;
  /** Why the site's policy refused, at most 500 characters; empty when accepted. */
  readonly reason: string;
}

export type ActivityName = 'downloading' | 'relearning' | 'uploading' | 'evaluating' | 'preparing';

export interface Progress {
  readonly roundId: RoundId;
  readonly activity: ActivityName;
  /** Completed share of the activity, 0 to 1 (float32 on the wire). */
  readonly fraction: number;
}

/** The site leaves the round on its own account. */
export interface Withdrawal {
  readonly roundId: RoundId;
  /** At most 500 characters. */
  readonly reason: string;
}

/** What a site says on its session. */
export type SiteMessage =
  | ({ readonly kind: 'hello' } & Hello)
  | { readonly kind: 'heartbeat' }
  | ({ readonly kind: 'offerReply' } & OfferReply)
  | ({ readonly kind: 'progress' } & Progress)
  | ({ readonly kind: 'keyAdvertisement' } & KeyAdvertisement)
  | ({ readonly kind: 'sealedShares' } & SealedShares)
  | ({ readonly kind: 'survivorSignature' } & SurvivorSignature)
  | ({ readonly kind: 'revealedShares' } & RevealedShares)
  | ({ readonly kind: 'evaluationReport' } & EvaluationReport)
  | ({ readonly kind: 'withdrawal' } & Withdrawal);

const hello = wireCodec<Hello, noren.v1.Hello.$Properties>(
  'hello',
  z.object({ agentVersion: textField(64), releaseHash: emptyAsNull(hashSchema) }),
);
const offerReply = wireCodec<OfferReply, noren.v1.OfferReply.$Properties>(
  'offerReply',
  z.object({ roundId: roundIdSchema, accepted: z.boolean(), reason: textField(500) }),
);
const activity = enumField<ActivityName, noren.v1.Activity>({
  downloading: noren.v1.Activity.ACTIVITY_DOWNLOADING,
  relearning: noren.v1.Activity.ACTIVITY_RELEARNING,
  uploading: noren.v1.Activity.ACTIVITY_UPLOADING,
  evaluating: noren.v1.Activity.ACTIVITY_EVALUATING,
  preparing: noren.v1.Activity.ACTIVITY_PREPARING,
});
const progress = wireCodec<Progress, noren.v1.Progress.$Properties>(
  'progress',
  z.object({ roundId: roundIdSchema, activity, fraction: z.number().min(0).max(1) }),
);
const withdrawal = wireCodec<Withdrawal, noren.v1.Withdrawal.$Properties>(
  'withdrawal',
  z.object({ roundId: roundIdSchema, reason: textField(500) }),
);
const keyAdvertisement = wireCodec('keyAdvertisement', keyAdvertisementSchema);
const sealedShares = wireCodec('sealedShares', sealedSharesSchema);
const survivorSignature = wireCodec('survivorSignature', survivorSignatureSchema);
const revealedShares = wireCodec('revealedShares', revealedSharesSchema);
const evaluationReport = wireCodec('evaluationReport', evaluationReportSchema);

/** Protobuf bytes of a SessionRequest. Throws ProtocolError `invalid-message` when the coordinator would refuse it. */
export function encodeSiteMessage(message: SiteMessage): Uint8Array {
  return noren.v1.SessionRequest.encode(toWire(message)).finish();
}

/** Reads and checks a SessionRequest. Throws ProtocolError `invalid-message`. */
export function decodeSiteMessage(bytes: Uint8Array): SiteMessage {
  const frame = decodeFrame('SessionRequest', noren.v1.SessionRequest, bytes);
  switch (frame.body) {
    case 'hello':
      return { kind: 'hello', ...hello.fromWire(frame.hello) };
    case 'heartbeat':
      return { kind: 'heartbeat' };
    case 'offerReply':
      return { kind: 'offerReply', ...offerReply.fromWire(frame.offerReply) };
    case 'progress':
      return { kind: 'progress', ...progress.fromWire(frame.progress) };
    case 'keyAdvertisement':
      return { kind: 'keyAdvertisement', ...keyAdvertisement.fromWire(frame.keyAdvertisement) };
    case 'sealedShares':
      return { kind: 'sealedShares', ...sealedShares.fromWire(frame.sealedShares) };
    case 'survivorSignature':
      return { kind: 'survivorSignature', ...survivorSignature.fromWire(frame.survivorSignature) };
    case 'revealedShares':
      return { kind: 'revealedShares', ...revealedShares.fromWire(frame.revealedShares) };
    case 'evaluationReport':
      return { kind: 'evaluationReport', ...evaluationReport.fromWire(frame.evaluationReport) };
    case 'withdrawal':
      return { kind: 'withdrawal', ...withdrawal.fromWire(frame.withdrawal) };
    default:
      throw new ProtocolError('invalid-message', 'The site sent a message without a body this version knows.');
  }
}

function toWire(message: SiteMessage): noren.v1.SessionRequest.$Properties {
  switch (message.kind) {
    case 'hello':
      return { hello: hello.toWire(message) };
    case 'heartbeat':
      return { heartbeat: {} };
    case 'offerReply':
      return { offerReply: offerReply.toWire(message) };
    case 'progress':
      return { progress: progress.toWire(message) };
    case 'keyAdvertisement':
      return { keyAdvertisement: keyAdvertisement.toWire(message) };
    case 'sealedShares':
      return { sealedShares: sealedShares.toWire(message) };
    case 'survivorSignature':
      return { survivorSignature: survivorSignature.toWire(message) };
    case 'revealedShares':
      return { revealedShares: revealedShares.toWire(message) };
    case 'evaluationReport':
      return { evaluationReport: evaluationReport.toWire(message) };
    default:
      return { withdrawal: withdrawal.toWire(message) };
  }
}
