import { expect, test } from 'vitest';

import { sha256 } from '../keys/bytes.ts';
import type { MaskedHeader } from '../messages.ts';
import { codeOf, rejectionCodeOf, siteIdOf, TestFederation } from '../testing/federation.ts';
import { maskedStatement, signStatement } from './transcript.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';

const LENGTH = 10;

/** A federation whose first site has masked its vector and sent nothing yet. */
async function aboutToUpload(): Promise<{ federation: TestFederation; header: MaskedHeader; chunks: Uint8Array[] }> {
  const federation = new TestFederation(3, LENGTH);
  await federation.advertiseAndShare(federation.sites, federation.sites);
  const { header, chunks } = federation.sites.at(0)!.round.mask(new Int32Array(LENGTH).fill(5), 4);
  return { federation, header, chunks: [...chunks] };
}

/** The header with a change, signed by the site that made it. */
function signedHeader(
  federation: TestFederation,
  header: MaskedHeader,
  change: Partial<MaskedHeader>,
  site = 0,
): MaskedHeader {
  const { identity, siteId } = federation.sites.at(site)!;
  const changed = { ...header, ...change };
  const everyone = SiteSet.of([0, 1, 2] as SiteNumber[]);
  const statement = maskedStatement(changed, everyone);
  return { ...changed, signature: signStatement(identity, federation.context, siteId, statement) };
}

test('a broken upload begins again and goes on; nothing is added twice', async () => {
  const { federation, header, chunks } = await aboutToUpload();
  const { coordinator } = federation;
  coordinator.beginUpload(siteIdOf(0), header).chunk(0, chunks.at(0)!);

  const again = coordinator.beginUpload(siteIdOf(0), header);
  chunks.forEach((chunk, index) => again.chunk(index, chunk));
  await again.complete(chunks);
  for (const site of federation.sites.slice(1)) await federation.upload(site, new Int32Array(LENGTH));
  const request = federation.confirmSurvivors();
  for (const { siteId, round } of federation.sites) coordinator.reveal(siteId, round.reveal(request));
  expect(await coordinator.unmask()).toEqual(new Int32Array(LENGTH).fill(5));
});

test('an upload that stays incomplete adds nothing and is closed with the others', async () => {
  const { federation, header, chunks } = await aboutToUpload();
  const { coordinator } = federation;
  const sink = coordinator.beginUpload(siteIdOf(0), header);
  expect(await rejectionCodeOf(sink.complete(chunks))).toBe('incomplete-upload');
  sink.chunk(0, chunks.at(0)!);
  sink.chunk(1, chunks.at(1)!);
  expect(await rejectionCodeOf(sink.complete(chunks))).toBe('incomplete-upload');
  for (const site of federation.sites.slice(1)) await federation.upload(site, new Int32Array(LENGTH));
  expect(codeOf(() => coordinator.closeUploads())).toBe('too-few-sites');
  sink.chunk(2, chunks.at(2)!);
  await sink.complete(chunks);
  coordinator.closeUploads();
  expect(coordinator.survivors).toHaveLength(3);
});

test('after uploads are closed a late chunk is refused', async () => {
  const federation = new TestFederation(4, LENGTH);
  const { sites, coordinator } = federation;
  await federation.advertiseAndShare(sites, sites);
  const { header, chunks } = sites.at(3)!.round.mask(new Int32Array(LENGTH), 10);
  const sink = coordinator.beginUpload(siteIdOf(3), header);
  for (const site of sites.slice(0, 3)) await federation.upload(site, new Int32Array(LENGTH));
  coordinator.closeUploads();
  for (const chunk of chunks) expect(codeOf(() => sink.chunk(0, chunk))).toBe('wrong-state');
  expect(await rejectionCodeOf(sink.complete(chunks))).toBe('wrong-state');
});

test('a chunk that is altered, out of order or beyond the announced ones is refused and does no harm', async () => {
  const { federation, header, chunks } = await aboutToUpload();
  const sink = federation.coordinator.beginUpload(siteIdOf(0), header);
  expect(
    codeOf(() =>
      sink.chunk(
        0,
        chunks.at(0)!.map((byte) => byte ^ 1),
      ),
    ),
  ).toBe('bad-chunk');
  expect(codeOf(() => sink.chunk(0, chunks.at(1)!))).toBe('bad-chunk');
  expect(codeOf(() => sink.chunk(1, chunks.at(1)!))).toBe('malformed');
  expect(codeOf(() => sink.chunk(3, chunks.at(0)!))).toBe('malformed');
  chunks.forEach((chunk, index) => sink.chunk(index, chunk));
  expect(await rejectionCodeOf(sink.complete(chunks))).toBeUndefined();
});

