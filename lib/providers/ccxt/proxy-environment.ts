import { ConfigError } from '#core/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** As node:http takes it. */
export type ProxyEnvironment = { readonly [name: string]: string };

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY'] as const;

/**
 * The proxy settings of an environment, in their usual names of either case (the lower one wins). ccxt ignores them: a call that was
 * meant to go through a proxy would leave the network directly. What cannot be honoured is refused with `ConfigError`.
 */
export function proxyEnvironment(environment: Environment): ProxyEnvironment {
  const valueOf = (name: string): string => (environment[name.toLowerCase()] || environment[name] || '').trim();
  const found: Record<string, string> = {};
  for (const name of PROXIES) {
    const value = valueOf(name);
    if (value === '') continue;
    if (!isHttpUrl(value)) throw new ConfigError(`environment: ${name} is "${withoutUser(value)}", expected http://host:port; correct it`);
    found[name] = value;
  }
  const all = valueOf('ALL_PROXY');
  if (all !== '' && found['HTTPS_PROXY'] === undefined)
    throw new ConfigError(
      `environment: ALL_PROXY is "${withoutUser(all)}", which is not supported; set HTTPS_PROXY to http://host:port, or unset it`,
    );
  const except = valueOf('NO_PROXY');
  return except === '' ? found : { ...found, NO_PROXY: except };
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);
}

function withoutUser(value: string): string {
  return value.replace(/\/\/[^/@]*@/, '//***@').slice(0, 80);
}
