import * as z from 'zod/mini';
import { describeIssues } from '#config/problems.ts';
import { list, object, textLike } from '#config/shapes.ts';
import { parseYaml } from '#config/yaml-file.ts';
import { ConfigError } from '#core/errors.ts';

/** Tests of one file: all of them, or those whose full name has this text in it. */
export type Proof = { readonly file: string; readonly name: string | null };

/** One row of docs/promises.yaml. It has tests, or the reason why there are none. */
export type Promised = {
  /** `1` to `80`, or `F1` to `F23`. */
  readonly number: string;
  readonly when: string;
  readonly promise: string;
  readonly tests: readonly Proof[];
  /** What the tests do not show. */
  readonly beyond: string | null;
  readonly unproven: string | null;
};

export type Chapter = { readonly title: string; readonly promises: readonly Promised[] };

const MOST_ROWS = 200;
const PROMISES = 80;
const CAMPAIGNS = 23;

/** Every number that there must be, in order. */
export const NUMBERS: readonly string[] = [
  ...Array.from({ length: PROMISES }, (_, index) => String(index + 1)),
  ...Array.from({ length: CAMPAIGNS }, (_, index) => `F${index + 1}`),
];

const TEXT = z.string({ error: 'a text' }).check(z.trim(), z.minLength(1, { error: 'a text that is not empty' }));
const FILE_EXPECTED = 'the path of a test from the root of the repository, such as test/campaigns/f5-overlap.test.ts';
const FILE = textLike(FILE_EXPECTED, /^test\/[\w./-]+\.test\.ts$/);
const NUMBER = z.custom<string | number>((value) => NUMBERS.includes(String(value)), {
  error: `one of 1 to ${PROMISES} and F1 to F${CAMPAIGNS}`,
});
const ROW = object({
  number: NUMBER,
  when: TEXT,
  promise: TEXT,
  tests: z.optional(
    list(z.union([FILE, object({ file: FILE, name: TEXT })], { error: `${FILE_EXPECTED}, or a file and a name` }), 'tests', 20),
  ),
  beyond: z.optional(TEXT),
  unproven: z.optional(TEXT),
});
const FILE_OF_PROMISES = object({ chapters: list(object({ title: TEXT, promises: list(ROW, 'promises', MOST_ROWS) }), 'chapters', 50) });

type Row = z.infer<typeof ROW>;

/**
 * The promises of a YAML text. Throws `ConfigError` with all problems, one a line: what is wrong with a row, rows that have neither tests nor
 * a reason, numbers that are missing or there twice. `source` names the text in them.
 */
export function parsePromises(source: string, text: string): readonly Chapter[] {
  const document = parseYaml(source, text);
  const parsed = FILE_OF_PROMISES.safeParse(document);
  if (!parsed.success) throw new ConfigError(describeIssues(source, document, parsed.error));
  const rows = parsed.data.chapters.flatMap(({ promises }) => promises);
  const problems = [...rows.flatMap(problemsOfRow), ...problemsOfNumbers(rows.map(({ number }) => String(number)))];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${source}: ${problem}`).join('\n'));
  return parsed.data.chapters.map(({ title, promises }) => ({ title, promises: promises.map(promisedOf) }));
}

function problemsOfRow({ number, tests, beyond, unproven }: Row): readonly string[] {
  const row = `promise ${number}`;
  if (tests === undefined && unproven === undefined)
    return [`${row} has neither "tests" nor "unproven", expected one of them; name its tests, or say why there are none`];
  if (tests !== undefined && unproven !== undefined)
    return [`${row} has "tests" and "unproven", expected one of them; what the tests do not show belongs into "beyond"`];
  if (tests === undefined && beyond !== undefined)
    return [`${row} has "beyond" without "tests", expected it beside them alone; move it into "unproven"`];
  return [];
}

function problemsOfNumbers(found: readonly string[]): readonly string[] {
  const missing = NUMBERS.filter((number) => !found.includes(number));
  const twice = NUMBERS.filter((number) => found.indexOf(number) !== found.lastIndexOf(number));
  return [
    ...missing.map((number) => `promise ${number} is missing, expected each number once; add it`),
    ...twice.map((number) => `promise ${number} stands there more than once; remove one of the two`),
  ];
}

function promisedOf({ number, when, promise, tests = [], beyond, unproven }: Row): Promised {
  const proofs = tests.map((entry) => (typeof entry === 'string' ? { file: entry, name: null } : entry));
  return { number: String(number), when, promise, tests: proofs, beyond: beyond ?? null, unproven: unproven ?? null };
}
