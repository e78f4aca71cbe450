import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';
import { answerReflection } from './reflection-files.ts';
import { decodeRequest, encodeResponse } from './reflection-messages.ts';

const SERVED = ['mooring.v1.FleetService'];
const count = (answer: ReturnType<typeof answerReflection>) =>
  answer.answer === 'files' ? answer.files.length : answer;

describe('reflection', () => {
  test('gives a file with all that it imports, by name and by any symbol in it', () => {
    const whole = count(answerReflection({ ask: 'file', name: 'mooring/v1/fleet.proto' }, SERVED));
    expect(whole).toBeGreaterThan(3);
    for (const name of ['mooring.v1.FleetService', 'mooring.v1.FleetService.GetStatus', 'mooring.v1.Revision']) {
      expect(count(answerReflection({ ask: 'symbol', name }, SERVED))).toBe(whole);
    }
  });

  test('gives the standard health service too', () => {
    for (const name of ['grpc.health.v1.Health', 'grpc.health.v1.Health.Check'])
      expect(count(answerReflection({ ask: 'symbol', name }, SERVED))).toBe(1);
  });

  test('knows the role that methods declare as an extension', () => {
    const name = 'google.protobuf.MethodOptions';
    expect(answerReflection({ ask: 'extension-numbers', name }, SERVED)).toMatchObject({ numbers: [50_001] });
    expect(count(answerReflection({ ask: 'extension', name, number: 50_001 }, SERVED))).toBeGreaterThan(0);
  });

  test('says what it does not know', () => {
    expect(answerReflection({ ask: 'symbol', name: 'x.Y' }, SERVED)).toMatchObject({ answer: 'error', code: 5 });
    expect(answerReflection({ ask: 'file', name: '../x' }, SERVED)).toMatchObject({ answer: 'error', code: 5 });
    expect(answerReflection({ ask: 'nothing' }, SERVED)).toMatchObject({ answer: 'error', code: 3 });
  });

  test('lists what is served, and repeats the question', () => {
    const bytes = new BinaryWriter().tag(7, WireType.LengthDelimited).string('*').finish();
    const request = decodeRequest(bytes);
    expect(request.question).toEqual({ ask: 'services' });
    const reader = new BinaryReader(encodeResponse(request, answerReflection(request.question, SERVED)));
    expect(reader.tag()[0]).toBe(2);
    expect(Buffer.from(reader.bytes())).toEqual(Buffer.from(bytes));
    expect(reader.tag()[0]).toBe(6);
    expect(Buffer.from(reader.bytes()).toString()).toContain(SERVED[0]);
  });
});
