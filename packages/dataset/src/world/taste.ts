import type { RandomStream } from '../random.ts';
import { CATEGORIES, COLOURS, STYLES } from './vocabulary.ts';

/**
 * What customers want next, given what they had: log-odds by row (had) and column (next). Everything a model can learn
 * in a generated world is in here, and all of it shows in texts, images and prices.
 */
export interface Taste {
  readonly styles: readonly Float64Array[];
  readonly colours: readonly Float64Array[];
  readonly categories: readonly Float64Array[];
  /** `near`: the next price is near the last. `opposite`: it is mirrored, cheap after dear and dear after cheap. */
  readonly price: 'near' | 'opposite';
}

/** Standard deviations of the log-odds. */
const STYLE_SPREAD = 1.3;
const COLOUR_SPREAD = 1.1;
const CATEGORY_SPREAD = 0.7;
/** Of a site's own taste, against 1 for the common one: what personalisation can gain after federation. */
const OWN_WEIGHT = 0.2;

/**
 * Every pair of styles, colours and categories gets a log-odds of its own: some six hundred numbers, more than the few
 * hundred purchases of one small site can tell, and few enough for all sites together.
 */
export function drawTaste(random: RandomStream): Taste {
  return {
    styles: drawTransitions(STYLES.length, STYLE_SPREAD, random),
    colours: drawTransitions(COLOURS.length, COLOUR_SPREAD, random),
    categories: drawTransitions(CATEGORIES.length, CATEGORY_SPREAD, random),
    price: 'near',
  };
}

/** The common taste with some of the site's own added. */
export function siteTaste(common: Taste, random: RandomStream): Taste {
  const own = drawTaste(random);
  const mixed = (of: 'styles' | 'colours' | 'categories'): Float64Array[] =>
    common[of].map((row, had) => row.map((odds, next) => odds + OWN_WEIGHT * (own[of][had]?.[next] ?? 0)));
  return { ...common, styles: mixed('styles'), colours: mixed('colours'), categories: mixed('categories') };
}

function drawTransitions(size: number, spread: number, random: RandomStream): Float64Array[] {
  return Array.from({ length: size }, () => Float64Array.from({ length: size }, () => spread * random.normal()));
}
