import { signMessage, verifyMessage } from '../keys/ed25519.ts';
import { planHash } from './plan-document.ts';

/** Ed25519 over the plan hash, 64 bytes. */
export function signPlan(plan: Uint8Array, privateKey: string): Uint8Array {
  return signMessage(planHash(plan), privateKey);
}

/** Whether the holder of the pinned key signed exactly these plan bytes. */
export function verifyPlanSignature(plan: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return verifyMessage(planHash(plan), signature, publicKey);
}
