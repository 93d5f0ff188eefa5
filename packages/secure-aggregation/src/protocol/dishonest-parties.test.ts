import { expect, test } from 'vitest';

import { AggregationError } from '../errors.ts';
import { clampScalar, keyPairFromScalar } from '../keys/agreement.ts';
import { verifySignature } from '../keys/identity.ts';
import { secureRandom } from '../keys/random.ts';
import type { RevealedShares, SealedShares } from '../messages.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf, TestFederation, type TestSite } from '../testing/federation.ts';
import { rosterOf, withSignedAdvertisement } from '../testing/tampering.ts';
import { matchesCommitment } from './key-schedule.ts';
import { revealStatement, sharesStatement, signStatement } from './transcript.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';

/*
 * Attacks 14 to 16 of the threat table (design, section 1.3): sites that do not keep to the protocol, in messages that
 * they sign properly. They can spoil a round but must not go unnamed, and must not get anything into a sum.
 */

const LENGTH = 20;

/** Points of order 1, 2, 4 and 8, and their second spellings (RFC 7748 section 6.1; libsodium's list). */
const SMALL_ORDER_KEYS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((text) => new Uint8Array(Buffer.from(text, 'hex')));

const vectorOf = (index: number): Int32Array => new Int32Array(LENGTH).fill(index + 1);

function flipped(bytes: Uint8Array, at = 0): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

/** A federation at the point where every site has been told the survivors; `lost` sites did not upload. */
async function uploaded(sites: number, lost: readonly number[] = []): Promise<TestFederation> {
  const federation = new TestFederation(sites, LENGTH);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  for (const [index, site] of federation.sites.entries()) {
    if (!lost.includes(index)) await federation.upload(site, vectorOf(index));
  }
  return federation;
}

/** Another share at the same place: errors in one byte only would cancel out once in 256 times. */
function falsified(share: Uint8Array): Uint8Array {
  return new Uint8Array([...secureRandom(32), ...share.slice(32)]);
}

/** The answer with one share changed, signed as if it were right. */
function forged(federation: TestFederation, site: TestSite, answer: RevealedShares, of: number): RevealedShares {
  const shares = answer.shares.map((entry) =>
    entry.of === of ? { of, share: { ...entry.share, value: falsified(entry.share.value) } } : entry,
  );
  const survivors = shares.flatMap(({ of, share }) => (share.kind === 'self-mask' ? [of as SiteNumber] : []));
  const statement = revealStatement({ ...answer, shares }, federation.rosterHash, SiteSet.of(survivors));
  return { ...answer, shares, signature: signStatement(site.identity, federation.context, site.siteId, statement) };
}

async function failure(action: Promise<unknown>): Promise<AggregationError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AggregationError) return error;
  throw new Error(`expected an AggregationError, got ${String(error)}`);
}

test('attack 14, small-order keys: neither the coordinator nor a site takes one', async () => {
  for (const weak of SMALL_ORDER_KEYS) {
    for (const change of [{ maskKey: weak }, { channelKey: weak }]) {
      const federation = new TestFederation(3, LENGTH);
      const roster = withSignedAdvertisement(rosterOf(federation), 2, change, identityOf(2), federation.context);
      expect(await rejectionCodeOf(federation.sites.at(0)!.round.share(roster))).toBe('weak-key');

      const fresh = new TestFederation(3, LENGTH);
      const advertisement = roster.advertisements.at(2)!;
      expect(codeOf(() => fresh.coordinator.advertise(advertisement))).toBe('weak-key');
    }
  }
});

test('attack 14, duplicate keys: a site cannot take another site’s keys for its own, or one key for two purposes', async () => {
  const federation = new TestFederation(3, LENGTH);
  const roster = rosterOf(federation);
  const { channelKey, maskKey, selfMaskCommitment } = roster.advertisements.at(1)!;
  const own = roster.advertisements.at(2)!;
  const copies = [
    { maskKey },
    { channelKey },
    { selfMaskCommitment },
    { maskKey: channelKey },
    { maskKey: own.channelKey },
  ];
  for (const change of copies) {
    const copied = withSignedAdvertisement(roster, 2, change, identityOf(2), federation.context);
    const other = new TestFederation(3, LENGTH);
    for (const advertisement of copied.advertisements.slice(0, 2)) other.coordinator.advertise(advertisement);
    expect(codeOf(() => other.coordinator.advertise(copied.advertisements.at(2)!))).toBe('duplicate-key');
  }
  const copied = withSignedAdvertisement(roster, 2, { maskKey }, identityOf(2), federation.context);
  expect(await rejectionCodeOf(federation.sites.at(0)!.round.share(copied))).toBe('duplicate-key');
});

