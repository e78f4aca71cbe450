import type { EnrolServiceService } from '@mooring/proto';
import type { Handlers } from '../grpc/handlers.ts';
import type { Enrolment } from './enrolment.ts';

/** Handlers of EnrolService: the one thing that a caller without certificate may ask. */
export function createEnrol(enrolment: Enrolment): Handlers<EnrolServiceService> {
  return {
    join: (request, { caller }) => enrolment.join(request, caller.name),
  };
}
