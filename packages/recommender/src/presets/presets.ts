import type { PlanAdapters, PlanGroup, PlanTemplate } from '@noren/protocol';

/**
 * Named answers to: which groups start anew, which are shared, which stay at the site, which are frozen, and how are they
 * trained? ANT's experiment is the square of these four; "encoder" is the Transformer blocks:
 *
 * |                          | encoder goes on learning | encoder frozen    |
 * |--------------------------|--------------------------|-------------------|
 * | from the backbone        | `fine-tune`              | `fine-tune-items` |
 * | item side learned anew   | `relearn`                | `ant`             |
 */
export const presetNames = [
  'fine-tune',
  'fine-tune-items',
  'relearn',
  'ant',
  'head-only',
  'sequence',
  'scratch',
  'fedper',
  'lg-fedavg',
  'fedrep',
  'fedalt',
  'fedbabu',
  'fedprox',
  'ditto',
  'apfl',
  'lora',
  'ffa-lora',
  'fedsa-lora',
] as const;
export type PresetName = (typeof presetNames)[number];

/** With `frozen`, the backbone as it is. Nothing is shared, so it is no round; studies compare with it. */
export type StudyPresetName = PresetName | 'frozen';

export interface Preset {
  /** One line for people who choose. */
  readonly summary: string;
  /** Where the method comes from. */
  readonly paper: string;
  readonly groups: Readonly<Record<Part, PlanGroup>>;
  /** Its decision about low-rank adapters; default: it has none. */
  readonly adapters?: PlanAdapters & { readonly a: PlanGroup; readonly b: PlanGroup };
  /** What it changes of the usual training. */
  training?(usual: PlanTemplate['training']): Partial<PlanTemplate['training']>;
  /** Which groups personalisation trains; default `trained`. */
  readonly personalised?: 'trained' | 'all';
}

/** The parts of the model a preset decides about. */
export type Part = 'projections' | 'norm' | 'position' | 'blocks';

const shared: PlanGroup = { start: 'pretrained', scope: 'federated' };
const anew: PlanGroup = { start: 'reinit', scope: 'federated' };
const own: PlanGroup = { start: 'pretrained', scope: 'local' };
const frozen: PlanGroup = { start: 'pretrained', scope: 'frozen' };

/** Only the adapters learn. */
const nothing = { projections: frozen, norm: frozen, position: frozen, blocks: frozen };
/** One of those that suffice in Hu et al., section 7.2. */
const RANK = 4;

const everything = { projections: shared, norm: shared, position: shared, blocks: shared };
/** The item side is shared, the sequence model is each site's. */
const upperOwn = { projections: shared, norm: shared, position: shared, blocks: own };
/** The item side is each site's, the sequence model is shared. */
const lowerOwn = { projections: own, norm: own, position: shared, blocks: shared };

