import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadStaticFiles } from '#local/page/static-files.ts';
import { WEB } from './page-fixture.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-web-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('the page is a list of paths made once: html, scripts, style, icon, chart library', () => {
  const folder = folderWith({ 'index.html': '<p>', 'a.ts': '', 'b.css': '', 'c.svg': '', 'd.secret': '', '.env': '' });
  const types = Object.fromEntries([...loadStaticFiles(folder)].map(([path, { contentType }]) => [path, contentType]));
  expect(types).toEqual({
    '/': 'text/html; charset=utf-8',
    '/vendor/lightweight-charts.js': 'text/javascript; charset=utf-8',
    '/app/a.ts': 'text/javascript; charset=utf-8',
    '/app/b.css': 'text/css; charset=utf-8',
    '/app/c.svg': 'image/svg+xml',
  });
});

test('scripts lose their types and import the chart library from the server', () => {
  const folder = folderWith({
    'index.html': '',
    'a.ts': `import { createChart, type IChartApi } from 'lightweight-charts';\nexport const x: number = 1;\n`,
  });
  const script = String(loadStaticFiles(folder).get('/app/a.ts')?.body);
  expect(script).toContain(`from '/vendor/lightweight-charts.js'`);
  expect(script).not.toMatch(/number|IChartApi/);
});

test('every import of the real scripts is a path that the server has', () => {
  const files = loadStaticFiles(WEB);
  const scripts = [...files].filter(([path]) => path.startsWith('/app/') && path.endsWith('.ts'));
  const imported = scripts.flatMap(([, { body }]) =>
    [...String(body).matchAll(/\bfrom '([^']+)'/g)].map(([, name = '']) => new URL(name, 'http://page/app/').pathname),
  );
  expect(new Set(imported).size).toBeGreaterThan(8);
  expect(imported.filter((path) => !files.has(path))).toEqual([]);
});

test('the chart library is the whole one, with its licence text, and needs no other file', () => {
  const library = String(loadStaticFiles(WEB).get('/vendor/lightweight-charts.js')?.body);
  expect(library).toMatch(/^\/\*!\n \* @license\n \* TradingView Lightweight Charts/);
  expect(library).not.toMatch(/\bfrom\s*["']/);
});

test('neither page nor scripts name an address elsewhere, but for the link that the licence asks for', () => {
  const own = [...loadStaticFiles(WEB)].filter(([path]) => !path.startsWith('/vendor/'));
  const addresses = own.flatMap(([, { body }]) => String(body).match(/https?:\/\/[^\s"'<)]+/g) ?? []);
  expect([...new Set(addresses)].sort()).toEqual(['http://www.w3.org/2000/svg', 'https://www.tradingview.com/']);
});
