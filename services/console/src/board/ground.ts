/** The shapes of the county, read once. */

import { read, type Schemas } from '../shared/http';

let asked: Promise<Schemas['GroundView']> | undefined;

export function groundOf(): Promise<Schemas['GroundView']> {
  asked ??= read('/ground').catch((error: unknown) => {
    asked = undefined; // the next who asks tries again
    throw error;
  });
  return asked;
}
