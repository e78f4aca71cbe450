import { describe, expect, it } from 'vitest';
import { parseLocation } from './location.ts';

describe('the location of a repository', () => {
  it('is a path or an http(s) URL', () => {
    expect(parseLocation('/srv/fleet')).toEqual({ kind: 'local', folder: '/srv/fleet' });
    expect(parseLocation('fleet.git')).toEqual({ kind: 'local', folder: `${process.cwd()}/fleet.git` });
    expect(parseLocation('https://git.example/fleet.git/')).toEqual({
      kind: 'remote',
      url: 'https://git.example/fleet.git',
    });
    expect(parseLocation('HTTP://git.example:8080/x')).toEqual({ kind: 'remote', url: 'http://git.example:8080/x' });
  });

  it.each([
    'file:///srv/fleet',
    'ext::sh -c touch',
    'ssh://git@git.example/x',
    'git@git.example:x.git',
    'git.example:x.git',
    'git://git.example/x',
    'ftp://x',
    'http://',
    'https://git.example/x?y=z',
  ])('%s is refused', (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'SOURCE_URL_SCHEME' }));
  });

  it.each(['https://user:s3cret@git.example/x', 'https://s3cret@git.example/x', 'https://:s3cret@git.example/x'])(
    '%s is refused without repeating the secret',
    (text) => {
      const refusal = expect.objectContaining({
        code: 'SOURCE_URL_CREDENTIALS',
        message: expect.not.stringContaining('s3cret'),
      });
      expect(() => parseLocation(text)).toThrow(refusal);
    },
  );

  it('repeats no secret of another scheme either', () => {
    expect(() => parseLocation('ssh://user:s3cret@git.example/x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
    );
  });
});
