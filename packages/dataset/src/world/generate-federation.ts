import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { DatasetError } from '../errors.ts';
import { inParallel } from '../images/in-parallel.ts';
import { siteId } from '../importers/site-id.ts';
import { type RandomStream, randomStream } from '../random.ts';
import { ReadingCounts } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { CatalogueItem, FederationData, Progress, RetailData } from '../retail-data.ts';
import { type Chain, drawChain, drawProduct, FULL_RANGE, type Product, wording } from './assortment.ts';
import { letCustomersBuy } from './customers.ts';
import { drawProduct as drawPicture, renderJpeg } from './drawing.ts';
import { drawTaste, siteTaste, type Taste } from './taste.ts';
import { CHAINS } from './vocabulary.ts';

/**
 * `shifted`: the sites share a taste that headquarters' customers do not have, so only the sites together can learn it.
 * `shared`: headquarters' customers have the sites' taste, so the backbone suffices.
 * `hurting`: as `shared`, but at 3 of 10 sites texts and images belong to other items and the price preference is
 * opposite: what the others learned hurts there, and the no-harm gate has to refuse it.
 */
export type World = 'shifted' | 'shared' | 'hurting';

export interface WorldOptions {
  readonly seed: number;
  readonly world: World;
  /** 1 to 200. */
  readonly sites: number;
  /** Product images are rendered into it, a folder for each site; existing ones are overwritten. */
  readonly imageFolder: string;
  readonly onProgress?: Progress;
}

const MOST_SITES = 200;
const SITE_ITEMS = 200;
const HEADQUARTERS_ITEMS = 400;
const HEADQUARTERS_CUSTOMERS = 500;
const FEWEST_CUSTOMERS = 40;
const MOST_CUSTOMERS = 180;
const HURTING_SHARE = 0.3;
const WITHOUT_IMAGE = 0.02;
const WITHOUT_PRICE = 0.02;

const NOTES: Record<World, string> = {
  shifted:
    'A generated world, built so that federation can win: the sites share a taste that headquarters data lacks, and each site alone is small.',
  shared:
    'A generated world in which the customers of headquarters have the same taste as those of the sites: the backbone should suffice.',
  hurting:
    'A generated world in which 3 of 10 sites hold texts and images that belong to other items, and the opposite price preference: at these sites the gate should refuse what the others learned.',
};

/** Draws a group of retail chains from a seed. The same options give the same data and the same image bytes. */
export async function generateFederation(o: WorldOptions): Promise<FederationData> {
  const { federation, pictures } = drawFederation(o);
  for (const folder of new Set(pictures.map(({ path }) => dirname(path)))) await mkdir(folder, { recursive: true });
  let done = 0;
  await inParallel(pictures.length, async (index) => {
    const picture = pictures[index];
    if (picture === undefined) return;
    await renderJpeg(picture.svg, picture.path);
    done++;
    if (done % 100 === 0 || done === pictures.length) o.onProgress?.(done, pictures.length, 'drawing product images');
  });
  return federation;
}

/** The same without touching the disk: the data, and the pictures that are still to be rendered. */
export function drawFederation(o: WorldOptions): { federation: FederationData; pictures: readonly Picture[] } {
  if (!Number.isInteger(o.sites) || o.sites < 1 || o.sites > MOST_SITES)
    throw new DatasetError(
      'world-invalid',
      `a world of ${o.sites} sites cannot be drawn`,
      {},
      `Ask for 1 to ${MOST_SITES} sites`,
    );
  const common = drawTaste(randomStream(o.seed, 'taste of the sites'));
  const hurting = o.world === 'hurting' ? Math.round(o.sites * HURTING_SHARE) : 0;
  const headquarters = drawShop('headquarters', o, {
    chain: FULL_RANGE,
    items: HEADQUARTERS_ITEMS,
    customers: HEADQUARTERS_CUSTOMERS,
    taste: o.world === 'shifted' ? drawTaste(randomStream(o.seed, 'taste of headquarters')) : common,
    isHurting: false,
  });
  const sites = Array.from({ length: o.sites }, (_, at) => {
    const random = randomStream(o.seed, `chain ${at}`);
    // Evenly spread over the sites, so that a count does not stand for "the last ones".
    const isHurting = Math.floor(((at + 1) * hurting) / o.sites) > Math.floor((at * hurting) / o.sites);
    const taste = siteTaste(common, random);
    const name = chainName(at);
    const shop = drawShop(siteId(name), o, {
      chain: drawChain(random),
      items: SITE_ITEMS,
      customers: Math.round(FEWEST_CUSTOMERS * (MOST_CUSTOMERS / FEWEST_CUSTOMERS) ** random.uniform()),
      taste: isHurting ? { ...taste, price: 'opposite' } : taste,
      isHurting,
    });
    return { id: siteId(name), name, ...shop };
  });
  return {
    federation: {
      headquarters: headquarters.data,
      sites: sites.map(({ id, name, data }) => ({ id, name, data })),
      note: `${NOTES[o.world]} Seed ${o.seed}.`,
    },
    pictures: [headquarters, ...sites].flatMap((shop) => shop.pictures),
  };
}

interface Picture {
  readonly svg: string;
  readonly path: string;
}

interface DrawnShop {
  readonly data: RetailData;
  readonly pictures: readonly Picture[];
}

interface ShopPlan {
  readonly chain: Chain;
  readonly items: number;
  readonly customers: number;
  readonly taste: Taste;
  readonly isHurting: boolean;
}

function drawShop(id: string, o: WorldOptions, plan: ShopPlan): DrawnShop {
  const random = randomStream(o.seed, `shop ${id}`);
  const folder = join(resolve(o.imageFolder), id);
  const products = Array.from({ length: plan.items }, () => drawProduct(plan.chain, random));
  const worded = shown(products, plan.isHurting, random);
  const drawn = shown(products, plan.isHurting, random);
  const pictures: Picture[] = [];
  const catalogue = products.map((product, number): CatalogueItem => {
    const itemId = `item-${String(number + 1).padStart(4, '0')}`;
    const picture = { svg: drawPicture(drawn[number] ?? product, random), path: join(folder, `${itemId}.jpg`) };
    const hasImage = random.uniform() >= WITHOUT_IMAGE;
    if (hasImage) pictures.push(picture);
    return {
      id: itemId,
      text: wording(worded[number] ?? product, plan.chain, random),
      imagePath: hasImage ? picture.path : null,
      price: random.uniform() < WITHOUT_PRICE ? null : product.price,
    };
  });
  const log = letCustomersBuy(plan.customers, products, plan.taste, random);
  const counts = new ReadingCounts();
  const sequences = log.sequences({ repeats: 'first', minimumSequence: 2 }, counts);
  return {
    pictures,
    data: { catalogue, sequences, report: reportOf({ catalogue, sequences, rowsRead: log.length, counts }) },
  };
}

/** The products whose looks the items show: their own, or in a hurting shop those of one another. */
function shown(products: readonly Product[], isHurting: boolean, random: RandomStream): readonly Product[] {
  return isHurting ? random.shuffle([...products]) : products;
}

function chainName(at: number): string {
  const name = CHAINS[at % CHAINS.length] ?? '';
  const round = Math.floor(at / CHAINS.length);
  return round === 0 ? name : `${name} ${round + 1}`;
}
