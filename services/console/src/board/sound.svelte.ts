/** Three sounds that can be told apart: new, escalated, overdue. Repeated until somebody touches the page. */

import type { Alarm } from './changes';

const MUTED = 'quanzu.muted_until';
const MUTE_MS = 15 * 60_000;
const REPEAT_MS = 15_000;
/** Pitches in Hz, one after the other; what is worse is lower and longer. */
const TONES: Record<Alarm, { pitches: number[]; each: number }> = {
  new: { pitches: [880, 1175], each: 0.13 },
  escalated: { pitches: [740, 740, 988], each: 0.16 },
  overdue: { pitches: [523, 392, 523, 392], each: 0.22 },
};
const LOUDEST: Alarm[] = ['overdue', 'escalated', 'new'];

class Sound {
  unlocked = $state(false);
  mutedUntil = $state(Number(localStorage.getItem(MUTED) ?? 0));
  #audio: AudioContext | undefined;
  #pending: Alarm | null = null;
  #repeating: ReturnType<typeof setInterval> | undefined;
  #leads = true;

  constructor() {
    for (const kind of ['pointerdown', 'keydown']) {
      addEventListener(kind, () => this.#touched(), { capture: true, passive: true });
    }
    addEventListener('storage', ({ key, newValue }) => {
      if (key === MUTED) this.mutedUntil = Number(newValue ?? 0);
    });
    if (navigator.locks) {
      this.#leads = false; // of several tabs one is loud
      void navigator.locks.request('quanzu.sound', () => {
        this.#leads = true;
        return new Promise(() => {});
      });
    }
  }

  ring(alarm: Alarm): void {
    if (this.#pending === null || LOUDEST.indexOf(alarm) < LOUDEST.indexOf(this.#pending)) this.#pending = alarm;
    this.#play(alarm);
    clearInterval(this.#repeating);
    this.#repeating = setInterval(() => this.#pending !== null && this.#play(this.#pending), REPEAT_MS);
  }

  test(): void {
    LOUDEST.forEach((alarm, place) => setTimeout(() => this.#tones(alarm), place * 1400));
  }

  mute(on: boolean): void {
    this.mutedUntil = on ? Date.now() + MUTE_MS : 0;
    localStorage.setItem(MUTED, String(this.mutedUntil));
  }

  #touched(): void {
    this.#pending = null;
    clearInterval(this.#repeating);
    if (this.unlocked) return;
    this.#audio ??= new AudioContext();
    void this.#audio.resume().then(() => (this.unlocked = true));
  }

  #play(alarm: Alarm): void {
    if (this.#leads && Date.now() >= this.mutedUntil) this.#tones(alarm);
  }

  #tones(alarm: Alarm): void {
    const audio = this.#audio;
    if (audio?.state !== 'running') return;
    const { pitches, each } = TONES[alarm];
    pitches.forEach((pitch, place) => {
      const [tone, gain, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + place * (each + 0.05)];
      tone.frequency.value = pitch;
      tone.type = alarm === 'overdue' ? 'triangle' : 'sine';
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(0.22, from + 0.02);
      gain.gain.linearRampToValueAtTime(0, from + each);
      tone.connect(gain).connect(audio.destination);
      tone.start(from);
      tone.stop(from + each + 0.02);
    });
  }
}

export const sound = new Sound();
