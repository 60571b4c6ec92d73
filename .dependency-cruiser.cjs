// One row per layer: what it may import. Whatever is not listed is forbidden. ARCHITECTURE.md draws it.
const layers = {
  'lib/core': [],
  'lib/std': [],
  'lib/domain': ['lib/core'],
  'lib/recorded-exchange': ['lib/core', 'lib/std'],
  'lib/providers': ['lib/core', 'lib/std'],
  'lib/config': ['lib/core'],
  'lib/usecases': ['lib/core', 'lib/domain', 'lib/std'],
  'lib/factories': ['lib/core', 'lib/config', 'lib/providers'],
  'lib/infra': ['lib/core', 'lib/config'],
  lambdas: ['lib/core', 'lib/std', 'lib/config', 'lib/usecases', 'lib/factories'],
  fargate: ['lib/core', 'lib/std', 'lib/config', 'lib/usecases', 'lib/factories'],
  local: ['lib/core', 'lib/std', 'lib/config', 'lib/usecases', 'lib/factories', 'lib/recorded-exchange', 'lambdas', 'fargate'],
  bin: ['lib/core', 'lib/config', 'lib/infra', 'local'],
  web: ['lib/core', 'local'],
};
const ours = `^(${Object.keys(layers).join('|')})/`;
const pure = '^lib/(core|domain|usecases)/';
const runtime = '^(lib/(core|std|domain|usecases|providers|factories|config|recorded-exchange)|lambdas|fargate|local|bin)/';
const cdk = 'node_modules/(aws-cdk-lib|constructs|cdk-nag)/';
const rule = (name, from, to) => ({ name, severity: 'error', from, to });

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, may]) =>
      rule(`layer: ${layer}`, { path: `^${layer}/` }, { path: ours, pathNot: `^(${[layer, ...may].join('|')})/` }),
    ),
    rule(
      'core, domain and use cases are vendor-free',
      { path: pure },
      { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'core'] },
    ),
    rule('std knows only node', { path: '^lib/std/' }, { dependencyTypes: ['npm', 'npm-dev', 'npm-optional'] }),
    rule('providers are islands', { path: '^lib/providers/([^/]+)/' }, { path: '^lib/providers/', pathNot: '^lib/providers/$1/' }),
    rule('lambdas are islands', { path: '^lambdas/([^/]+)/' }, { path: '^lambdas/', pathNot: '^lambdas/$1/' }),
    rule('ccxt lives in its provider', { pathNot: '^(lib/providers/ccxt|test|tools)/' }, { path: 'node_modules/ccxt/' }),
    rule('runtime never reaches CDK', { path: '^(lambdas/|fargate/|local/|bin/tidemark\\.)' }, { path: cdk, reachable: true }),
    rule('CDK lives in infra', { pathNot: '^(lib/infra/|bin/app\\.ts$|test/)' }, { path: cdk }),
    rule(
      'runtime has no dev dependencies',
      { path: runtime, pathNot: '^bin/app\\.ts$' },
      { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    ),
    rule(
      'borders are crossed by name',
      { path: '^lib/([^/]+)/' },
      { path: '^lib/', pathNot: '^lib/$1/', dependencyTypesNot: ['aliased-subpath-import'] },
    ),
    rule('nothing imports tests', { pathNot: '^test/' }, { path: '^test/' }),
    rule('everything imported exists', {}, { couldNotResolve: true }),
    rule('no cycles', {}, { circular: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
