/** The server's time on this screen: measured, then carried on by a clock that nobody can set. */

import { read } from './http';

const AGAIN_MS = 60_000;

/** Pure: what time it is at the server, `at` being performance.now() in the same page. */
export interface Measured {
  serverMs: number;
  at: number;
  speed: number; // seconds that pass there in one of ours; a demo is faster
}

export function serverTime(measured: Measured, at: number): number {
  return measured.serverMs + (at - measured.at) * measured.speed;
}

/** Half of the way there and back lies after the server looked at its clock. */
export function measured(told: { now: string; speed: number }, asked: number, answered: number): Measured {
  return { serverMs: Date.parse(told.now) + ((answered - asked) / 2) * told.speed, at: answered, speed: told.speed };
}

class Clock {
  /** Milliseconds since 1970 at the server; moves once a second and wakes only what shows a time. */
  now = $state(Date.now());
  speed = $state(1);
  #base: Measured = { serverMs: Date.now(), at: performance.now(), speed: 1 };
  #ticking: ReturnType<typeof setTimeout> | undefined;
  #measuring: ReturnType<typeof setInterval> | undefined;

  /** The present moment, without waiting for the tick. */
  exact(): number {
    return serverTime(this.#base, performance.now());
  }

  /** What the server's time was when it was last known, for a page that begins without a line. */
  assume(serverMs: number, speed: number): void {
    this.#base = { serverMs, at: performance.now(), speed };
    this.now = serverMs;
  }

  async measure(): Promise<void> {
    const asked = performance.now();
    const told = await read('/clock');
    this.#base = measured(told, asked, performance.now());
    this.speed = told.speed;
    this.now = this.exact();
  }

  start(): void {
    this.stop();
    const tick = () => {
      this.now = this.exact();
      this.#ticking = setTimeout(tick, 1000 - (performance.now() % 1000));
    };
    tick();
    const again = () => void this.measure().catch(() => {}); // the last measure goes on
    again();
    this.#measuring = setInterval(again, AGAIN_MS);
  }

  stop(): void {
    clearTimeout(this.#ticking);
    clearInterval(this.#measuring);
  }
}

export const clock = new Clock();
