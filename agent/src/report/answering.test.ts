import { type AnswerRequest, MooringError, type Request } from '@mooring/proto';
import { afterEach, expect, test } from 'vitest';
import type { AnswerPart } from './answer-question.ts';
import { Answering } from './answering.ts';

interface Sent {
  readonly requests: AnswerRequest[];
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

const EXPLAINED: AnswerPart = { $case: 'explain', value: { json: '{}' } };
let stream = new AbortController();
afterEach(() => {
  stream = new AbortController();
});

function request(id: string, deadlineMs = 5000): Request {
  return { id, deadlineMs, question: { $case: 'explain', value: { stack: 'shop', service: 'web' } } };
}

/** Answers over a line that keeps what was sent. */
function answering(answer: () => AsyncIterable<AnswerPart>) {
  const sent: Sent[] = [];
  const logged: unknown[] = [];
  const log = { debug: (facts: unknown) => logged.push(facts), error: (facts: unknown) => logged.push(facts) };
  const link = {
    async answer(parts: AsyncIterable<AnswerRequest>, options: { deadlineMs: number; signal: AbortSignal }) {
      const requests: AnswerRequest[] = [];
      sent.push({ requests, ...options });
      for await (const part of parts) requests.push(part);
      options.signal.throwIfAborted();
    },
  };
  const noise = { info: () => undefined, warn: () => undefined };
  return { sent, logged, taken: new Answering({ link, answer, log: { ...log, ...noise }, signal: stream.signal }) };
}

async function* parts(...all: AnswerPart[]): AsyncGenerator<AnswerPart> {
  yield* all;
}

test('an answer goes out part by part under the name of its question, within its deadline', async () => {
  const { sent, taken } = answering(() => parts(EXPLAINED, EXPLAINED));
  await taken.take(request('q1'));
  await taken.take(request('q2', 3_600_000));
  expect(sent).toMatchObject([
    {
      requests: [
        { id: 'q1', part: EXPLAINED },
        { id: 'q1', part: EXPLAINED },
      ],
      deadlineMs: 5000,
    },
    { requests: [{ id: 'q2' }, { id: 'q2' }], deadlineMs: 60_000 },
  ]);
});

test.each([
  { error: new MooringError('NOT_FOUND', 'Cannot explain', { hint: 'Look' }), code: 'NOT_FOUND', logs: 0 },
  { error: new Error('a fault of this program'), code: 'INTERNAL', logs: 1 },
])('what went wrong is the answer: $error', async ({ error, code, logs }) => {
  const { sent, logged, taken } = answering(async function* () {
    yield EXPLAINED;
    throw error;
  });
  await taken.take(request('q1'));
  expect(sent[0]?.requests).toMatchObject([{ part: EXPLAINED }, { part: { $case: 'problem', value: { code } } }]);
  expect(logged).toHaveLength(logs);
});

test('few are answered at a time, and the others are told so at once', async () => {
  const waiting = Promise.withResolvers<void>();
  const { sent, taken } = answering(async function* () {
    await waiting.promise;
    yield EXPLAINED;
  });
  const open = Array.from({ length: 4 }, (_, index) => taken.take(request(`open-${index}`)));
  await taken.take(request('late'));
  expect(sent.at(-1)?.requests).toMatchObject([{ id: 'late', part: { value: { code: 'RATE_LIMITED' } } }]);
  waiting.resolve();
  await Promise.all(open);
  await taken.take(request('later'));
  expect(sent.at(-1)?.requests).toMatchObject([{ id: 'later', part: EXPLAINED }]);
});

test('an answer ends with the stream that asked, and its failure is nobody else’s', async () => {
  const { sent, logged, taken } = answering(() => parts(EXPLAINED));
  stream.abort(new Error('the stream has ended'));
  await taken.take(request('q1'));
  expect(sent[0]?.signal.aborted).toBe(true);
  expect(logged).toMatchObject([{ question: 'explain', reason: 'the stream has ended' }]);
});
