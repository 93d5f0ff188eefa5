import { japaneseFederation } from './ja-federation.ts';
import type { Phrases } from './phrases.ts';
import { japaneseAudit } from './audit.ts';
import { japaneseSecrecy } from './secrecy.ts';

const strategies = {
  scratch: 'ゼロから学習',
  backbone: '基盤モデルのまま',
  local: '店舗内で再学習',
  federated: '連合再学習',
  blend: '混合',
} as const;

const outcomes = { accepted: '採用', rejected: '不採用', failed: '失敗' } as const;

export const japanese: Phrases = {
  dataFolder: (path) => `データの保存先: ${path}(--home で変更できます)`,
  preparingData: (dataset) => `データを準備しています(${dataset})...`,
  dataReady: (sites, customers, items) => `  拠点 ${sites}、顧客 ${customers}、商品 ${items}`,
  dataCached: (sites) => `データ: 準備済み(拠点 ${sites})`,
  preparingBackbone: '本部で基盤モデルを事前学習しています ...',
  encoding: (what, done, total) => `  ${what} を符号化: ${done} / ${total}`,
  pretraining: (epoch, epochs, loss) => `  エポック ${epoch} / ${epochs}、損失 ${loss}`,
  backboneReady: (parameters, seconds) => `  パラメータ数 ${parameters}、${seconds} 秒`,
  backboneCached: '基盤モデル: 事前学習済み',
  startingCoordinator: 'コーディネーターを起動しています ...',
  startingSites: (count) => `${count} 拠点を起動しています(拠点ごとに別プロセス・別証明書)...`,
  surveying: '再学習で何が得られるかを調査しています(各拠点の数値は誰にも見えません)...',
  surveyFailed: '  調査に失敗したため、すべてを微調整する計画で始めます。',
  decision: (sentence) => `  ${sentence}`,
  federationRuns: (address) => `連合が動いています。コンソール: ${address}`,
  schedule: (expression) => `ラウンドの予定: "${expression}"`,
  stopHint: 'Ctrl-C で停止します。次に起動すると続きから始まります。',
  stopping: '停止しています ...',
  stopped: '停止しました。',
  killed: (name, seconds, logFile) =>
    `${name} は ${seconds} 秒以内に停止しなかったため強制終了しました。ログ: ${logFile}`,
  waiting: '待機中',
  roundLine: (round, phase, waitingFor) => `  ラウンド ${round}: ${phase}。${waitingFor}`,
  roundEnded: ({ round, outcome, seconds, survivors, cohort, bytesUp }) =>
    `ラウンド ${round}: ${outcomes[outcome]}(${seconds} 秒、集計 ${survivors} / ${cohort} 拠点、送信量 ${bytesUp})`,
  roundReason: (reason) => `  ${reason}`,
  site: '拠点',
  customers: '顧客数',
  metric: '指標',
  strategies,
  gate: '無害ゲート',
  adopted: '連合モデルを採用',
  blended: '連合モデルを混合して採用',
  keeps: (strategy) => `${strategy}を使用`,
  tableNote:
    '各顧客の最後の購入に対する平均(全商品順位、履歴は除外)、[ ] は顧客に関する 95% 区間。ゲートの判定には別の購入を使います。',
  mean: '拠点平均',
  siteStopped: (site, logFile) => `拠点 ${site} が停止しました。ログ: ${logFile}`,
  coordinatorStopped: (logFile) => `コーディネーターが停止しました。ログ: ${logFile}`,
  federation: japaneseFederation,
  secrecy: japaneseSecrecy,
  audit: japaneseAudit,
};
