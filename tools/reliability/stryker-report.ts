import * as z from 'zod/mini';
import { ConfigError } from '#core/errors.ts';
import { parseJsonObject } from '#std/json-object.ts';
import type { PackageScore } from './mutation-score.ts';

const STATUSES = ['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored', 'CompileError', 'RuntimeError', 'Pending'] as const;

// Stryker's JSON report (mutation testing elements), as far as it is read here.
const POSITION = z.object({ line: z.number(), column: z.number() });
const REPORT = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({
          mutatorName: z.string(),
          replacement: z.optional(z.string()),
          status: z.enum(STATUSES),
          location: z.object({ start: POSITION, end: POSITION }),
        }),
      ),
    }),
  ),
});

export type StrykerReport = z.infer<typeof REPORT>;

/** Throws `ConfigError` when the text is no report of Stryker, or of a run that did not end; `source` names it. */
export function parseStrykerReport(source: string, text: string): StrykerReport {
  const parsed = REPORT.safeParse(parseJsonObject(text));
  if (!parsed.success) throw new ConfigError(`${source} is no JSON report of Stryker; run npm run mutation again`);
  const isPending = Object.values(parsed.data.files).some(({ mutants }) => mutants.some(({ status }) => status === 'Pending'));
  if (isPending) throw new ConfigError(`${source} is of a run that did not end; run npm run mutation again`);
  return parsed.data;
}

/** Its files that are the path, or below it: a report keeps what earlier runs said of other files. */
export function reportWithin({ files }: StrykerReport, path: string): StrykerReport {
  return { files: Object.fromEntries(Object.entries(files).filter(([file]) => file === path || file.startsWith(`${path}/`))) };
}

/** The counts of each package, by name. Mutants that could not be tried are left out, as Stryker leaves them out of its own score. */
export function packagesOf({ files }: StrykerReport): readonly PackageScore[] {
  const byPackage = Map.groupBy(Object.entries(files), ([path]) => packageOf(path));
  return [...byPackage]
    .map(([name, ofPackage]) => {
      const statuses = ofPackage.flatMap(([, { mutants }]) => mutants.map(({ status }) => status));
      const count = (wanted: (typeof STATUSES)[number]): number => statuses.filter((status) => status === wanted).length;
      const [killed, timedOut, survived, uncovered] = [count('Killed'), count('Timeout'), count('Survived'), count('NoCoverage')];
      return { name, killed, timedOut, survived, uncovered };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `lib/domain/candles/grid.ts` -> `lib/domain/candles`, `lib/core/decimal.ts` -> `lib/core`. */
function packageOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

/** One line for each mutant that no test noticed: where it is, and what was written there instead. */
export function survivorLines({ files }: StrykerReport): readonly string[] {
  return Object.entries(files)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, { source, mutants }]) => {
      const lines = source.split('\n');
      return mutants
        .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
        .toSorted((a, b) => a.location.start.line - b.location.start.line || a.location.start.column - b.location.start.column)
        .map(({ location: { start, end }, mutatorName, replacement = '' }) => {
          const line = lines[start.line - 1] ?? '';
          const was = start.line === end.line ? line.slice(start.column - 1, end.column - 1) : `${line.slice(start.column - 1)} ...`;
          return `${path}:${start.line}:${start.column} ${mutatorName}: ${was} -> ${replacement.replaceAll(/\s+/g, ' ')}`;
        });
    });
}
