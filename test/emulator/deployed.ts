import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The processes below one, itself included. */
export function processTree(pid: number): readonly number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
          return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
        } catch {
          // It has ended since it was listed.
          return [];
        }
      }),
  );
  const tree = [pid];
  for (const one of tree) tree.push(...[...parents].filter(([, parent]) => parent === one).map(([child]) => child));
  return tree;
}

/** Addresses at which the processes listen, as the kernel writes them: `0100007F` is 127.0.0.1. */
export function listeningAddresses(pids: readonly number[]): readonly string[] {
  const sockets = new Set(pids.flatMap(socketsOf));
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        return state === '0A' && sockets.has(inode) ? [local.split(':')[0] ?? ''] : [];
      }),
  );
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
        return inode === undefined ? [] : [inode];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** A line of `tidemark logs --json`. */
export type LoggedLine = {
  readonly timeMs: number;
  readonly level: string;
  readonly service: string;
  readonly event: string;
  readonly exchange: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
};

export function parseLogs(text: string): readonly LoggedLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LoggedLine);
}

/** Ticks of each exchange that a service has done, UTC ms, ascending. */
export function ticksOf(lines: readonly LoggedLine[], event: string): ReadonlyMap<string, readonly number[]> {
  const done = Map.groupBy(
    lines.filter((line) => line.event === event),
    ({ exchange }) => exchange ?? '',
  );
  return new Map(
    [...done].map(([exchange, own]) => [exchange, own.map(({ facts }) => Date.parse(String(facts['tick']))).sort((a, b) => a - b)]),
  );
}
