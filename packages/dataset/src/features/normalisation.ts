import { z } from 'zod';

/**
 * How a row of features is brought to the size that a model expects, the same at every site: `raw` not at all; `unit`
 * divided by its root mean square, so that only its direction counts; `standardised` less headquarters' mean, divided by
 * headquarters' standard deviation, both shipped in the backbone.
 */
export type Normalisation = 'raw' | 'unit' | 'standardised';
export const normalisationSchema: z.ZodType<Normalisation, Normalisation> = z.enum(['raw', 'unit', 'standardised']);
