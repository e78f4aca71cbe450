import type { ServiceDefinition } from '@grpc/grpc-js';
import { decodeRequest, encodeResponse, type ReflectionRequest } from './reflection-messages.ts';

/** Both names under which clients ask for reflection. */
export const REFLECTION_SERVICES: readonly ServiceDefinition[] = ['v1', 'v1alpha'].map((version) => ({
  serverReflectionInfo: {
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    requestStream: true,
    responseStream: true,
    requestSerialize: ({ bytes }: ReflectionRequest) => Buffer.from(bytes),
    requestDeserialize: (bytes: Buffer) => decodeRequest(bytes),
    responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
    responseDeserialize: (bytes: Buffer) => new Uint8Array(bytes),
  },
}));

/** Handlers of server reflection for a door that serves these services, by their full names. */
export function createReflection(served: readonly string[]) {
  return {
    async *serverReflectionInfo(requests: AsyncIterable<ReflectionRequest>): AsyncGenerator<Uint8Array> {
      // Descriptors cost some megabytes once they are read, and most hubs are never asked.
      const { answerReflection } = await import('./reflection-files.ts');
      for await (const request of requests) yield encodeResponse(request, answerReflection(request.question, served));
    },
  };
}
