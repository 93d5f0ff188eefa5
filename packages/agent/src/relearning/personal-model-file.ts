import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parameterGroups, type PersonalModel, type RecommenderConfig } from '@noren/recommender';
import { readSafetensors, writeSafetensors, type HostTensor } from '@noren/tensor/safetensors';
import { z } from 'zod';
import { writeAtomically } from '../home/atomic-file.ts';
import { readBytes } from '../home/read-bytes.ts';
import type { RoundJob } from './trainer.ts';

const descriptionSchema = z.strictObject({
  kind: z.literal('personal-model'),
  version: z.literal(1),
  share: z.number().min(0).max(1),
});

/** `<round>-<release or candidate it was fitted to>.safetensors`. */
const fileName = /^(\d{1,10})-([0-9a-f]{64})\.safetensors$/;

interface Kept {
  readonly name: string;
  readonly round: number;
  readonly towards: string;
}

/**
 * The site's own models (Ditto, APFL), from round to round. A round leaves one fitted to the candidate and one fitted to the
 * release in force; which of them goes on is decided by what the next round starts from. One folder for a backbone, state
 * of the data and shape of the plan: a model that learned from customers who are gone, or whose early-stopping customers
 * now sit on the gate, is not used again.
 */
export class PersonalModels {
  readonly #folder: string;
  readonly #job: RoundJob;

  constructor(job: RoundJob, dataHash: string) {
    const { plan } = job;
    const groups = Object.entries(plan.groups).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const { objective } = plan.training;
    const depends = [plan.backbone, dataHash, plan.modalities, groups, plan.adapters, objective.kind, plan.seed];
    const key = createHash('sha256').update(JSON.stringify(depends)).digest('hex').slice(0, 32);
    this.#folder = join(job.cache, 'personal-models', key);
    this.#job = job;
  }

  /** What the rounds before left: that of the plan's release, else the latest (the site missed a round); null for none. */
  async read(): Promise<PersonalModel | null> {
    const start = await this.#start();
    if (start === undefined) return null;
    // A file that cannot be read is as none: the site begins again from the release.
    return readBytes(join(this.#folder, start.name))
      .then(decode)
      .catch(() => null);
  }

  /** Keeps what this round made, by the path of the release or candidate that each was fitted to, and nothing older. */
  async write(config: RecommenderConfig, models: ReadonlyMap<string, PersonalModel>): Promise<void> {
    if (models.size === 0) return rm(join(this.#folder, '..'), { recursive: true, force: true });
    const start = await this.#start();
    const names = new Set(start === undefined ? [] : [start.name]);
    for (const [path, model] of models) {
      const name = `${this.#job.plan.round}-${basename(path)}.safetensors`;
      await writeAtomically(join(this.#folder, name), encode(config, model));
      names.add(name);
    }
    await removeAllBut(this.#folder, names);
    await removeAllBut(join(this.#folder, '..'), new Set([basename(this.#folder)]));
  }

  /** The same when a round is evaluated again after a restart: what that round itself wrote is not where it starts. */
  async #start(): Promise<Kept | undefined> {
    const { plan } = this.#job;
    const names = await readdir(this.#folder).catch(() => []);
    const kept = names
      .flatMap((name): Kept[] => {
        const [, round, towards = ''] = fileName.exec(name) ?? [];
        return round === undefined || Number(round) >= plan.round ? [] : [{ name, round: Number(round), towards }];
      })
      .toSorted((a, b) => b.round - a.round);
    return kept.find(({ towards }) => towards === plan.release) ?? kept[0];
  }
}

function encode(config: RecommenderConfig, { values, share }: PersonalModel): Uint8Array {
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape } of parameterGroups(config).flatMap((group) => group.tensors)) {
    const data = values.get(name);
    if (data !== undefined) tensors.set(name, { shape, data });
  }
  const noren: z.infer<typeof descriptionSchema> = { kind: 'personal-model', version: 1, share };
  return writeSafetensors({ tensors, metadata: { noren: JSON.stringify(noren) } });
}

function decode(bytes: Uint8Array): PersonalModel {
  const file = readSafetensors(bytes);
  const { share } = descriptionSchema.parse(JSON.parse(file.metadata['noren'] ?? 'null'));
  return { values: new Map([...file.tensors].map(([name, { data }]) => [name, data])), share };
}

async function removeAllBut(folder: string, kept: ReadonlySet<string>): Promise<void> {
  const others = (await readdir(folder)).filter((name) => !kept.has(name));
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
