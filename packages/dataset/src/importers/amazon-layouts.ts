import type { CellKind } from '../table/column.ts';

/** What a year's release of Amazon Reviews calls its files and fields. */
export interface AmazonLayout<ReviewField extends string = string, MetaField extends string = string> {
  readonly title: string;
  /** How the names of the files end, in any case. */
  readonly extension: RegExp;
  readonly example: string;
  readonly review: { readonly customer: ReviewField; readonly item: ReviewField; readonly time: ReviewField };
  readonly timeKind: CellKind;
  readonly meta: {
    readonly item: MetaField;
    /** In the order in which they make the text; each may be a text or a list of texts. */
    readonly text: readonly MetaField[];
    /** A list from the general to the special. */
    readonly category: MetaField;
    readonly price: MetaField;
  };
}

/** Ni, Li, McAuley, "Justifying Recommendations using Distantly-Labeled Reviews and Fine-Grained Aspects", EMNLP 2019. */
export const AMAZON_2018: AmazonLayout = {
  title: 'Amazon Reviews 2018',
  extension: /\.json(\.gz)?$/i,
  example: 'All_Beauty.json.gz (or All_Beauty_5.json.gz) and meta_All_Beauty.json.gz for each category',
  review: { customer: 'reviewerID', item: 'asin', time: 'unixReviewTime' },
  timeKind: 'unix-seconds',
  meta: { item: 'asin', text: ['title', 'brand', 'feature', 'description'], category: 'category', price: 'price' },
};

/** Hou et al., "Bridging Language and Items for Retrieval and Recommendation", arXiv 2403.03952. */
export const AMAZON_2023: AmazonLayout = {
  title: 'Amazon Reviews 2023',
  extension: /\.jsonl(\.gz)?$/i,
  example: 'All_Beauty.jsonl.gz and meta_All_Beauty.jsonl.gz for each category',
  review: { customer: 'user_id', item: 'parent_asin', time: 'timestamp' },
  timeKind: 'unix-milliseconds',
  meta: {
    item: 'parent_asin',
    text: ['title', 'store', 'features', 'description'],
    category: 'categories',
    price: 'price',
  },
};

/** US dollars of "$12.99", "1,299.00" or the middle of "$5.00 - $10.00"; null for "None" and whatever else stands there. */
export function amazonPrice(text: string): number | null {
  const amounts = text.split(' - ').map((amount) => {
    const digits = /^\$?(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?$/.exec(amount.trim());
    const plain = `${digits?.[1]?.replaceAll(',', '') ?? ''}${digits?.[2] ?? ''}`;
    return plain === '' ? Number.NaN : Number(plain);
  });
  const middle = amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length;
  return amounts.length <= 2 && Number.isFinite(middle) ? middle : null;
}

/** The texts of a cell that is a text or the JSON of a list of texts, without markup. */
export function amazonTexts(cell: string): string[] {
  return listed(cell)
    .map(plainText)
    .filter((text) => text !== '');
}

function listed(cell: string): string[] {
  if (!cell.startsWith('[')) return [cell];
  try {
    const parsed: unknown = JSON.parse(cell);
    if (Array.isArray(parsed)) return parsed.filter((part) => typeof part === 'string');
  } catch {
    // A text that begins with a bracket.
  }
  return [cell];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function plainText(text: string): string {
  return text
    .replaceAll(/<[^<>]{0,1000}>/g, ' ')
    .replaceAll(/&(?:#(\d{1,6})|([a-z]{2,4}));/g, (whole, code: string | undefined, name: string | undefined) =>
      code === undefined ? (ENTITIES[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
    )
    .replaceAll(/\s+/g, ' ')
    .trim();
}
