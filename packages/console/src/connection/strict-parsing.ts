import { config } from 'zod';

/**
 * zod looks for eval as soon as the first schema is defined, which the page's content security policy reports as a
 * violation. So this module comes first, before any that defines schemas.
 */
config({ jitless: true });
