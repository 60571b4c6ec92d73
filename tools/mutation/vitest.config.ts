import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The first test that fails ends the run for a mutant: its own tests come before those that only pass by. */
class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isNear = ({ moduleId }: TestSpecification): boolean => /\/test\/(?:core|domain)\//.test(moduleId);
    return [...files.filter(isNear), ...files.filter((file) => !isNear(file))];
  }
}

export default defineConfig({
  test: {
    include: [
      'test/{core,domain}/**/*.test.ts',
      // Tests of core and domain that live elsewhere: test/architecture/twins.test.ts names what they are for.
      'test/campaigns/f23-audit-honesty.test.ts',
      'test/config/{fault-plan,load,recording}.test.ts',
      'test/usecases/{audit-files,audit-store,compute-indicators,sync-candles}.test.ts',
    ],
    testTimeout: 20_000,
    // One module graph for all files of a run: each mutant has a run of its own.
    isolate: false,
    sequence: { sequencer: NearestFirst },
  },
});
