import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('what the processes of a container may do', () => {
  test.each([
    ['read_only: true\nprivileged: "yes"', { readOnly: true, privileged: true }],
    // Three spellings of a capability, one canonical list.
    [
      'cap_add: [NET_ADMIN, sys_time, CAP_CHOWN, net_admin]',
      { capAdd: ['CAP_CHOWN', 'CAP_NET_ADMIN', 'CAP_SYS_TIME'] },
    ],
    ['cap_drop: [all]', { capDrop: ['ALL'] }],
    [
      'security_opt: ["no-new-privileges", "label:user:me", apparmor=unconfined, "seccomp:unconfined"]',
      { securityOptions: ['apparmor=unconfined', 'label=user:me', 'no-new-privileges', 'seccomp=unconfined'] },
    ],
    ['security_opt: ["no-new-privileges:true"]', { securityOptions: ['no-new-privileges=true'] }],
    [
      'sysctls: [net.core.somaxconn=1024, net.ipv4.ip_forward=1]',
      {
        sysctls: [
          { name: 'net.core.somaxconn', value: '1024' },
          { name: 'net.ipv4.ip_forward', value: '1' },
        ],
      },
    ],
    ['sysctls: { net.core.somaxconn: 1024 }', { sysctls: [{ name: 'net.core.somaxconn', value: '1024' }] }],
    ['security_opt: [systempaths=unconfined]', { securityOptions: ['systempaths=unconfined'] }],
    ['group_add: [docker, 1000, docker]', { groupAdd: ['1000', 'docker'] }],
  ])('%s', async (attributes, security) => {
    expect((await memoryService(attributes)).security).toMatchObject(security);
  });

  test('a seccomp profile is taken from Git as JSON without spaces, no digit and no space within a text changed', async () => {
    const files = { 'profile.json': '{\n  "a b": [ 18446744073709551615, 1.0 ],\t"q": "x \\" y"\n}\n' };
    const { security } = await memoryService('security_opt: ["seccomp:./profile.json"]', { files });
    expect(security.securityOptions).toEqual(['seccomp={"a b":[18446744073709551615,1.0],"q":"x \\" y"}']);
  });

  test.each<[string, string, Record<string, string>?]>([
    ['security_opt: [seccomp=./none.json]', 'GIT_FILE_MISSING 4:20'],
    ['security_opt: [seccomp=p.json]', 'COMPOSE_VALUE 4:20', { 'p.json': '{' }],
    ['security_opt: [seccomp=p.json]', 'FILE_TOO_LARGE 4:20', { 'p.json': `{}${' '.repeat(70_000)}` }],
    ['security_opt: [seccomp=/etc/p.json]', 'COMPOSE_PATH_OUTSIDE 4:20'],
    ['security_opt: [apparmor]', 'COMPOSE_VALUE 4:20'],
    ['security_opt: ["systempaths:unconfined"]', 'COMPOSE_VALUE 4:20'],
    ['security_opt: [systempaths=default]', 'COMPOSE_VALUE 4:20'],
    ['cap_add: ["net admin"]', 'COMPOSE_VALUE 4:15'],
  ])('%s is refused', async (attributes, refusal, files = {}) => {
    expect(await memoryRefusal(attributes, { files })).toBe(refusal);
  });
});
