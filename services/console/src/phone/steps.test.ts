import { expect, test } from 'vitest';
import type { Line } from '../shared/limits';
import type { Item } from './kept';
import { ways } from './navigate';
import { isMine, presumed, stepsOf } from './steps';

const who = { role: 'responder', unit: 'U1', responder: 'R1' } as const;
const line = (state: string, more: object = {}) =>
  ({ case_id: 'X', state, assigned_unit: 'U1', responder: 'R1', co_assigned: [], outcome: null, version: 3, limits: [], ...more }) as unknown as Line;
const item = (act: string, state = 'waiting', more: object = {}) => ({ caseId: 'X', act, state, body: {}, answer: null, ...more }) as unknown as Item;
const names = (one: Line) => stepsOf(one, who).map(({ name }) => name);

test('the step that leads on comes first, and nothing that the state refuses is offered', () => {
  expect(names(line('ASSIGNED'))).toEqual(['acknowledge', 'decline']);
  expect(names(line('ACKNOWLEDGED'))[0]).toBe('attempt');
  expect(names(line('CONTACTED'))).not.toContain('report');
  expect(names(line('CONCLUDED'))).toContain('report');
  expect(names(line('CONCLUDED'))).not.toContain('hold');
  expect(names(line('CONCLUDED', { outcome: 'REFUSED' }))).toContain('hold');
});

test('of a colleague\'s case only the acknowledgement is offered', () => {
  expect(isMine(line('ASSIGNED', { responder: 'R2' }), who)).toBe(false);
  expect(names(line('ASSIGNED', { responder: 'R2' }))).toEqual(['acknowledge']);
  expect(names(line('IN_PROGRESS', { responder: 'R2' }))).toEqual([]);
});

test('what waits in the queue is taken as done, up to what was refused', () => {
  const all = [item('acknowledge'), item('attempt'), item('contact')];
  expect(presumed(line('ASSIGNED', { responder: 'R2' }), all, who)).toMatchObject({ state: 'CONTACTED', responder: 'R1' });
  all[1] = item('attempt', 'refused');
  expect(presumed(line('ASSIGNED'), all, who).state).toBe('ACKNOWLEDGED');
});

test('what the case shows already is not taken twice', () => {
  const done = item('contact_lost', 'done', { answer: { version: 3 } });
  expect(presumed(line('CONTACTED'), [done], who).state).toBe('CONTACTED');
});

test('each map app gets the point with its datum named', () => {
  const [system, amap, baidu] = ways({ lat: 38.5, lon: 115.25, address: '柳湾1号' });
  expect(system!.url).toBe('geo:38.5,115.25?q=38.5,115.25(%E6%9F%B3%E6%B9%BE1%E5%8F%B7)');
  expect(amap!.url).toContain('dev=1'); // the app is told to convert from WGS-84
  expect(baidu!.url).toContain('coord_type=wgs84');
  expect(ways({ lat: null, lon: null, address: '柳湾1号' })[0]!.url).toBe('geo:0,0?q=%E6%9F%B3%E6%B9%BE1%E5%8F%B7');
  expect(ways({ lat: null, lon: null, address: null })).toEqual([]);
});
