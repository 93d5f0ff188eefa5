import { createHash } from 'node:crypto';

import type { z } from 'zod';

import { PlanError } from '../protocol-error.ts';
import { canonicalJson } from './canonical-json.ts';
import type { JsonValue } from './canonical-json.ts';
import { planTemplateSchema, planSchema } from './plan.ts';
import type { PlanTemplate, RoundPlan } from './plan.ts';

/** Bytes of a plan document. */
export const MAXIMUM_PLAN_BYTES: number = 256 * 1024;

/** The one byte sequence of a plan: canonical JSON (RFC 8785), UTF-8. Throws PlanError if the plan is not valid. */
export function encodePlan(plan: RoundPlan): Uint8Array {
  const valid = check(planSchema, plan);
  const bytes = new TextEncoder().encode(canonicalJson(valid as unknown as JsonValue));
  if (bytes.length > MAXIMUM_PLAN_BYTES) throw tooLarge(bytes.length);
  return bytes;
}

/**
 * Reads a round plan. Besides the schema it insists on the canonical spelling: two documents with the same meaning must
 * not have two hashes, and a repeated key must not hide another.
 */
export function parsePlan(bytes: Uint8Array): RoundPlan {
  const plan = check(planSchema, parseJson(bytes));
  const canonical = encodePlan(plan);
  if (Buffer.compare(bytes, canonical) !== 0) {
    throw new PlanError('', 'The plan is not in canonical form (sorted keys, no spaces, no repeated keys).');
  }
  return plan;
}

/** Reads what an operator wrote; any JSON spelling. Throws PlanError naming the place. */
export function parsePlanTemplate(document: string | Uint8Array): PlanTemplate {
  const bytes = typeof document === 'string' ? new TextEncoder().encode(document) : document;
  return check(planTemplateSchema, parseJson(bytes));
}

/** SHA-256("noren/plan/v1" || bytes), 32 bytes. Every later message of the round is bound to it. */
export function planHash(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update('noren/plan/v1').update(bytes).digest());
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAXIMUM_PLAN_BYTES) throw tooLarge(bytes.length);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PlanError('', `The plan is not JSON in UTF-8: ${(cause as Error).message}`, { cause });
  }
}

function check<T>(schema: z.ZodType<T, unknown>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = (issue?.path ?? []).map(String).join('.');
  const place = path === '' ? 'The plan' : `The plan's "${path}"`;
  throw new PlanError(path, `${place} is not valid: ${issue?.message}`, { cause: parsed.error });
}

function tooLarge(length: number): PlanError {
  return new PlanError('', `The plan has ${length} bytes; at most ${MAXIMUM_PLAN_BYTES} are allowed.`);
}
