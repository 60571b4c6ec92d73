import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import { projectFile } from '#local/project-files.ts';
import { startTradeLoad, type TradeLoad } from './collector-load.ts';
import { startStreamStub, type StreamStub } from './collector-sinks.ts';
import type { LoadFigures } from './collector-under-load.ts';
import { createCpuShare, type CpuShare } from './cpu-share.ts';
import type { LatencySummary } from './latency-histogram.ts';

// How many trades a second the collector takes with a quarter of one core, and how many the same program takes that does one SET and one
// record for each trade. `npm run bench:collector`; two or three minutes; with --pipelined also against one that sends the SETs of a turn in one
// pipeline. The collector has a process and a cgroup of its own; outside it this
// process plays three exchanges over real sockets (without TLS) and Kinesis over HTTP/1.1, and a redis-server runs beside it.

const CORES = 0.25;
const SECONDS = 4;
const WARM_UP_SECONDS = 1;
const WARM_UP_RATE = 20_000;
const MOST_P99_MS = 150;
const DRAIN_SECONDS = 3;
const ATTEMPTS = 3;
const RATES = {
  naive: [4000, 6000, 7000, 8000, 9000, 10_000, 12_000, 14_000, 16_000, 20_000],
  pipelined: [4000, 6000, 7000, 8000, 9000, 10_000, 12_000, 14_000, 16_000, 20_000],
  ours: [12_000, 15_000, 17_500, 20_000, 25_000, 30_000, 35_000, 40_000, 50_000],
} as const;
type Variant = keyof typeof RATES;

const { exchanges } = loadConfig(projectFile('config'), {});
const markets = Object.entries(exchanges).flatMap(([exchange, entry]) => (entry?.symbols ?? []).map((symbol) => ({ exchange, symbol })));

type Step = {
  readonly rate: number;
  readonly offered: number;
  /** Trades that were sent and did not reach the consumer. */
  readonly missing: number;
  readonly dropped: number;
  readonly figures: LoadFigures;
  readonly stream: LatencySummary;
  readonly throttledMs: number;
  readonly isSustained: boolean;
};

type Bench = {
  readonly child: ChildProcess;
  readonly load: TradeLoad;
  readonly stub: StreamStub;
  readonly share: CpuShare | null;
};

async function measure(variant: Variant, redisUrl: string): Promise<readonly Step[]> {
  const stub = await startStreamStub();
  const load = await startTradeLoad(markets);
  const share = createCpuShare(`tidemark-bench-${process.pid}-${variant}`, CORES);
  const child = fork(join(import.meta.dirname, 'collector-under-load.ts'), [variant], {
    env: {
      ...process.env,
      BENCH_SOCKETS: JSON.stringify(load.urls),
      TIDEMARK_DATABASES__CACHE__PROVIDER: 'redis',
      TIDEMARK_DATABASES__CACHE__URL: redisUrl,
      TIDEMARK_STREAMING__STREAM__PROVIDER: 'kinesis',
      AWS_ENDPOINT_URL: stub.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      ['AWS_SECRET_ACCESS' + '_KEY']: 'local',
    },
  });
  const bench = { child, load, stub, share };
  try {
    while ((await ask(child, 'is subscribed')) !== true) await seconds(0.2);
    // It starts and warms up at full speed: what is measured is a collector that has been running for a while.
    load.pace(WARM_UP_RATE);
    await seconds(WARM_UP_SECONDS * 4);
    load.pace(0);
    for (let waited = 0; waited < DRAIN_SECONDS && stub.counts().trades < load.sent(); waited += 0.1) await seconds(0.1);
    share?.add(child.pid ?? 0);
    return await climb(variant, bench);
  } finally {
    child.send('end');
    await once(child, 'exit');
    load.close();
    stub.close();
    share?.remove();
  }
}

/** Higher and higher rates, until one is not sustained three times: the machine is not always quiet. */
async function climb(variant: Variant, bench: Bench): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const rate of RATES[variant]) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const step = await run(bench, rate);
      steps.push(step);
      show(variant, step);
      if (step.isSustained) break;
      if (attempt === ATTEMPTS - 1) return steps;
    }
  }
  return steps;
}

