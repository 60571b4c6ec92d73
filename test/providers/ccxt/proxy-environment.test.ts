import { describe, expect, test } from 'vitest';
import { ConfigError } from '#core/errors.ts';
import { proxyEnvironment } from '#providers/ccxt/proxy-environment.ts';

describe('the proxies of an environment', () => {
  test('are taken under either case of their names, the lower one first', () => {
    expect(
      proxyEnvironment({ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:2', no_proxy: 'internal', HTTP_PROXY: ' http://c:3 ' }),
    ).toEqual({
      HTTPS_PROXY: 'http://b:2',
      HTTP_PROXY: 'http://c:3',
      NO_PROXY: 'internal',
    });
  });

  test.each([{}, { HTTPS_PROXY: '' }, { HTTPS_PROXY: ' ', NODE_ENV: 'x' }])('are none in %j', (environment) => {
    expect(proxyEnvironment(environment)).toEqual({});
  });

  test.each<[Record<string, string>, string]>([
    [
      { HTTPS_PROXY: 'socks5://me:secret@host:1080' },
      'environment: HTTPS_PROXY is "socks5://***@host:1080", expected http://host:port; correct it',
    ],
    [{ http_proxy: 'proxy.local' }, 'environment: HTTP_PROXY is "proxy.local", expected http://host:port; correct it'],
    [
      { ALL_PROXY: 'socks5://host:1080' },
      'environment: ALL_PROXY is "socks5://host:1080", which is not supported; set HTTPS_PROXY to http://host:port, or unset it',
    ],
  ])('are refused in %j, without their password', (environment, message) => {
    expect(() => proxyEnvironment(environment)).toThrow(new ConfigError(message));
  });
});