export const presets: Readonly<Record<StudyPresetName, Preset>> = {
  'fine-tune': {
    summary: "everything is shared and goes on from the backbone's values; with personalisation the best on real data",
    paper: 'FedAvg, McMahan et al. 2017',
    groups: everything,
  },
  'fine-tune-items': {
    summary: 'item side and positions are shared and go on from the backbone, the sequence blocks are frozen',
    paper: 'the fine-tuned counterpart of Peng et al. 2023',
    groups: { projections: shared, norm: shared, position: shared, blocks: frozen },
  },
  relearn: {
    summary: 'item side and positions are learned anew and the sequence blocks go on learning; all are shared',
    paper: 'after Peng et al. 2023, encoder not frozen',
    groups: { projections: anew, norm: shared, position: anew, blocks: shared },
  },
  // How sequences move is kept, how this shop's items map into that space is learned anew.
  ant: {
    summary: 'item side and positions are learned anew and shared, the sequence blocks are frozen: "re-learning"',
    paper: 'ANT, Peng et al. 2023 (arXiv 2309.10195)',
    groups: { projections: anew, norm: shared, position: anew, blocks: frozen },
  },
  'head-only': {
    summary: 'only the item side is shared, from the backbone; positions and blocks are frozen',
    paper: 'the fixed encoder of UniSRec, Hou et al. 2022',
    groups: { projections: shared, norm: shared, position: frozen, blocks: frozen },
  },
  sequence: {
    summary: "positions, sequence blocks and the items' norm are shared, the item side is frozen: for private plans",
    paper: 'what DP-SGD can share, Abadi et al. 2016',
    groups: { projections: frozen, norm: shared, position: shared, blocks: shared },
  },
  scratch: {
    summary: 'everything is shared and learned anew: federated learning without a backbone',
    paper: 'FedAvg, McMahan et al. 2017',
    groups: { projections: anew, norm: anew, position: anew, blocks: anew },
  },
  fedper: {
    summary: 'the item side is shared, the sequence blocks stay at the site; both train at once',
    paper: 'FedPer, Arivazhagan et al. 2019',
    groups: upperOwn,
  },
  'lg-fedavg': {
    summary: 'the item side stays at the site, positions and sequence blocks are shared; both train at once',
    paper: 'LG-FedAvg, Liang et al. 2020',
    groups: lowerOwn,
  },
  // The same algorithm as fedalt: FedRep personalises the upper layers and gives the shared ones one epoch.
  fedrep: {
    summary: 'as fedper, but each round first all epochs for the blocks, then one for the shared item side',
    paper: 'FedRep, Collins et al. 2021',
    groups: upperOwn,
    training: ({ epochs }) => ({ order: { kind: 'alternating', personalEpochs: epochs }, epochs: 1 }),
  },
  // FedAlt leaves open what is personal; here what re-learning calls the shop's own, with the usual epochs for both.
  fedalt: {
    summary: "as lg-fedavg, but each round first the site's item side, then the shared sequence model",
    paper: 'FedAlt, Pillutla et al. 2022',
    groups: lowerOwn,
    training: ({ epochs }) => ({ order: { kind: 'alternating', personalEpochs: epochs } }),
  },
  // The paper's head is random; with a backbone the fixed part has better values than that.
  fedbabu: {
    summary: 'the item side is shared under fixed sequence blocks, which each site fits only in personalisation',
    paper: 'FedBABU, Oh et al. 2022',
    groups: { projections: shared, norm: shared, position: shared, blocks: frozen },
    personalised: 'all',
  },
  fedprox: {
    summary: 'as fine-tune, with a pull towards the release while a site trains: for sites that differ much',
    paper: 'FedProx, Li et al. 2020',
    groups: everything,
    training: () => ({ objective: { kind: 'fedprox', mu: 0.01 } }),
  },
  ditto: {
    summary: 'as fine-tune, and each site keeps and serves a model of its own, pulled towards the shared one',
    paper: 'Ditto, Li et al. 2021',
    groups: everything,
    training: () => ({ objective: { kind: 'ditto', lambda: 0.1 } }),
  },
  apfl: {
    summary:
      'as fine-tune, and each site serves a mixture of the shared model and one of its own, in shares it chooses',
    paper: 'APFL, Deng et al. 2020',
    groups: everything,
    training: () => ({ objective: { kind: 'apfl', alpha: 'chosen' } }),
  },
  lora: {
    summary: 'the backbone is frozen; low-rank adapters A B beside its sequence blocks are learned and shared',
    paper: 'LoRA, Hu et al. 2022',
    groups: nothing,
    adapters: { rank: RANK, a: anew, b: anew },
  },
  // The product of averages is not the average of products, except where one factor is the same at all sites.
  'ffa-lora': {
    summary: 'as lora, but A stays at its random start, the same at every site, and only B is learned and shared',
    paper: 'FFA-LoRA, Sun et al. 2024',
    groups: nothing,
    adapters: { rank: RANK, a: { start: 'reinit', scope: 'frozen' }, b: anew },
  },
  'fedsa-lora': {
    summary: 'as lora, but only A is shared, and B is learned by each site for itself',
    paper: 'FedSA-LoRA, Guo et al. 2025',
    groups: nothing,
    adapters: { rank: RANK, a: anew, b: { start: 'reinit', scope: 'local' } },
  },
  frozen: {
    summary: 'nothing is learned and nothing shared: the backbone as it is',
    paper: 'the pretrained model itself',
    groups: nothing,
  },
};
