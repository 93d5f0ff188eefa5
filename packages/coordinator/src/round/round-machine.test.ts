import { MAXIMUM_COHORT, parseSiteId } from '@noren/protocol';
import { describe, expect, test } from 'vitest';

import { akita, beppu, chiba, date, ebina, evidence, hash, Play, report, SITES } from '../testing/round-play.ts';
import { RETURN_TIME } from './round-machine.ts';
import { effectiveDeadline } from './round-state.ts';
import { waitingSentence } from './waiting-sentence.ts';

describe('a round in which everybody answers', () => {
  test('goes through every phase and is accepted', () => {
    const play = new Play().evaluating();
    for (const site of SITES) play.take({ kind: 'reported', site, report: report(0.01) });
    const phases = play.facts('round-advanced').map((fact) => (fact as { phase: string }).phase);
    expect(phases).toEqual(['recruiting', 'keys', 'relearning', 'collecting', 'unmasking']);
    expect(play.state.phase).toBe('accepted');
    expect(play.end).toMatchObject({ outcome: 'accepted', difference: { mean: 0.01, customers: 500 } });
    expect(effectiveDeadline(play.state)).toBeNull();
  });

  test('writes each fact before the message that rests on it', () => {
    const play = new Play().evaluating();
    const order = play.actions.map((action) => (action.kind === 'record' ? action.fact.kind : action.kind));
    expect(order.indexOf('round-candidate')).toBeLessThan(order.indexOf('announce'));
    expect(order.lastIndexOf('round-advanced')).toBeLessThan(order.indexOf('close-updates'));
  });

  test('keys may arrive before the other sites have answered the offer', () => {
    const play = new Play();
    for (const site of SITES) play.take({ kind: 'accepted', site }).take({ kind: 'advertised', site });
    expect(play.did('close-keys')).toHaveLength(1);
    expect(play.state.step).toBe('shares');
  });
});

describe('a phase ends without the sites that do not answer', () => {
  test('recruiting goes on at the deadline with a quorum and dismisses the silent', () => {
    const play = new Play().all('accepted', [akita, beppu, chiba]).deadline();
    expect(play.state.phase).toBe('keys');
    expect(play.did('dismiss').map((action) => 'site' in action && action.site)).toEqual([date, ebina]);
  });

  test('recruiting goes on at once when everybody has answered, whatever they said', () => {
    const play = new Play().all('accepted', [akita, beppu, chiba]);
    play.take({ kind: 'refused', site: date, reason: 'night only' }).take({ kind: 'disconnected', site: ebina });
    expect(play.state.phase).toBe('keys');
    expect(play.facts('round-refused')).toEqual([{ kind: 'round-refused', site: date, reason: 'night only' }]);
  });

  test('a site lost after the key exchange is dropped as soon as the others have uploaded', () => {
    const play = new Play().relearning().take({ kind: 'disconnected', site: ebina });
    play.all('uploaded', [akita, beppu, chiba, date]);
    expect(play.state.phase).toBe('unmasking');
    expect(play.facts('round-dropped')).toEqual([
      { kind: 'round-dropped', site: ebina, phase: 'relearning', reason: 'the connection was lost' },
    ]);
  });

  test('a threshold of shares opens the sum at the deadline', () => {
    const play = new Play().relearning().all('uploaded').all('confirmed').all('revealed', [akita, beppu, chiba, date]);
    expect(play.state.step).toBe('reveals');
    expect(play.deadline().state.step).toBe('opening');
    expect(play.facts('round-dropped')).toEqual([]);
  });

  test('a threshold of signatures fixes the survivors, and who did not sign may still reveal', () => {
    const play = new Play().relearning().all('uploaded').all('confirmed', [akita, beppu, chiba, date]);
    expect(play.state).toMatchObject({ phase: 'unmasking', step: 'confirmations' });
    expect(play.deadline().state.step).toBe('reveals');
    expect(play.did('close-confirmations')).toHaveLength(1);
    expect(play.all('revealed', [beppu, chiba, date, ebina]).deadline().state.step).toBe('opening');
  });

  test('three sites sign nothing: the reveals follow the updates at once', () => {
    const three = [akita, beppu, chiba];
    const play = new Play(three).relearning(three).all('uploaded', three);
    expect(play.state.step).toBe('reveals');
    const order = play.actions.map(({ kind }) => kind);
    expect(order.slice(-2)).toEqual(['close-updates', 'close-confirmations']);
  });

  test('a report that is missing at the deadline does not hold up the decision', () => {
    const play = new Play().evaluating();
    for (const site of [akita, beppu, chiba]) play.take({ kind: 'reported', site, report: report(0.01) });
    expect(play.deadline().state.phase).toBe('accepted');
  });
});

