import type { FederationPhrases } from './federation-phrases.ts';

export const englishFederation: FederationPhrases = {
  columns: {
    site: 'site',
    name: 'name',
    state: 'state',
    activity: 'activity',
    inService: 'in service',
    round: 'round',
    outcome: 'outcome',
    seconds: 'seconds',
    inSum: 'in the sum',
    uploaded: 'uploaded',
    reason: 'reason',
    group: 'group',
    sites: 'sites',
    norm: 'norm',
    cosine: 'cosine',
    result: 'in the result',
  },
  connected: 'connected',
  away: 'away',
  quarantined: 'in quarantine',
  revoked: 'revoked',
  activity: {
    preparing: 'preparing',
    downloading: 'downloading',
    relearning: 're-learning',
    uploading: 'uploading',
    evaluating: 'evaluating',
  },
  phase: {
    planned: 'planned',
    recruiting: 'recruiting',
    keys: 'keys',
    relearning: 're-learning',
    collecting: 'collecting',
    unmasking: 'unmasking',
    aggregated: 'aggregated',
    evaluating: 'evaluating',
    accepted: 'accepted',
    rejected: 'rejected',
    failed: 'failed',
  },
  noRound: 'No round is running.',
  resumed: 'resumed',
  resumedAt: (time) => `resumed at ${time}, after a restart`,
  quarantineNotice: ({ site, since, rounds, outlying }) =>
    `${site} has been in quarantine since ${since}: its group stood out in ${outlying} of ${rounds} rounds.`,
  quarantineMeaning:
    'A site in quarantine is asked to no round and keeps the model it has. It is no proof of ill will: a broken data feed, or customers quite unlike the others, make a group stand out, too.',
  quarantineDecision: 'Look into it at the site, then take it in again or out for good:',
  whatYouFound: 'what you found',
  round: (round) => `Round ${round}`,
  survey: 'a survey',
  started: 'started',
  took: (seconds) => `took ${seconds} s`,
  of: (some, all) => `${some} of ${all} sites`,
  dropped: 'dropped',
  refused: 'refused',
  groupsInResult: (groups, inResult) => `${groups} groups, ${inResult} of them in the result.`,
  groupsOutlying: (outlying) =>
    outlying === 0 ? 'None stands out.' : `${outlying} ${outlying === 1 ? 'stands' : 'stand'} out.`,
  inResult: 'yes',
  outOfResult: (fault) => `no: ${fault}`,
  standsOut: 'stands out',
  membersOf: (group, sites) => `Group ${group}: ${sites}`,
  othersInResult: (groups) =>
    `${groups === 1 ? 'The other group is' : `The other ${groups} groups are`} in the result; --all-groups lists all.`,
  noSuchRound: (round) =>
    round === 'latest'
      ? 'There has been no round yet. Start one with `noren round start`.'
      : `There has been no round ${round}. \`noren round list\` lists the last ones.`,
  released: (site) => `${site} takes part again from the next round on, and begins without suspicion.`,
  revokedNow: (site) =>
    `${site} is out of the federation: its certificate is refused from now on. Only a new invitation, \`noren site invite ${site}\`, lets it in again.`,
  notQuarantined: (site) =>
    `${site} is not in quarantine, so nothing was changed. \`noren status\` shows which sites are.`,
  unknownSite: (site) => `There is no site ${site} in this federation. \`noren status\` lists the sites by their ids.`,
};
