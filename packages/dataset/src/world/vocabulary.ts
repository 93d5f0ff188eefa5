/** One value of an attribute, as a shop words it in English and in Japanese. */
export interface Word {
  readonly en: string;
  readonly ja: string;
}

export interface Colour extends Word {
  readonly rgb: string;
  /** Ink for patterns, readable on the colour. */
  readonly ink: string;
}

export const COLOURS: readonly Colour[] = [
  { en: 'black', ja: '黒', rgb: '#22252a', ink: '#8b9099' },
  { en: 'white', ja: '白', rgb: '#f4f2ec', ink: '#9aa0a8' },
  { en: 'navy', ja: '紺', rgb: '#1f2f5c', ink: '#c9d2ea' },
  { en: 'red', ja: '赤', rgb: '#b8282e', ink: '#f5cfc9' },
  { en: 'olive', ja: 'オリーブ', rgb: '#6b6b34', ink: '#d6d7a8' },
  { en: 'beige', ja: 'ベージュ', rgb: '#d8c3a0', ink: '#8a7450' },
  { en: 'pink', ja: 'ピンク', rgb: '#e59ab0', ink: '#8d3f58' },
  { en: 'mustard', ja: 'からし色', rgb: '#c9962b', ink: '#5d430d' },
  { en: 'sky blue', ja: '水色', rgb: '#8fc3e0', ink: '#2c5d7c' },
  { en: 'brown', ja: '茶', rgb: '#6e4630', ink: '#d9b89f' },
  { en: 'grey', ja: '灰色', rgb: '#8f949a', ink: '#3b3f45' },
  { en: 'green', ja: '緑', rgb: '#2f7a4d', ink: '#c4e6d0' },
];

/** `tint` is the ground a shop photographs this style on. */
export interface Style extends Word {
  readonly tint: string;
}

export const STYLES: readonly Style[] = [
  { en: 'natural', ja: 'ナチュラル', tint: '#f3efe2' },
  { en: 'street', ja: 'ストリート', tint: '#dfe1e4' },
  { en: 'mode', ja: 'モード', tint: '#cfcdd6' },
  { en: 'classic', ja: 'クラシック', tint: '#ebe3d3' },
  { en: 'sporty', ja: 'スポーティ', tint: '#d9ecf5' },
  { en: 'romantic', ja: 'ロマンチック', tint: '#fae6ec' },
  { en: 'outdoor', ja: 'アウトドア', tint: '#dde8d6' },
  { en: 'vintage', ja: '古着風', tint: '#e6d7c0' },
  { en: 'minimal', ja: 'ミニマル', tint: '#ffffff' },
  { en: 'marine', ja: 'マリン', tint: '#d3e3f0' },
  { en: 'workwear', ja: '作業着風', tint: '#d8d3c8' },
  { en: 'resort', ja: 'リゾート', tint: '#fdf3cf' },
  { en: 'preppy', ja: '学生風', tint: '#e2e6d0' },
  { en: 'ethnic', ja: '民族調', tint: '#f2d9c6' },
  { en: 'formal', ja: '礼装', tint: '#d5d7da' },
  { en: 'lounge', ja: '部屋着', tint: '#ece4f2' },
];

export const PATTERNS: readonly Word[] = [
  { en: 'plain', ja: '無地' },
  { en: 'striped', ja: '縦縞' },
  { en: 'checked', ja: '格子柄' },
  { en: 'dotted', ja: '水玉' },
  { en: 'bordered', ja: '横縞' },
  { en: 'floral', ja: '花柄' },
];

export const MATERIALS: readonly Word[] = [
  { en: 'cotton', ja: '綿' },
  { en: 'linen', ja: '麻' },
  { en: 'wool', ja: '羊毛' },
  { en: 'denim', ja: 'デニム' },
  { en: 'silk', ja: '絹' },
  { en: 'leather', ja: '革' },
  { en: 'nylon', ja: 'ナイロン' },
  { en: 'fleece', ja: 'フリース' },
];