async function run({ child, load, stub, share }: Bench, rate: number): Promise<Step> {
  const before = { sent: load.sent(), came: stub.counts().trades, outOfLine: stub.counts().outOfLine };
  load.pace(rate);
  await seconds(WARM_UP_SECONDS);
  const first = (await ask(child, 'figures')) as LoadFigures;
  stub.latency.take();
  const [warmedUp, throttledBefore] = [load.sent(), share?.throttledMs() ?? 0];
  await seconds(SECONDS);
  const offered = (load.sent() - warmedUp) / SECONDS;
  const throttledMs = (share?.throttledMs() ?? 0) - throttledBefore;
  const figures = (await ask(child, 'figures')) as LoadFigures;
  const stream = stub.latency.take();
  load.pace(0);
  const missing = (): number => load.sent() - before.sent - (stub.counts().trades - before.came);
  for (let waited = 0; waited < DRAIN_SECONDS && missing() > 0; waited += 0.1) await seconds(0.1);
  const dropped = figures.dropped - first.dropped + figures.refused - first.refused;
  const isWhole = missing() === 0 && stub.counts().outOfLine === before.outOfLine && dropped === 0;
  const isSustained = isWhole && figures.decision.p99 <= MOST_P99_MS;
  return { rate, offered, missing: missing(), dropped, figures, stream, throttledMs, isSustained };
}

function show(variant: Variant, { rate, offered, missing, dropped, figures, stream, throttledMs, isSustained }: Step): void {
  const { decision, cache, cpuMicroseconds, rssBytes, suspicious } = figures;
  const pair = ({ p50, p99 }: LatencySummary): string => `${p50} / ${p99}`.padStart(13);
  const cells = [
    variant.padEnd(9),
    String(rate).padStart(6),
    offered.toFixed(0).padStart(7),
    pair(decision),
    pair(cache),
    pair(stream),
    (cpuMicroseconds / decision.count).toFixed(1).padStart(6),
    `${(cpuMicroseconds / SECONDS / 1e4).toFixed(0)} %`.padStart(5),
    throttledMs.toFixed(0).padStart(6),
    (rssBytes / 2 ** 20).toFixed(0).padStart(5),
    isSustained ? '  sustained' : `  not sustained: ${missing} trades missing ${DRAIN_SECONDS} s later, ${dropped} dropped`,
    suspicious > 0 ? `, ${suspicious} suspicious` : '',
  ];
  console.log(cells.join(' '));
}

/** The highest rate that was. */
function sustained(steps: readonly Step[]): number {
  return Math.max(0, ...steps.filter(({ isSustained }) => isSustained).map(({ rate }) => rate));
}

async function ask(child: ChildProcess, question: 'figures' | 'is subscribed'): Promise<unknown> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
  child.send(question);
  return (await answer)[0];
}

async function seconds(count: number): Promise<void> {
  await new Promise((resolve) => void setTimeout(resolve, count * 1000));
}

async function startRedis(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-redis-'));
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  const server = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  let log = '';
  for await (const chunk of server.stdout) {
    log += String(chunk);
    if (log.includes('eady to accept connections')) break;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const redis = await startRedis();
try {
  console.log(`collector of ${markets.length} markets with ${CORES} of one core, ${SECONDS} s a step, ${process.version}`);
  console.log(
    'ms from the exchange sending a trade, p50 / p99, to: the decision (its price offered to the writer, its record to the publisher);',
  );
  console.log(
    'the answer of Redis to the value written (the newest of each market every 250 ms; naive: each); the arrival of its PutRecords',
  );
  console.log('         rate offered      decision         redis       kinesis CPU us  core waited   RSS');
  const naive = await measure('naive', redis.url);
  const ours = await measure('ours', redis.url);
  const pipelined = process.argv.includes('--pipelined') ? sustained(await measure('pipelined', redis.url)) : null;
  const [most, mostNaive] = [sustained(ours), sustained(naive)];
  console.log(
    `sustained with p99 of the decision <= ${MOST_P99_MS} ms, every trade at the consumer once and in order, none dropped: ` +
      `${most} trades/s, naive ${mostNaive} trades/s, ratio ${(most / mostNaive).toFixed(1)}`,
  );
  if (pipelined !== null)
    console.log(`with the SETs of a turn in one pipeline: ${pipelined} trades/s, ratio ${(most / pipelined).toFixed(1)}`);
} finally {
  await redis.stop();
}
