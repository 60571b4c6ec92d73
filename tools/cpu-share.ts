import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONTROLLER = '/sys/fs/cgroup/cpu';
const PERIOD_US = 100_000;

/** A group of processes that together get no more than a share of one core. */
export type CpuShare = {
  add(pid: number): void;
  /** How long its processes had to wait for their share so far, ms. */
  throttledMs(): number;
  /** Only when its processes have ended. */
  remove(): void;
};

/** Null where this machine has no cgroup v1 CPU controller, or it may not be written. */
export function createCpuShare(name: string, cores: number): CpuShare | null {
  const directory = join(CONTROLLER, name);
  if (!existsSync(join(CONTROLLER, 'cgroup.procs'))) return null;
  try {
    mkdirSync(directory);
    writeFileSync(join(directory, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(directory, 'cpu.cfs_quota_us'), String(Math.round(PERIOD_US * cores)));
  } catch (error) {
    console.error(`the CPU cannot be limited: ${String(error)}`);
    return null;
  }
  return {
    add: (pid) => writeFileSync(join(directory, 'cgroup.procs'), String(pid)),
    throttledMs() {
      const stat = readFileSync(join(directory, 'cpu.stat'), 'utf8');
      return Number(/throttled_time (\d+)/.exec(stat)?.[1] ?? 0) / 1e6;
    },
    remove: () => rmdirSync(directory),
  };
}
