import { randomBytes } from 'node:crypto';

import { CoordinatorRound, generateIdentityKey, identityFromPrivateKey, SiteRound } from '@noren/secure-aggregation';
import { expect, test } from 'vitest';

import { encodeCoordinatorMessage, type CoordinatorMessage } from './coordinator-message.ts';
import { maskingTraffic } from './masking-traffic.ts';
import { encodeSiteMessage, type SiteMessage } from './site-message.ts';

test.each([3, 4, 9])(
  'in a group of %i sites the last one sends and receives as many bytes as are counted',
  async (count) => {
    const round = { roundId: '1234567-00000001', planHash: randomBytes(32), length: 8 };
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    const sites = Array.from({ length: count }, (_, index) => {
      const [siteId, identity] = [`store-in-town-${10 + index}`, identityFromPrivateKey(generateIdentityKey())];
      return { siteId, identity, round: SiteRound.begin({ ...round, siteId, identity, floor }) };
    });
    const keys = new Map(sites.map(({ siteId, identity }) => [siteId, identity.publicKey]));
    const coordinator = CoordinatorRound.begin({ ...round, sites: keys });
    const last = sites.at(-1)!;
    let [sent, received] = [0, 0];
    const say = (siteId: string, message: SiteMessage): void => {
      if (siteId === last.siteId) sent += encodeSiteMessage(message).length;
    };
    const hear = (message: CoordinatorMessage): void => void (received += encodeCoordinatorMessage(message).length);

    for (const site of sites) {
      const keyed = site.round.advertise();
      coordinator.advertise(keyed);
      say(site.siteId, { kind: 'keyAdvertisement', ...keyed });
    }
    const roster = coordinator.closeKeys();
    hear({ kind: 'keyRoster', ...roster });
    for (const site of sites) {
      const shares = await site.round.share(roster);
      coordinator.shares(site.siteId, shares);
      say(site.siteId, { kind: 'sealedShares', ...shares });
    }
    const deliveries = coordinator.closeShares();
    hear({ kind: 'shareDelivery', ...deliveries.get(last.siteId)! });
    for (const site of sites) {
      site.round.receiveShares(deliveries.get(site.siteId)!);
      const { header, chunks } = site.round.mask(new Int32Array(8));
      const sink = coordinator.beginUpload(site.siteId, header);
      Array.from(chunks).forEach((chunk, index) => sink.chunk(index, chunk));
      await sink.complete(chunks);
    }
    const survivors = coordinator.closeUploads();
    if (coordinator.mode === 'active') {
      hear({ kind: 'consistencyRequest', ...survivors });
      for (const site of sites) {
        const signed = site.round.confirm(survivors);
        coordinator.confirm(site.siteId, signed);
        say(site.siteId, { kind: 'survivorSignature', ...signed });
      }
    }
    const request = coordinator.closeConsistency();
    hear({ kind: 'revealRequest', ...request });
    say(last.siteId, { kind: 'revealedShares', ...last.round.reveal(request) });

    const counted = maskingTraffic({ sites: count, cohort: count, mode: coordinator.mode! });
    expect({ sent, received }).toEqual(counted);
  },
);