/** `price` is the usual price in yen; `outline` a path in a box of 96 x 128. */
export interface Category extends Word {
  readonly price: number;
  readonly outline: string;
}

export const CATEGORIES: readonly Category[] = [
  {
    en: 'T-shirt',
    ja: 'Tシャツ',
    price: 2400,
    outline: 'M30 30 L40 26 Q48 34 56 26 L66 30 L82 46 L72 56 L66 50 L66 100 L30 100 L30 50 L24 56 L14 46 Z',
  },
  {
    en: 'shirt',
    ja: 'シャツ',
    price: 4900,
    outline: 'M32 26 L44 22 L48 30 L52 22 L64 26 L78 78 L68 82 L64 56 L64 104 L32 104 L32 56 L28 82 L18 78 Z',
  },
  {
    en: 'sweater',
    ja: 'セーター',
    price: 6900,
    outline: 'M30 32 Q48 22 66 32 L80 86 L68 88 L66 66 L66 98 L30 98 L30 66 L28 88 L16 86 Z',
  },
  {
    en: 'jacket',
    ja: 'ジャケット',
    price: 14800,
    outline:
      'M28 26 L44 20 L48 52 L52 20 L68 26 L80 88 L68 90 L66 62 L68 104 L50 104 L48 60 L46 104 L28 104 L30 62 L28 90 L16 88 Z',
  },
  {
    en: 'coat',
    ja: 'コート',
    price: 24800,
    outline: 'M28 20 L44 14 L48 44 L52 14 L68 20 L80 76 L70 80 L68 56 L74 118 L22 118 L28 56 L26 80 L16 76 Z',
  },
  { en: 'skirt', ja: 'スカート', price: 5900, outline: 'M34 34 L62 34 L62 42 L80 104 L16 104 L34 42 Z' },
  { en: 'trousers', ja: 'パンツ', price: 7900, outline: 'M32 20 L64 20 L70 112 L54 112 L48 48 L42 112 L26 112 Z' },
  {
    en: 'dress',
    ja: 'ワンピース',
    price: 9800,
    outline: 'M36 18 L42 18 Q48 28 54 18 L60 18 L60 52 L80 114 L16 114 L36 52 Z',
  },
  {
    en: 'bag',
    ja: 'かばん',
    price: 8900,
    outline:
      'M34 54 Q34 24 48 24 Q62 24 62 54 L80 54 L84 104 L12 104 L16 54 Z M40 54 L56 54 Q56 32 48 32 Q40 32 40 54 Z',
  },
  { en: 'shoes', ja: '靴', price: 11800, outline: 'M14 60 L34 58 Q40 74 66 78 Q84 82 84 98 L14 98 Z' },
];

/** Names of collections: words in the texts that say nothing about taste. */
export const COLLECTIONS: readonly Word[] = [
  { en: 'Morning', ja: '朝' },
  { en: 'Weekend', ja: '週末' },
  { en: 'City', ja: '街' },
  { en: 'Garden', ja: '庭' },
  { en: 'North', ja: '北' },
  { en: 'Harbour', ja: '港' },
  { en: 'Maple', ja: '楓' },
  { en: 'Journey', ja: '旅' },
  { en: 'Studio', ja: '工房' },
  { en: 'Breeze', ja: 'そよ風' },
];

export const CHAINS: readonly string[] = [
  'Aoyama Street',
  'Harbour Outlet',
  'Kita Market',
  'Maple Row',
  'Minato Select',
  'Riverside Depot',
  'Sakura Lane',
  'Northgate Works',
  'Garden Terrace',
  'Hillside Mode',
  'Lantern Corner',
  'Station Square',
  'Umikaze Stores',
  'Old Mill Yard',
  'Kawara Street',
  'Clock Tower Arcade',
  'Yamate Living',
  'Willow Quay',
  'Hinata Plaza',
  'Granary Hall',
];
