import { MUTATION_TITLE, mutationChapter, type MutationScore } from './mutation-score.ts';
import type { Row, RowChapter, Standing } from './rows.ts';
import { countOf, type NamedTest } from './test-reports.ts';

/** Of which run the results are. */
export type RunFacts = { readonly date: string; readonly node: string; readonly commit: string };

const HEAD = `# Reliability

What Tidemark promises when something fails, which tests prove it, and what is not proved. Written by \`npm run -s reliability\` from
[docs/promises.yaml](docs/promises.yaml) and the results of the tests: change that file, not this one. *Beyond* says what the tests of a row do not show.
`;

const SUMMARY_MARK = '**Result.**';

/** The whole page. */
export function pageOf(chapters: readonly RowChapter[], facts: RunFacts, mutation: MutationScore): string {
  const tables = chapters.map(({ title, rows }) => `## ${title}\n\n${tableOf(rows)}\n`);
  return [HEAD, `${SUMMARY_MARK} ${summaryOf(chapters, facts)}\n`, ...tables, mutationChapter(mutation)].join('\n');
}

/** One line: how many promises stand how, and of which run that is. */
export function summaryOf(chapters: readonly RowChapter[], { date, node, commit }: RunFacts): string {
  const rows = chapters.flatMap(({ rows: ofChapter }) => ofChapter);
  const count = (standing: Standing): number => rows.filter((row) => row.standing === standing).length;
  const proven = rows.filter(({ standing }) => standing === 'proven' || standing === 'proven in part');
  const tests = countOf(proven.flatMap(ranOf), 'passed');
  return (
    `${rows.length} promised: ${count('proven')} proven and ${count('proven in part')} partly proven by ${tests} tests, ${count('unproven')} unproven, ` +
    `${count('failed')} failed, ${count('not run')} not run. ${date}, Node ${node}, commit ${commit}.`
  );
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${[row.number, cell(row.when), cell(row.promise), proofOf(row), resultOf(row)].join(' | ')} |`);
  return ['| # | when | promise | proof | last result |', '|---|---|---|---|---|', ...lines].join('\n');
}

function proofOf({ tests, beyond, unproven }: Row): string {
  if (unproven !== null) return `**unproven**: ${cell(unproven)}`;
  const files = [...new Set(tests.map(({ file }) => file))];
  const links = files.map((file) => {
    const names = tests.flatMap((proof) => (proof.file === file && proof.name !== null ? [`“${cell(proof.name)}”`] : []));
    const link = `[${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}](${file})`;
    return names.length === 0 ? link : `${link} ${names.join(', ')}`;
  });
  return [...links, ...(beyond === null ? [] : [`*Beyond*: ${cell(beyond)}`])].join('<br>');
}

function resultOf(row: Row): string {
  if (row.standing === 'unproven') return '–';
  const ran = ranOf(row);
  const [passed, failed, skipped] = [countOf(ran, 'passed'), countOf(ran, 'failed'), countOf(ran, 'skipped')];
  const absent = row.tests.filter((proof) => proof.ran.length === 0).length;
  const parts = [
    ...(failed > 0 ? [`**failed ${failed}**`] : []),
    ...(skipped > 0 ? [`skipped ${skipped}`] : []),
    ...(absent > 0 ? [absent === row.tests.length ? 'not run' : `not run: ${absent} of ${row.tests.length} named`] : []),
    ...(passed > 0 ? [`passed ${passed}`] : []),
  ];
  return parts.join(', ');
}

function ranOf({ tests }: Row): readonly NamedTest[] {
  return tests.flatMap(({ ran }) => ran);
}

/** One line that cannot break a table. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').trim();
}

/** The page as far as docs/promises.yaml decides it: without results, dates and counts. The mutation score, which ends the page, is a result. */
export function withoutResults(page: string): string {
  const [promises = ''] = page.split(`\n${MUTATION_TITLE}\n`);
  return promises
    .split('\n')
    .filter((line) => !line.startsWith(SUMMARY_MARK))
    .map((line) => line.replace(/^(\| F?\d+ \|.*\|)[^|]*\|$/, '$1'))
    .join('\n');
}
