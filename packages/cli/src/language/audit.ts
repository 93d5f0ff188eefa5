import type { AuditFinding, AuditObstacle } from '@noren/agent';

/** What `noren site audit` says. Numbers arrive as text. */
export interface AuditPhrases {
  readonly none: string;
  readonly noSuchRound: (round: string) => string;
  readonly round: (round: string, at: string) => string;
  readonly findings: Readonly<Record<AuditFinding, string>>;
  readonly about: (sites: string) => string;
  readonly counts: (o: { sites: string; survivors: string; vectors: string; witnesses: string }) => string;
  readonly repeated: string;
  readonly differs: (then: string) => string;
  readonly obstacles: Readonly<Record<AuditObstacle, string>>;
  readonly ledgerDamaged: (line: string, what: string) => string;
  /** How it ends where something is wrong. */
  readonly failed: string;
}

export const englishAudit: AuditPhrases = {
  none: 'No sum has been audited at this site yet.',
  noSuchRound: (round) =>
    `No sum of a round ${round} was audited at this site. \`noren site audit\` lists those that were.`,
  round: (round, at) => `Round ${round}, audited ${at}`,
  findings: {
    'in-sum': "The sum holds this site's update, as this site signed it, and all else it signed was used as signed.",
    'left-out': "This site's update is not in the sum, and nothing is claimed in its name that it did not sign.",
    'not-opened': "The sum of this site's group was not opened: its update is in no result.",
    'no-group': 'The round went on without this site before there were groups: it has given nothing.',
    'other-round': 'FAULT: what the coordinator named belongs to another round or plan.',
    'unsound-transcript': 'FAULT: what the coordinator named contradicts itself.',
    'other-roster': 'FAULT: the sum is of another roster than the one this site masked under.',
    'other-keys': 'FAULT: keys are listed that their sites did not advertise.',
    'other-shares': 'FAULT: shares are claimed in the name of this site that it did not give out.',
    'other-sharing-sites': 'FAULT: the sum is of another set of sites than this site masked with.',
    'other-vector': 'FAULT: the sum holds another vector in the name of this site than it signed.',
    'claimed-survivor': 'FAULT: the sum is said to hold a vector of this site, which signed none.',
    'forged-vector': 'FAULT: the sum holds vectors that their sites did not sign.',
    'other-survivors': 'FAULT: the survivors are not those for which this site signed or revealed.',
    'forged-witness': 'FAULT: signatures of the survivors are claimed that their sites did not make.',
    unconfirmed: 'FAULT: fewer sites have signed the survivors than it takes.',
    'other-reveal': 'FAULT: shares are said to have been revealed by this site that it did not reveal.',
    'no-transcript': 'FAULT: the coordinator does not say what the sum rests on.',
    unreadable: 'FAULT: what the coordinator named cannot be read.',
    'no-record': 'FAULT: this site no longer has what it signed, so nothing could be verified.',
  },
  about: (sites) => `  It is about: ${sites}`,
  counts: ({ sites, survivors, vectors, witnesses }) =>
    `  ${survivors} of ${sites} sites are in the sum. Signatures verified: of ${vectors} vectors, and of ${witnesses} witnesses to the survivors.`,
  repeated: '  Made again now, from what is on disk: the same result.',
  differs: (then) => `  Made again now, the result is another; the ledger says: ${then}`,
  obstacles: {
    'transcript-missing': '  It cannot be made again: the transcript is gone from the folder of the round.',
    'transcript-changed': '  It cannot be made again: the transcript was changed since.',
    'signed-changed': '  It cannot be made again: the record of what this site signed was changed since.',
  },
  ledgerDamaged: (line, what) => `The ledger is damaged in line ${line}: ${what}.`,
  failed: 'Not everything could be verified. Show this to whoever answers for the federation.',
};

export const japaneseAudit: AuditPhrases = {
  none: 'この拠点で監査された合計はまだありません。',
  noSuchRound: (round) =>
    `ラウンド ${round} の合計はこの拠点で監査されていません。\`noren site audit\` で監査済みの一覧を確認できます。`,
  round: (round, at) => `ラウンド ${round}(監査日時 ${at})`,
  findings: {
    'in-sum': '合計にはこの拠点の更新が署名どおりに含まれ、ほかの署名済みの内容もそのまま使われています。',
    'left-out': 'この拠点の更新は合計に含まれず、署名していない内容がこの拠点の名で使われた形跡もありません。',
    'not-opened': 'この拠点のグループの合計は開かれず、更新はどの結果にも含まれていません。',
    'no-group': 'グループが決まる前にこの拠点抜きで進んだため、何も提供していません。',
    'other-round': '不一致: コーディネーターが示した記録は別のラウンドまたは計画のものです。',
    'unsound-transcript': '不一致: コーディネーターが示した記録に矛盾があります。',
    'other-roster': '不一致: 合計は、この拠点がマスクに使った名簿とは別の名簿のものです。',
    'other-keys': '不一致: 拠点が公開していない鍵が記録されています。',
    'other-shares': '不一致: この拠点が渡していないシェアがこの拠点の名で記録されています。',
    'other-sharing-sites': '不一致: 合計は、この拠点が一緒にマスクした拠点とは別の組み合わせのものです。',
    'other-vector': '不一致: この拠点が署名したものとは別のベクトルが、この拠点の名で合計に含まれています。',
    'claimed-survivor': '不一致: この拠点は署名していないのに、合計にこの拠点のベクトルがあるとされています。',
    'forged-vector': '不一致: 拠点が署名していないベクトルが合計に含まれています。',
    'other-survivors': '不一致: 合計の拠点は、この拠点が署名または開示した組み合わせではありません。',
    'forged-witness': '不一致: 拠点が行っていない署名が証人として記録されています。',
    unconfirmed: '不一致: 合計の拠点に署名した拠点の数が足りません。',
    'other-reveal': '不一致: この拠点が開示していないシェアが、開示されたものとして記録されています。',
    'no-transcript': '不一致: コーディネーターは合計の根拠を示していません。',
    unreadable: '不一致: コーディネーターが示した記録を読み取れません。',
    'no-record': '不一致: この拠点が署名した内容の記録が残っていないため、検証できませんでした。',
  },
  about: (sites) => `  対象: ${sites}`,
  counts: ({ sites, survivors, vectors, witnesses }) =>
    `  合計に含まれる拠点: ${survivors} / ${sites}。署名を検証した数: ベクトル ${vectors}、証人 ${witnesses}。`,
  repeated: '  保存された記録から今あらためて検証し、同じ結果でした。',
  differs: (then) => `  今あらためて検証すると結果が異なります。台帳の記載: ${then}`,
  obstacles: {
    'transcript-missing': '  再検証できません: ラウンドのフォルダーに記録がありません。',
    'transcript-changed': '  再検証できません: 記録が監査後に変更されています。',
    'signed-changed': '  再検証できません: この拠点が署名した内容の記録が監査後に変更されています。',
  },
  ledgerDamaged: (line, what) => `台帳の ${line} 行目が壊れています: ${what}`,
  failed: '検証できない点があります。連合の責任者にこの結果を見せてください。',
};
