import { existsSync } from 'node:fs';
import { chromium, type Browser, type ConsoleMessage, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own. Throws, rather than skips, when this machine has none. */
export async function launchChromium(): Promise<Browser> {
  const named = process.env['CHROMIUM'];
  const executablePath = [...(named === undefined ? [] : [named]), ...EXECUTABLES].find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `no browser at ${EXECUTABLES.join(', ')}: the page cannot be tested without one; install it (apt-get install -y chromium) or name one in CHROMIUM`,
    );
  }
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

/** A tab with everything that happened in it. */
export type WatchedPage = {
  readonly page: Page;
  /** Console errors and warnings (violations of the content security policy are among them) and uncaught errors. */
  readonly complaints: readonly string[];
  /** Addresses of all requests. */
  readonly requests: readonly string[];
  /** Most requests for the same data that were under way at the same time. */
  readonly mostAtOnce: () => number;
};

/** With `ownClock` the test can let time pass in the page. */
export async function openPage(browser: Browser, url: string, { ownClock = false } = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(...complaintOf(message)));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  const mostAtOnce = countAtOnce(page);
  if (ownClock) await page.clock.install();
  await page.goto(url);
  return { page, complaints, requests, mostAtOnce };
}

function complaintOf(message: ConsoleMessage): readonly string[] {
  return message.type() === 'error' || message.type() === 'warning' ? [message.text()] : [];
}

function countAtOnce(page: Page): () => number {
  const underWay = new Map<string, number>();
  let most = 0;
  const count = (url: string, by: number): void => {
    const path = new URL(url).pathname;
    if (!path.startsWith('/api/')) return;
    const now = (underWay.get(path) ?? 0) + by;
    underWay.set(path, now);
    most = Math.max(most, now);
  };
  page.on('request', (request) => count(request.url(), 1));
  page.on('requestfinished', (request) => count(request.url(), -1));
  page.on('requestfailed', (request) => count(request.url(), -1));
  return () => most;
}
