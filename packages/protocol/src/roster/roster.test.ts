import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { contentHash, parseSiteId } from '../identifiers.ts';
import { generateSigningKey, signingPublicKey, signMessage } from '../keys/ed25519.ts';
import { canonicalJson } from '../plan/canonical-json.ts';
import { nextRoster } from './next-roster.ts';
import { readSignedRoster, signRoster } from './signed-roster.ts';
import type { RosterSite, SiteRoster } from './site-roster.ts';

const registrar = generateSigningKey();
const keyOf = (digit: string): string => digit.repeat(64);
const entry = (site: string, digit: string, status: RosterSite['status'] = 'active'): RosterSite => ({
  site: parseSiteId(site),
  identityKey: keyOf(digit),
  status,
});
const roster: SiteRoster = {
  version: 1,
  federation: 'harbour',
  epoch: 1,
  previousRoster: null,
  groupSeed: '5'.repeat(64),
  sites: [entry('akita', '1'), entry('beppu', '2'), entry('chiba', '3', 'suspended')],
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (document: string): Uint8Array => new TextEncoder().encode(document);

test('a roster comes back as it was signed, under the registrar’s key and its own hash', () => {
  const bytes = signRoster(roster, registrar);
  const signed = readSignedRoster(bytes);
  expect(signed).toEqual({ roster, registrarKey: signingPublicKey(registrar), hash: contentHash(bytes) });
});

test('no byte of a signed roster can be changed', () => {
  const bytes = signRoster(roster, registrar);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const changed = bytes.slice();
      changed[place] = (changed[place] ?? 0) ^ change;
      expect(() => readSignedRoster(changed)).toThrow('The roster cannot be used');
    }),
    { numRuns: 300 },
  );
});

test('another’s signature over another kind of document does not pass for a roster', () => {
  const key = Buffer.from(signingPublicKey(registrar)).toString('hex');
  const signature = Buffer.from(signMessage(bytesOf(canonicalJson(roster as never)), registrar)).toString('hex');
  const document = canonicalJson({ roster: roster as never, registrarKey: key, signature });
  expect(() => readSignedRoster(bytesOf(document))).toThrow('its signature does not hold');
});

describe('a roster is refused', () => {
  const signed = text(signRoster(roster, registrar));
  test.each([
    ['that is no JSON', '{', 'not JSON'],
    ['with another spelling', ` ${signed}`, 'canonical form'],
    ['with a field of its own', signed.replace('"version"', '"more":1,"version"'), 'is not valid'],
    ['that is larger than any', ' '.repeat(5_000_000), 'at most 4194304'],
  ])('%s', (_, document, why) => {
    expect(() => readSignedRoster(bytesOf(document))).toThrow(why);
  });

  test.each([
    ['two sites out of order', [entry('beppu', '2'), entry('akita', '1')], 'ascending order'],
    ['one site twice', [entry('akita', '1'), entry('akita', '2')], 'ascending order'],
    ['one key for two sites', [entry('akita', '1'), entry('beppu', '1')], 'one identity key'],
  ])('by the registrar itself, with %s', (_, sites, why) => {
    expect(() => signRoster({ ...roster, sites }, registrar)).toThrow(why);
  });
});

describe('the next roster', () => {
  const first = readSignedRoster(signRoster(roster, registrar));

  test('names the one before it, and keeps, adds, replaces and suspends', () => {
    const change = { add: [entry('date', '4'), entry('akita', '5')], suspend: [parseSiteId('beppu')] };
    const next = nextRoster('harbour', first, change, new Uint8Array(32).fill(0xab));
    expect(next).toMatchObject({ epoch: 2, previousRoster: first.hash, groupSeed: 'ab'.repeat(32) });
    expect(next.sites).toEqual([
      entry('akita', '5'),
      entry('beppu', '2', 'suspended'),
      entry('chiba', '3', 'suspended'),
      entry('date', '4'),
    ]);
  });

  test('cannot suspend a stranger', () => {
    const seed = new Uint8Array(32);
    expect(() => nextRoster('harbour', first, { add: [], suspend: [parseSiteId('ebina')] }, seed)).toThrow('ebina');
  });
});
