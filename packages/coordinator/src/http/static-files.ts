import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

import type { MiddlewareHandler } from 'hono';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Serves the files of a folder; a path that names no file is a page of the application and gets index.html. */
export function staticFiles(folder: string): MiddlewareHandler {
  const root = resolve(folder);
  return async (context) => {
    const file = fileOf(root, context.req.path);
    const content = file === null ? null : await contentOf(file);
    if (file !== null && content !== null) {
      // The bundler puts a hash of the content into the names under assets/.
      const lasting = context.req.path.startsWith('/assets/');
      return context.body(content, 200, {
        'content-type': MEDIA_TYPES[extname(file)] ?? 'application/octet-stream',
        'cache-control': lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
      });
    }
    const index = extname(context.req.path) === '' ? await contentOf(join(root, 'index.html')) : null;
    if (index === null) return context.json({ error: 'not-found', message: 'There is no such page.' }, 404);
    return context.body(index, 200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
  };
}

/** The file a path names, or null when it leads out of the folder. */
function fileOf(root: string, path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  const file = resolve(root, `.${decoded}`);
  return file.startsWith(root + sep) ? file : null;
}

async function contentOf(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(file));
  } catch {
    return null;
  }
}
