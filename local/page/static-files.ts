import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type StaticFile = { readonly contentType: string; readonly body: Buffer };

const CHART_LIBRARY = 'lightweight-charts';
const CHART_LIBRARY_PATH = '/vendor/lightweight-charts.js';
const JAVASCRIPT = 'text/javascript; charset=utf-8';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': JAVASCRIPT,
};

/**
 * Everything that the page consists of, by request path, read once. A request is looked up here and never becomes a file name, so no
 * path can leave the folder.
 */
export function loadStaticFiles(webDirectory: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>([
    ['/', { contentType: 'text/html; charset=utf-8', body: readFileSync(join(webDirectory, 'index.html')) }],
    [CHART_LIBRARY_PATH, { contentType: JAVASCRIPT, body: readFileSync(chartLibraryFile()) }],
  ]);
  for (const name of readdirSync(webDirectory).sort()) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    const content = readFileSync(join(webDirectory, name));
    files.set(`/app/${name}`, { contentType, body: name.endsWith('.ts') ? browserScript(content) : content });
  }
  return files;
}

/** Strips the types and points the import of the chart library, a package name, to where the server has it. */
function browserScript(typescript: Buffer): Buffer {
  const script = stripTypeScriptTypes(typescript.toString('utf8'));
  return Buffer.from(script.replaceAll(`from '${CHART_LIBRARY}'`, `from '${CHART_LIBRARY_PATH}'`));
}

function chartLibraryFile(): string {
  // The standalone build carries its one dependency inside; the package exports only the other one.
  return fileURLToPath(new URL('lightweight-charts.standalone.production.mjs', import.meta.resolve(CHART_LIBRARY)));
}
