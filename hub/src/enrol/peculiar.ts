// The library registers its parts through reflect-metadata, which must be there first.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** The library, for whoever loads this file when a certificate is made or asked for. */
export { x509 };
