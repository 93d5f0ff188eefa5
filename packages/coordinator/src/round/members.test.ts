import { parseSiteId } from '@noren/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Play } from '../testing/round-play.ts';
import { Members } from './members.ts';
import { counted } from './round-state.ts';
import type { Member, RoundState } from './round-state.ts';

const site = (index: number): Member['site'] => parseSiteId(`shop-${index}`);

function member(index: number, change: Partial<Member> = {}): Member {
  const nothing = { confirmed: false, revealed: false, report: null, out: null, lost: false, dropped: false };
  return { site: site(index), stage: 'asked', present: true, ...nothing, ...change };
}

const change = fc.record({
  index: fc.integer({ min: 0, max: 400 }),
  stage: fc.constantFrom('asked', 'accepted'),
  present: fc.boolean(),
  /** From how many lists ago it goes on. */
  back: fc.integer({ min: 0, max: 2 }),
});

test('a changed list is what a changed copy would be, its counts too, and the lists before stay as they were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.array(change, { maxLength: 60 }), (size, changes) => {
      const first = Array.from({ length: size }, (_, index) => member(index));
      const lists = [{ members: Members.of(first), copy: new Map(first.map((one) => [one.site, one])) }];
      for (const { index, stage, present, back } of changes) {
        const from = lists.at(-1 - back) ?? lists[0];
        if (from === undefined) throw new Error('no list');
        const changed = member(index, { stage, present });
        lists.push({ members: from.members.with(changed), copy: new Map(from.copy).set(changed.site, changed) });
      }
      const state = new Play([]).state;
      for (const { members, copy } of lists) {
        expect(members.values()).toEqual([...copy.values()]);
        expect(members.size).toBe(copy.size);
        for (let index = 0; index <= 400; index += 13) expect(members.get(site(index))).toBe(copy.get(site(index)));
        const replies: RoundState = { ...state, step: 'replies', members };
        const all = [...copy.values()];
        expect(counted(replies)).toEqual({
          answered: all.filter(({ stage }) => stage === 'accepted').length,
          waiting: all.filter(({ stage, present }) => stage === 'asked' && present).length,
          away: all.filter(({ stage, present }) => stage === 'asked' && !present).length,
        });
      }
    }),
    { numRuns: 60 },
  );
});