describe('a round that cannot be completed ends with the reason', () => {
  const cases: [string, () => Play, RegExp][] = [
    ['nobody is connected', () => new Play([]), /too few sites accepted the offer: 0 of at least 3/],
    ['two sites are connected', () => new Play([akita, beppu]), /0 of at least 3/],
    [
      'three of five refuse',
      () => {
        const play = new Play();
        for (const site of [akita, beppu, chiba]) play.take({ kind: 'refused', site, reason: 'no' });
        return play;
      },
      /too few sites accepted the offer/,
    ],
    ['the quorum is missed', () => new Play().all('accepted', [akita, beppu]).deadline(), /2 of at least 3/],
    ['no keys come', () => new Play().all('accepted').deadline(), /too few sites sent their keys: 0/],
    ['no shares come', () => new Play().all('accepted').all('advertised').deadline(), /key exchange: 0 of at least 4/],
    [
      'updates stay below the survivors that five sites need',
      () => new Play().relearning().all('uploaded', [akita, beppu, chiba]).deadline(),
      /too few masked updates arrived: 3 of at least 4/,
    ],
    [
      'two of five withdraw, at once',
      () => {
        const play = new Play().relearning().take({ kind: 'left', site: akita, reason: 'withdrew: shut down' });
        return play.take({ kind: 'left', site: beppu, reason: 'withdrew: shut down' });
      },
      /too few masked updates arrived: 0 of at least 4/,
    ],
    [
      'too few sign the survivors',
      () => new Play().relearning().all('uploaded').all('confirmed', [akita, beppu, chiba]).deadline(),
      /too few sites signed the list of survivors: 3 of at least 4/,
    ],
    [
      'too few help to open the sum',
      () => new Play().relearning().all('uploaded').all('confirmed').all('revealed', [akita, beppu]).deadline(),
      /open the sum: 2 of at least 4/,
    ],
    [
      'the arithmetic never ends',
      () => new Play().relearning().all('uploaded').all('confirmed').all('revealed').deadline(),
      /too long/,
    ],
    ['the coordinator stops', () => new Play().relearning().take({ kind: 'broken', reason: 'stopping' }), /stopping/],
  ];
  test.each(cases)('%s', (_, play, reason) => {
    const { state, end } = play();
    expect(state.phase).toBe('failed');
    expect(end).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(reason) as string });
  });

  test('too few reports reject the candidate instead of failing the round', () => {
    const play = new Play()
      .evaluating()
      .take({ kind: 'reported', site: akita, report: report(0.5) })
      .deadline();
    expect(play.end).toMatchObject({ outcome: 'rejected', reason: expect.stringContaining('1 of the 3') as string });
  });
});

describe('a lost connection', () => {
  test('that makes the quorum hang shortens the wait, and a return restores it', () => {
    const play = new Play().relearning();
    const phaseEnd = effectiveDeadline(play.state);
    play.take({ kind: 'disconnected', site: akita }).take({ kind: 'disconnected', site: beppu });
    expect(effectiveDeadline(play.state)).toBe(play.at + RETURN_TIME);
    expect(waitingSentence(play.state)).toContain('akita, beppu lost the connection; the round needs it back by');
    play.take({ kind: 'connected', site: akita });
    expect(effectiveDeadline(play.state)).toBe(phaseEnd);
  });

  test('ends the round when nobody comes back', () => {
    const play = new Play().relearning();
    for (const site of [akita, beppu]) play.take({ kind: 'disconnected', site });
    expect(play.deadline().state.phase).toBe('failed');
  });

  test('is mended by sending the step’s message again', () => {
    const play = new Play().relearning().take({ kind: 'disconnected', site: akita });
    play.take({ kind: 'connected', site: akita });
    expect(play.did('remind')).toEqual([{ kind: 'remind', site: akita }]);
  });

  test('while the offer was open is answered with a dismissal afterwards', () => {
    const play = new Play().take({ kind: 'disconnected', site: akita }).all('accepted', [beppu, chiba, date, ebina]);
    expect(play.take({ kind: 'connected', site: akita }).did('dismiss')).toMatchObject([{ site: akita }]);
  });
});

describe('a site that could not contribute', () => {
  const others = [beppu, chiba, date, ebina];
  function withoutAkita(kind: 'left' | 'excluded'): Play {
    const play = new Play().relearning().take({ kind, site: akita, reason: 'why' });
    play.all('uploaded', others).all('confirmed', others).all('revealed', others).take({ kind: 'opened', evidence });
    return play.take({ kind: 'candidate', hash, moments: null });
  }

  test('judges the candidate with the others', () => {
    const play = withoutAkita('left');
    expect(play.did('announce')).toMatchObject([{ sites: SITES }]);
    for (const site of SITES) play.take({ kind: 'reported', site, report: report(0.01) });
    expect(play.end).toMatchObject({ outcome: 'accepted', difference: { customers: 500 } });
    expect(play.facts('round-dropped')).toHaveLength(1);
  });

  test('does not when it broke the protocol', () => {
    expect(withoutAkita('excluded').did('announce')).toMatchObject([{ sites: others }]);
  });

  test('is not waited for when it leaves again', () => {
    const play = withoutAkita('left').take({ kind: 'left', site: akita, reason: 'its worker failed' });
    for (const site of others) play.take({ kind: 'reported', site, report: report(0.01) });
    expect(play.state.phase).toBe('accepted');
    expect(play.facts('round-dropped')).toHaveLength(1);
  });
});

