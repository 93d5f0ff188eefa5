import { agree, keyPairFromScalar } from '../keys/agreement.ts';
import type { RevealedShares } from '../messages.ts';
import type { MaskSeeds } from '../masks/mask-sum.ts';
import type { YieldTurn } from '../turns.ts';
import { KeySchedule, signedPairSeeds } from './key-schedule.ts';
import { reconstruct, type Testimony } from './reconstruction.ts';
import type { Roster } from './roster.ts';
import { neighboursIn } from './masking-graph.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';

/** What the coordinator has when a threshold of sites has revealed. */
interface Revealed {
  readonly roster: Roster;
  readonly sharingSites: SiteSet;
  readonly survivors: SiteSet;
  readonly revealed: ReadonlyMap<SiteNumber, RevealedShares>;
}

/**
 * The masks that are still in the sum of the survivors' vectors
 *
 *   sum_i y_i = sum_i x_i + sum_i PRG(b_i) + sum_i sum_d sign(d - i) PRG(s_id)      i in U3, d in U2 without U3, i and d neighbours
 *
 * where the pair masks among survivors have cancelled. The first kind needs b_i of every survivor, the second the private
 * mask key of every site that dropped out after sharing. As seeds, with the sign that takes them out.
 *
 * @param yieldTurn awaited after each site, which takes some 10 ms if it dropped out of a hundred
 * @throws AggregationError `bad-share`
 */
export async function reconstructMasks(
  { roster, sharingSites, survivors, revealed }: Revealed,
  planHash: Uint8Array,
  yieldTurn: YieldTurn,
): Promise<{ readonly masks: MaskSeeds; readonly falseWitnesses: readonly SiteNumber[] }> {
  const schedule = new KeySchedule(planHash, roster.hash);
  const added: Uint8Array[] = [];
  const subtracted: Uint8Array[] = [];
  const falseWitnesses = new Set<SiteNumber>();

  for (const number of sharingSites) {
    const owner = roster.member(number);
    const survived = survivors.has(number);
    const kind = survived ? 'self-mask' : 'mask-key';
    const found = reconstruct(owner, kind, testimoniesOf(number, roster, revealed), roster);
    for (const witness of found.falseWitnesses) falseWitnesses.add(witness);

    if (survived) {
      subtracted.push(schedule.selfSeed(found.secret, number));
    } else {
      // Seen from the dropped site the signs are the survivors' reversed: adding its side takes out theirs.
      const pair = keyPairFromScalar(found.secret);
      const seeds = neighboursIn(roster.graph, number, survivors).map((survivor) => {
        const secret = agree(pair, roster.member(survivor).advertisement.maskKey);
        return [survivor, schedule.pairSeed(secret, number, survivor)] as const;
      });
      const signed = signedPairSeeds(number, seeds);
      added.push(...signed.added);
      subtracted.push(...signed.subtracted);
    }
    found.secret.fill(0);
    await yieldTurn();
  }
  return { masks: { added, subtracted }, falseWitnesses: Array.from(falseWitnesses) };
}

function testimoniesOf(
  number: SiteNumber,
  { graph }: Roster,
  revealed: ReadonlyMap<SiteNumber, RevealedShares>,
): Testimony[] {
  return graph.neighbourhood(number).flatMap((by) => {
    const message = revealed.get(by);
    return message ? [{ by, value: message.shares.find(({ of }) => of === number)!.share.value }] : [];
  });
}
