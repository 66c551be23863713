import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { open, type Item, type Kept } from './kept';
import { Queue, type Outside, type Sent, type Tap } from './queue';

let databases = 0;
let keys = 0;
const opened: Kept[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const kept of opened.splice(0)) kept.close();
});

const done = (turn = 3): Sent => ({ what: 'done', answer: { state: 'ACKNOWLEDGED', version: turn, turn, at: '' } });
const refused = (code = 'stale-turn', field?: string): Sent => ({
  what: 'refused',
  why: { code, status: 412, title: '', detail: '', requestId: '' },
  field,
});
const tap = (caseId: string, act: string, turn = 2): Tap => ({
  caseId,
  number: caseId,
  act,
  path: `/cases/${caseId}/${act}`,
  chained: true,
  turn,
});

async function queue(send: (item: Item) => Promise<Sent>, name = `test-${(databases += 1)}`, more: Partial<Outside> = {}) {
  const kept = await open(name);
  opened.push(kept);
  const outside = { send, newKey: () => `key-${(keys += 1)}`, now: () => 1_000_000, changed() {}, nobody() {}, settled() {} };
  const made = new Queue(kept, { ...outside, ...more });
  made.owner = 'R1';
  await made.load();
  return made;
}

test('what was tapped without a line is sent once and in order', async () => {
  const sent: string[] = [];
  let line = false;
  const one = await queue(async ({ act }) => (line ? (sent.push(act), done()) : { what: 'later' }));
  for (const act of ['a', 'b', 'c']) await one.add(tap('X', act));
  await one.flush();
  expect(sent).toEqual([]);

  line = true;
  await Promise.all([one.flush(), one.flush()]);
  await one.flush();

  expect(sent).toEqual(['a', 'b', 'c']);
  expect(one.items.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
});

test('the first names the turn that was seen, each next one its predecessor', async () => {
  const one = await queue(async () => ({ what: 'later' }));
  const [a, b] = [await one.add(tap('X', 'a', 7)), await one.add(tap('X', 'b', 7))];
  const other = await one.add(tap('Y', 'a', 4));

  expect([a.turn, a.after]).toEqual([7, null]);
  expect([b.turn, b.after]).toEqual([null, a.key]);
  expect([other.turn, other.after]).toEqual([4, null]);
});

test('a page that dies while sending sends the same command again', async () => {
  const name = 'crash';
  const before = await queue(() => new Promise(() => {}), name);
  const item = await before.add(tap('X', 'a'));
  await vi.waitFor(async () => expect((await before.kept.get('queue', item.n))?.state).toBe('sending'));
  before.kept.close();

  const sent: Item[] = [];
  const after = await queue(async (one) => (sent.push({ ...one }), done()), name);
  await after.flush();

  expect(sent.map(({ key, tappedAt }) => [key, tappedAt])).toEqual([[item.key, item.tappedAt]]);
});

test('five hundred records go through, twice is never', async () => {
  const name = 'many';
  let line = false;
  const sent: number[] = [];
  const one = await queue(async ({ n }) => (line ? (sent.push(n), done()) : { what: 'later' }), name);
  for (let place = 0; place < 500; place += 1) await one.add(tap(`case-${place % 40}`, 'a'));
  expect(await one.kept.count('queue')).toBe(500);

  line = true;
  await one.flush();

  expect(new Set(sent).size).toBe(500);
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(one.waiting()).toEqual([]);
  expect(await one.kept.count('queue')).toBe(40); // of what is done only the last is kept to be seen
});

test('a refused one holds back its own case and no other', async () => {
  const sent: string[] = [];
  const one = await queue(async ({ caseId, act }) => (sent.push(caseId + act), caseId + act === 'Xb' ? refused() : done()));
  one.owner = null;
  one.owner = 'R1';
  const items = [];
  for (const [caseId, act] of [['X', 'a'], ['X', 'b'], ['X', 'c'], ['Y', 'a']] as const) items.push(await one.add(tap(caseId, act)));
  await one.flush();
  await one.flush();

  expect(sent).toEqual(['Xa', 'Xb', 'Ya']);
  expect(one.items.map(({ state }) => state)).toEqual(['done', 'refused', 'waiting', 'done']);
  expect(one.heldBack(one.items[2]!)).toBe(true);

  await one.drop(items[1]!.n, 9);
  expect(sent.at(-1)).toBe('Xc');
  expect(one.items.find(({ act }) => act === 'c')).toMatchObject({ after: null, turn: 9, state: 'done' });
});

test('a refused one is sent again on the case as it is', async () => {
  const answers = [refused(), done()];
  const seen: Item[] = [];
  const one = await queue(async (item) => (seen.push({ ...item }), answers.shift()!));
  const item = await one.add(tap('X', 'a'));
  await one.flush();

  await one.again(item.n, 5);

  expect(seen.map(({ turn }) => turn)).toEqual([2, 5]);
  expect(one.items[0]!.state).toBe('done');
});

test('a time that the server cannot believe is left out the second time', async () => {
  const answers = [refused('incomplete', 'occurred_at'), done()];
  const seen: boolean[] = [];
  const one = await queue(async ({ timeDropped }) => (seen.push(timeDropped), answers.shift()!));
  await one.add(tap('X', 'a'));
  await one.flush();

  expect(seen).toEqual([false, true]);
});

test('when the session is over everything waits, and only its owner sends it', async () => {
  let told = 0;
  let let_in = false;
  const one = await queue(async () => (let_in ? done() : { what: 'nobody' }), undefined, { nobody: () => (told += 1) });
  await one.add(tap('X', 'a'));
  await one.flush();
  expect([told, one.items[0]!.state]).toEqual([1, 'waiting']);

  let_in = true;
  one.owner = 'R2';
  await one.flush();
  expect(one.items[0]!.state).toBe('waiting');
  one.owner = 'R1';
  await one.flush();
  expect(one.items[0]!.state).toBe('done');
});

test('it tries again by itself, and waits longer each time', async () => {
  const one = await queue(async () => ({ what: 'later' }));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const sending = vi.spyOn(one.outside, 'send');
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  await one.add(tap('X', 'a'));
  await one.flush();
  const tries = sending.mock.calls.length;
  await vi.advanceTimersByTimeAsync(1_000);
  await one.flush();

  expect(sending.mock.calls.length).toBeGreaterThan(tries);
});

test('a full storage loses nothing while the page is open, and says so', async () => {
  const one = await queue(async () => ({ what: 'later' }));
  vi.spyOn(one.kept, 'put').mockRejectedValue(new DOMException('', 'QuotaExceededError'));

  const item = await one.add(tap('X', 'a'));

  expect(item.saved).toBe(false);
  await one.load();
  expect(one.items).toHaveLength(1);
});