describe('a coordinator that comes back in the middle of a round', () => {
  const others = [beppu, chiba, date, ebina];

  test('does not take the sites for lost before they could come back, and asks each of them again', () => {
    const play = new Play().relearning().all('uploaded', others);
    play.take({ kind: 'resumed' });
    expect(play.facts('round-resumed')).toMatchObject([{ phase: 'relearning' }]);
    expect(waitingSentence(play.state)).toMatch(
      /4 of 5 are in, 4 needed\. The coordinator restarted; akita, beppu, .* can come back until/,
    );
    for (const site of SITES) play.take({ kind: 'connected', site });
    expect(play.state.returning).toBeNull();
    expect(play.did('remind')).toEqual([{ kind: 'remind', site: akita }]);
    expect(play.all('uploaded', [akita]).state.step).toBe('confirmations');
    expect(play.facts('round-dropped')).toEqual([]);
  });

  test('takes whoever is not back in time for lost', () => {
    const play = new Play().relearning().all('uploaded', others).take({ kind: 'resumed' });
    for (const site of others) play.take({ kind: 'connected', site });
    expect(effectiveDeadline(play.state)).toBe(play.at + RETURN_TIME);
    expect(play.deadline().state.step).toBe('confirmations');
    expect(play.facts('round-dropped')).toMatchObject([{ site: akita, reason: 'the connection was lost' }]);
  });

  test('a deadline that passed meanwhile ends when the sites could come back; one that did not goes on counting', () => {
    const passed = new Play().relearning();
    const deadline = passed.state.deadlineAt ?? 0;
    passed.at = deadline + 5_000_000;
    expect(passed.take({ kind: 'resumed' }).state.deadlineAt).toBe(passed.at + RETURN_TIME);
    const early = new Play().relearning();
    early.at += 1000;
    expect(early.take({ kind: 'resumed' }).state.deadlineAt).toBe(deadline);
  });

  test('ends a round to which nobody comes back', () => {
    const play = new Play().relearning().take({ kind: 'resumed' }).deadline();
    expect(play.state.phase).toBe('relearning');
    expect(play.deadline().end).toMatchObject({
      outcome: 'failed',
      reason: 'too few masked updates arrived: 0 of at least 4',
    });
  });

  test('begins its own arithmetic again', () => {
    const play = new Play().relearning().all('uploaded').all('confirmed').all('revealed').take({ kind: 'resumed' });
    expect(play.did('open-sum')).toHaveLength(2);
    play.take({ kind: 'opened', evidence }).take({ kind: 'resumed' });
    expect(play.did('make-candidate')).toHaveLength(2);
  });
});

test('a site that connects while recruiting is asked too, later ones are not', () => {
  const play = new Play([akita, beppu, chiba, date]).take({ kind: 'connected', site: ebina });
  expect(play.did('offer').at(-1)).toEqual({ kind: 'offer', sites: [ebina] });
  const late = new Play([akita, beppu, chiba, date]).all('accepted', [akita, beppu, chiba, date]);
  expect(late.take({ kind: 'connected', site: ebina }).state.members.has(ebina)).toBe(false);
});

test('a round never asks more sites than its groups can hold', () => {
  const many = Array.from({ length: MAXIMUM_COHORT + 5 }, (_, index) => parseSiteId(`site-${index}`));
  expect(new Play(many).state.members.size).toBe(MAXIMUM_COHORT);
});

test('every sentence names who is awaited and how many are needed', () => {
  const play = new Play().relearning().all('uploaded', [akita, beppu]);
  expect(waitingSentence(play.state)).toBe(
    'Waiting for masked updates from chiba, date, ebina: 2 of 5 are in, 4 needed.',
  );
});

describe('a private round', () => {
  const evaluating = (): Play => new Play(SITES, { silentEvaluation: true }).evaluating();

  test('ends when every site has judged for itself, and drops nobody for not telling', () => {
    const play = evaluating();
    for (const site of SITES.slice(1)) play.take({ kind: 'left', site, reason: 'keeps it to itself' });
    expect(play.end).toBeUndefined();
    play.take({ kind: 'left', site: akita, reason: 'keeps it to itself' });
    expect(play.end).toMatchObject({ outcome: 'accepted', difference: null });
    expect(play.facts('round-dropped')).toEqual([]);
  });

  test('ends at the deadline without the sites that are not done', () => {
    const play = evaluating().take({ kind: 'left', site: akita, reason: '' });
    expect(play.deadline().end).toMatchObject({ outcome: 'accepted' });
  });
});

test('a survey ends with its sum: no candidate is made, nobody judges', () => {
  const play = new Play(SITES, { survey: true });
  play.relearning().all('uploading').all('uploaded').all('confirmed').all('revealed');
  play.take({ kind: 'opened', evidence, measures: [0.5, 0.25, 0.0625] });
  expect(play.facts('round-aggregated')).toHaveLength(1);
  expect(play.facts('round-surveyed')).toEqual([{ kind: 'round-surveyed', measures: [0.5, 0.25, 0.0625] }]);
  expect(play.did('make-candidate')).toEqual([]);
  expect(play.end).toMatchObject({ outcome: 'accepted', difference: null });
  expect(play.state.phase).toBe('accepted');
});