test('attack 14, duplicate keys: a copy cannot hide behind the bit that X25519 ignores', () => {
  const federation = new TestFederation(3, LENGTH);
  const roster = rosterOf(federation);
  const maskKey = roster.advertisements.at(1)!.maskKey.slice();
  maskKey.set([maskKey.at(-1)! | 0x80], 31);
  const copied = withSignedAdvertisement(roster, 2, { maskKey }, identityOf(2), federation.context);
  const other = new TestFederation(3, LENGTH);
  expect(codeOf(() => other.coordinator.advertise(copied.advertisements.at(2)!))).toBe('malformed');
});

test('attack 15, bad shares: a share that does not open is traced to its sender', async () => {
  const federation = new TestFederation(4, LENGTH);
  const { sites, coordinator } = federation;
  const roster = rosterOf(federation);
  for (const site of sites) {
    const sealed = await site.round.share(roster);
    coordinator.shares(site.siteId, site.siteId === siteIdOf(2) ? withGarbage(federation, site, sealed) : sealed);
  }
  const delivery = coordinator.closeShares().get(siteIdOf(0))!;
  const error = await failure(Promise.resolve().then(() => sites.at(0)!.round.receiveShares(delivery)));
  expect(error).toMatchObject({ code: 'bad-share', sites: [siteIdOf(2)] });
});

function withGarbage(federation: TestFederation, site: TestSite, sealed: SealedShares): SealedShares {
  const shares = sealed.shares.map(({ from, to, ciphertext }) => ({ from, to, ciphertext: flipped(ciphertext) }));
  const statement = sharesStatement({ ...sealed, shares });
  return { ...sealed, shares, signature: signStatement(site.identity, federation.context, site.siteId, statement) };
}

test('attack 15, bad shares: with more shares than the threshold a false witness is left out and named', async () => {
  for (const liars of [[0], [3], [6], [0, 4]]) {
    const federation = await uploaded(9, [8]);
    const { sites, coordinator } = federation;
    const request = federation.confirmSurvivors();
    for (const [index, site] of sites.slice(0, 8).entries()) {
      const answer = site.round.reveal(request);
      // About the self mask of site 1, and about the mask key of the site that dropped out.
      const told = liars.includes(index) ? forged(federation, site, answer, index % 2 === 0 ? 1 : 8) : answer;
      coordinator.reveal(site.siteId, told);
    }
    // Threshold seven of nine, eight answers: one liar can be left out per secret, two about the same secret cannot.
    if (liars.length > 1) {
      expect(await failure(coordinator.unmask())).toMatchObject({ code: 'bad-share', sites: [siteIdOf(1)] });
      continue;
    }
    expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(36));
    expect(coordinator.falseWitnesses).toEqual(liars.map(siteIdOf));
  }
});

test('attack 15, bad shares: liars about everything are left out and named, up to half of what is beyond the threshold', async () => {
  // Threshold 16 of 23, one lost: of 22 answers three may lie. To leave out one set after the other would take some 1500 tries.
  const liars = [2, 7, 11];
  const federation = await uploaded(23, [22]);
  const { sites, coordinator } = federation;
  const request = federation.confirmSurvivors();
  for (const [index, site] of sites.slice(0, 22).entries()) {
    const answer = site.round.reveal(request);
    const everybody = answer.shares.map(({ of }) => of);
    const told = everybody.reduce((so, of) => (liars.includes(index) ? forged(federation, site, so, of) : so), answer);
    coordinator.reveal(site.siteId, told);
  }
  expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(253));
  expect(coordinator.falseWitnesses.toSorted()).toEqual(liars.map(siteIdOf));
});

test('attack 15, bad shares: a share of a mask key may not be off in the bits that X25519 ignores either', async () => {
  const secret = clampScalar(secureRandom(32));
  const { publicKey } = keyPairFromScalar(secret);
  const federation = new TestFederation(3, LENGTH);
  const advertisement = { ...federation.sites.at(0)!.round.advertise(), maskKey: publicKey };
  expect(matchesCommitment('mask-key', secret, advertisement)).toBe(true);
  const sameKey = flipped(secret);
  expect(keyPairFromScalar(sameKey).publicKey).toEqual(publicKey);
  expect(matchesCommitment('mask-key', sameKey, advertisement)).toBe(false);
});

