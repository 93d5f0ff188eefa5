import { fileURLToPath } from 'node:url';

/** Absolute path of the folder with the built page (`index.html` and its assets); `npm run build` makes it. */
export const consoleDirectory: string = fileURLToPath(new URL('../dist/site', import.meta.url));
