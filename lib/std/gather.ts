/**
 * Runs calls that come at about the same moment as one. Calls with the same key that arrive while `linger` has not resolved since the first
 * of them are handed to `run` together; each gets the result at its own place. A rejection is every caller's.
 */
export function createGather<I, R>(
  linger: () => Promise<void>,
  run: (inputs: readonly I[]) => Promise<readonly R[]>,
): (key: string, input: I) => Promise<R> {
  const gathering = new Map<string, { readonly inputs: I[]; readonly results: Promise<readonly R[]> }>();

  const open = (key: string) => {
    const inputs: I[] = [];
    const results = linger().then(() => {
      gathering.delete(key);
      return run(inputs);
    });
    const group = { inputs, results };
    gathering.set(key, group);
    return group;
  };

  return async (key, input) => {
    const { inputs, results } = gathering.get(key) ?? open(key);
    const place = inputs.push(input) - 1;
    const result = (await results)[place];
    if (result === undefined) throw new RangeError(`a gathered run gave no result for place ${place}`);
    return result;
  };
}
