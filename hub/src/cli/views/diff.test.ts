import { DiffResponse, RenderProblem, StackChange } from '@mooring/proto';
import { expect, test } from 'vitest';
import { diffText } from './diff.ts';

test('the text of a difference shows stacks, their hosts, and fields before and after', () => {
  const differences = [
    DiffResponse.create({ stack: 'blog', hosts: ['db-1'], change: StackChange.STACK_CHANGE_ADDED }),
    DiffResponse.create({ stack: 'cache', hosts: ['db-1'], change: StackChange.STACK_CHANGE_REMOVED }),
    DiffResponse.create({
      stack: 'jobs',
      hosts: ['db-1'],
      change: StackChange.STACK_CHANGE_KEPT,
      problems: [RenderProblem.create({ code: 'COMPOSE_PORT', message: 'Cannot read the port', field: 'services.x' })],
    }),
    DiffResponse.create({
      stack: 'shop',
      hosts: ['web-1', 'web-2'],
      change: StackChange.STACK_CHANGE_MODIFIED,
      fields: [
        { field: 'services.web.environment.LOG', before: 'debug', after: '' },
        { field: 'services.web.image', before: 'web:1', after: 'web:2\u001b[2J' },
      ],
    }),
  ];
  expect(diffText(differences)).toBe(`blog on db-1 (1 host): new there

cache on db-1 (1 host): no longer there

jobs on db-1 (1 host): does not render there, and stays as it is
  COMPOSE_PORT services.x
    Cannot read the port

shop on web-1, web-2 (2 hosts)
  services.web.environment.LOG: debug → (not set)
  services.web.image: web:1 → web:2\\u001b[2J`);
  expect(diffText([])).toBe('Both render to the same on every host.');
});