test('attack 15, bad shares: with just the threshold the round waits for another witness, and names the dealer', async () => {
  const federation = await uploaded(5);
  const { sites, coordinator } = federation;
  const request = federation.confirmSurvivors();
  const answers = sites.map(({ round }) => round.reveal(request));
  // Threshold four.
  coordinator.reveal(siteIdOf(0), forged(federation, sites.at(0)!, answers.at(0)!, 2));
  for (const index of [1, 2, 3]) coordinator.reveal(siteIdOf(index), answers.at(index)!);
  expect(await failure(coordinator.unmask())).toMatchObject({ code: 'bad-share', sites: [siteIdOf(2)] });

  coordinator.reveal(siteIdOf(4), answers.at(4)!);
  expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(15));
  expect(coordinator.falseWitnesses).toEqual([siteIdOf(0)]);
});

test('attack 15, wrong seeds: a site that shares out another seed than it committed to is named', async () => {
  const drawn: Uint8Array[] = [];
  const federation = new TestFederation(5, LENGTH, (index) =>
    index === 1 ? { random: (bytes) => (drawn.push(secureRandom(bytes)), drawn.at(-1)!) } : {},
  );
  const { sites, coordinator } = federation;
  for (const { round } of sites) coordinator.advertise(round.advertise());
  // It commits to the first thing it draws, its self mask seed, and then changes it.
  drawn.at(0)!.set(secureRandom(32));
  const roster = coordinator.closeKeys();
  for (const { siteId, round } of sites) coordinator.shares(siteId, await round.share(roster));
  const deliveries = coordinator.closeShares();
  for (const site of sites) {
    site.round.receiveShares(deliveries.get(site.siteId)!);
    await federation.upload(site, vectorOf(0));
  }
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of sites) coordinator.reveal(siteId, round.reveal(request));
  expect(await failure(coordinator.unmask())).toMatchObject({ code: 'bad-share', sites: [siteIdOf(1)] });
});

test('attack 16, malleability: a signature with S + L in the place of S is refused', () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const message = new Uint8Array([1, 2, 3]);
  const signature = identityOf(0).sign(message);
  const s = signature.slice(32).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
  const malleated = signature.slice();
  for (let i = 0, rest = s + order; i < 32; i++, rest >>= 8n) malleated[32 + i] = Number(rest & 255n);
  expect(verifySignature(identityOf(0).publicKey, message, signature)).toBe(true);
  expect(malleated).not.toEqual(signature);
  expect(verifySignature(identityOf(0).publicKey, message, malleated)).toBe(false);
});

test('forged messages: every kind of message is refused from anybody but its site', async () => {
  const federation = new TestFederation(4, LENGTH);
  const { sites, coordinator } = federation;
  const [site, impostor] = [sites.at(0)!, siteIdOf(1)];
  const advertisements = sites.map(({ round }) => round.advertise());
  const asOther = { ...advertisements.at(0)!, siteId: impostor };
  expect(codeOf(() => coordinator.advertise(asOther))).toBe('bad-signature');
  for (const m of advertisements) coordinator.advertise(m);

  const roster = coordinator.closeKeys();
  const sealed = await Promise.all(sites.map(({ round }) => round.share(roster)));
  const altered = sealed
    .at(0)!
    .shares.map(({ from, to, ciphertext }) => ({ from, to, ciphertext: flipped(ciphertext) }));
  expect(codeOf(() => coordinator.shares(site.siteId, { ...sealed.at(0)!, shares: altered }))).toBe('bad-signature');
  sites.forEach(({ siteId }, index) => coordinator.shares(siteId, sealed.at(index)!));

  const deliveries = coordinator.closeShares();
  for (const { siteId, round } of sites) round.receiveShares(deliveries.get(siteId)!);
  const { header } = site.round.mask(vectorOf(0));
  expect(codeOf(() => coordinator.beginUpload(impostor, header))).toBe('bad-signature');
  const swapped = { ...header, chunkHashes: header.chunkHashes.map((hash) => flipped(hash)) };
  expect(codeOf(() => coordinator.beginUpload(site.siteId, swapped))).toBe('bad-signature');
});
