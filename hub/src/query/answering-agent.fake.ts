import type { ConnectResponse } from '@mooring/proto';
import type { AnswerPart, Question } from '../ingest/questions.ts';
import type { FakeFleet } from './fleet.fake.ts';

/** An agent that is connected and answers what it is asked; undefined: it says nothing. Returns the questions so far. */
export function connectAgent(
  fleet: FakeFleet,
  host: string,
  answer: (question: Question) => readonly AnswerPart[] | undefined,
): Question[] {
  const asked: Question[] = [];
  const send = ({ message }: ConnectResponse) => {
    if (message?.$case !== 'request' || message.value.question === undefined) return;
    const { id, question } = message.value;
    asked.push(question);
    const parts = answer(question);
    if (parts === undefined) return;
    const requests = async function* () {
      for (const part of parts) yield { id, part };
    };
    void fleet.questions.answer(host, requests());
  };
  const arrival = { host, bootId: 'boot', machineId: 'machine', questions: ['plan', 'explain'] };
  fleet.presence.open({ ...arrival, send, supersede: () => undefined }, 10_000);
  return asked;
}
