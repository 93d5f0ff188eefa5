import { SimulatedGroup, type GroupAnswer, type GroupQuestion, type GroupSetting } from './simulated-group.ts';

/** To a thread that simulates groups of sites; `group` is their number. */
export type SiteOrder =
  | { readonly do: 'begin'; readonly group: number; readonly setting: GroupSetting }
  | { readonly do: 'answer'; readonly group: number; readonly question: GroupQuestion };

export class SimulatedGroups {
  readonly #groups = new Map<number, SimulatedGroup>();

  async carryOut(order: SiteOrder): Promise<GroupAnswer | null> {
    if (order.do === 'begin') {
      this.#groups.set(order.group, new SimulatedGroup(order.setting));
      return null;
    }
    const answer = await this.#groups.get(order.group)!.answer(order.question);
    if (answer.said === 'finished') this.#groups.delete(order.group);
    return answer;
  }
}

/** Masked vectors and sums are handed over; a ring of 32 bits has its chunks in the vector's one buffer. */
export function movedBuffers(answer: GroupAnswer | null): readonly ArrayBuffer[] {
  if (answer?.said === 'finished') return [answer.sum.buffer];
  if (answer?.said !== 'uploaded') return [];
  const buffers = answer.uploads.flatMap(({ chunks }) => chunks.map(({ buffer }) => buffer as ArrayBuffer));
  return Array.from(new Set(buffers));
}
