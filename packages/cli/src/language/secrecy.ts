/** What `noren plan secrecy` says. Numbers arrive as text. */
export interface SecrecyPhrases {
  readonly oneGroup: (sites: string) => string;
  /** Sites, neighbours of each, and neighbours with the site itself. */
  readonly flat: (sites: string, neighbours: string, holders: string) => string;
  readonly addedGroups: (sites: string, groups: string) => string;
  readonly comparedGroups: (sites: string, groups: string, combination: string) => string;
  readonly combinations: Readonly<Record<'median' | 'trimmed-mean' | 'geometric-median', string>>;
  /** How many are registered, and among how many of their ranks a group's sites are. */
  readonly window: (registered: string, width: string) => string;
  readonly columns: Readonly<
    Record<
      | 'groups'
      | 'sites'
      | 'threshold'
      | 'inSum'
      | 'lostBefore'
      | 'lostAfter'
      | 'passive'
      | 'active'
      | 'event'
      | 'probability',
      string
    >
  >;
  readonly counts: string;
  readonly never: string;
  /** Share and number of the sites in league with a coordinator. */
  readonly brokenPassive: (share: string, sites: string) => string;
  readonly brokenActive: (share: string, sites: string) => string;
  readonly brokenByChoice: (share: string, sites: string) => string;
  readonly groupLost: (share: string, sites: string) => string;
  readonly anyGroupLost: (share: string, sites: string) => string;
  readonly spoiltGroups: (share: string, sites: string, spoilt: string) => string;
  readonly brokenDown: (sites: string, combination: string, breakdown: string, groups: string) => string;
  readonly brokenDownByChance: (share: string, combination: string) => string;
  readonly eachRound: string;
  readonly traffic: (sent: string, received: string) => string;
  readonly update: (bits: string, bytes: string | null) => string;
}

export const englishSecrecy: SecrecyPhrases = {
  oneGroup: (sites) => `${sites} sites mask together; only their sum is opened.`,
  flat: (sites, neighbours, holders) =>
    `${sites} sites mask in one graph, each with ${neighbours} neighbours; only the sum of all is opened. The threshold is of the ${holders} that hold shares of a site's secrets.`,
  addedGroups: (sites, groups) =>
    `${sites} sites mask in ${groups} groups, the same as long as the registrar's roster holds. Each group's sum is opened; the sums are added.`,
  comparedGroups: (sites, groups, combination) =>
    `${sites} sites mask in ${groups} groups, drawn anew each round. Each group's sum is opened; the update is the ${combination} of their means.`,
  combinations: { median: 'median', 'trimmed-mean': 'trimmed mean', 'geometric-median': 'geometric median' },
  window: (registered, width) =>
    `${registered} sites are registered. Those that share their secrets with each other are among up to ${width} of them that follow each other in the registrar's drawing, and the threshold stands whoever of these is left out.`,
  columns: {
    groups: 'groups',
    sites: 'sites',
    threshold: 'threshold',
    inSum: 'in a sum, least',
    lostBefore: 'lost before masking ends',
    lostAfter: 'lost after',
    passive: 'colluding, passive',
    active: 'colluding, active',
    event: 'what may happen',
    probability: 'probability',
  },
  counts:
    'Of each group: so many sites may be lost, and so many may collude with the coordinator, which follows the protocol (passive) or does as it likes (active). Within these numbers the sum is reached, and nothing else is learned, for certain.',
  never: 'never',
  brokenPassive: (share, sites) =>
    `more than the groups' sums is learned: ${sites} sites (${share}) collude, passive coordinator`,
  brokenActive: (share, sites) =>
    `more than the groups' sums is learned: ${sites} sites (${share}) collude, active coordinator`,
  brokenByChoice: (share, sites) =>
    `more than the groups' sums is learned: ${sites} sites (${share}) collude, the coordinator leaves out any sites it likes`,
  groupLost: (share, sites) => `one group comes to no sum: ${sites} sites (${share}) lost before masking ends`,
  anyGroupLost: (share, sites) => `any group comes to no sum: ${sites} sites (${share}) lost before masking ends`,
  spoiltGroups: (share, sites, spoilt) => `${sites} corrupt sites (${share}) spoil ${spoilt} of the groups on average.`,
  brokenDown: (sites, combination, breakdown, groups) =>
    `the ${combination} breaks down (${breakdown} of ${groups} groups spoilt): ${sites} corrupt sites`,
  brokenDownByChance: (share, combination) =>
    `the ${combination} breaks down: each site corrupt by itself with chance ${share}`,
  eachRound: 'Each round draws other groups: of many rounds the probabilities add up.',
  traffic: (sent, received) =>
    `Besides its update a site of the largest group sends ${sent} of keys and shares, and receives ${received}.`,
  update: (bits, bytes) =>
    bytes === null
      ? `Its masked update takes ${bits} bits a value; --backbone counts them.`
      : `Its masked update takes ${bits} bits a value, ${bytes} in all.`,
};