test('what was kept and is not what was checked spoils the sum, and no uploads are closed over it', async () => {
  for (const keep of [
    (chunks: Uint8Array[]) => chunks.map((chunk, index) => (index === 2 ? chunk.map((byte) => byte ^ 1) : chunk)),
    (chunks: Uint8Array[]) => chunks.slice(0, 2),
  ]) {
    const { federation, header, chunks } = await aboutToUpload();
    const sink = federation.coordinator.beginUpload(siteIdOf(0), header);
    chunks.forEach((chunk, index) => sink.chunk(index, chunk));
    expect(await rejectionCodeOf(sink.complete(keep(chunks)))).toBe('spoilt-sum');
    expect(await rejectionCodeOf(sink.complete(chunks))).toBe('spoilt-sum');
    for (const site of federation.sites.slice(1)) await federation.upload(site, new Int32Array(LENGTH));
    expect(codeOf(() => federation.coordinator.closeUploads())).toBe('spoilt-sum');
  }
});

test('a second vector from one site is refused, complete or not', async () => {
  const { federation, header, chunks } = await aboutToUpload();
  const { coordinator } = federation;
  const other = signedHeader(federation, header, { chunkHashes: [new Uint8Array(32)] });
  const sink = coordinator.beginUpload(siteIdOf(0), header);
  expect(codeOf(() => coordinator.beginUpload(siteIdOf(0), other))).toBe('already-masked');
  chunks.forEach((chunk, index) => sink.chunk(index, chunk));
  await sink.complete(chunks);
  expect(codeOf(() => coordinator.beginUpload(siteIdOf(0), other))).toBe('already-masked');
});

test('a header for another plan, roster, round or size is refused although its signature is right', async () => {
  const { federation, header } = await aboutToUpload();
  const cases = [
    { change: { planHash: new Uint8Array(32) }, code: 'wrong-plan' },
    { change: { length: LENGTH + 1 }, code: 'wrong-plan' },
    { change: { rosterHash: new Uint8Array(32) }, code: 'wrong-roster' },
    { change: { roundId: 'round-2' }, code: 'wrong-round' },
    { change: { chunkHashes: [] }, code: 'malformed' },
    { change: { chunkHashes: [new Uint8Array(31)] }, code: 'malformed' },
    { change: { chunkHashes: Array.from({ length: LENGTH + 1 }, () => new Uint8Array(32)) }, code: 'malformed' },
  ];
  for (const { change, code } of cases) {
    const changed = signedHeader(federation, header, change);
    expect(codeOf(() => federation.coordinator.beginUpload(siteIdOf(0), changed))).toBe(code);
  }
});

test('values of twelve bits travel in fourteen among three sites, and nothing wider or narrower is taken', async () => {
  const federation = new TestFederation(3, LENGTH, undefined, undefined, 12);
  const { sites, coordinator } = federation;
  await federation.advertiseAndShare(sites, sites);
  const masked = sites.map(({ round }, index) => round.mask(new Int32Array(LENGTH).fill(-index), 4));
  const sizes = masked.map(({ chunks }) => Array.from(chunks, (chunk) => chunk.length));
  // 4, 4 and 2 elements of 14 bits.
  expect(sizes).toEqual(sites.map(() => [7, 7, 4]));

  // The whole vector at 32 bits, and a number of bytes that no elements of 14 bits take.
  [new Uint8Array(LENGTH * 4), new Uint8Array(3)].forEach((chunk, index) => {
    const header = signedHeader(federation, masked.at(index)!.header, { chunkHashes: [sha256(chunk)] }, index);
    const sink = coordinator.beginUpload(siteIdOf(index), header);
    expect(codeOf(() => sink.chunk(0, chunk))).toBe('malformed');
  });
});

test.each([7, 25, 12.5])('a round of values of %s bits does not begin', (valueBits) => {
  expect(codeOf(() => new TestFederation(3, LENGTH, undefined, undefined, valueBits))).toBe('out-of-range');
});