export const japaneseSecrecy: SecrecyPhrases = {
  oneGroup: (sites) => `${sites} 拠点が一つのグループでマスクし、開かれるのはその合計だけです。`,
  flat: (sites, neighbours, holders) =>
    `${sites} 拠点が一つのグラフの中でそれぞれ隣の ${neighbours} 拠点とマスクし、開かれるのは全体の合計だけです。しきい値は、各拠点の秘密のシェアを持つ ${holders} 拠点のうちの数です。`,
  addedGroups: (sites, groups) =>
    `${sites} 拠点が ${groups} グループに分かれてマスクします(登録者の名簿が有効な間は同じ分け方)。グループごとの合計が開かれ、足し合わされます。`,
  comparedGroups: (sites, groups, combination) =>
    `${sites} 拠点が ${groups} グループに分かれてマスクします(ラウンドごとに引き直し)。グループごとの合計が開かれ、平均の${combination}が更新になります。`,
  combinations: { median: '中央値', 'trimmed-mean': 'トリム平均', 'geometric-median': '幾何中央値' },
  window: (registered, width) =>
    `登録されているのは ${registered} 拠点です。秘密を分け合う拠点は、登録者の抽選順で連続する最大 ${width} 拠点の中にあり、そのうちどの拠点が外されてもしきい値は有効です。`,
  columns: {
    groups: 'グループ数',
    sites: '拠点数',
    threshold: 'しきい値',
    inSum: '合計の最少拠点',
    lostBefore: 'マスク完了前の脱落',
    lostAfter: '完了後の脱落',
    passive: '結託(受動的)',
    active: '結託(能動的)',
    event: '起こりうること',
    probability: '確率',
  },
  counts:
    '各グループで許される脱落の数と、コーディネーターと結託しても合計以外は何も分からない拠点の数です。受動的とは手順を守るコーディネーター、能動的とは何でもするコーディネーターです。この範囲内では確実に守られます。',
  never: '起こらない',
  brokenPassive: (share, sites) =>
    `グループの合計以外が知られる: ${sites} 拠点(${share})が結託、コーディネーターは受動的`,
  brokenActive: (share, sites) =>
    `グループの合計以外が知られる: ${sites} 拠点(${share})が結託、コーディネーターは能動的`,
  brokenByChoice: (share, sites) =>
    `グループの合計以外が知られる: ${sites} 拠点(${share})が結託、コーディネーターが好きな拠点を外す`,
  groupLost: (share, sites) => `あるグループの合計が得られない: マスク完了前に ${sites} 拠点(${share})が脱落`,
  anyGroupLost: (share, sites) => `いずれかのグループの合計が得られない: マスク完了前に ${sites} 拠点(${share})が脱落`,
  spoiltGroups: (share, sites, spoilt) => `不正な ${sites} 拠点(${share})は平均でグループの ${spoilt} を汚します。`,
  brokenDown: (sites, combination, breakdown, groups) =>
    `${combination}が破綻する(${groups} グループ中 ${breakdown} が汚染): 不正な ${sites} 拠点`,
  brokenDownByChance: (share, combination) => `${combination}が破綻する: 各拠点が独立に ${share} の確率で不正`,
  eachRound: 'グループはラウンドごとに引き直されるため、確率はラウンド数だけ積み重なります。',
  traffic: (sent, received) =>
    `更新のほかに、最大のグループの拠点は鍵とシェアを ${sent} 送り、${received} 受け取ります。`,
  update: (bits, bytes) =>
    bytes === null
      ? `マスクされた更新は値あたり ${bits} ビットです(--backbone で総量を計算)。`
      : `マスクされた更新は値あたり ${bits} ビット、合計 ${bytes} です。`,
};
